"""The app as a person has it: a process in a pane of 200 x 50, beside Textual's own parts.

    python -m tests.benchmarks.app

First paint, key to paint, CPU, memory and bytes. Linux only: it reads /proc. About two minutes.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.app_process import FLOOD
from tests.benchmarks.rows import Row, print_rows
from tests.pty.pane import Pane, at_home

SIZE = {"columns": 200, "lines": 50}
STARTS = 9
KEYS = 120
WATCHED_S = 15.0
SETTLE_S = 3.0
ROWS = 5_000

_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
_APP = [sys.executable, "-m", "elysiadash"]
_PROCESS = [sys.executable, "-m", "tests.benchmarks.app_process"]


def pane(command: Sequence[str], home: Path) -> Pane:
    """A pane as people have it: with byte code kept."""
    return Pane(command, env=at_home(home, PYTHONDONTWRITEBYTECODE=""), **SIZE)


def cpu_seconds(pid: int) -> float:
    """What a process has used until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def resident_mib(pid: int) -> float:
    """A process's resident memory."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def first_paint(command: Sequence[str], word: bytes, home: Path) -> tuple[float, float]:
    """(milliseconds, of them CPU) from the start of the process to this word on the screen."""
    with pane(command, home) as shown:
        while word not in shown.written:
            assert shown.alive, shown.text
            time.sleep(0.001)
        return (time.perf_counter() - shown.started_at) * 1e3, cpu_seconds(shown.process.pid) * 1e3


def paints(home: Path) -> list[Row]:
    """Ours and a bare Textual app in turn, before a byte of any network."""
    nobody = [*_APP, "--url", "http://127.0.0.1:9"]
    kinds: dict[str, tuple[list[str], bytes]] = {
        "ours": (nobody, b"Stats"),
        "bare": ([*_PROCESS, "bare"], b"Stats"),
        "demo": ([*_APP, "demo"], b"Stats"),
    }
    found: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for _ in range(STARTS):
        for kind, (command, word) in kinds.items():
            found[kind].append(first_paint(command, word, home))
    wall = {kind: statistics.median(ms for ms, _ in each) for kind, each in found.items()}
    cpu = {kind: min(ms for _, ms in each) for kind, each in found.items()}
    return [
        Row(
            "first paint (goal < 400 ms)",
            f"{wall['ours']:.0f} ms",
            f"{wall['bare']:.0f} ms",
            f"{wall['ours'] / wall['bare']:.1f}x",
            f"median of {STARTS}; CPU {cpu['ours']:.0f} and {cpu['bare']:.0f} ms; bare Textual",
        ),
        Row("first paint of the demo", f"{wall['demo']:.0f} ms", "", "", "its simulator included"),
    ]


def key_times(command: Sequence[str], home: Path) -> list[float]:
    """Milliseconds from a key to the first byte that it changes on the screen, sorted."""
    times = []
    with pane(command, home) as shown:
        shown.wait_for("1,000" if "table" in command else "Collection00001")
        time.sleep(SETTLE_S)
        for turn in range(KEYS):
            time.sleep(random.uniform(0.05, 0.15))
            before = len(shown.written)
            started = time.perf_counter()
            shown.press("\x1b[B" if turn % 20 < 10 else "\x1b[A")
            while len(shown.written) == before:
                time.sleep(0.0002)
            times.append((time.perf_counter() - started) * 1e3)
    return sorted(times)


def keys(home: Path) -> Row:
    """Thousands of rows, of which some change each second."""
    mine = key_times([*_PROCESS, "ours", str(ROWS), "1"], home)
    other = key_times([*_PROCESS, "table", str(ROWS), "1"], home)
    half, most = KEYS // 2, int(KEYS * 0.95)
    return Row(
        f"key to paint, {ROWS:,} rows at 1 Hz (goal p95 < 33 ms)",
        f"p50 {mine[half]:.1f}, p95 {mine[most]:.1f} ms",
        f"p50 {other[half]:.1f}, p95 {other[most]:.1f} ms",
        f"{other[most] / mine[most]:.1f}x",
        "DataTable",
    )


def watched(command: Sequence[str], home: Path, word: str) -> tuple[float, float, float]:
    """(CPU in percent of one core, bytes a second, MiB) of a pane that is left alone."""
    with pane(command, home) as shown:
        shown.wait_for(word)
        time.sleep(SETTLE_S)
        pid, size, used = shown.process.pid, len(shown.written), cpu_seconds(shown.process.pid)
        started = time.perf_counter()
        time.sleep(WATCHED_S)
        seconds = time.perf_counter() - started
        percent = (cpu_seconds(pid) - used) / seconds * 100
        return percent, (len(shown.written) - size) / seconds, resident_mib(pid)


def loads(home: Path) -> list[Row]:
    """Left alone, and refreshed each second."""
    cases: list[tuple[str, Callable[[str], list[str]]]] = [
        ("nothing changes (goal <= 1 %)", lambda kind: [*_PROCESS, kind, "12", "0"]),
        ("40 rows change at 1 Hz (goal <= 5 %)", lambda kind: [*_PROCESS, kind, "60", "1"]),
        (f"the same among {ROWS:,}", lambda kind: [*_PROCESS, kind, str(ROWS), "1"]),
    ]
    rows = []
    for name, command in cases:
        mine = watched(command("ours"), home, "Collection00001")
        other = watched(command("table"), home, "column 1")
        rows.append(
            Row(
                name,
                _words(mine),
                _words(other),
                f"{other[0] / mine[0]:.1f}x CPU" if mine[0] else "",
                "DataTable, and nothing else of an app",
            )
        )
    demo = watched([*_APP, "demo"], home, "Translations")
    rows.append(Row("the demo, watched", _words(demo), "", "", "polls and decoding included"))
    return rows


def _words(found: tuple[float, float, float]) -> str:
    percent, size, mib = found
    return f"{percent:.1f} % CPU, {size:,.0f} B/s, {mib:.0f} MiB"


def flood(home: Path) -> Row:
    """Whether memory stays where it is."""
    file = home / "memory"
    with pane([*_PROCESS, "flood", "60", str(file)], home) as shown:
        while not (file.exists() and file.read_text().splitlines()[-1:] != [] and _last(file)):
            assert shown.alive, shown.text
            time.sleep(0.2)
    found = dict(line.split() for line in file.read_text().splitlines())
    first, last = float(found[str(FLOOD // 10)]), float(found[str(FLOOD)])
    return Row(
        f"memory over {FLOOD:,} refreshes (goal < 120 MB, flat)",
        f"{first:.1f} -> {last:.1f} MiB",
        "",
        "",
        f"after {FLOOD // 10:,} and {FLOOD:,}",
    )


def _last(file: Path) -> bool:
    lines = file.read_text().splitlines()
    return bool(lines) and lines[-1].startswith(f"{FLOOD} ")


def run() -> list[Row]:
    """All of it; about three minutes."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        return [*paints(home), keys(home), *loads(home), flood(home)]


def main() -> None:
    """Print the table."""
    print_rows("app", run())


if __name__ == "__main__":
    main()
