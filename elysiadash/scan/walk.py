"""Going through a range page by page, and being sure at its end that it is the end.

A page that is not full ends nothing: 5xx are served as empty pages, a list without a dead owner's
shard is HTTP 200, and gRPC takes expired objects out of a page after its limit (1.39.0: a page of
10 is empty while 20 live objects follow). So a page that is not full is asked for again through
another node while all owners are there, and a range ends only where REST too lists nothing more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence, Sized
from typing import Any, Generic, NamedTuple, TypeVar

from elysiadash.scan.asking import ids_page, listed_rows
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.errors import CoordinatorsDisagree
from elysiadash.scan.extent import Extent
from elysiadash.scan.keys import Cursor, before
from elysiadash.scan.owners import OwnersCheck, all_there
from elysiadash.scan.page_size import PageSize
from elysiadash.scan.persistence import Patience, is_too_large, persist
from elysiadash.scan.rows import IdTime, ids_of
from elysiadash.weaviate.errors import WeaviateError

R = TypeVar("R", bound=tuple[Any, ...])
T = TypeVar("T", bound=Sized)

Pace = Callable[[int], Awaitable[None]]
"""Awaited behind each answer with the number of its rows: the rate limit."""

_LISTED_AT_ONCE = 500
_ROUNDS = 4


Settle = Callable[[CoordinatorsDisagree], Awaitable[bool]]
"""What to do where two answers disagree for good, as replicas can until they are repaired.

True: something was done about it, ask again. False: it was noted, go on with the node's own view.
"""


async def at_full_speed(rows: int) -> None:
    """The pace without a rate limit."""


async def refuse(disagreement: CoordinatorsDisagree) -> bool:
    """End the scan with the disagreement."""
    raise disagreement


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
        settle: Settle = refuse,
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
        self._settle = settle
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
                await asyncio.gather(ahead, return_exceptions=True)

    async def _settled(self, cursor: Cursor, page: Page[R]) -> tuple[list[R], bytes | None]:
        """The page's rows inside the range, and the next cursor; None at the range's end."""
        upper, expires = self._extent.upper, self._extent.expires
        listed: list[IdTime] = []
        for number in range(_ROUNDS):
            if number:
                await asyncio.sleep(0 if expires else self._patience.settling_s * 2**number)
                page = await self._ask(cursor)
            # Where expired objects are taken out of pages, hardly one is full.
            if not page.full and not (expires and page.rows):
                page = await self._agreed(cursor, page)
            # Where either half of a page was full, more may follow, whatever the other says.
            more = page.covered is not None or expires
            if page.reached is not None and (more or page.reached >= upper):
                return self._taken(page), page.reached if page.reached < upper else None
            # Listed before, and not on the page that was asked for since: hidden, as far as the
            # page looked.
            if expires and listed:
                hidden = listed[: self._size.limit]
                self.counts.hidden += len(hidden)
                return [], hidden[-1].id if hidden[-1].id < upper else None
            listed = await self._listed(page.reached or cursor)
            if page.reached is not None or not listed:
                return self._taken(page), page.reached if listed else None
        name = f"{self._node.name} by protobuf"
        if await self._settle(CoordinatorsDisagree(name, "REST", ids_of(listed))):
            return await self._settled(cursor, await self._ask(cursor))
        return [], None

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

        While the collection is written two answers differ. So after a pause both are asked again:
        what one of them knew before and after, the other must know in between. What is on its way
        between replicas then has arrived, and what was deleted is gone from both.
        """
        other = self._others[self.counts.confirmations % len(self._others)]
        self.counts.confirmations += 1
        await all_there(self._owners)
        theirs = await self._shown_by(other, cursor)
        last = self._known_up_to(page, theirs)
        if _up_to(last, page) == _up_to(last, theirs):
            return page
        absent: set[bytes] = set()
        unknown: set[bytes] = set()
        for number in range(_ROUNDS):
            await asyncio.sleep(self._patience.settling_s * 2**number)
            await all_there(self._owners)
            later, after = await self._ask(cursor), await self._shown_by(other, cursor)
            last = self._known_up_to(later, after)
            mine, others = _up_to(last, later), _up_to(last, after)
            absent = (_up_to(last, theirs) & others) - mine
            unknown = (_up_to(last, page) & mine) - others
            if unknown:
                unknown &= _up_to(last, await self._ask(cursor))
            if not absent and not unknown:
                return later
            page, theirs = later, after
        if absent:
            disagreement = CoordinatorsDisagree(self._node.name, other.name, absent)
        else:
            disagreement = CoordinatorsDisagree(other.name, self._node.name, unknown)
        if await self._settle(disagreement):
            return await self._agreed(cursor, await self._ask(cursor))
        return page

    def _known_up_to(self, *pages: Page[Any]) -> bytes:
        """The id up to which all of these pages, and the range, say something."""
        ends = [page.covered for page in pages if page.covered is not None]
        return min([self._extent.upper, *ends])

    async def _ask(self, cursor: Cursor) -> Page[R]:
        """A page of the node, as large as it will give."""
        page = await self._fitting(lambda limit: self._ask_once(cursor, limit))
        self.counts.pages += 1
        return page

    async def _shown_by(self, other: Coordinator, cursor: Cursor) -> Page[IdTime]:
        """What another node shows after the cursor."""

        async def ask(limit: int) -> Page[IdTime]:
            return page_of(await ids_page(other, self._extent, cursor, limit), limit)

        return await self._fitting(ask)

    async def _listed(self, cursor: Cursor) -> list[IdTime]:
        """What REST lists after the cursor, of the range."""
        other = self._others[0]
        rows = await self._fitting(
            lambda limit: listed_rows(other, self._extent, cursor, min(limit, _LISTED_AT_ONCE))
        )
        return [row for row in rows if row.id <= self._extent.upper]

    async def _fitting(self, ask: Callable[[int], Awaitable[T]]) -> T:
        """The answer to a question for so many rows, for fewer where it is too large."""
        while True:
            limit = self._size.limit
            try:
                found = await persist(lambda: ask(limit), self._patience)  # noqa: B023 - awaited here
            except WeaviateError as error:
                if not is_too_large(error):
                    raise
                self._size.refused(limit)
                continue
            await self._pace(len(found.rows if isinstance(found, Page) else found))
            return found


def page_of(rows: list[IdTime], limit: int) -> Page[IdTime]:
    """The page that an answer of rows is, of which so many were asked for."""
    reached = rows[-1].id if rows else None
    full = len(rows) >= limit
    return Page(rows, reached if full else None, reached, full)


def _up_to(last: bytes, page: Page[Any]) -> set[bytes]:
    return {row[0] for row in page.rows if row[0] <= last}
