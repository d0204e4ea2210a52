"""What a line of the table shows, as a value: a line whose value stays is not painted again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from elysiadash.tui.widgets.table.cells import Align, AnyCell, Cell, Outline, StyleName
from elysiadash.tui.widgets.table.glyphs import Glyphs
from elysiadash.tui.widgets.table.layout import Layout
from elysiadash.tui.widgets.table.spark import draw_spark, spark_width
from elysiadash.tui.widgets.table.text import fit, measure


class Title(NamedTuple):
    """A column's heading. ``descending`` is None when the rows are not sorted by it."""

    text: str
    align: Align
    descending: bool | None = None


class HeaderLine(NamedTuple):
    """The first line: the titles of all columns the owner chose."""

    titles: tuple[Title, ...]


class RowLine(NamedTuple):
    """A row: the cells of all columns the owner chose, and what is said beside them."""

    cells: tuple[AnyCell, ...]
    aligns: tuple[Align, ...]
    cursor: bool = False
    marked: bool = False
    outline: Outline | None = None


class TextLine(NamedTuple):
    """A line of its own text; empty for the blank lines below the rows."""

    text: str = ""
    style: StyleName = ""


Line = HeaderLine | RowLine | TextLine


class Run(NamedTuple):
    """Some cells of a line in one style. ``heading`` runs belong to the sorted column's title."""

    text: str
    style: StyleName = ""
    heading: bool = False


_INDENT = 2
_has_text = itemgetter(0)
_look = itemgetter(1, 2)


def draw(line: Line, layout: Layout, glyphs: Glyphs) -> list[Run]:
    """Return runs that fill exactly ``layout.width`` cells."""
    match line:
        case HeaderLine():
            return _placed(_header_gutter(layout, glyphs), _titles(line, layout, glyphs), layout)
        case RowLine():
            return _placed(_row_gutter(line, layout, glyphs), _cells(line, layout, glyphs), layout)
        case TextLine(text, style):
            return [
                Run(fit(text, layout.width, "left", glyphs.ellipsis, glyphs.replacement), style)
            ]


def cell_width(cell: AnyCell, glyphs: Glyphs) -> int:
    """Cells needed to show all of a cell."""
    if isinstance(cell, Cell):
        return measure(cell.text) + (cell.trend is not None)
    return spark_width(cell, glyphs.spark)


def title_width(title: str, sortable: bool) -> int:
    """Cells needed by a heading, with room for the sign of a sort."""
    return measure(title) + sortable


def outline_width(outline: Outline | None) -> int:
    """Cells that indentation and the sign take from the first column."""
    return 0 if outline is None else _INDENT * (outline.depth + 1)


def _placed(gutter: str, columns: Iterable[Sequence[Run]], layout: Layout) -> list[Run]:
    """The line: gutter, columns and blanks; neighbours of one look become one run."""
    runs = [Run(gutter[: layout.gutter])]
    end = layout.gutter
    for slot, parts in zip(layout.slots, columns, strict=True):
        runs.append(Run(" " * (slot.x - end)))
        runs.extend(parts)
        end = slot.x + slot.width
    runs.append(Run(" " * (layout.width - end)))
    return [
        Run("".join([run.text for run in alike]), style, heading)
        for (style, heading), alike in groupby(filter(_has_text, runs), _look)
    ]


def _header_gutter(layout: Layout, glyphs: Glyphs) -> str:
    left = glyphs.more_left if layout.step else " "
    right = glyphs.more_right if layout.more_right else " "
    if layout.gutter > 1:
        return left + right
    return right if layout.more_right else left


def _titles(line: HeaderLine, layout: Layout, glyphs: Glyphs) -> Iterator[Sequence[Run]]:
    for slot in layout.slots:
        title = line.titles[slot.column]
        text = _heading(title, glyphs)
        text = fit(text, slot.width, title.align, glyphs.ellipsis, glyphs.replacement)
        yield (Run(text, heading=title.descending is not None),)


def _heading(title: Title, glyphs: Glyphs) -> str:
    if title.descending is None:
        return title.text
    sign = glyphs.descending if title.descending else glyphs.ascending
    # On the side of the column that is not aligned, so that the title stays where it is.
    return sign + title.text if title.align == "right" else title.text + sign


def _row_gutter(line: RowLine, layout: Layout, glyphs: Glyphs) -> str:
    cursor = glyphs.cursor if line.cursor else " "
    mark = glyphs.mark if line.marked else " "
    if layout.gutter > 1:
        return cursor + mark
    return mark if line.marked else cursor


def _cells(line: RowLine, layout: Layout, glyphs: Glyphs) -> Iterator[Sequence[Run]]:
    for slot in layout.slots:
        cell, align = line.cells[slot.column], line.aligns[slot.column]
        lead = ""
        if slot.column == 0 and line.outline is not None:
            lead = _lead(line.outline, glyphs)[: slot.width]
        text = _cell_text(cell, slot.width - len(lead), align, glyphs)
        yield Run(lead), Run(text, cell.style)


def _cell_text(cell: AnyCell, width: int, align: Align, glyphs: Glyphs) -> str:
    if not isinstance(cell, Cell):
        return draw_spark(cell, width, glyphs.spark)
    sign = "" if cell.trend is None or width < 2 else glyphs.trend(cell.trend)
    if sign and measure(cell.text) >= width:
        cut = fit(cell.text, width - 1, align, glyphs.ellipsis, glyphs.replacement)
        return cut + sign
    return fit(cell.text + sign, width, align, glyphs.ellipsis, glyphs.replacement)


def _lead(outline: Outline, glyphs: Glyphs) -> str:
    sign = " "
    if outline.expandable:
        sign = glyphs.expanded if outline.expanded else glyphs.collapsed
    return " " * (_INDENT * outline.depth) + sign + " "
