"""Two sorted streams of rows, side by side: what is missing, extra, different.

Streams are scans (pages as they come) or ledgers; of each only a page is in memory. What makes
two rows of one id the same is a function: ``same_digest`` for a proof, ``same_time`` for a delta.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec

from elysiadash.scan.rows import check_order, ids_of

S = TypeVar("S", bound=tuple[Any, ...])
T = TypeVar("T", bound=tuple[Any, ...])
R = TypeVar("R")

_CHUNK = 2000


class Kind(StrEnum):
    """How an object differs."""

    MISSING = "missing"
    """In the source only."""
    EXTRA = "extra"
    """In the target only."""
    DIFFERENT = "different"
    """In both, and not the same."""


class Difference(msgspec.Struct, frozen=True, gc=False):
    """One object that differs, with the update times of its rows (milliseconds)."""

    kind: Kind
    id: bytes
    source_time: int | None
    target_time: int | None


class Totals(msgspec.Struct, gc=False):
    """What a comparison has seen so far."""

    same: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0

    @property
    def source(self) -> int:
        """Rows of the source."""
        return self.same + self.different + self.missing

    @property
    def target(self) -> int:
        """Rows of the target."""
        return self.same + self.different + self.extra

    @property
    def equal(self) -> bool:
        """Nothing differs."""
        return not (self.missing or self.extra or self.different)


def same_digest(source: tuple[Any, ...], target: tuple[Any, ...]) -> bool:
    """The digests agree: rows of ``(id, time, digest, ...)``."""
    return bool(source[2] == target[2])


def same_time(source: tuple[Any, ...], target: tuple[Any, ...]) -> bool:
    """The update times agree: rows of ``(id, time, ...)``."""
    return bool(source[1] == target[1])


class Comparison(Generic[S, T]):
    """Source against target; differences come in order of their ids, ``totals`` counts all.

    Raises ``OutOfOrder`` where ids of a stream do not rise strictly.
    """

    def __init__(self, same: Callable[[S, T], bool] = same_digest) -> None:
        self.totals = Totals()
        self._same = same

    def of_rows(self, source: Iterable[S], target: Iterable[T]) -> Iterator[Difference]:
        """Compare two iterables of rows, such as ledgers."""
        left, right = _Lane[S]("source"), _Lane[T]("target")
        sources, targets = _chunks(source), _chunks(target)
        while True:
            if left.wants_more:
                left.take(next(sources, None))
            elif right.wants_more:
                right.take(next(targets, None))
            elif left.ended and right.ended:
                return
            else:
                yield from self._step(left, right)

    async def of_pages(
        self, source: AsyncIterable[Sequence[S]], target: AsyncIterable[Sequence[T]]
    ) -> AsyncIterator[list[Difference]]:
        """Compare two scans as their pages come; a list for each step that found some."""
        left, right = _Lane[S]("source"), _Lane[T]("target")
        sources, targets = aiter(source), aiter(target)
        while True:
            if left.wants_more:
                left.take(await anext(sources, None))
            elif right.wants_more:
                right.take(await anext(targets, None))
            elif left.ended and right.ended:
                return
            elif found := self._step(left, right):
                yield found

    def _step(self, left: _Lane[S], right: _Lane[T]) -> list[Difference]:
        """Compare until one side needs its next page."""
        found: list[Difference] = []
        totals, same = self.totals, self._same
        sources, targets = left.rows, right.rows
        i = j = 0
        alike = min(len(sources), len(targets))
        # Nearly always both go on with the same ids, and one comparison says so.
        if left.ids[:alike] == right.ids[:alike]:
            i = j = alike
            found = [
                Difference(Kind.DIFFERENT, source[0], source[1], target[1])
                for source, target in zip(sources, targets, strict=False)
                if not same(source, target)
            ]
            totals.different += len(found)
            totals.same += alike - len(found)
        while i < len(sources) and j < len(targets):
            source, target = sources[i], targets[j]
            if source[0] == target[0]:
                if same(source, target):
                    totals.same += 1
                else:
                    totals.different += 1
                    found.append(Difference(Kind.DIFFERENT, source[0], source[1], target[1]))
                i += 1
                j += 1
            elif source[0] < target[0]:
                found.append(Difference(Kind.MISSING, source[0], source[1], None))
                i += 1
            else:
                found.append(Difference(Kind.EXTRA, target[0], None, target[1]))
                j += 1
        if right.ended:
            found += [Difference(Kind.MISSING, row[0], row[1], None) for row in sources[i:]]
            i = len(sources)
        if left.ended:
            found += [Difference(Kind.EXTRA, row[0], None, row[1]) for row in targets[j:]]
            j = len(targets)
        left.drop(i)
        right.drop(j)
        totals.missing += sum(one.kind is Kind.MISSING for one in found)
        totals.extra += sum(one.kind is Kind.EXTRA for one in found)
        return found


class _Lane(Generic[R]):
    """What is at hand of one stream."""

    def __init__(self, name: str) -> None:
        self.rows: Sequence[Any] = ()
        self.ids: list[bytes] = []
        self.ended = False
        self._name = name
        self._last: bytes | None = None

    @property
    def wants_more(self) -> bool:
        return not self.ended and not self.rows

    def take(self, rows: Sequence[R] | None) -> None:
        if rows is None:
            self.ended = True
            return
        if not rows:
            return
        self.rows = rows
        self.ids = ids_of(self.rows)
        check_order(self.ids, self._last, self._name)
        self._last = self.ids[-1]

    def drop(self, count: int) -> None:
        self.rows = self.rows[count:]
        self.ids = self.ids[count:]


def _chunks(rows: Iterable[R]) -> Iterator[list[R]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
