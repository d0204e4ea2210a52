"""Copies by the package, and everything else by raw requests that share no code with it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from elysiadash.config.profile import Addresses, Profile
from elysiadash.proto import weaviate_pb2 as pb
from elysiadash.weaviate.budget import Budget
from elysiadash.weaviate.guard import AuditEntry, Guard, Permit
from elysiadash.weaviate.objects import (
    Converter,
    Door,
    Lost,
    Outcome,
    Place,
    Reader,
    ReferenceWriter,
    Writer,
    shape_of,
)
from elysiadash.weaviate.objects.convert import Converted
from elysiadash.weaviate.transport import Transport

PERMIT = Permit(reason="a test copies objects")


class Kept:
    """An audit log in memory."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)


@dataclass
class Copied:
    """What a copy did: the outcomes of all its writes, and what could not be converted."""

    written: list[Outcome] = field(default_factory=list)
    referenced: list[Outcome] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    whole: int = 0
    gone: list[str] = field(default_factory=list)

    @property
    def stored(self) -> dict[str, int]:
        return {name: time for one in self.written for name, time in one.stored.items()}

    @property
    def refused(self) -> list[Lost]:
        return [lost for one in (*self.written, *self.referenced) for lost in one.refused]

    @property
    def unsettled(self) -> list[str]:
        return [name for one in (*self.written, *self.referenced) for name in one.unsettled]


class Site:
    """One cluster that is written to: raw requests, and the package's transport and door."""

    def __init__(
        self,
        url: str,
        grpc: str | None,
        nodes: dict[str, str],
        *,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url
        self.nodes = nodes
        self.audit = Kept()
        profile = Profile(name="site", url=url, grpc=grpc, nodes=Addresses(named=nodes))
        guard = Guard(writable=True, audit=self.audit)
        self.transport = Transport(profile, guard, budget=Budget(1_000_000), http=http)
        self.door = Door(self.transport)
        self.raw = httpx.AsyncClient(base_url=url, trust_env=False, timeout=60)

    async def aclose(self) -> None:
        await self.door.aclose()
        await self.transport.aclose()
        await self.raw.aclose()

    async def create(self, definition: dict[str, Any]) -> None:
        await self.raw.delete(f"/v1/schema/{definition['class']}")
        answer = await self.raw.post("/v1/schema", json=definition)
        assert answer.status_code == 200, answer.text

    async def definition(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.raw.get(f"/v1/schema/{name}")).json()
        return found

    async def put(self, collection: str, objects: list[str], *, base: str = "") -> list[str | None]:
        """Write objects given as JSON text; returns each one's error."""
        body = '{"objects":[' + ",".join(objects) + "]}"
        answer = await self.raw.post(
            base + "/v1/batch/objects",
            content=body.encode(),
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == 200, answer.text
        return [
            one["result"]["errors"]["error"][0]["message"] if "errors" in one["result"] else None
            for one in answer.json()
        ]

    async def objects(self, collection: str, tenant: str = "") -> dict[str, dict[str, Any]]:
        """All objects by id as REST gives them, numbers as the text they are written with."""
        found: dict[str, dict[str, Any]] = {}
        after = ""
        while True:
            params = {"class": collection, "limit": 100, "after": after, "include": "vector"}
            if tenant:
                params["tenant"] = tenant
            answer = await self.raw.get("/v1/objects", params=params)
            assert answer.status_code == 200, answer.text
            page = json.loads(answer.text, parse_int=str, parse_float=str)["objects"]
            if not page:
                return found
            found |= {one["id"]: one for one in page}
            after = page[-1]["id"]

    async def vectors(self, collection: str, tenant: str = "") -> dict[str, dict[str, bytes]]:
        """The bytes of all vectors by id and name."""
        found: dict[str, dict[str, bytes]] = {}
        after = ""
        while True:
            message = pb.SearchRequest(
                collection=collection, tenant=tenant, limit=100, after=after, uses_127_api=True,
                metadata=pb.MetadataRequest(uuid=True, vector=True),
                properties=pb.PropertiesRequest(),
            )  # fmt: skip
            answer = await self.raw.post(
                "/v1/grpc-web/weaviate.v1.Weaviate/Search",
                content=message.SerializeToString(),
                headers={"connect-protocol-version": "1", "content-type": "application/proto"},
            )
            assert answer.status_code == 200, answer.text
            page = pb.SearchReply.FromString(answer.content).results
            if not page:
                return found
            for one in page:
                named = {v.name: v.vector_bytes for v in one.metadata.vectors}
                found[one.metadata.id] = named | {"": one.metadata.vector_bytes}
            after = page[-1].metadata.id

    async def copy(
        self,
        source: str,
        target: str,
        *,
        tenant: str = "",
        to: Site | None = None,
        writer_nodes: bool = True,
        references: bool = True,
    ) -> Copied:
        """Copy a collection, or a tenant of it, by the package, as an engine would."""
        to = to or self
        shape = shape_of(await self.definition(source))
        hot = bool(tenant)
        here = Place(collection=source, tenant=tenant, tenant_is_hot=hot)
        there = Place(collection=target, tenant=tenant, tenant_is_hot=hot)
        reader = Reader(self.transport, self.door, shape, here, permit=PERMIT)
        converter = Converter(shape, target, tenant=tenant)
        nodes = list(to.nodes.values()) if writer_nodes else []
        writer = Writer(to.transport, to.door, shape, there, permit=PERMIT, nodes=nodes)
        copied, cursor, everything = Copied(), "", list[Converted]()
        while True:
            page = await reader.page(cursor)
            copied.whole += page.whole
            copied.gone += page.gone
            objects, lost = converter.convert(page.rows)
            copied.lost += lost
            if objects:
                copied.written.append(await writer.write(objects))
            everything += objects
            cursor = page.cursor
            if page.ended:
                break
        if references:
            second = ReferenceWriter(to.transport, shape, there, permit=PERMIT)
            copied.referenced.append(await second.write(everything))
        return copied


@asynccontextmanager
async def site(url: str, grpc: str | None, nodes: dict[str, str]) -> AsyncIterator[Site]:
    """A site for as long as the block lasts."""
    made = Site(url, grpc, nodes)
    try:
        yield made
    finally:
        await made.aclose()


def uid(number: int) -> str:
    """An id of a test's object; 0 is the nil UUID."""
    return f"00000000-0000-0000-0000-{number:012x}"


def same(source: dict[str, Any], target: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Ids whose properties or vectors differ, both sides."""
    parts = ("properties", "vector", "vectors")

    def seen(one: dict[str, Any] | None) -> Any:
        return None if one is None else {part: one.get(part) for part in parts}

    return {
        name: (seen(source.get(name)), seen(target.get(name)))
        for name in source.keys() | target.keys()
        if seen(source.get(name)) != seen(target.get(name))
    }
