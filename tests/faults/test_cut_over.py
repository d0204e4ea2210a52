"""The cut-over on the simulator: one alias change between proofs; what slips past it is found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault
from elysiadash.jobs import control, dead_letters, events, folder, ranges, steps
from elysiadash.jobs.errors import ClaimLost
from elysiadash.migrate import cut_over, freeze
from elysiadash.migrate.errors import NotFrozen, SourceChanged, TargetChanged
from elysiadash.migrate.ledgers import name_of
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.verify.verdict import why_not_all_green
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.keys import FIRST, LAST
from elysiadash.scan.ledger import Entry, LedgerWriter
from tests.faults.freeze_process import running, submit
from tests.faults.test_freeze import ask, create, frozen_shards, no_watchdog_stays, owed, profile

__all__ = ["no_watchdog_stays"]

OBJECTS = 40


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[SimulatedCluster]:
    async with simulated("empty") as cluster:
        for name in ("Doc", "DocNew"):
            await create(cluster, name, 3)
        await ask(cluster, "POST", "/v1/aliases", {"alias": "Docs", "class": "Doc"})
        await write(cluster, range(1, OBJECTS + 1))
        yield cluster


async def write(demo: SimulatedCluster, numbers: range, name: str = "Doc") -> None:
    objects = [
        {"class": name, "id": f"00000000-0000-4000-8000-{number:012d}", "properties": {"t": "x"}}
        for number in numbers
    ]
    await ask(demo, "POST", "/v1/batch/objects", {"objects": objects})


@asynccontextmanager
async def copied(
    demo: SimulatedCluster, state: Path, alias: str | None = "Docs"
) -> AsyncIterator[Run]:
    """A run whose ledger has the source as it is, frozen."""
    submit(state, profile(demo), {"Doc": "DocNew"}, alias=alias, hold_limit_s=8.0)
    async with running(state) as run:
        part = Part(collection="Doc", target="DocNew")
        run.parts = [part]
        await freeze.freeze(run)
        assert await ledger_of(run, part) == OBJECTS
        try:
            yield run
        finally:
            with suppress(ClaimLost):
                await freeze.thaw(run, "the test is over")


async def ledger_of(run: Run, part: Part) -> int:
    """Note the source as it is now as what was copied; how many objects."""
    scan = IdTimeScan(
        run.source.contact, Extent(collection=part.collection), owners=run.source.owners
    )
    rows = [row async for page in scan.pages() for row in page]
    with run.work.held() as tx:
        ranges.add(tx, run.job, [(FIRST, LAST)], tenant=part.key)
        piece = ranges.of(tx, run.job)[0]
        where = folder.make(run.work.state, run.job) / name_of(piece.id, 0)
        with LedgerWriter(where) as writer:
            writer.extend(Entry(*row) for row in rows)
            writer.commit()
        folder.commit(tx, where.name, where.stat().st_size)
    return len(rows)


def letters(run: Run) -> dict[str, int]:
    with run.work.reading() as read:
        return dead_letters.by_reason(read, run.job)


async def test_alias_is_brought_to_the_copy_and_the_old_one_compared(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with copied(demo, tmp_path) as run:
        await cut_over.cut_over(run, settle_s=3)
        assert demo.model.aliases["Docs"] == "DocNew"
        assert frozen_shards(demo) == 3
        assert letters(run) == {}
        # Once more, as after a crash: nothing is changed again.
        revision = demo.model.revision
        await cut_over.cut_over(run, settle_s=1)
        assert demo.model.revision == revision
        assert await freeze.hold(run) == "the hold's limit of 8 s has passed"
        assert frozen_shards(demo) == 0
        assert owed(tmp_path) == []
        assert run.checkpoint.frozen is not None
        assert run.checkpoint.frozen.thawed_by == "the hold's limit of 8 s has passed"
        # The application is at the copy: it writes there.
        assert run.checkpoint.notes == ()


async def test_freeze_that_broke_stops_before_the_alias(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with copied(demo, tmp_path) as run:
        await ask(demo, "POST", "/v1/schema", {"class": "Unrelated"})
        shard = next(iter(demo.model.collections["Doc"].shards))
        await ask(demo, "PUT", f"/v1/schema/Doc/shards/{shard}", {"status": "READY"})
        with pytest.raises(NotFrozen, match=shard):
            await cut_over.cut_over(run, settle_s=1)
        assert demo.model.aliases["Docs"] == "Doc"


async def test_old_collection_is_frozen_again_after_a_restart_and_slips_are_named(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with copied(demo, tmp_path) as run:
        await cut_over.cut_over(run, settle_s=0.5)
        for node in demo.model.nodes:
            demo.faults.add(Fault(kind="restart", node=node, seconds=0.1))
        await asyncio.sleep(1)
        shards = list(demo.model.collections["Doc"].shards.values())
        for shard in shards:
            shard.frozen.clear()
        # A request of before the cut-over arrives at last.
        await write(demo, range(7, 9))
        await write(demo, range(OBJECTS + 1, OBJECTS + 2))
        assert await freeze.keep_frozen(run)
        assert frozen_shards(demo) == 3
        assert "frozen again at once" in run.checkpoint.notes[0]
        await freeze.holds(run)
        await cut_over.cut_over(run, settle_s=0.5)
        assert letters(run) == {cut_over.SLIPPED: 3}
        assert "3 objects were written to the source" in run.checkpoint.notes[1]
        with pytest.raises(TargetChanged, match="dead letters"):
            await cut_over.delete_old(run, "Doc")


@pytest.mark.parametrize("writes", [True, False])
async def test_what_slips_into_a_broken_hold_is_named(
    demo: SimulatedCluster, tmp_path: Path, writes: bool
) -> None:
    async with copied(demo, tmp_path, alias=None) as run:
        await cut_over.cut_over(run)
        for node in demo.model.nodes:
            demo.faults.add(Fault(kind="restart", node=node, seconds=0.1))
        await asyncio.sleep(1)
        for shard in demo.model.collections["Doc"].shards.values():
            shard.frozen.clear()
        if writes:
            await write(demo, range(7, 9))
            await write(demo, range(OBJECTS + 1, OBJECTS + 2))
        await freeze.hold(run, lambda: cut_over.compare_held(run))
        assert "frozen again at once" in run.checkpoint.notes[0]
        assert not run.checkpoint.broken
        assert letters(run) == ({cut_over.SLIPPED: 3} if writes else {})


async def test_broken_hold_is_never_green_before_it_was_compared(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with copied(demo, tmp_path, alias=None) as run:
        await cut_over.cut_over(run)
        for shard in demo.model.collections["Doc"].shards.values():
            shard.frozen.clear()
        assert await freeze.keep_frozen(run)
        against = why_not_all_green(run.checkpoint, dead_letters=0, awake=True)
        assert "writable while it was held" in against[-1]
        await cut_over.compare_held(run)
        against = why_not_all_green(run.checkpoint, dead_letters=0, awake=True)
        assert not any("writable" in words for words in against)


async def test_lost_answer_of_the_alias_change_is_settled_by_reading_back(
    demo: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with copied(demo, tmp_path) as run:
        real = cut_over.change_alias

        async def without_answer(*arguments: object) -> None:
            await real(*arguments)  # type: ignore[arg-type]
            from elysiadash.weaviate.errors import ConnectionLost

            raise ConnectionLost("the connection broke")

        monkeypatch.setattr(cut_over, "change_alias", without_answer)
        await cut_over.cut_over(run, settle_s=0.5)
        assert demo.model.aliases["Docs"] == "DocNew"


async def test_alias_of_another_collection_is_left_alone(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with copied(demo, tmp_path) as run:
        await create(demo, "Foreign", 1)
        await ask(demo, "PUT", "/v1/aliases/Docs", {"class": "Foreign"})
        with pytest.raises(SourceChanged, match="stands for Foreign"):
            await cut_over.cut_over(run, settle_s=0.5)


async def test_old_collection_goes_only_by_its_typed_name(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    async with copied(demo, tmp_path) as run:
        with pytest.raises(TargetChanged, match="still used by Docs"):
            await cut_over.delete_old(run, "Doc")
        await cut_over.cut_over(run, settle_s=0.5)
        with pytest.raises(TargetChanged, match="doc is not the name"):
            await cut_over.delete_old(run, "doc")
        assert "Doc" in demo.model.collections
        await cut_over.delete_old(run, "Doc")
        assert "Doc" not in demo.model.collections
        # What is gone needs no thaw.
        await freeze.thaw(run, "test")
        assert owed(tmp_path) == []


async def test_hold_ends_with_the_operators_word(demo: SimulatedCluster, tmp_path: Path) -> None:
    async with copied(demo, tmp_path) as run:
        with run.work.database.transaction() as tx:
            control.ask(tx, run.job, "say", {"word": "thaw"}, who="anna")
        assert await freeze.hold(run) == "the operator said that the application has moved"
        assert frozen_shards(demo) == 0
        assert run.checkpoint.notes == ()


@pytest.mark.parametrize("by_another", [False, True])
async def test_hold_that_ends_before_that_word_is_told_as_not_checked(
    demo: SimulatedCluster, tmp_path: Path, by_another: bool
) -> None:
    async with copied(demo, tmp_path, alias=None) as run:
        if by_another:
            with run.work.database.transaction() as tx:
                steps.put_back(tx, run.job, "freeze", who="the watchdog", reason="no heartbeat")
        await freeze.hold(run)
        (note,) = run.checkpoint.notes
        assert note.startswith("what was written to the source since ")
        assert "before anybody said that the application has moved" in note


async def test_without_an_alias_there_is_a_checklist(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Doc": "DocNew"})
    async with running(tmp_path) as run:
        await cut_over.cut_over(run)
        with run.work.reading() as read:
            texts = [event.text for event in events.before(read, run.job)]
        assert any("DocNew (was Doc)" in text for text in texts)
    assert demo.model.aliases["Docs"] == "Doc"
    async with httpx.AsyncClient(base_url=demo.url, trust_env=False) as client:
        assert (await client.get("/v1/schema/Doc")).status_code == 200
