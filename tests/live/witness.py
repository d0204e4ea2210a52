"""A writer that remembers what was acknowledged, and a reader of everything: raw requests only.

Shares no code with the engine, so that what it says of a migration is a second opinion.
"""

from __future__ import annotations

import asyncio
import json
import random
import struct
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

State = tuple[str, tuple[float, ...]]
"""Title and vector."""


def _vector(rng: random.Random, dimensions: int) -> list[float]:
    """Numbers that are float32 already, so that they come back as they went."""
    raw = struct.pack(f"<{dimensions}f", *(rng.uniform(-1, 1) for _ in range(dimensions)))
    return list(struct.unpack(f"<{dimensions}f", raw))


def definition(name: str, *, replicas: int = 1, shards: int = 1, index: str = "flat") -> Any:
    """A collection for the writer: a few properties and one named vector."""
    kinds = {"title": "text", "rank": "int", "seen": "date", "tags": "text[]"}
    return {
        "class": name,
        "properties": [{"name": known, "dataType": [kind]} for known, kind in kinds.items()],
        "vectorConfig": {"default": {"vectorizer": {"none": {}}, "vectorIndexType": index}},
        "shardingConfig": {"desiredCount": shards},
        "replicationConfig": {"factor": replicas},
    }


@dataclass
class Witness:
    """Writes to one collection and knows what it must hold.

    ``known`` is what the last acknowledged write of an id left (None: deleted); an id whose last
    request had no clear answer is in ``doubtful``.
    """

    url: str
    collection: str
    dimensions: int = 32
    known: dict[str, State | None] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    written: int = 0
    rng: random.Random = field(default_factory=lambda: random.Random(11))
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _alive: list[str] = field(default_factory=list)

    async def fill(self, objects: int, *, batch: int = 500) -> None:
        """Objects in batches, before anything is copied."""
        async with self._client() as http:
            for start in range(0, objects, batch):
                some = [self._new() for _ in range(min(batch, objects - start))]
                answer = await http.post("/v1/batch/objects", json={"objects": some})
                assert answer.status_code == 200, answer.text
                for one, said in zip(some, answer.json(), strict=True):
                    assert said["result"]["status"] == "SUCCESS", said["result"]
                    self._stored(one)

    async def keep_busy(self, per_second: float) -> None:
        """Insert, update and delete (3, 4 and 3 of ten) at an even rate until ``stop``."""
        started, number = time.monotonic(), 0
        async with self._client() as http, asyncio.TaskGroup() as group:
            busy: set[str] = set()
            while not self._stop.is_set():
                number += 1
                await asyncio.sleep(max(0.0, started + number / per_second - time.monotonic()))
                group.create_task(self._one(http, busy))

    def stop(self) -> None:
        """End ``keep_busy`` when what is under way has been answered."""
        self._stop.set()

    async def _one(self, http: httpx.AsyncClient, busy: set[str]) -> None:
        chance = self.rng.random()
        if chance < 0.3 or len(self._alive) < 100:
            await self._put(http, self._new(), "POST")
            return
        identity = self.rng.choice(self._alive)
        if identity in busy:
            return
        busy.add(identity)
        try:
            if chance < 0.7:
                await self._put(http, self._new(identity), "PUT")
            else:
                await self._delete(http, identity)
        finally:
            busy.discard(identity)

    async def _put(self, http: httpx.AsyncClient, one: dict[str, Any], verb: str) -> None:
        path = "/v1/objects" if verb == "POST" else f"/v1/objects/{self.collection}/{one['id']}"
        self.written += 1
        self.doubtful.add(one["id"])
        try:
            answer = await http.request(verb, path, json=one)
        except httpx.HTTPError:
            return
        if answer.status_code == 200:
            self._stored(one)

    async def _delete(self, http: httpx.AsyncClient, identity: str) -> None:
        self.written += 1
        self.doubtful.add(identity)
        try:
            answer = await http.delete(f"/v1/objects/{self.collection}/{identity}")
        except httpx.HTTPError:
            return
        if answer.status_code == 204:
            self.known[identity] = None
            self.doubtful.discard(identity)
            if identity in self._alive:
                self._alive.remove(identity)

    def _new(self, identity: str | None = None) -> dict[str, Any]:
        return {
            "class": self.collection,
            "id": identity or str(uuid.UUID(int=self.rng.getrandbits(128), version=4)),
            "properties": {
                "title": f"title {self.rng.getrandbits(64):x}",
                "rank": self.rng.randrange(1000),
                "seen": "2026-01-02T03:04:05.678Z",
                "tags": ["a", "b"],
            },
            "vectors": {"default": _vector(self.rng, self.dimensions)},
        }

    def _stored(self, one: dict[str, Any]) -> None:
        if self.known.get(one["id"]) is None:
            self._alive.append(one["id"])
        self.known[one["id"]] = _state(one)
        self.doubtful.discard(one["id"])

    def _client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=16)
        return httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=60, limits=limits)

    def wrong(self, found: dict[str, dict[str, Any]]) -> list[str]:
        """What a reading holds otherwise than was acknowledged, in words."""
        faults = []
        for identity, wanted in self.known.items():
            if identity in self.doubtful:
                continue
            one = found.get(identity)
            if wanted is None and one is not None:
                faults.append(f"{identity} was deleted and is there")
            elif wanted is not None and one is None:
                faults.append(f"{identity} was stored and is not there")
            elif wanted is not None and one is not None and _state(one) != wanted:
                faults.append(f"{identity} is not as it was last written")
        faults += [f"{one} was never written" for one in found.keys() - self.known.keys()
                   - self.doubtful]  # fmt: skip
        return faults


def _state(one: dict[str, Any]) -> State:
    vector = [float(number) for number in one["vectors"]["default"]]
    # As float32: JSON may write the same number with fewer digits.
    raw = struct.pack(f"<{len(vector)}f", *vector)
    return one["properties"]["title"], struct.unpack(f"<{len(vector)}f", raw)


async def everything(
    url: str, collection: str, *, tenant: str = "", headers: dict[str, str] | None = None
) -> dict[str, dict[str, Any]]:
    """All objects of a collection with their vectors, by id, as REST lists them."""
    found: dict[str, dict[str, Any]] = {}
    after = ""
    async with httpx.AsyncClient(
        base_url=url, trust_env=False, timeout=120, headers=headers
    ) as http:
        while True:
            params: dict[str, Any] = {
                "class": collection, "limit": 1000, "after": after, "include": "vector",
            }  # fmt: skip
            if tenant:
                params["tenant"] = tenant
            answer = await http.get("/v1/objects", params=params)
            assert answer.status_code == 200, answer.text
            page = json.loads(answer.text, parse_int=str, parse_float=str)["objects"]
            if not page:
                return found
            found |= {one["id"]: one for one in page}
            after = page[-1]["id"]


def differences(
    source: dict[str, dict[str, Any]], target: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """Ids that two readings do not hold alike, and how."""
    found = dict.fromkeys(source.keys() - target.keys(), "missing")
    found |= dict.fromkeys(target.keys() - source.keys(), "extra")
    for one in source.keys() & target.keys():
        for field_name in ("properties", "vector", "vectors"):
            if source[one].get(field_name) != target[one].get(field_name):
                found[one] = f"different {field_name}"
    return found
