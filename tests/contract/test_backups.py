"""The backup routes as we use them: the same questions to the simulator and to a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from elysiadash.demo.cluster import simulated
from tests.servers.real import RealCluster, skip_reason

NEW = {"class": "Bk", "properties": [{"name": "title", "dataType": ["text"]}]}


@dataclass
class Asked:
    """A cluster with one small collection ``Bk`` and a backend."""

    http: httpx.AsyncClient
    backend: str

    async def __call__(self, verb: str, path: str, body: Any = None) -> httpx.Response:
        return await self.http.request(verb, f"/v1/backups/{self.backend}{path}", json=body)

    async def until_over(self, path: str) -> tuple[str, list[str]]:
        """The final status, and the words on the way."""
        seen: list[str] = []
        end = time.monotonic() + 60
        while time.monotonic() < end:
            answer = await self("GET", path)
            if answer.status_code == 200 and answer.json()["status"] not in seen:
                seen.append(answer.json()["status"])
            if seen and seen[-1] in ("SUCCESS", "FAILED", "CANCELED"):
                return seen[-1], seen
            await asyncio.sleep(0.02)
        raise AssertionError(f"not over: {seen}")

    async def made(self, name: str) -> None:
        assert (await self("POST", "", {"id": name, "include": ["Bk"]})).status_code == 200
        assert (await self.until_over(f"/{name}"))[0] == "SUCCESS"


@pytest.fixture(params=["simulator", pytest.param("real", marks=pytest.mark.real)])
async def asked(request: pytest.FixtureRequest) -> AsyncIterator[Asked]:
    if request.param == "simulator":
        async with (
            simulated("empty", grpc=False, time_scale=0.2) as cluster,
            httpx.AsyncClient(base_url=cluster.url, trust_env=False, timeout=30) as http,
        ):
            yield await _filled(Asked(http, "s3"))
        return
    if skip_reason() is not None:
        pytest.skip(skip_reason() or "")
    async with (
        RealCluster(1, metrics=False) as real,
        httpx.AsyncClient(base_url=real.url, trust_env=False, timeout=60) as http,
    ):
        yield await _filled(Asked(http, "filesystem"))


async def _filled(asked: Asked) -> Asked:
    assert (await asked.http.post("/v1/schema", json=NEW)).status_code == 200
    one = {"class": "Bk", "properties": {"title": "x"}}
    assert (await asked.http.post("/v1/objects", json=one)).status_code == 200
    return asked


def words(answer: httpx.Response) -> str:
    return str(answer.json()["error"][0]["message"])


async def test_what_is_refused_and_how(asked: Asked) -> None:
    await asked.made("one")
    for verb, path, body, status, told in (
        ("POST", "", {"id": "Bad ID"}, 422, "invalid backup id"),
        ("POST", "", {"id": "one", "include": ["Bk"]}, 422, 'backup "one" already exists'),
        ("POST", "", {"id": "x", "include": ["Nosuch"]}, 422, "class Nosuch doesn't exist"),
        ("POST", "", {"id": "x", "include": ["Bk"], "exclude": ["B"]}, 422, "cannot both contain"),
        ("POST", "", {"id": "x", "include": ["Bk"], "incremental_base_backup_id": "no"}, 422,
         "could not fetch base backup"),
        ("GET", "/nosuch", None, 404, "metadata not found"),
        ("GET", "/nosuch/restore", None, 404, "metadata not found"),
        ("GET", "/one/restore", None, 404, "restore_config.json"),
        ("POST", "/nosuch/restore", {}, 404, "does not exist"),
        ("DELETE", "/one", None, 422, "already succeeded"),
    ):  # fmt: skip
        answer = await asked(verb, path, body)
        assert (answer.status_code, told in words(answer)) == (status, True), (path, answer.text)
    # Nobody is told that there was nothing to cancel.
    assert (await asked("DELETE", "/nosuch")).status_code == 204
    wrong = await asked.http.post("/v1/backups/gcs", json={"id": "x"})
    assert (wrong.status_code, "right module" in words(wrong)) == (422, True)


async def test_the_list_has_what_was_made(asked: Asked) -> None:
    await asked.made("one")
    (listed,) = (await asked("GET", "")).json()
    assert listed["classes"] == ["Bk"]
    assert (listed["id"], listed["status"]) == ("one", "SUCCESS")
    told = (await asked("GET", "/one")).json()
    assert told["size"] == listed["size"] >= 0
    assert told["startedAt"] <= told["completedAt"]


async def test_a_taken_name_is_accepted_and_fails_later(asked: Asked) -> None:
    await asked.made("one")
    begun = await asked("POST", "/one/restore", {"rename": {"Bk": "Other"}})
    assert (begun.status_code, begun.json()["status"]) == (200, "STARTED")
    assert begun.json()["classes"] == ["Bk"]
    final, _ = await asked.until_over("/one/restore")
    assert final == "FAILED"
    told = (await asked("GET", "/one/restore")).json()
    assert "class name Bk already exists" in told["error"]


async def test_a_restore_brings_objects_times_and_aliases_back(asked: Asked) -> None:
    http = asked.http
    alias = await http.post("/v1/aliases", json={"alias": "Bks", "class": "Bk"})
    assert alias.status_code == 200
    before = (await http.get("/v1/objects?class=Bk&limit=10&include=vector")).json()["objects"]
    await asked.made("one")
    assert (await http.delete("/v1/aliases/Bks")).status_code == 204
    assert (await http.delete("/v1/schema/Bk")).status_code == 200
    assert (await asked("POST", "/one/restore", {})).status_code == 200
    final, seen = await asked.until_over("/one/restore")
    assert final == "SUCCESS"
    assert set(seen) <= {"STARTED", "TRANSFERRING", "FINALIZING", "SUCCESS"}
    after = (await http.get("/v1/objects?class=Bk&limit=10&include=vector")).json()["objects"]
    assert after == before
    assert (await http.get("/v1/aliases/Bks")).json()["class"] == "Bk"


async def test_a_readonly_shard_is_accepted_and_fails(asked: Asked) -> None:
    nodes = (await asked.http.get("/v1/nodes/Bk?output=verbose")).json()["nodes"]
    shards = {shard["name"] for node in nodes for shard in node["shards"] or ()}
    for shard in shards:
        path = f"/v1/schema/Bk/shards/{shard}"
        assert (await asked.http.put(path, json={"status": "READONLY"})).status_code == 200
    begun = await asked("POST", "", {"id": "one", "include": ["Bk"]})
    assert (begun.status_code, begun.json()["status"]) == (200, "STARTED")
    assert (await asked.until_over("/one"))[0] == "FAILED"
    assert "store is read-only" in (await asked("GET", "/one")).json()["error"]
