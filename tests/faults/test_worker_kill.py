"""The worker as a process: killed, hung up on, raced, and never two at once."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from elysiadash.jobs import claims, events, queue
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import LaunchFailed
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.launch import launch, log_path, stop
from elysiadash.jobs.tables import VERSION
from elysiadash.jobs.worker_lock import WorkerLock
from elysiadash.worker import guardian
from tests.unit.jobs.given import new

ROOT = Path(__file__).parents[2]
FAKE = (sys.executable, "-m", "tests.faults.fake_worker")
S = JobState


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder; its worker and guardian, if any, have ended afterwards."""
    folder = tmp_path / "state"
    yield folder
    for _ in range(3):
        stop(folder)
        time.sleep(0.3)


def env(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def started(state: Path, *words: str, **more: str) -> int:
    return launch(state, arguments=[*FAKE, *words], env=env(**more)).pid


def submitted(state: Path, **what: Any) -> Job:
    with Database.open(state) as jobs, jobs.transaction() as tx:
        return queue.submit(tx, new(**what))


def now(state: Path, job: Job) -> Job:
    with Database.open(state) as jobs, jobs.reading() as read:
        return queue.get(read, job.id)


def until(look: Callable[[], Any], seconds: float = 15.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def counts(state: Path, job: Job) -> list[tuple[int, int]]:
    """Each number with the process that counted it."""
    with Database.open(state) as jobs, jobs.reading() as read:
        found = events.after(read, job.id, limit=10_000)
    return [(int(one.text), one.data["pid"]) for one in found if one.kind == "count"]


def worker_of(state: Path) -> int:
    note = WorkerLock(state).held_by()
    return note.pid if note else 0


def test_a_killed_worker_is_replaced_and_its_job_goes_on_within_5_s(state: Path) -> None:
    job = submitted(state, kind="count", spec={"n": 10_000, "each": 0.02})
    first = started(state, "guarded")
    until(lambda: now(state, job).checkpoint)
    os.kill(first, signal.SIGKILL)
    at = now(state, job).checkpoint["at"]
    killed = time.monotonic()
    until(lambda: now(state, job).checkpoint["at"] > at + 1 and worker_of(state) != first)
    assert time.monotonic() - killed < 5
    second = worker_of(state)
    assert second not in (0, first)
    numbers = [number for number, _ in counts(state, job)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert "started again" in log_path(state).read_text()
    # The next one is guarded too.
    os.kill(second, signal.SIGKILL)
    until(lambda: worker_of(state) not in (0, first, second))


def test_a_worker_that_ends_by_itself_stays_ended(state: Path) -> None:
    job = submitted(state, kind="count", spec={"n": 10_000})
    pid = started(state, "guarded")
    until(lambda: now(state, job).checkpoint)
    assert stop(state) == pid
    assert stop(state) is None
    assert now(state, job).state is S.QUEUED
    time.sleep(1)
    assert worker_of(state) == 0
    assert "killed" not in log_path(state).read_text()


def test_a_guardian_that_is_killed_is_replaced(state: Path) -> None:
    submitted(state, kind="count", spec={"n": 10_000})
    pid = started(state, "guarded")
    (guardian,) = until(lambda: children(pid))
    os.kill(guardian, signal.SIGKILL)
    (again,) = until(lambda: [one for one in children(pid) if one != guardian])
    os.kill(pid, signal.SIGKILL)
    until(lambda: worker_of(state) not in (0, pid))
    assert again != guardian


def children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        pytest.skip("the system does not tell a process's children")
    return [int(one) for one in text.split() if Path(f"/proc/{one}/cmdline").read_bytes()]


def test_a_job_that_kills_its_worker_is_given_up_in_the_end(state: Path) -> None:
    job = submitted(state, kind="poison")
    good = submitted(state, kind="count", spec={"n": 2})
    end = time.monotonic() + 60
    while now(state, job).state is not S.FAILED and time.monotonic() < end:
        with contextlib.suppress(LaunchFailed):
            started(state)
        time.sleep(0.05)
    found = now(state, job)
    assert (found.state, found.ending) == (S.FAILED, "CRASHED")
    until(lambda: now(state, good).state is S.DONE)


def test_a_guarded_worker_is_started_until_such_a_job_is_given_up() -> None:
    assert guardian._MOST > claims.MOST_CRASHES


def test_the_job_goes_on_when_the_terminal_is_closed(state: Path) -> None:
    """The face runs on a terminal of its own, which is hung up."""
    job = submitted(state, kind="count", spec={"n": 10_000})
    face = (
        "import pathlib, sys, time\n"
        "from elysiadash.jobs.launch import launch\n"
        "print(launch(pathlib.Path(sys.argv[1]), arguments=sys.argv[2:]).pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ROOT)
        words = [sys.executable, "-c", face, str(state), *FAKE]
        os.execve(sys.executable, words, env())  # noqa: S606
    said = b""
    while b"\n" not in said:
        said += os.read(terminal, 100)
    until(lambda: now(state, job).checkpoint)
    os.close(terminal)
    assert os.waitpid(pid, 0)[1] != 0
    at = now(state, job).checkpoint["at"]
    until(lambda: now(state, job).checkpoint["at"] > at + 3)
    assert worker_of(state) == int(said)


def test_a_hang_up_means_nothing_and_a_second_signal_ends_at_once(state: Path) -> None:
    job = submitted(state, kind="stubborn")
    pid = started(state, "guarded")
    until(lambda: now(state, job).state is S.RUNNING)
    os.kill(pid, signal.SIGHUP)
    time.sleep(0.3)
    os.kill(pid, signal.SIGTERM)
    time.sleep(0.3)
    assert worker_of(state) == pid
    os.kill(pid, signal.SIGTERM)
    until(lambda: worker_of(state) == 0)
    time.sleep(0.5)
    assert worker_of(state) == 0
    assert now(state, job).state is S.RUNNING


def test_two_workers_that_race_are_one(state: Path) -> None:
    job = submitted(state, kind="count", spec={"n": 40, "each": 0.01})
    words = {"cwd": ROOT, "env": env(ELYSIADASH_STATE_DIR=str(state), IDLE_S="1")}
    racing = [subprocess.Popen(FAKE, **words) for _ in range(4)]  # type: ignore[call-overload]
    try:
        until(lambda: now(state, job).state is S.DONE)
        assert len({pid for _, pid in counts(state, job)}) == 1
        assert [one.wait(20) for one in racing] == [0] * 4
    finally:
        for one in racing:
            one.kill()
            one.wait()


def test_a_job_put_in_while_the_worker_ends_is_done(state: Path) -> None:
    """Whoever loses the race, somebody does the job: the worker looks once more, or a new one."""
    with Database.open(state):
        pass
    for _ in range(6):
        started(state, IDLE_S="0.01")
        job = submitted(state, kind="count", spec={"n": 1})
        started(state, IDLE_S="0.01")
        until(lambda job=job: now(state, job).state is S.DONE)


def test_a_newer_file_is_told_and_left_alone(state: Path) -> None:
    submitted(state, kind="count", spec={"n": 1})
    later = sqlite3.connect(state / "jobs.db")
    later.execute(f"PRAGMA user_version={VERSION + 1}")
    later.close()
    before = (state / "jobs.db").read_bytes()
    done = subprocess.run(
        [*FAKE, "guarded"], cwd=ROOT, env=env(ELYSIADASH_STATE_DIR=str(state)),
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "later release" in done.stderr
    assert (state / "jobs.db").read_bytes() == before
    assert worker_of(state) == 0


def test_the_workers_log_holds_no_credential(state: Path) -> None:
    submitted(state, kind="raises", spec={"fault": 1})
    started(state)
    text = until(lambda: "KeyError" in log_path(state).read_text() and log_path(state).read_text())
    assert "Traceback" in text


def test_the_worker_is_light() -> None:
    program = (
        "import sys, elysiadash.worker.main\n"
        "heavy = {'httpx', 'grpc', 'textual', 'rich', 'typer', 'asyncio', 'sqlite3'}\n"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == "set()"
