"""Verification where the source lets objects expire (TTL), which only a real server does."""

from __future__ import annotations

from pathlib import Path

import pytest

from elysiadash.migrate.verify import is_green, prove, prove_again, why_not_green
from tests.contract.proving import SOURCE, TARGET, definition, objects, scene, to_target
from tests.servers.real import RealCluster, skip_reason

pytestmark = pytest.mark.real
COUNT, EXPIRED = 60, 10
_TTL = {
    "enabled": True,
    "deleteOn": "expires",
    "defaultTtl": 60,
    "filterExpiredObjects": True,
}


async def test_objects_that_expired_in_the_source_are_counted_apart(tmp_path: Path) -> None:
    reason = skip_reason()
    if reason is not None:
        pytest.skip(reason)
    env = {"OBJECTS_TTL_DELETE_SCHEDULE": "@every 1h"}
    async with (
        RealCluster(1, metrics=False, env=env) as cluster,
        scene(cluster.url, cluster.grpc, cluster.nodes, tmp_path) as here,
    ):
        source, target = definition(SOURCE, objectTtlConfig=_TTL), definition(TARGET)
        for one in (source, target):
            one["properties"].append({"name": "expires", "dataType": ["date"]})
            await here.create(one)
        written = objects(COUNT)
        for number, one in enumerate(written):
            year = 2020 if number < EXPIRED else 2120
            one["properties"]["expires"] = f"{year}-01-01T00:00:00Z"
        await here.write(written)
        await here.write(to_target(written))
        run = await here.run()
        for proof in (await prove(run, final=True), await prove_again(run)):
            assert is_green(proof, dead_letters=0), why_not_green(proof, dead_letters=0)
            assert (proof.same, proof.expired) == (COUNT - EXPIRED, EXPIRED)
            assert (proof.source, proof.target) == (COUNT - EXPIRED, COUNT)
            assert any("expired" in words for words in proof.not_checked)
        # One that has not expired is not excused, and one that only the target has neither.
        await here.delete(SOURCE, written[-1]["id"])
        proof = await prove_again(run)
        assert (proof.extra, proof.expired) == (1, EXPIRED)
        assert not is_green(proof, dead_letters=0)
