"""The file: who may read it, what a later release, a broken disk or a full one means."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from elysiadash.jobs import database as module
from elysiadash.jobs import queue
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import Busy, CannotWrite, DamagedJobs, NewerJobs, NoSuchJob, NotJobs
from elysiadash.jobs.tables import MIGRATIONS, VERSION
from tests.unit.jobs.given import new, opened, submitted


def test_it_is_for_its_owner_durable_and_of_the_newest_version(tmp_path: Path) -> None:
    state = tmp_path / "own"
    with Database.open(state) as jobs:
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        for name in ("jobs.db", "jobs.db-wal", "jobs.db-shm"):
            assert stat.S_IMODE((state / name).stat().st_mode) == 0o600, name
        pragmas = {"journal_mode": "wal", "synchronous": 2, "user_version": VERSION}
        for name, value in pragmas.items():
            assert jobs._connection.execute(f"PRAGMA {name}").fetchone()[0] == value
    with Database.open(state, check=True) as jobs, jobs.reading() as read:
        assert queue.newest(read) == []


@pytest.mark.parametrize("checkpointed", [True, False])
def test_what_a_later_release_wrote_is_left_as_it_is(tmp_path: Path, checkpointed: bool) -> None:
    opened(tmp_path).close()
    path = tmp_path / "jobs.db"
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA user_version={VERSION + 1}")
    other.commit()
    if checkpointed:
        other.close()
    before = path.read_bytes()
    with pytest.raises(NewerJobs, match=f"later release.*format {VERSION + 1}.*untouched"):
        Database.open(tmp_path)
    assert path.read_bytes() == before
    if checkpointed:
        assert not (tmp_path / "jobs.db-wal").exists()
    other.close()


def test_another_programs_file_is_not_ours(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "jobs.db")
    other.execute("CREATE TABLE songs (name TEXT)")
    other.commit()
    other.close()
    before = (tmp_path / "jobs.db").read_bytes()
    with pytest.raises(NotJobs, match="another program"):
        Database.open(tmp_path)
    assert (tmp_path / "jobs.db").read_bytes() == before


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "jobs.db")
    with pytest.raises(NotJobs, match="not a file"):
        Database.open(tmp_path)


def test_what_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").write_bytes(b"hello" * 1000)
    with pytest.raises(DamagedJobs, match="Move it away together with its -wal"):
        Database.open(tmp_path)


def test_a_fallen_page_is_found_by_a_check_or_when_it_is_read(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        for _ in range(200):
            submitted(jobs)
    path = tmp_path / "jobs.db"
    data = bytearray(path.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page : page + 64] = b"\xa5" * 64
    path.write_bytes(data)
    with pytest.raises(DamagedJobs, match="is damaged"):
        Database.open(tmp_path, check=True)
    damaged = pytest.raises(DamagedJobs, match="is damaged")
    with damaged, Database.open(tmp_path) as jobs, jobs.reading() as read:
        queue.newest(read)


def submit_batches(jobs: Database, many: int) -> None:
    for _ in range(many):
        with jobs.transaction() as tx:
            queue.submit_batch(tx, new(), [new()] * 20)


def test_a_full_disk_is_told_and_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        kept = submitted(jobs)
        pages = jobs._connection.execute("PRAGMA page_count").fetchone()[0]
        jobs._connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(CannotWrite, match=r"disk is full.*nothing was changed.*resume"):
            submit_batches(jobs, 1000)
        jobs._connection.execute("PRAGMA max_page_count=1000000")
        with jobs.reading() as read:
            found = queue.newest(read, limit=100_000)
            assert found[-1].id == kept.id
            batches = [job for job in found if job.is_parent]
            # Whole batches, or nothing of them.
            assert len(found) - 1 == 21 * len(batches)
        submitted(jobs)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match="cannot be written"):
        Database.open(tmp_path / "file" / "state")


def test_a_file_turned_read_only_is_told(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        jobs._connection.execute("PRAGMA query_only=ON")
        with pytest.raises(CannotWrite, match="cannot be written and nothing was changed"):
            submitted(jobs)


def test_who_waits_too_long_for_another_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY_MS", 50)
    with opened(tmp_path) as one, opened(tmp_path) as two:
        with one.transaction(), pytest.raises(Busy, match="another process held"):
            submitted(two)
        submitted(two)


def test_an_error_inside_keeps_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        with pytest.raises(NoSuchJob), jobs.transaction() as tx:
            queue.get(tx, queue.submit(tx, new()).id + "x")
        with jobs.reading() as read:
            assert queue.newest(read) == []


def test_a_reader_sees_one_moment(tmp_path: Path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as two:
        with one.reading() as read:
            assert queue.newest(read) == []
            submitted(two)
            assert queue.newest(read) == []
        with one.reading() as read:
            assert len(queue.newest(read)) == 1


def test_threads_take_turns_and_one_does_not_wait_for_itself(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        threads = [
            threading.Thread(target=lambda: [submitted(jobs) for _ in range(20)]) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with jobs.reading() as read:
            assert len({job.id for job in queue.newest(read)}) == 80
            with pytest.raises(RuntimeError, match="open in this thread"), jobs.transaction():
                pass


def test_a_file_that_was_removed_under_us_is_noticed(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        submitted(jobs)
        for path in tmp_path.glob("jobs.db*"):
            path.unlink()
        with opened(tmp_path), pytest.raises(DamagedJobs, match="removed or replaced"):
            submitted(jobs)


def test_a_fork_must_open_its_own(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        pid = os.fork()
        if pid == 0:
            try:
                with jobs.reading():
                    os._exit(1)
            except RuntimeError:
                os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_many_may_begin_it_at_once(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from tests.unit.jobs.given import submitted\n"
        "from elysiadash.jobs.database import Database\n"
        "with Database.open(pathlib.Path(sys.argv[1])) as jobs: submitted(jobs)\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "new")]) for _ in range(5)
    ]
    assert [process.wait(30) for process in started] == [0] * 5
    with opened(tmp_path / "new") as jobs, jobs.reading() as read:
        assert len(queue.newest(read)) == 5


def test_an_older_file_is_brought_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as jobs:
        old = submitted(jobs)
    further = (*MIGRATIONS, ("ALTER TABLE jobs ADD COLUMN colour TEXT",))
    monkeypatch.setattr(module, "MIGRATIONS", further)
    monkeypatch.setattr(module, "VERSION", len(further))
    with opened(tmp_path) as jobs, jobs.reading() as read:
        assert read.rows("SELECT id, colour FROM jobs") == [(old.id, None)]
        assert read.number("PRAGMA user_version") == len(further)


def test_a_step_that_fails_leaves_the_older_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(tmp_path).close()
    broken = (*MIGRATIONS, ("ALTER TABLE jobs ADD COLUMN colour TEXT", "CREATE TABLE jobs (x)"))
    with monkeypatch.context() as patch:
        patch.setattr(module, "MIGRATIONS", broken)
        patch.setattr(module, "VERSION", len(broken))
        with pytest.raises(Exception, match="already exists"):
            Database.open(tmp_path)
    with opened(tmp_path) as jobs, jobs.reading() as read:
        assert read.number("PRAGMA user_version") == VERSION
        assert "colour" not in [row[1] for row in read.rows("PRAGMA table_info(jobs)")]


def test_a_face_loads_no_sqlite_by_importing_it() -> None:
    program = (
        "import sys, elysiadash.jobs.queue, elysiadash.jobs.control, elysiadash.jobs.progress\n"
        "import elysiadash.jobs.launch, elysiadash.jobs.audit, elysiadash.jobs.steps\n"
        "sys.exit('sqlite3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
