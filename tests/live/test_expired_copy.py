"""A copy from where objects expire (TTL): what expired stays behind and is counted apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from elysiadash.migrate import opened
from elysiadash.migrate.copying import copy
from tests.contract.copying import site
from tests.migrate.running import run_of, submit
from tests.migrate.test_copying import definition, here, random_ids
from tests.servers.real import RealCluster, skip_reason

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(skip_reason() is not None, reason=str(skip_reason())),
]
COUNT, EXPIRED = 900, 150
_TTL = {
    "enabled": True,
    "deleteOn": "expires",
    "defaultTtl": 60,
    "filterExpiredObjects": True,
}


async def test_what_expired_is_counted_once_and_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ranges end within pages: what expired behind their end is the next one's.
    monkeypatch.setattr(opened, "_PAGE_OBJECTS", 100)
    env = {"OBJECTS_TTL_DELETE_SCHEDULE": "@every 1h"}
    async with (
        RealCluster(1, metrics=False, env=env) as cluster,
        site(cluster.url, cluster.grpc, cluster.nodes) as at,
    ):
        for name, ttl in (("Doc", {"objectTtlConfig": _TTL}), ("Copy", {})):
            made = definition(name, **ttl)
            made["properties"].append({"name": "expires", "dataType": ["date"]})
            await at.create(made)
        ids = random_ids(COUNT)
        written = [
            {
                "class": "Doc",
                "id": name,
                "properties": {"expires": f"{2020 if n < EXPIRED else 2120}-01-01T00:00:00Z"},
            }
            for n, name in enumerate(ids)
        ]
        answer = await at.raw.post("/v1/batch/objects", json={"objects": written})
        assert answer.status_code == 200, answer.text
        submit(tmp_path, here(at), here(at), {"Doc": "Copy"})
        async with run_of(tmp_path, here(at), here(at)) as run:
            await copy(run)
            assert (run.checkpoint.copied, run.checkpoint.expired) == (COUNT - EXPIRED, EXPIRED)
