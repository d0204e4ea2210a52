"""The worker is started once, lives on without its terminal, and says why it could not start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elysiadash.jobs.errors import LaunchFailed
from elysiadash.jobs.launch import WORKER, launch, log_path
from elysiadash.jobs.worker_lock import HANDED_OVER, WorkerLock

ROOT = Path(__file__).parents[3]
STAND_IN = """
import json, os, sys, time, pathlib
sys.path.insert(0, {root!r})
from elysiadash.jobs.worker_lock import WorkerLock
state = pathlib.Path(os.environ["ELYSIADASH_STATE_DIR"])
lock = WorkerLock(state)
if not lock.take(time.time()):
    sys.exit(0)
child = os.fork() if "fork" in sys.argv else -1
if child == 0:
    time.sleep(60)
print("at work", flush=True)
facts = dict(pid=os.getpid(), session=os.getsid(0), env=os.environ.get("KEY"), child=child,
             stdin=os.readlink("/proc/self/fd/0") if os.path.exists("/proc") else "/dev/null",
             handed={handed!r} in os.environ)
(state / "facts.part").write_text(json.dumps(facts))
(state / "facts.part").replace(state / "facts.json")
time.sleep(60)
"""
Started = Callable[[int], int]


@pytest.fixture
def started() -> Iterator[Started]:
    """Notes processes that must be dead at the end."""
    pids: list[int] = []

    def note(pid: int) -> int:
        pids.append(pid)
        return pid

    yield note
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def stand_in(tmp_path: Path) -> list[str]:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN.format(root=str(ROOT), handed=HANDED_OVER))
    return [sys.executable, str(script)]


def facts(state: Path) -> dict[str, object]:
    for _ in range(600):
        if (state / "facts.json").exists():
            found: dict[str, object] = json.loads((state / "facts.json").read_text())
            return found
        time.sleep(0.05)
    raise AssertionError(log_path(state).read_text())


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)


def test_it_is_the_worker_command_of_this_python() -> None:
    assert (sys.executable, "-m", "elysiadash", "worker", "--detached") == WORKER
    program = (
        "import sys, elysiadash.jobs.launch\n"
        "sys.exit(any(name.startswith('elysiadash.worker') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_one_worker_in_a_session_of_its_own(tmp_path: Path, started: Started) -> None:
    state = tmp_path / "state"
    words = stand_in(tmp_path)
    first = launch(state, arguments=words, env={**os.environ, "KEY": "env of the face"})
    started(first.pid)
    # Also before it has run a single line of its own, nobody starts a second.
    again = launch(state, arguments=words)
    assert (first.started, again.started, again.pid) == (True, False, first.pid)
    found = facts(state)
    assert found == {
        "pid": first.pid,
        "session": first.pid,
        "env": "env of the face",
        "child": -1,
        "stdin": "/dev/null",
        "handed": False,
    }
    assert "at work" in log_path(state).read_text()
    assert log_path(state).stat().st_mode & 0o777 == 0o600
    note = WorkerLock(state).held_by()
    assert note is not None
    assert note.pid == first.pid
    end(first.pid)
    assert WorkerLock(state).held_by() is None
    next_one = launch(state, arguments=words)
    started(next_one.pid)
    assert next_one.started
    assert next_one.pid != first.pid


def test_a_pools_children_do_not_keep_a_killed_workers_lock(
    tmp_path: Path, started: Started
) -> None:
    state = tmp_path / "state"
    first = launch(state, arguments=[*stand_in(tmp_path), "fork"])
    started(first.pid)
    child = facts(state)["child"]
    assert isinstance(child, int)
    started(child)
    end(first.pid)
    os.kill(child, 0)
    assert WorkerLock(state).held_by() is None


def test_the_worker_survives_the_end_of_its_terminal(tmp_path: Path, started: Started) -> None:
    state = tmp_path / "state"
    face = (
        "import pathlib, sys, time\n"
        "from elysiadash.jobs.launch import launch\n"
        "print(launch(pathlib.Path(sys.argv[1]), arguments=sys.argv[2:]).pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    words = [sys.executable, "-c", face, str(state), *stand_in(tmp_path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    with process, process.stdout:
        pid = started(int(process.stdout.readline()))
        facts(state)
        os.killpg(process.pid, signal.SIGHUP)
        assert process.wait(10) == -signal.SIGHUP
    os.kill(pid, 0)
    assert WorkerLock(state).held_by() is not None


def test_a_worker_that_cannot_start_says_why(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import sys; sys.exit('no module of that name')"]
    for _ in range(2):
        with pytest.raises(LaunchFailed, match=r"(?s)code 1.*worker\.log.*no module of that name"):
            launch(tmp_path / "state", arguments=words)
    with pytest.raises(LaunchFailed, match="No such file"):
        launch(tmp_path / "state", arguments=["/nonexistent/python"])
    assert WorkerLock(tmp_path / "state").held_by() is None


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(9 * 1024 * 1024)
    launch(tmp_path, arguments=[sys.executable, "-c", "print('new')"])
    assert path.read_text() == "new\n"
    assert path.with_name("worker.log.1").stat().st_size == 9 * 1024 * 1024


def test_a_worker_started_by_hand_has_the_lock_too(tmp_path: Path) -> None:
    one, two = WorkerLock(tmp_path), WorkerLock(tmp_path)
    assert one.held_by() is None
    assert one.take(5.0)
    assert one.take(6.0)
    assert not two.take(7.0)
    note = two.held_by()
    assert note is not None
    assert (note.pid, note.since) == (os.getpid(), 6.0)
    assert launch(tmp_path).pid == os.getpid()
    one.release()
    assert two.take(8.0)
    two.release()


def test_asking_who_works_keeps_nobody_from_it(tmp_path: Path) -> None:
    asking = WorkerLock(tmp_path)
    stop = threading.Event()

    def ask() -> None:
        while not stop.wait(0.001):
            asking.held_by()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        for number in range(50):
            lock = WorkerLock(tmp_path)
            assert lock.take(float(number))
            lock.release()
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("handle", ["", "x", "99999", "0"])
def test_a_handle_that_is_not_the_lock_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handle: str
) -> None:
    monkeypatch.setenv(HANDED_OVER, handle)
    holder = WorkerLock(tmp_path)
    assert holder.take(1.0)
    monkeypatch.setenv(HANDED_OVER, handle)
    assert not WorkerLock(tmp_path).take(2.0)
    holder.release()
