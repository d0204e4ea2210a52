"""However the real process ends: no orphan, the terminal as it was, and a code that says why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.pty.conftest import Start
from tests.pty.pane import LONG_S, ROOT, Pane, at_home

pytestmark = pytest.mark.slow

_NOBODY = ("--url", "http://127.0.0.1:9")
_TAKEN = {1049, 1000, 1003, 1006, 2004}
"""Alternate screen, mouse, bracketed paste."""
_SCREEN = _TAKEN - {2004}
"""What no shell uses."""


def children(pid: int) -> list[int]:
    """The processes that a process started and that live."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(each) for each in found]


def gone(pid: int) -> bool:
    """Whether a process has ended; one that only its parent has not looked at yet has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"


def all_gone(pids: list[int]) -> bool:
    """Wait until all have ended."""
    deadline = time.monotonic() + LONG_S
    while not all(map(gone, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def demo(start: Start, **options: str) -> tuple[Pane, list[int]]:
    """The demo, shown; and its simulator."""
    pane = start("demo", **options)
    pane.wait_for("Documents", "12 collections")
    simulator = children(pane.process.pid)
    assert simulator
    assert pane.modes >= _TAKEN
    return pane, simulator


def is_restored(pane: Pane) -> bool:
    """Whether modes, cursor and the line discipline are as before."""
    return pane.is_as_before and not pane.modes & _TAKEN and 25 in pane.modes


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
class TestDemo:
    """Its simulator is a process of its own, and never outlives it."""

    @pytest.mark.parametrize(
        ("number", "code", "ignoring"),
        [
            (signal.SIGTERM, 143, ""),
            (signal.SIGHUP, 129, ""),
            (signal.SIGHUP, 129, "SIGHUP"),
            (signal.SIGINT, 130, ""),
            (signal.SIGQUIT, 131, ""),
            (signal.SIGUSR1, 138, ""),
        ],
    )
    def test_a_signal(self, start: Start, number: int, code: int, ignoring: str) -> None:
        pane, simulator = demo(start, ignoring=ignoring)
        pane.signal(number)
        assert pane.wait() == code
        assert is_restored(pane)
        assert all_gone(simulator)

    @pytest.mark.parametrize("keys", ["\x03\x03", "qq", ":q\r"], ids=["ctrl+c", "q", ":q"])
    def test_by_key(self, start: Start, keys: str) -> None:
        pane, simulator = demo(start)
        pane.press(keys)
        assert pane.wait() == 0
        assert is_restored(pane)
        assert all_gone(simulator)

    @pytest.mark.parametrize("ignoring", ["", "SIGHUP"], ids=["", "nohup"])
    def test_the_pane_is_closed(self, start: Start, ignoring: str) -> None:
        pane, simulator = demo(start, ignoring=ignoring)
        pane.hang_up()
        assert pane.wait() == 129
        assert all_gone(simulator)

    def test_killed(self, start: Start) -> None:
        pane, simulator = demo(start)
        pane.signal(signal.SIGKILL)
        pane.wait()
        assert all_gone(simulator)

    def test_told_while_the_simulator_starts(self, start: Start) -> None:
        pane = start("demo")
        deadline = time.monotonic() + LONG_S
        while not (simulator := children(pane.process.pid)):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        pane.signal(signal.SIGTERM)
        assert pane.wait() in (143, -signal.SIGTERM)
        assert is_restored(pane) or not pane.modes
        assert all_gone(simulator)


def stopped(pane: Pane) -> bool:
    """Wait until the process has been stopped."""
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline:
        pid, status = os.waitpid(pane.process.pid, os.WUNTRACED | os.WNOHANG)
        if pid:
            pane.drain()
            return os.WIFSTOPPED(status)
        time.sleep(0.02)
    return False


def test_suspended_by_a_signal_and_resumed(start: Start) -> None:
    pane = start(*_NOBODY, columns=100, lines=30)
    pane.wait_for("No Weaviate answers")
    pane.signal(signal.SIGTSTP)
    assert stopped(pane)
    assert is_restored(pane)
    pane.resize(120, 20)
    before = len(pane.written)
    pane.signal(signal.SIGCONT)
    pane.until(lambda text: "No Weaviate answers" in text and len(pane.written) > before)
    pane.until(lambda _: pane.modes >= _TAKEN, "the modes of the app")
    pane.press("?")
    pane.wait_for("esc closes")
    pane.signal(signal.SIGTERM)
    assert pane.wait() == 143
    assert is_restored(pane)


@pytest.mark.parametrize("keys", ["\x1a", ":suspend\r"], ids=["ctrl+z", "command"])
def test_suspended_in_a_shell_and_brought_back(tmp_path: Path, keys: str) -> None:
    with Pane(["bash", "--norc", "-i"], env=at_home(tmp_path, PS1="ready> ")) as pane:
        pane.wait_for("ready>")
        pane.press(f"{sys.executable} -m elysiadash {' '.join(_NOBODY)}\r")
        pane.wait_for("No Weaviate answers")
        pane.press(keys)
        pane.wait_for("Stopped")
        assert not pane.modes & _SCREEN
        pane.press("stty -a\r")
        # With the minus they would be off, as in the app.
        pane.until(lambda text: " icanon" in text and " echo " in text, "cooked mode")
        pane.press("clear\r")
        pane.wait_without("icanon")
        pane.press("fg\r")
        pane.wait_for("No Weaviate answers", "Filter")
        pane.until(lambda _: pane.modes >= _TAKEN, "the modes of the app")
        pane.press(":q\r")
        pane.wait_for("ready>")
        assert not pane.modes & _SCREEN
        pane.press("exit\r")
        assert pane.wait() == 0


def test_stopped_by_force_and_continued(start: Start) -> None:
    pane = start(*_NOBODY)
    pane.wait_for("No Weaviate answers")
    pane.signal(signal.SIGSTOP)
    assert stopped(pane)
    before = len(pane.written)
    pane.signal(signal.SIGCONT)
    # Left and entered: else the modes of the app would be taken for those before it.
    pane.until(lambda _: b"\x1b[?1049h" in pane.written[before:], "drawn anew")
    pane.press(":q\r")
    assert pane.wait() == 0
    assert is_restored(pane)


def test_sent_to_the_background_it_waits_for_the_foreground(tmp_path: Path) -> None:
    with Pane(["bash", "--norc", "-i"], env=at_home(tmp_path, PS1="ready> ")) as pane:
        pane.wait_for("ready>")
        pane.press(f"{sys.executable} -m elysiadash {' '.join(_NOBODY)}\r")
        pane.wait_for("No Weaviate answers")
        pane.press("\x1a")
        pane.wait_for("Stopped")
        pane.press("bg\r")
        pane.press("sleep 1; clear; jobs\r")
        pane.until(lambda text: text.count("Stopped") == 1 and "bg" not in text, "stopped again")
        assert not pane.modes & _SCREEN
        pane.press("clear; fg\r")
        pane.wait_for("No Weaviate answers", "Filter")
        pane.until(lambda _: pane.modes >= _TAKEN, "the modes of the app")
        pane.press(":q\r")
        pane.wait_for("ready>")
        assert not pane.modes & _SCREEN


def test_without_a_shell_it_is_not_suspended(start: Start) -> None:
    pane = start(*_NOBODY)
    pane.wait_for("No Weaviate answers")
    pane.press("\x1a")
    pane.wait_for("no shell")
    assert pane.alive


def test_closed_while_suspended(start: Start) -> None:
    pane = start(*_NOBODY)
    pane.wait_for("No Weaviate answers")
    pane.signal(signal.SIGTSTP)
    assert stopped(pane)
    pane.hang_up()
    # The kernel wakes a stopped process of a terminal that has gone.
    assert pane.wait() in (129, -signal.SIGHUP)


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_without_one_of_the_three_streams(tmp_path: Path, closed: str) -> None:
    command = f"exec {sys.executable} -m elysiadash {' '.join(_NOBODY)} {closed}"
    with Pane(["sh", "-c", command], env=at_home(tmp_path)) as pane:
        if closed == "2>&-":
            # Narration has nowhere to go; the app itself draws on standard output.
            pane.signal(signal.SIGTERM)
            assert pane.wait() in (143, 64, -signal.SIGTERM)
        else:
            assert pane.wait() == 64
        assert not pane.modes & _TAKEN


@pytest.mark.parametrize("words", [[], ["demo"], [*_NOBODY]], ids=["", "demo", "url"])
def test_without_a_terminal_it_says_so_and_draws_nothing(tmp_path: Path, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "elysiadash", *words],
        cwd=ROOT,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **at_home(tmp_path)},
        timeout=LONG_S,
        check=False,
    )
    assert done.returncode == 64
    assert done.stdout == b""
    assert b"needs a terminal" in done.stderr
    assert b"\x1b" not in done.stderr
