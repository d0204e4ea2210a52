"""A chart's plot: from values to rows of signs, without style.

One value fills its part of the width from the baseline to its height, or, drawn as a line, only
marks its height. A value without neighbours is one dot: a line would claim what was not seen. A
missing value draws nothing at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from elysiadash.tui.widgets.chart.scale import Scale
from elysiadash.tui.widgets.table.glyphs import GlyphSet

DOTS: dict[GlyphSet, int] = {"braille": 4, "blocks": 8, "ascii": 3}
"""Dots of a sign, one above the other."""
_ACROSS: dict[GlyphSet, int] = {"braille": 2, "blocks": 1, "ascii": 1}
"""Dots of a sign side by side."""
_LEFT, _RIGHT = (0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08)
"""A braille sign's dots, the lowest first."""
_BRAILLE_BASE = 0x2800
_FILLED = {"blocks": " ▁▂▃▄▅▆▇█", "ascii": " .:#"}
_HANGING = {"blocks": "▀", "ascii": "'"}
_FLOATING = {"blocks": "─", "ascii": "-"}
_LONE = {"blocks": "•", "ascii": "*"}


class _Bar(NamedTuple):
    """What one column of dots shows: from the lowest dot to the highest."""

    low: int
    high: int
    lone: bool = False


Columns = list[_Bar | None]


def columns_of(width: int, glyphs: GlyphSet) -> int:
    """Columns of dots in so many cells: as many values can be told apart."""
    return max(0, width) * _ACROSS[glyphs]


def draw_plot(
    area: Sequence[float | None],
    line: Sequence[float | None],
    scale: Scale,
    width: int,
    rows: int,
    glyphs: GlyphSet,
) -> tuple[str, ...]:
    """``rows`` lines of exactly ``width`` cells, the highest first.

    ``area`` is filled from the baseline, ``line`` only marked; each may be empty. Both run from
    the left edge to the right one in even steps.
    """
    if width <= 0 or rows <= 0:
        return ()
    columns, dots = columns_of(width, glyphs), rows * DOTS[glyphs]
    layers = (
        _bars(area, columns, dots, scale, filled=True),
        _bars(line, columns, dots, scale, filled=False),
    )
    return tuple(
        "".join(_sign(layers, cell, row, glyphs) for cell in range(width))
        for row in range(rows - 1, -1, -1)
    )


def _bars(
    values: Sequence[float | None], columns: int, dots: int, scale: Scale, *, filled: bool
) -> Columns:
    known = _fitted(values, columns)
    bars: Columns = [None] * columns
    zero, before = scale.zero(dots), None
    for at, value in enumerate(known):
        if value is None:
            before = None
            continue
        height = scale.height(value, dots)
        first, last = _span(at, len(known), columns)
        alone = before is None and (at + 1 == len(known) or known[at + 1] is None)
        if alone:
            bars[(first + last) // 2] = _Bar(height, height, True)
        else:
            low, high = (min(zero, height), max(zero, height)) if filled else (height, height)
            bars[first : last + 1] = [_Bar(low, high)] * (last + 1 - first)
            if not filled and before is not None:
                bars[first] = _Bar(min(height, before), max(height, before))
        before = height
    return bars


def _fitted(values: Sequence[float | None], columns: int) -> list[float | None]:
    """At most one value a column: where several share one, the one farthest from 0 is shown."""
    known = [None if value is None or value != value else value for value in values]
    if len(known) <= columns:
        return known
    fitted: list[float | None] = []
    for column in range(columns):
        first, last = column * len(known) // columns, (column + 1) * len(known) // columns
        there = [value for value in known[first:last] if value is not None]
        fitted.append(max(there, key=abs) if there else None)
    return fitted


def _span(at: int, many: int, columns: int) -> tuple[int, int]:
    """The first and the last column of one of ``many`` values."""
    return at * columns // many, (at + 1) * columns // many - 1


def _sign(layers: Sequence[Columns], cell: int, row: int, glyphs: GlyphSet) -> str:
    if glyphs == "braille":
        bits = 0
        for side, weights in enumerate((_LEFT, _RIGHT)):
            for layer in layers:
                bits |= _weighted(layer[2 * cell + side], row, weights)
        return chr(_BRAILLE_BASE + bits) if bits else " "
    for layer in layers:
        shown = _one(layer[cell], row, glyphs)
        if shown != " ":
            return shown
    return " "


def _weighted(bar: _Bar | None, row: int, weights: Sequence[int]) -> int:
    if bar is None:
        return 0
    first = row * len(weights)
    return sum(weight for dot, weight in enumerate(weights) if bar.low <= first + dot <= bar.high)


def _one(bar: _Bar | None, row: int, glyphs: GlyphSet) -> str:
    """The sign of a set that has one column of dots in a cell."""
    many = DOTS[glyphs]
    first, last = row * many, row * many + many - 1
    if bar is None or bar.high < first or bar.low > last:
        return " "
    if bar.lone:
        return _LONE[glyphs]
    if bar.low <= first:
        return _FILLED[glyphs][min(bar.high, last) - first + 1]
    return _HANGING[glyphs] if bar.high >= last else _FLOATING[glyphs]
