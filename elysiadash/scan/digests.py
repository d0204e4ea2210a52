"""The digest scan: whole objects, properties and all vectors, each as 8 bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from elysiadash.scan.asking import request
from elysiadash.scan.canonical import CanonicalForm, WholeObject
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.extent import Extent
from elysiadash.scan.keys import Cursor
from elysiadash.scan.owners import OwnersCheck
from elysiadash.scan.page_size import PageSize
from elysiadash.scan.pairing import Paired, paired
from elysiadash.scan.persistence import Patience
from elysiadash.scan.reading import Single, read_object
from elysiadash.scan.rows import Digested, check_order, shown
from elysiadash.scan.walk import Counts, Pace, Page, Settle, Walk, at_full_speed, refuse
from elysiadash.scan.whole import (
    Halves,
    PropertiesRow,
    VectorsRow,
    joined,
    properties_page,
    vectors_page,
)
from elysiadash.weaviate.errors import BadAnswer

if TYPE_CHECKING:
    from elysiadash.proto import weaviate_pb2 as pb

_FIRST_PAGE = 100
_LARGEST_PAGE = 1000
_SINGLES_AT_ONCE = 4


class DigestScan:
    """Ids, update times and digests of a range, as one node tells them.

    Properties come by REST without vectors, vectors as bytes by protobuf, both for the same
    cursor. A row whose halves do not join by id and time is read by itself, and by REST alone
    where it does not join then either. ``max_message`` is the server's ``grpcMaxMessageSize``.
    """

    def __init__(
        self,
        node: Coordinator,
        extent: Extent,
        form: CanonicalForm,
        *,
        owners: OwnersCheck,
        others: Sequence[Coordinator] = (),
        pace: Pace = at_full_speed,
        settle: Settle = refuse,
        patience: Patience | None = None,
        max_message: int | None = None,
        page: int = _LARGEST_PAGE,
    ) -> None:
        self._node = node
        self._extent = extent
        self._form = form
        self._patience = patience or Patience()
        self._counts = Counts()
        self._size = PageSize(
            first=_FIRST_PAGE, most=page, ceiling=max_message // 2 if max_message else None
        )
        self._singles = asyncio.Semaphore(_SINGLES_AT_ONCE)
        self._walk = Walk(
            self._ask,
            node,
            extent,
            owners=owners,
            size=self._size,
            others=others,
            pace=pace,
            settle=settle,
            patience=patience,
            counts=self._counts,
        )

    @property
    def counts(self) -> Counts:
        """What was seen so far."""
        return self._counts

    async def pages(self) -> AsyncIterator[list[Digested]]:
        """Pages of rows, strictly rising; see ``Walk.pages`` for what it raises."""
        async with aclosing(self._walk.pages()) as pages:
            async for found in pages:
                # In a thread, so that the next page is received while this one is digested.
                yield await asyncio.to_thread(self._digested, found)

    async def objects(self) -> AsyncIterator[list[WholeObject]]:
        """The objects themselves, for whoever makes something of them; otherwise as ``pages``."""
        async with aclosing(self._walk.pages()) as pages:
            async for found in pages:
                yield [joined(row) if isinstance(row, Halves) else row for row in found]

    async def _ask(self, cursor: Cursor, limit: int) -> Page[WholeObject | Halves]:
        both = await self._both(cursor, limit)
        rows: list[WholeObject | Halves] = [*both.joined]
        hidden: list[bytes] = []
        if both.loose:
            singles = await self._read_singly(both.loose)
            rows = sorted([*rows, *(one.whole for one in singles if one.whole)], key=_id)
            hidden = [key for key, one in zip(both.loose, singles, strict=True) if one.hidden]
        return Page(rows, both.covered, both.reached, both.full, hidden)

    async def _both(self, cursor: Cursor, limit: int) -> Paired:
        message = request(self._extent, cursor, limit, vectors=self._form.vectors)
        (properties, text_bytes), (vectors, vector_bytes) = await asyncio.gather(
            self._properties(cursor, limit), self._vectors(message)
        )
        self._size.saw(max(len(properties), len(vectors)), max(text_bytes, vector_bytes))
        where = f"{self._extent.collection} through {self._node.name} from {shown(cursor)}"
        check_order([row.id for row in properties], cursor, f"{where} by REST")
        check_order([row.id for row in vectors], cursor, where)
        return paired(properties, vectors, limit, vectors_are_thinned=self._extent.expires)

    async def _properties(self, cursor: Cursor, limit: int) -> tuple[list[PropertiesRow], int]:
        answer = await self._node.listed(self._extent, cursor, limit)
        return properties_page(answer), len(answer.body)

    async def _vectors(self, message: pb.SearchRequest) -> tuple[list[VectorsRow], int]:
        reply = await self._node.search(message, self._extent)
        return vectors_page(reply, self._node.name), _about_bytes(reply)

    def _digested(self, rows: list[WholeObject | Halves]) -> list[Digested]:
        digest = self._form.digest
        try:
            return [
                Digested(whole.id, whole.time, digest(whole))
                for whole in (joined(row) if isinstance(row, Halves) else row for row in rows)
            ]
        except ValueError as error:
            raise BadAnswer(f"{self._node.name} sent properties that are {error}") from None

    async def _read_singly(self, ids: list[bytes]) -> list[Single]:
        singles = await asyncio.gather(*map(self._single, ids))
        self._counts.vanished += sum(not one.whole and not one.hidden for one in singles)
        self._counts.read_alone += sum(not one.joined for one in singles if one.whole)
        return singles

    async def _single(self, key: bytes) -> Single:
        async with self._singles:
            return await read_object(
                self._node,
                self._extent,
                key,
                vectors=self._form.vectors,
                patience=self._patience,
            )


def _about_bytes(reply: pb.SearchReply) -> int:
    """About the size of a reply, from some of its rows: the whole costs 5 us a row."""
    results = reply.results
    places = {0, len(results) // 2, len(results) - 1} if results else set()
    return len(results) * max((results[place].ByteSize() for place in places), default=0)


def _id(row: WholeObject | Halves) -> bytes:
    return row.id
