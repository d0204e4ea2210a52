"""A job's files count up to what a transaction committed, and no further."""

from __future__ import annotations

import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.jobs import claims, folder, outcomes, queue
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.errors import CannotWrite, ClaimLost, FileCutShort
from elysiadash.jobs.folder import Appended
from tests.unit.jobs.given import HandClock, opened, running, taken


def test_a_folder_is_its_owners_and_a_name_leads_nowhere_else(tmp_path: Path) -> None:
    made = folder.make(tmp_path / "state", "20261130-7f3k.001")
    assert made == tmp_path / "state" / "jobs" / "20261130-7f3k.001"
    for one in (made, made.parent):
        assert stat.S_IMODE(one.stat().st_mode) == 0o700
    for job in ("..", "../x", "", "20261130-7f3k/../../x"):
        with pytest.raises(ValueError, match="no job's name"):
            folder.path_of(tmp_path, job)
    for name in ("../x", "a/b", "", ".", "..", ".hidden", "x.part", "a\0b", "a\nb"):
        with pytest.raises(ValueError, match="no name"):
            folder.file_in(made, name)


def test_what_was_not_committed_is_cut_off(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        made = folder.make(tmp_path, job.id)
        with Appended(made, "ledger-0", 0) as ledger:
            ledger.append(b"12345678")
            length = ledger.sync()
            with claims.held(jobs, claim) as tx:
                folder.commit(tx, "ledger-0", length)
            ledger.append(b"half of")
            ledger.sync()
        (made / "other").write_bytes(b"x")
        (made / "proof.part").write_bytes(b"x")
        assert stat.S_IMODE((made / "ledger-0").stat().st_mode) == 0o600
        with jobs.reading() as read:
            found = folder.recover(read, made, job.id)
            again = folder.recover(read, made, job.id)
        assert found == folder.Recovered({"ledger-0": 7}, ("other",), ("proof.part",))
        assert again == folder.Recovered({}, ("other",), ())
        assert (made / "ledger-0").read_bytes() == b"12345678"
        with Appended(made, "ledger-0", 8) as ledger:
            ledger.append(b"next")
        assert (made / "ledger-0").read_bytes() == b"12345678next"


def test_opening_behind_what_is_committed_cuts_the_tail_too(tmp_path: Path) -> None:
    made = folder.make(tmp_path, "20261130-7f3k")
    (made / "ledger").write_bytes(b"12345678tail")
    with Appended(made, "ledger", 8) as ledger:
        ledger.append(b"!")
        assert ledger.sync() == 9
    assert (made / "ledger").read_bytes() == b"12345678!"


@pytest.mark.parametrize("gone", [True, False])
def test_a_file_that_lost_committed_bytes_stops_the_job(tmp_path: Path, gone: bool) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        made = folder.make(tmp_path, job.id)
        with claims.held(jobs, claim) as tx:
            folder.commit(tx, "ledger", folder.place(made, "ledger", b"12345678"))
        (made / "ledger").write_bytes(b"1234")
        if gone:
            (made / "ledger").unlink()
        with jobs.reading() as read, pytest.raises(FileCutShort, match="8 bytes of it are commit"):
            folder.recover(read, made, job.id)
        with pytest.raises(FileCutShort):
            Appended(made, "ledger", 8)


def test_a_whole_file_is_placed_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = folder.make(tmp_path, "20261130-7f3k")
    assert folder.place(made, "report.json", b"one") == 3

    def full(self: Path, target: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CannotWrite, match=r"No space left on device.*resume the job"):
        folder.place(made, "report.json", b"two")
    assert (made / "report.json").read_bytes() == b"one"


def commit_both(tx: Claimed, *lengths: int) -> None:
    for length in lengths:
        folder.commit(tx, "ledger", length)


def test_only_the_holder_commits_and_a_rolled_back_length_never_was(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, slow = running(jobs)
        with claims.held(jobs, slow) as tx:
            folder.commit(tx, "ledger", 8)
        with pytest.raises(sqlite3.IntegrityError), claims.held(jobs, slow) as tx:
            commit_both(tx, 16, -1)
        clock.pass_by(31)
        claim = taken(jobs)
        with pytest.raises(ClaimLost), claims.held(jobs, slow) as tx:
            folder.commit(tx, "ledger", 24)
        with claims.held(jobs, claim) as tx:
            assert folder.committed(tx, job.id) == {"ledger": 8}
            folder.uncommit(tx, "ledger")
            assert folder.committed(tx, job.id) == {}


def test_the_folder_of_a_forgotten_job_is_found_and_removed(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        job, claim = running(jobs)
        kept, _ = running(jobs)
        for name in (job.id, kept.id):
            folder.place(folder.make(tmp_path, name), "report.md", b"x")
        with claims.held(jobs, claim) as tx:
            outcomes.finish(tx)
        with jobs.transaction() as tx:
            queue.forget(tx, job.id)
        with jobs.transaction() as tx:
            assert folder.leftovers(tx, tmp_path) == [job.id]
        for _ in range(2):
            folder.remove(tmp_path, job.id)
        with jobs.transaction() as tx:
            assert folder.leftovers(tx, tmp_path) == []


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.binary(max_size=40), st.booleans(), st.booleans()), max_size=12))
def test_whatever_crashes_between_what_is_committed_stays(
    writes: list[tuple[bytes, bool, bool]],
) -> None:
    with tempfile.TemporaryDirectory() as state, opened(Path(state)) as jobs:
        job, claim = running(jobs)
        made = folder.make(Path(state), job.id)
        counts = b""
        ledger = Appended(made, "ledger", 0)
        with claims.held(jobs, claim) as tx:
            folder.commit(tx, "ledger", 0)
        for data, commits, crashes in writes:
            ledger.append(data)
            if commits:
                with claims.held(jobs, claim) as tx:
                    folder.commit(tx, "ledger", ledger.sync())
                counts = (made / "ledger").read_bytes()
            if crashes:
                ledger.close()
                with jobs.reading() as read:
                    folder.recover(read, made, job.id)
                    length = folder.committed(read, job.id)["ledger"]
                assert (made / "ledger").read_bytes() == counts
                ledger = Appended(made, "ledger", length)
        ledger.close()
