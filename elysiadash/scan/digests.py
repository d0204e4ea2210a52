"""The digest scan: whole objects, properties and all vectors, each as 8 bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

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
from elysiadash.scan.walk import Counts, Pace, Page, Walk, at_full_speed
from elysiadash.scan.whole import PropertiesRow, VectorsRow, joined, properties_page, vectors_page
from elysiadash.weaviate.errors import BadAnswer

_FIRST_PAGE = 100
_LARGEST_PAGE = 1000
_ROW_BYTES = 400
"""Of a page beside properties and vectors: ids, times, names."""
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
            patience=patience,
            counts=self._counts,
        )

    @property
    def counts(self) -> Counts:
        """What was seen so far."""
        return self._counts

    def pages(self) -> AsyncIterator[list[Digested]]:
        """Pages of rows, strictly rising; see ``Walk.pages`` for what it raises."""
        return self._walk.pages()

    async def _ask(self, cursor: Cursor, limit: int) -> Page[Digested]:
        both = await self._halves(cursor, limit)
        # In a thread, so that the next page is received while this one is digested.
        rows, size = await asyncio.to_thread(self._digested, both)
        self._size.saw(len(both.pairs), size)
        hidden: list[bytes] = []
        if both.loose:
            singles = await self._read_singly(both.loose)
            rows = sorted([*rows, *(self._row(one.whole) for one in singles if one.whole)])
            hidden = [key for key, one in zip(both.loose, singles, strict=True) if one.hidden]
        return Page(rows, both.covered, both.reached, both.full, hidden)

    async def _halves(self, cursor: Cursor, limit: int) -> Paired:
        properties, vectors = await asyncio.gather(
            self._properties(cursor, limit), self._vectors(cursor, limit)
        )
        where = f"{self._extent.collection} through {self._node.name} from {shown(cursor)}"
        check_order([row.id for row in properties], cursor, f"{where} by REST")
        check_order([row.id for row in vectors], cursor, where)
        return paired(properties, vectors, limit, vectors_are_thinned=self._extent.expires)

    async def _properties(self, cursor: Cursor, limit: int) -> list[PropertiesRow]:
        return properties_page(await self._node.listed(self._extent, cursor, limit))

    async def _vectors(self, cursor: Cursor, limit: int) -> list[VectorsRow]:
        message = request(self._extent, cursor, limit, vectors=True)
        return vectors_page(await self._node.search(message, self._extent), self._node.name)

    def _digested(self, both: Paired) -> tuple[list[Digested], int]:
        """The rows of the pairs, and about how many bytes the larger of their halves had."""
        rows, texts, vectors = [], 0, 0
        for properties, other in both.pairs:
            whole = joined(properties, other.metadata)
            rows.append(self._row(whole))
            texts += len(whole.properties)
            vectors += sum(len(vector.data) for vector in whole.vectors)
        return rows, max(texts, vectors) + _ROW_BYTES * len(rows)

    def _row(self, whole: WholeObject) -> Digested:
        try:
            return Digested(whole.id, whole.time, self._form.digest(whole))
        except ValueError as error:
            raise BadAnswer(f"{self._node.name} sent properties that are {error}") from None

    async def _read_singly(self, ids: list[bytes]) -> list[Single]:
        singles = await asyncio.gather(*map(self._single, ids))
        self._counts.vanished += sum(not one.whole and not one.hidden for one in singles)
        self._counts.read_alone += sum(not one.joined for one in singles if one.whole)
        return singles

    async def _single(self, key: bytes) -> Single:
        async with self._singles:
            return await read_object(self._node, self._extent, key, self._patience)
