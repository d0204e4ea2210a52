"""Scans keep to the job's limit, and stop where the job shall."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from elysiadash.jobs import control
from elysiadash.jobs.work import Interrupted, Work
from elysiadash.migrate.pacing import Pacing
from tests.unit.jobs.given import opened, running


class _Run(SimpleNamespace):
    async def breathe(self) -> None:
        self.work.check()


def _run(folder: Path, rate: float | None, *, keeps_out: bool = False) -> Any:
    database = opened(folder)
    _, claim = running(database)
    if rate is not None:
        with database.transaction() as tx:
            control.ask(tx, claim.job, "rate", rate)
    work = Work(database, claim)
    work.said()
    return _Run(work=work, keeps_writers_out=keeps_out)


@pytest.mark.parametrize(("rate", "least", "most"), [(100.0, 0.6, 60.0), (None, 0.0, 0.5)])
async def test_rows_take_as_long_as_the_limit_says(
    tmp_path: Path, rate: float | None, least: float, most: float
) -> None:
    pace = Pacing(_run(tmp_path, rate))
    started = time.monotonic()
    # Two scans share the limit; the last rows are paid by whoever reads next.
    await asyncio.gather(*(pace(20) for _ in range(4)))
    assert least <= time.monotonic() - started < most


async def test_no_limit_makes_an_outage_longer(tmp_path: Path) -> None:
    pace = Pacing(_run(tmp_path, 1.0, keeps_out=True))
    started = time.monotonic()
    for _ in range(3):
        await pace(1_000)
    assert time.monotonic() - started < 30


async def test_a_scan_that_waits_for_its_turn_is_stopped(tmp_path: Path) -> None:
    run = _run(tmp_path, 1.0)
    pace = Pacing(run)
    await pace(1_000)
    with run.work.database.transaction() as tx:
        control.ask(tx, run.work.claim.job, "pause")
    with pytest.raises(Interrupted):
        await asyncio.wait_for(pace(1), 10)
