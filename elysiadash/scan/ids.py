"""The id+time scan: what there is and when it was last changed, without reading any of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from elysiadash.scan.asking import ids_page
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.extent import Extent
from elysiadash.scan.keys import Cursor
from elysiadash.scan.owners import OwnersCheck
from elysiadash.scan.page_size import PageSize
from elysiadash.scan.persistence import Patience
from elysiadash.scan.rows import IdTime
from elysiadash.scan.walk import Counts, Pace, Page, Settle, Walk, at_full_speed, page_of, refuse

_FIRST_PAGE = 1000
_LARGEST_PAGE = 5000
_ROW_BYTES = 120
"""Of a row beside the collection's name: the id twice, the time, what frames them."""


class IdTimeScan:
    """Ids and update times of a range, as one node tells them.

    ``max_message`` is the server's ``grpcMaxMessageSize``; no page is planned past half of it.
    """

    def __init__(
        self,
        node: Coordinator,
        extent: Extent,
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
        self._row_bytes = _ROW_BYTES + len(extent.collection)
        fitting = page if max_message is None else max(1, max_message // 2 // self._row_bytes)
        self._size = PageSize(first=_FIRST_PAGE, most=min(page, fitting))
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
        )

    @property
    def counts(self) -> Counts:
        """What was seen so far."""
        return self._walk.counts

    def pages(self) -> AsyncIterator[list[IdTime]]:
        """Pages of rows, strictly rising; see ``Walk.pages`` for what it raises."""
        return self._walk.pages()

    async def _ask(self, cursor: Cursor, limit: int) -> Page[IdTime]:
        rows = await ids_page(self._node, self._extent, cursor, limit)
        self._size.saw(len(rows), len(rows) * self._row_bytes)
        return page_of(rows, limit)
