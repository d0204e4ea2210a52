"""Two workers race for jobs, their clocks jump, and they are killed again and again: the file stays
whole, no piece of work is lost or counted twice, and no job ever has two masters."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from elysiadash.jobs import claims, control, folder, keyspace, queue, ranges, steps
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import JobState
from tests.faults.jobs_worker import LINE
from tests.unit.jobs.given import new

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("JOBS_KILLS", "20"))
"""How many workers are killed; more on demand."""
JOBS = 3
PIECES = max(30, KILLS * 3 // 2)


def begin(state: Path) -> list[str]:
    with Database.open(state) as jobs, jobs.transaction() as tx:
        names = []
        for number in range(JOBS):
            names.append(queue.submit(tx, new(spec={"n": number}, priority=number)).id)
            lower = (number % 2).to_bytes(16)
            whole = (lower, keyspace.LAST)
            cuts = [lower for lower, _ in keyspace.evenly(PIECES)[1:]]
            ranges.add(tx, names[-1], keyspace.cut(whole, cuts))
            if lower != keyspace.FIRST:
                ranges.add(tx, names[-1], [(keyspace.FIRST, keyspace.FIRST)])
        return names


def worker(state: Path, name: str, seed: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "tests.faults.jobs_worker", str(state), name, str(seed)]
    return subprocess.Popen(words, cwd=ROOT)


def check(state: Path, names: list[str]) -> None:
    """What holds at any moment, whoever was killed where."""
    plain = sqlite3.connect(state / "jobs.db")
    assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
    plain.close()
    with Database.open(state) as jobs, jobs.reading() as read:
        for name in names:
            pieces = ranges.of(read, name)
            assert keyspace.gaps(one.interval for one in pieces) == []
            assert keyspace.overlap(one.interval for one in pieces) is None
            lengths = folder.committed(read, name)
            objects = sum(one.objects for one in pieces)
            assert objects * LINE == lengths.get("ledger", 0)
            assert sum(one.bytes for one in pieces) == lengths.get("ledger", 0)
            running = queue.get(read, name).state is JobState.RUNNING
            assert (claims.holder(read, name) is not None) == running
            started = queue.get(read, name).started is not None
            if running and lengths:
                assert [step.name for step in steps.owed(read, name)] == ["freeze"]
            assert started or not lengths


def work_goes_on(state: Path, transactions: int) -> None:
    """Wait until the workers have made some more transactions, or are done."""
    path, until = state / "witness", time.monotonic() + 3
    lines = count = path.read_bytes().count(b"\n") if path.exists() else 0
    while count < lines + transactions and time.monotonic() < until:
        time.sleep(0.002)
        count = path.read_bytes().count(b"\n") if path.exists() else 0


def masters(state: Path) -> dict[str, list[tuple[int, str]]]:
    """Whose transactions each job saw, in their order."""
    found: dict[str, list[tuple[int, str]]] = {}
    for line in (state / "witness").read_text().splitlines():
        what, job, token, who = line.split()
        if what == "in":
            found.setdefault(job, []).append((int(token), who))
    return found


@pytest.mark.slow
def test_killed_workers_lose_nothing(tmp_path: Path) -> None:
    names = begin(tmp_path)
    chance = random.Random(20261130)
    alive = [worker(tmp_path, f"w{number}", number) for number in range(2)]
    try:
        for kill in range(KILLS):
            work_goes_on(tmp_path, chance.randrange(1, 40))
            victim = alive.pop(chance.randrange(2))
            victim.send_signal(signal.SIGKILL)
            check(tmp_path, names)
            if kill % 2:
                victim.wait(10)
            alive.append(worker(tmp_path, f"w{kill + 2}", kill + 2))
            with Database.open(tmp_path) as jobs, jobs.transaction() as tx:
                job = names[kill % JOBS]
                if not queue.get(tx, job).state.ended:
                    control.ask(tx, job, "priority", kill, who="anna")
            victim.wait(10)
        assert [process.wait(60) for process in alive] == [0, 0]
    finally:
        for process in alive:
            process.kill()
            process.wait()
    check(tmp_path, names)
    seen = masters(tmp_path)
    with Database.open(tmp_path) as jobs, jobs.reading() as read:
        assert steps.owed(read) == []
        for name in names:
            job = queue.get(read, name)
            assert (job.state, job.ending, job.crashes) == (JobState.DONE, "VERIFIED", 0)
            assert ranges.unfinished(read, name, generation=0) == []
            assert control.still_open(read, name) == []
            # A token never comes back, and belongs to one worker.
            tokens = [token for token, _ in seen[name]]
            assert tokens == sorted(tokens)
            assert len(set(seen[name])) == len(set(tokens))
            # The ledger has every watermark once.
            ledger = (tmp_path / "jobs" / name / "ledger").read_bytes()
            marks = [ledger[place : place + LINE] for place in range(0, len(ledger), LINE)]
            assert len(set(marks)) == len(marks)
            assert {one.upper for one in ranges.of(read, name)} <= set(marks)
    # The kills met workers at their work.
    assert sum(len({token for token, _ in one}) for one in seen.values()) > KILLS / 2
