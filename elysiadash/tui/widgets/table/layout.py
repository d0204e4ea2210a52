"""Which columns are shown, where and how wide, for a width in cells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

_WIDE_FROM = 40
"""From this width on, two blanks lie between columns, and marks have a cell of their own."""


class Wanted(NamedTuple):
    """A column's claim: ``least`` cells to be shown at all, ``natural`` to show what it should.

    ``whole`` is what it takes beyond that of room that no other column wants.
    """

    least: int
    natural: int
    priority: int = 0
    whole: int = 0


class Slot(NamedTuple):
    """A shown column: which of the wanted ones, its first cell and its width."""

    column: int
    x: int
    width: int


class Layout(NamedTuple):
    """Where the columns are. ``step`` is how far they are scrolled, up to ``last_step``."""

    width: int
    gutter: int
    slots: tuple[Slot, ...]
    step: int = 0
    last_step: int = 0
    more_right: bool = False

    def column_at(self, x: int) -> int | None:
        """The column under a cell, the blanks after it included."""
        found = None
        for slot in self.slots:
            if slot.x <= x:
                found = slot.column
        return found


def lay_out(wanted: Sequence[Wanted], width: int, step: int = 0) -> Layout:
    """Place columns into ``width`` cells.

    At step 0 columns of low priority are left out until the rest fits at its least width. Each
    further step keeps the first column and shows the others from one column further to the
    right, whatever their priority, so that every column can be reached. What room is left goes
    to the columns of highest priority, up to their natural width; what then still is left, to
    those that have more to show.
    """
    gutter = min(2 if width >= _WIDE_FROM else 1, width)
    gap = 2 if width >= _WIDE_FROM else 1
    room = width - gutter
    if not wanted or room <= 0:
        return Layout(width, gutter, ())
    views = _views(wanted, room, gap)
    step = max(0, min(step, len(views) - 1))
    chosen = views[step]
    widths = _share(wanted, chosen, room, gap)
    slots, x = [], gutter
    for column in chosen:
        slots.append(Slot(column, x, widths[column]))
        x += widths[column] + gap
    more_right = chosen[-1] < len(wanted) - 1 or (not step and len(views) > 1)
    return Layout(width, gutter, tuple(slots), step, len(views) - 1, more_right)


def _views(wanted: Sequence[Wanted], room: int, gap: int) -> list[list[int]]:
    """The columns shown at each step."""
    views = [_by_priority(wanted, room, gap)]
    if len(views[0]) == len(wanted):
        return views
    for start in range(1, len(wanted)):
        view = _window(wanted, room, gap, start)
        if view != views[0]:
            views.append(view)
        if view[-1] == len(wanted) - 1:
            break
    return views


def _by_priority(wanted: Sequence[Wanted], room: int, gap: int) -> list[int]:
    chosen = list(range(len(wanted)))
    while len(chosen) > 1 and _needed(wanted, chosen, gap) > room:
        chosen.remove(min(chosen[1:], key=lambda column: (wanted[column].priority, -column)))
    return chosen


def _window(wanted: Sequence[Wanted], room: int, gap: int, start: int) -> list[int]:
    """The first column, the one at ``start`` even if it must be squeezed, and what follows."""
    chosen = [0, start]
    for column in range(start + 1, len(wanted)):
        if _needed(wanted, [*chosen, column], gap) > room:
            break
        chosen.append(column)
    return chosen


def _needed(wanted: Sequence[Wanted], chosen: Sequence[int], gap: int) -> int:
    return sum(wanted[column].least for column in chosen) + gap * (len(chosen) - 1)


def _share(wanted: Sequence[Wanted], chosen: Sequence[int], room: int, gap: int) -> dict[int, int]:
    widths = {column: wanted[column].least for column in chosen}
    spare = room - _needed(wanted, chosen, gap)
    if spare < 0:
        return _squeezed(chosen, widths, room, gap)
    by_priority = sorted(chosen, key=lambda column: (-wanted[column].priority, column))
    alike = [list(group) for _, group in groupby(by_priority, lambda at: wanted[at].priority)]
    natural = {column: wanted[column].natural for column in chosen}
    whole = {column: wanted[column].whole for column in chosen}
    for claims in (natural, whole):
        for group in alike:
            spare = _widen(widths, group, claims, spare)
    return widths


def _widen(widths: dict[int, int], group: Sequence[int], claims: dict[int, int], spare: int) -> int:
    """Give columns of one priority what they claim, the narrowest first; what is left."""
    while spare > 0:
        wanting = [column for column in group if widths[column] < claims[column]]
        if not wanting:
            break
        narrowest = min(wanting, key=widths.__getitem__)
        more = min(spare, claims[narrowest] - widths[narrowest] if len(wanting) == 1 else 1)
        widths[narrowest] += more
        spare -= more
    return spare


def _squeezed(chosen: Sequence[int], widths: dict[int, int], room: int, gap: int) -> dict[int, int]:
    """A width below every claim: the first column gives way to the one scrolled to."""
    if len(chosen) == 1:
        return {chosen[0]: room}
    first, other = chosen
    both = max(0, room - gap)
    kept = max(both // 2, both - widths[other])
    return {first: kept, other: both - kept}
