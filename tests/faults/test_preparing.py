"""The worker dies around every request that makes or replaces something in the target."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.migrate import overwritten
from elysiadash.migrate import prepare as prepare_module
from elysiadash.migrate.looking import look
from elysiadash.migrate.prepare import prepare
from elysiadash.migrate.run import Run
from elysiadash.schema.diff import unexpected
from elysiadash.weaviate.answers import Answer
from elysiadash.weaviate.guard import RequestClass, classify
from elysiadash.weaviate.transport import Call
from tests.contract.migration import Cluster, again, cluster_at, run_of, spec

OLD, DOC, AUTHOR, TENANTS = "Old", "Doc", "Author", "Customer"
NONE = {"vectorizer": {"none": {}}, "vectorIndexType": "flat"}


class _Died(BaseException):
    """The process is gone."""


@pytest_asyncio.fixture
async def cluster() -> AsyncIterator[Cluster]:
    async with (
        simulated("empty", time_scale=0.02) as made,
        cluster_at(made.nodes, made.grpc) as found,
    ):
        yield found


def dying(run: Run, number: int, *, sent: bool) -> None:
    """Let the run die at its ``number``-th writing request: before it is sent, or after."""
    transport = run.target.transport
    real, left = transport.send, [number]

    async def send(call: Call) -> Answer:
        kind = classify(call.method, call.path, params=call.params, body=call.json)
        if kind is not RequestClass.WRITE:
            return await real(call)
        left[0] -= 1
        if left[0] == 0 and not sent:
            raise _Died
        answer = await real(call)
        if left[0] == 0:
            raise _Died
        return answer

    transport.send = send  # type: ignore[method-assign]


async def loaded(cluster: Cluster) -> None:
    properties: list[dict[str, Any]] = [{"name": "title", "dataType": ["text"]}]
    await cluster.create({"class": DOC, "vectorConfig": {"v": NONE}, "properties": properties})
    wrote = {"name": "wrote", "dataType": [DOC]}
    await cluster.create({"class": AUTHOR, "vectorizer": "none", "properties": [wrote]})
    by = {"name": "by", "dataType": [AUTHOR]}
    assert (await cluster.raw.post(f"/v1/schema/{DOC}/properties", json=by)).status_code == 200
    await cluster.create(
        {"class": TENANTS, "vectorizer": "none", "multiTenancyConfig": {"enabled": True}}
    )
    tenants = [{"name": f"t{number:04}"} for number in range(5)]
    answer = await cluster.raw.post(f"/v1/schema/{TENANTS}/tenants", json=tenants)
    assert answer.status_code == 200
    await cluster.create({"class": OLD, "vectorizer": "none", "properties": properties})
    one = {"id": "00000000-0000-4000-8000-000000000001", "properties": {"title": "kept"}}
    await cluster.put(OLD, [one])


@pytest.mark.slow
@pytest.mark.parametrize("sent", [False, True])
async def test_the_worker_dies_at_every_request(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bool
) -> None:
    """Whatever was begun is gone on with; nothing is refused, made twice, or lost."""
    here = cluster.profile("here")
    monkeypatch.setattr(prepare_module, "TENANTS_AT_ONCE", 3)
    monkeypatch.setattr(overwritten, "_POLL_S", 0.02)
    await loaded(cluster)
    pairs = ((DOC, OLD), AUTHOR, TENANTS)
    number, died = 0, True
    while died:
        number += 1
        await cluster.drop(*(f"{name}Copy" for name in (AUTHOR, TENANTS)))
        if number > 1:
            await cluster.drop(OLD)
            await cluster.create(
                {
                    "class": OLD,
                    "vectorizer": "none",
                    "properties": [{"name": "title", "dataType": ["text"]}],
                }
            )
        state = tmp_path / str(number)
        state.mkdir()
        async with run_of(state, here, here, spec(*pairs, overwrite=True)) as run:
            await look(run)
            dying(run, number, sent=sent)
            died = False
            try:
                await prepare(run)
            except _Died:
                died = True
            async with again(run) as later:
                await look(later)
                await prepare(later)
                (replaced,) = later.checkpoint.replaced
                assert replaced[0] == OLD
                assert replaced[1].startswith("backup ")
                for one in later.translations.values():
                    there = await cluster.definition(one.name)
                    assert there is not None
                    assert unexpected(one.target, there) == ()
                answer = await cluster.raw.get(f"/v1/schema/{TENANTS}Copy/tenants")
                assert len(answer.json()) == 5
    # Two collections that are kept and removed, three made, a reference, two pages of tenants.
    assert number >= 8
