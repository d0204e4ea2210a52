"""Tenants that were activated for their copy are put back, whoever died in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.jobs import steps
from elysiadash.migrate import tenants
from elysiadash.migrate.errors import SourceChanged, Waits
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from tests.faults.freeze_process import running, submit
from tests.faults.test_freeze import ask, create, profile

COUNT = 230
"""More than two requests change at once."""


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[SimulatedCluster]:
    async with simulated("empty", grpc=False) as cluster:
        await create(cluster, "Rooms", 1, tenants=True)
        names = [{"name": f"t{number:03d}"} for number in range(COUNT)]
        await ask(cluster, "POST", "/v1/schema/Rooms/tenants", names)
        cold = [{"name": one["name"], "activityStatus": "COLD"} for one in names[::2]]
        for start in range(0, len(cold), 100):
            await ask(cluster, "PUT", "/v1/schema/Rooms/tenants", cold[start : start + 100])
        yield cluster


def states(demo: SimulatedCluster) -> dict[str, str]:
    return {name: one.activity for name, one in demo.model.collections["Rooms"].shards.items()}


def parts(count: int = COUNT) -> list[Part]:
    return [
        Part(collection="Rooms", target="Rooms", tenant=f"t{number:03d}") for number in range(count)
    ]


def owed(run: Run) -> list[str]:
    with run.work.reading() as read:
        return [step.name for step in steps.owed(read, run.job)]


@given(
    st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(("", "x", "y", "z"))), max_size=30),
    st.integers(1, 5),
)
def test_waves_keep_all_in_order(made: list[tuple[str, str]], most: int) -> None:
    given_parts = [Part(collection=name, target=name, tenant=tenant) for name, tenant in made]
    found = tenants.waves(given_parts, most)
    assert [part for wave in found for part in wave] == given_parts
    for wave in found:
        assert len({part.collection for part in wave}) == 1
        assert len(wave) == 1 or (all(part.tenant for part in wave) and len(wave) <= most)


async def test_wave_is_active_and_put_back(demo: SimulatedCluster, tmp_path: Path) -> None:
    before = states(demo)
    submit(tmp_path, profile(demo), {"Rooms": "Rooms"})
    async with running(tmp_path) as run:
        async with tenants.active(run, parts()):
            assert set(states(demo).values()) == {"HOT"}
            assert len(owed(run)) == 1
        assert owed(run) == []
    assert states(demo) == before


async def test_dead_workers_wave_is_put_back_by_the_next(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    before = states(demo)
    submit(tmp_path, profile(demo), {"Rooms": "Rooms"})
    async with running(tmp_path) as run:
        await tenants.activate(run, parts(10))
        # Begun anew by a worker that plans other waves: nothing of the first is forgotten.
        async with tenants.active(run, parts()):
            assert set(states(demo).values()) == {"HOT"}
        assert states(demo) == before
        await tenants.activate(run, parts(10))
        assert await tenants.put_back(run) == 5
        assert owed(run) == []
    assert states(demo) == before


async def test_tenant_that_was_deleted_meanwhile_does_not_keep_the_others_awake(
    demo: SimulatedCluster, tmp_path: Path
) -> None:
    submit(tmp_path, profile(demo), {"Rooms": "Rooms"})
    async with running(tmp_path) as run:
        await tenants.activate(run, parts(4))
        await ask(demo, "DELETE", "/v1/schema/Rooms/tenants", ["t000"])
        await tenants.put_back(run)
        assert owed(run) == []
        assert states(demo)["t002"] == "COLD"
        with pytest.raises(SourceChanged, match="t000"):
            await tenants.activate(run, parts(4))
        assert owed(run) == []


async def test_offloaded_tenants_are_asked_about(demo: SimulatedCluster, tmp_path: Path) -> None:
    submit(tmp_path, profile(demo), {"Rooms": "Rooms"})
    demo.model.collections["Rooms"].shards["t001"].activity = "FROZEN"
    async with running(tmp_path) as run:
        run.parts = parts(3)
        with pytest.raises(Waits, match=r"1 tenants are offloaded \(Rooms/t001\)"):
            await tenants.ask_about_offloaded(run)
        answered: dict[str, Any] = {"offloaded": {"word": "offloaded", "do": "skip"}}
        await run.save(answers=answered)
        left = await tenants.ask_about_offloaded(run)
        assert [part.tenant for part in left] == ["t000", "t002"]
        assert "1 offloaded tenants were left out" in run.checkpoint.notes[0]


async def test_request_is_owed_before_it_is_sent(
    demo: SimulatedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(tmp_path, profile(demo), {"Rooms": "Rooms"})
    async with running(tmp_path) as run:
        seen: list[list[str]] = []
        send = run.source.transport.send

        async def watched(call: Any) -> Any:
            if call.method == "PUT":
                seen.append(owed(run))
                raise httpx.ReadError("killed here")
            return await send(call)

        monkeypatch.setattr(run.source.transport, "send", watched)
        with pytest.raises(httpx.ReadError):
            await tenants.activate(run, parts(2))
        assert seen == [["tenants-source-Rooms-t000"]]
