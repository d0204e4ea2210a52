"""Going through a range page by page, and being sure at its end that it is the end.

A page that is not full ends nothing: 5xx are served as empty pages, a list without a dead owner's
shard is HTTP 200, and gRPC takes expired objects out of a page after its limit (1.39.0: a page of
10 is empty while 20 live objects follow). So a page that is not full is asked for again through
another node while all owners are there, and a range ends only where REST too lists nothing more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from elysiadash.scan.asking import ids_page, listed_ids
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.errors import CoordinatorsDisagree
from elysiadash.scan.extent import Extent
from elysiadash.scan.keys import Cursor, before
from elysiadash.scan.owners import OwnersCheck, all_there
from elysiadash.scan.page_size import PageSize
from elysiadash.scan.persistence import Patience, is_too_large, persist
from elysiadash.scan.rows import ids_of
from elysiadash.weaviate.errors import WeaviateError

R = TypeVar("R", bound=tuple[Any, ...])

Pace = Callable[[int], Awaitable[None]]
"""Awaited before each page with the number of rows that it asks for: the rate limit."""

_LISTED_AT_ONCE = 500
_ROUNDS = 3


async def at_full_speed(rows: int) -> None:
    """The pace without a rate limit."""


class Page(NamedTuple, Generic[R]):
    """Rows after a cursor, in order of their ids."""

    rows: list[R]
    covered: bytes | None
    """The id up to which none is missing; None where that is as far as the node knows."""
    reached: bytes | None
    """The last id that was looked at, also where it gave no row; None where there was none."""
    full: bool
    """The answer had as many rows as were asked for."""
    hidden: Sequence[bytes] = ()
    """Ids of expired objects among them."""


class Counts:
    """What a scan saw; it only rises."""

    def __init__(self) -> None:
        self.rows = 0
        self.pages = 0
        self.confirmations = 0
        """Pages that were not full and were asked for again."""
        self.hidden = 0
        """Expired objects, which gRPC hides; an id+time scan sees only pages full of them."""
        self.vanished = 0
        """Objects that were on one half of a page and gone when asked for by themselves."""
        self.read_alone = 0
        """Objects whose halves did not join, read alone."""


class Walk(Generic[R]):
    """The pages of one range.

    ``node`` is asked for every page, ``others`` in turn to confirm the end; without ``others``
    it is asked itself, and the scan is that node's own view.
    """

    def __init__(
        self,
        ask: Callable[[Cursor, int], Awaitable[Page[R]]],
        node: Coordinator,
        extent: Extent,
        *,
        owners: OwnersCheck,
        size: PageSize,
        others: Sequence[Coordinator] = (),
        pace: Pace = at_full_speed,
        patience: Patience | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.counts = counts or Counts()
        self._ask_once = ask
        self._node = node
        self._extent = extent
        self._owners = owners
        self._size = size
        self._others = tuple(others) or (node,)
        self._pace = pace
        self._patience = patience or Patience()

    async def pages(self) -> AsyncGenerator[list[R], None]:
        """Pages of rows, strictly rising; the next one is on its way while one is handed out.

        What was handed out counts only when the end was reached: raises ``ScanFailed`` where
        nobody can vouch for it, and the ``WeaviateError`` that outlasted all tries.
        """
        there = await all_there(self._owners)
        cursor = before(self._extent.lower)
        ahead: asyncio.Task[Page[R]] | None = None
        try:
            while True:
                page = await (ahead or self._ask(cursor))
                ahead = None
                rows, following = await self._settled(cursor, page)
                if following is not None:
                    ahead = asyncio.ensure_future(self._ask(following))
                self.counts.rows += len(rows)
                if rows:
                    yield rows
                if following is None:
                    break
                cursor = following
            await all_there(self._owners, since=there)
        finally:
            if ahead is not None:
                ahead.cancel()
                # It is nobody's any more: neither its end nor its failure matters.
                await asyncio.wait([ahead])

    async def _settled(self, cursor: Cursor, page: Page[R]) -> tuple[list[R], bytes | None]:
        """The page's rows inside the range, and the next cursor; None at the range's end."""
        upper, expires = self._extent.upper, self._extent.expires
        listed: list[bytes] = []
        for _ in range(_ROUNDS):
            # Where expired objects are taken out of pages, hardly one is full.
            if not page.full and not (expires and page.rows):
                page = await self._agreed(cursor, page)
            # Where either half of a page was full, more may follow, whatever the other says.
            more = page.covered is not None or expires
            if page.reached is not None and (more or page.reached >= upper):
                return self._taken(page), page.reached if page.reached < upper else None
            # Listed before, and not on the page that was asked for since: hidden.
            if expires and listed:
                self.counts.hidden += len(listed)
                return [], listed[-1] if listed[-1] < upper else None
            after = page.reached or cursor
            listed = [key for key in await self._listed(after) if key <= upper]
            if page.reached is not None or not listed:
                return self._taken(page), page.reached if listed else None
            page = await self._ask(cursor)
        raise CoordinatorsDisagree(f"{self._node.name} by protobuf", "REST", listed)

    def _taken(self, page: Page[R]) -> list[R]:
        """The rows inside the range."""
        upper = self._extent.upper
        self.counts.hidden += sum(key <= upper for key in page.hidden)
        rows = page.rows
        if rows and rows[-1][0] > upper:
            rows = [row for row in rows if row[0] <= upper]
        return rows

    async def _agreed(self, cursor: Cursor, page: Page[R]) -> Page[R]:
        """The page, or a later one, of which another node knows the same ids.

        While the collection is written two answers of two moments differ. So the node is asked
        before and after the other: what it knew both times the other must know, and what the other
        knew it must know afterwards.
        """
        absent: set[bytes] = set()
        unknown: set[bytes] = set()
        other = self._node
        for number in range(_ROUNDS):
            await all_there(self._owners)
            other = self._others[number % len(self._others)]
            self.counts.confirmations += 1
            theirs = await self._known_to(other, cursor)
            before_it = self._ids_on(page)
            if before_it == self._up_to(page, theirs):
                return page
            page = await self._ask(cursor)
            after_it = self._ids_on(page)
            absent = self._up_to(page, theirs) - after_it
            unknown = (before_it & after_it).difference(theirs)
            if not absent and not unknown:
                return page
        if absent:
            raise CoordinatorsDisagree(self._node.name, other.name, absent)
        raise CoordinatorsDisagree(other.name, self._node.name, unknown)

    def _ids_on(self, page: Page[R]) -> set[bytes]:
        return self._up_to(page, ids_of(page.rows))

    def _up_to(self, page: Page[R], ids: Sequence[bytes]) -> set[bytes]:
        """Of these ids those that the page would have to show."""
        last = self._extent.upper
        if page.covered is not None:
            last = min(last, page.covered)
        return {key for key in ids if key <= last}

    async def _ask(self, cursor: Cursor) -> Page[R]:
        """A page of the node, as large as it will give."""
        while True:
            limit = self._size.limit
            await self._pace(limit)
            try:
                page = await persist(lambda: self._ask_once(cursor, limit), self._patience)  # noqa: B023 - awaited at once
            except WeaviateError as error:
                if not is_too_large(error):
                    raise
                self._size.refused(limit)
            else:
                self.counts.pages += 1
                return page

    async def _known_to(self, other: Coordinator, cursor: Cursor) -> list[bytes]:
        limit = self._size.limit
        await self._pace(limit)
        rows = await persist(lambda: ids_page(other, self._extent, cursor, limit), self._patience)
        return ids_of(rows)

    async def _listed(self, cursor: Cursor) -> list[bytes]:
        limit = min(_LISTED_AT_ONCE, self._size.limit)
        await self._pace(limit)
        other = self._others[0]
        return await persist(lambda: listed_ids(other, self._extent, cursor, limit), self._patience)
