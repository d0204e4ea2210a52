"""Jobs that were stopped in an awkward moment, and what they make of it when they are resumed."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

import pytest

from elysiadash.jobs.job import JobState
from elysiadash.migrate import cut_over, prepare
from elysiadash.migrate.phases import Verify
from elysiadash.migrate.run import Run
from tests.live.witness import everything
from tests.migrate.test_promises import _object, filled
from tests.migrate.whole import Whole, ask, broken, profile, put

simulator = pytest.mark.parametrize("ends", ["simulator"], indirect=True)
LATE = str(UUID(int=7))


@simulator
@pytest.mark.parametrize("alias", [None, "Docs"])
async def test_freeze_that_a_pause_thawed_before_the_cut_over_is_begun_anew(
    job: Whole, alias: str | None
) -> None:
    await filled(job, 60)
    await ask(job.source, "POST", "/v1/aliases", {"alias": "Docs", "class": "Doc"})
    one = profile("source", job.source)
    job.submit({"Doc": "DocCopy"}, ends=(one, one), alias=alias)
    plain, paused = prepare.set_ttl, 0

    async def set_ttl(run: Run) -> Any:
        nonlocal paused
        paused += 1
        if paused == 1:
            job.ask("pause")
            await run.breathe()
        return await plain(run)

    quickly = partial(cut_over.cut_over, settle_s=0.5)
    with broken(prepare, "set_ttl", set_ttl), broken(cut_over, "cut_over", quickly):
        assert (await job.work()).state is JobState.PAUSED
        job.answer("stopped")
        assert (await job.work()).state is JobState.PAUSED
        assert job.job().phase == "CUT_OVER"
        await put(job.source, [_object(LATE, "while it was paused")])
        job.ask("resume")
        await job.work()
    found = job.job()
    assert (found.state, found.ending) == (JobState.DONE, "VERIFIED"), found.reason
    assert LATE in await everything(job.source.url, "DocCopy")


@simulator
@pytest.mark.parametrize("level", [Verify.V0, Verify.V1])
async def test_counts_alone_reach_the_cut_over_and_are_never_green(
    job: Whole, level: Verify
) -> None:
    await filled(job, 60)
    job.submit({"Doc": "Doc"}, verify=level, after="thaw")
    found = await job.to_its_end()
    assert (found.state, found.ending) == (JobState.DONE, "NOT_VERIFIED"), found.reason
    assert "objects were not compared whole" in str(found.reason)
    assert found.checkpoint["frozen"] is not None
