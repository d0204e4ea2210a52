"""A node that holds objects in memory and answers the scans' three questions, with mishaps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from elysiadash.proto import weaviate_pb2 as pb
from elysiadash.scan.canonical import Vector, WholeObject
from elysiadash.scan.extent import Extent
from elysiadash.scan.keys import Cursor, as_bytes, as_text, is_after
from elysiadash.scan.owners import Owners
from elysiadash.scan.persistence import Patience
from elysiadash.weaviate.answers import Answer

EXTENT = Extent(collection="Things")
HASTY = Patience(tries=3, first_wait_s=0.0, settling_s=0.0)


async def present() -> Owners:
    """Nobody is ever away."""
    return Owners()


def key(number: int) -> bytes:
    """An id by its number."""
    return number.to_bytes(16)


def thing(number: int | bytes, time: int = 1, *, vector: bytes = b"\0\0\x80?") -> WholeObject:
    """An object with one property and one vector."""
    identity = number if isinstance(number, bytes) else key(number)
    text = json.dumps({"name": identity.hex()}).encode()
    return WholeObject(identity, time, text, [Vector("a", False, vector)] if vector else [])


class FakeNode:
    """Stands in for a ``Coordinator``.

    ``mishaps`` are taken one by one by the questions whose names they have (``search``,
    ``listed``, ``get``): an exception is raised, a function changes the objects that the answer
    shows, None does nothing. ``expired`` are ids that protobuf hides after the limit.
    """

    def __init__(
        self,
        objects: Iterable[WholeObject],
        *,
        name: str = "node-0",
        expired: Iterable[bytes] = (),
        mishaps: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.name = name
        self.objects = {one.id: one for one in objects}
        self.expired = frozenset(expired)
        self.mishaps = {name: list(each) for name, each in (mishaps or {}).items()}
        self.asked: list[tuple[str, str, int]] = []

    async def search(self, message: pb.SearchRequest, extent: Extent) -> pb.SearchReply:
        self.asked.append(("search", message.after, message.limit))
        cursor = as_bytes(message.after) if message.after else None
        reply = pb.SearchReply()
        for one in self._page("search", cursor, message.limit):
            if one.id in self.expired:
                continue
            metadata = reply.results.add().metadata
            metadata.id_as_bytes = one.id
            metadata.last_update_time_unix = one.time
            if message.metadata.vector:
                for vector in one.vectors:
                    if vector.name:
                        kind = 2 if vector.multi else 1
                        metadata.vectors.add(name=vector.name, type=kind, vector_bytes=vector.data)
                    else:
                        metadata.vector_bytes = vector.data
        return reply

    async def listed(self, extent: Extent, cursor: Cursor, limit: int) -> Answer:
        self.asked.append(("listed", "" if cursor is None else as_text(cursor), limit))
        rows = [
            {
                "id": str(UUID(bytes=one.id)),
                "lastUpdateTimeUnix": one.time,
                "properties": json.loads(one.properties),
            }
            for one in self._page("listed", cursor, limit)
        ]
        return _answer({"objects": rows})

    async def get(self, extent: Extent, key: bytes, *, vectors: bool) -> Answer | None:
        self.asked.append(("get", as_text(key), 1))
        known = self._after_mishap("get")
        one = next((one for one in known if one.id == key), None)
        if one is None:
            return None
        body: dict[str, Any] = {
            "id": str(UUID(bytes=one.id)),
            "lastUpdateTimeUnix": one.time,
            "properties": json.loads(one.properties),
        }
        if vectors:
            body["vectors"] = {
                vector.name: memoryview(vector.data).cast("f").tolist() for vector in one.vectors
            }
        return _answer(body)

    def _page(self, question: str, cursor: Cursor, limit: int) -> list[WholeObject]:
        known = self._after_mishap(question)
        return [one for one in known if is_after(one.id, cursor)][:limit]

    def _after_mishap(self, question: str) -> list[WholeObject]:
        mishaps = self.mishaps.get(question)
        mishap = mishaps.pop(0) if mishaps else None
        if isinstance(mishap, BaseException):
            raise mishap
        known = sorted(self.objects.values())
        return mishap(known) if mishap is not None else known


def _answer(body: Any) -> Answer:
    return Answer(200, "application/json", "", json.dumps(body).encode(), "GET fake", 0.0)
