"""The order of the rows: a pure computation that can run beside the event loop."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic

from elysiadash.tui.widgets.table.cells import RowT, SortValue


@dataclass(frozen=True)
class Sorting(Generic[RowT]):
    """A sort as the computation needs it."""

    value: SortValue[RowT]
    descending: bool = False


@dataclass(frozen=True)
class Arrangement(Generic[RowT]):
    """Rows with their order, ready to be shown.

    ``keys`` and ``rows`` run in parallel, as given, without repeated keys, ``index`` finds a
    key's row; ``order`` are the indices of all rows in order; ``shown`` holds the keys to show,
    first line first, ``places`` finds a key's line; ``problems`` are the keys of rows that are one.
    """

    request: Request[RowT]
    rows: Sequence[RowT]
    keys: Sequence[Hashable]
    index: dict[Hashable, int]
    order: Sequence[int]
    shown: list[Hashable]
    places: dict[Hashable, int]
    problems: frozenset[Hashable]


@dataclass(frozen=True)
class Request(Generic[RowT]):
    """Everything an arrangement depends on. ``run`` touches nothing else: any thread will do."""

    rows: Sequence[RowT]
    row_key: Callable[[RowT], Hashable]
    sorting: Sorting[RowT] | None = None
    keep: Callable[[RowT], bool] | None = None
    is_problem: Callable[[RowT], bool] | None = None
    problems_only: bool = False
    previous: Arrangement[RowT] | None = field(default=None, repr=False)
    """An arrangement of the same rows, whose index and, for the same sort, order are used again:
    each key typed into a filter arranges anew."""

    def run(self) -> Arrangement[RowT]:
        """Index the rows, find the problems, sort and filter."""
        rows, keys, index, problems = self._indexed()
        keep, order = self._kept(problems), self._ordered(rows, keys)
        shown = [keys[at] for at in order if keep is None or keep(rows[at])]
        places = places_of(shown)
        done = replace(self, previous=None)
        return Arrangement(done, rows, keys, index, order, shown, places, problems)

    def _ordered(self, rows: Sequence[RowT], keys: Sequence[Hashable]) -> Sequence[int]:
        if self.previous is not None and self.previous.request.sorting == self.sorting:
            return self.previous.order
        return arrange(rows, keys, self.sorting)

    def _indexed(
        self,
    ) -> tuple[Sequence[RowT], Sequence[Hashable], dict[Hashable, int], frozenset[Hashable]]:
        if self.previous is not None:
            old = self.previous
            return old.rows, old.keys, old.index, old.problems
        rows, keys, index = _index(self.rows, self.row_key)
        is_problem = self.is_problem
        if is_problem is None:
            return rows, keys, index, frozenset()
        problems = (key for key, row in zip(keys, rows, strict=True) if is_problem(row))
        return rows, keys, index, frozenset(problems)

    def _kept(self, problems: frozenset[Hashable]) -> Callable[[RowT], bool] | None:
        if not self.problems_only:
            return self.keep
        keep, row_key = self.keep, self.row_key
        return lambda row: row_key(row) in problems and (keep is None or keep(row))


def arrange(
    rows: Sequence[RowT],
    keys: Sequence[Hashable],
    sorting: Sorting[RowT] | None = None,
) -> list[int]:
    """Return the indices of ``rows``, in order.

    Without a sort the order is the given one. With one,
    unknown values (None, NaN) come last whatever the direction, and equal values stand by key.
    """
    order: list[int] = list(range(len(rows)))
    if sorting is None:
        return order
    order = _by_key(order, keys)
    values: dict[int, Any] = {at: sorting.value(rows[at]) for at in order}
    unknown = [at for at in order if _is_unknown(values[at])]
    if unknown:
        order = [at for at in order if not _is_unknown(values[at])]
    order.sort(key=values.__getitem__, reverse=sorting.descending)
    return order + unknown


def places_of(shown: Sequence[Hashable]) -> dict[Hashable, int]:
    """The line of each key."""
    return {key: place for place, key in enumerate(shown)}


def held_order(
    shown: Iterable[Hashable], wanted: Iterable[Hashable], living: dict[Hashable, int]
) -> list[Hashable]:
    """The order while nothing may move: what was shown and lives, then what is new."""
    before = list(shown)
    seen = set(before)
    return [key for key in before if key in living] + [key for key in wanted if key not in seen]


def _index(
    rows: Sequence[RowT], row_key: Callable[[RowT], Hashable]
) -> tuple[Sequence[RowT], Sequence[Hashable], dict[Hashable, int]]:
    keys = [row_key(row) for row in rows]
    index = {key: at for at, key in enumerate(keys)}
    if len(index) == len(keys):
        return rows, keys, index
    # A server may list a thing twice; the newest mention counts, at the place of the first.
    unique = dict(zip(keys, rows, strict=True))
    return list(unique.values()), list(unique), {key: at for at, key in enumerate(unique)}


def _by_key(order: list[int], keys: Sequence[Hashable]) -> list[int]:
    sortable: Sequence[Any] = keys
    try:
        return sorted(order, key=sortable.__getitem__)
    except TypeError:  # keys of several kinds do not compare
        return sorted(order, key=lambda at: (type(keys[at]).__name__, repr(keys[at])))


def _is_unknown(value: Any) -> bool:
    return value is None or value != value
