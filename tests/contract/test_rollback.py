"""P12: what the application changed since a move is brought back, and only that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from elysiadash.migrate import rollback
from elysiadash.migrate.delta import catch_up
from elysiadash.migrate.errors import MigrationStopped, Waits
from elysiadash.migrate.spec import Spec, TransformFile, Wanted
from tests.contract.conftest import CHANGEABLE
from tests.contract.migrating import SOURCE, TARGET, Cluster, Copier, a_cluster, a_run
from tests.servers.real import RealCluster

each_kind = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)


@pytest_asyncio.fixture
async def cluster(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Cluster]:
    async with a_cluster(_cluster) as made:
        yield made


async def _moved(cluster: Cluster, folder: Path) -> str:
    """Ten objects were moved; the name of the job."""
    await cluster.make(SOURCE)
    await cluster.make(TARGET)
    for number in range(10):
        await cluster.put(SOURCE, number, "moved")
    async with a_run(cluster, folder) as run:
        await catch_up(run, 1, copy_ids=Copier(cluster))
        await asyncio.sleep(0.1)
        await catch_up(run, 2, copy_ids=Copier(cluster))
        return run.job


@each_kind
async def test_p12_only_what_changed_since_goes_back(cluster: Cluster, tmp_path: Path) -> None:
    job = await _moved(cluster, tmp_path)
    # The application has moved.
    await cluster.put(TARGET, 1, "changed")
    await cluster.put(TARGET, 20, "new")
    await cluster.delete(TARGET, 2)
    copier = Copier(cluster)
    async with a_run(cluster, tmp_path, rolls_back=job) as run:
        for _ in range(2):
            await rollback.seed(run)
        await rollback.fail_if_written(run)
        generation = await catch_up(run, 1, copy_ids=copier)
        assert (generation.scanned, generation.changed, generation.deleted) == (10, 2, 1)
        assert copier.copied == 2
        assert await cluster.all_of(SOURCE) == await cluster.all_of(TARGET)


@each_kind
async def test_writes_to_the_old_place_are_asked_about(cluster: Cluster, tmp_path: Path) -> None:
    job = await _moved(cluster, tmp_path)
    await cluster.put(SOURCE, 3, "somebody stayed")
    await cluster.put(SOURCE, 30, "and added one")
    async with a_run(cluster, tmp_path, rolls_back=job) as run:
        await rollback.seed(run)
        with pytest.raises(Waits, match="2 objects of Changing were written"):
            await rollback.fail_if_written(run)
        await run.save(answers={rollback.ANSWER: "yes"})
        await rollback.fail_if_written(run)


@pytest.mark.parametrize("kind", ["simulator"], indirect=True)
async def test_a_lost_ledger_is_no_way_back(cluster: Cluster, tmp_path: Path) -> None:
    job = await _moved(cluster, tmp_path)
    for ledger in (tmp_path / "jobs" / job).glob("ledger-*"):
        ledger.unlink()
    async with a_run(cluster, tmp_path, rolls_back=job) as run:
        with pytest.raises(MigrationStopped, match="not whole any more"):
            await rollback.seed(run)


def test_a_transform_is_one_way() -> None:
    spec = Spec(
        source={"name": "a"},
        target={"name": "b"},
        collections=(Wanted(name="Doc", target="DocCopy", tenants=("x",)),),
        settings=("replicationConfig.factor=1",),
        overwrite=True,
    )
    back = rollback.swapped(spec, "20261130-aaaa")
    assert (back.source, back.target, back.rolls_back) == (
        spec.target,
        spec.source,
        "20261130-aaaa",
    )
    assert back.collections == (Wanted(name="DocCopy", target="Doc", tenants=("x",)),)
    assert (back.settings, back.overwrite) == ((), False)
    other = Spec(
        source={}, target={}, collections=(), transform=TransformFile(path="/t.py", sha256="0")
    )
    with pytest.raises(ValueError, match="one way"):
        rollback.swapped(other, "20261130-aaaa")
