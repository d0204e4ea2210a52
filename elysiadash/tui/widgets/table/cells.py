"""What an owner gives the table: columns, and the cells they make of a row."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from elysiadash.tui.plain import plain

RowT = TypeVar("RowT")
RowT_contra = TypeVar("RowT_contra", contravariant=True)

StyleName = Literal["", "ok", "warning", "critical", "unknown", "muted", "accent", "strong"]
"""How a cell looks; the theme decides what that means. A state is also said in the text.

``#rrggbb`` in its place is a ground of that colour: a chip such as an environment's.
"""

Align = Literal["left", "right", "center"]


class Cell(NamedTuple):
    """Plain text, never parsed as markup.

    ``trend`` draws a mark behind the text: 1 rising, -1 falling, 0 steady (a blank, so that a
    column of numbers stays aligned), None no mark and no room for one.
    """

    text: str
    style: StyleName = ""
    trend: int | None = None


class SparkCell(NamedTuple):
    """A line of samples, oldest first, drawn between ``low`` (the bottom) and ``high`` (the top).

    The scale is the caller's, normally 0 and a declared maximum; it is never taken from the
    samples. None (or NaN) is a missing sample and stays visible as a gap.
    """

    values: tuple[float | None, ...]
    low: float
    high: float
    style: StyleName = ""


AnyCell = Cell | SparkCell


class Outline(NamedTuple):
    """Where a row stands in a tree: drawn before the text of the first column."""

    depth: int
    expandable: bool = False
    expanded: bool = False


class SortValue(Protocol[RowT_contra]):
    """What a column is sorted by: values comparable with each other, or None for unknown."""

    def __call__(self, row: RowT_contra, /) -> Any:
        """Return the value of one row."""


@dataclass(frozen=True)
class Column(Generic[RowT]):
    """One column: how a row becomes a cell, and how much room that may take."""

    key: str
    title: str
    render: Callable[[RowT], AnyCell]
    """Called for visible rows only, on the event loop: formats, never waits."""
    width: int | tuple[int, int] = (4, 24)
    """Cells: fixed, or the least and the most it may have; the content decides between them."""
    align: Align = "left"
    priority: int = 0
    """Where not all columns fit, the lowest priority goes first. The first column always stays."""
    sort_key: SortValue[RowT] | None = None
    """None: the column cannot be sorted by."""
    descending_first: bool = False
    """The first sort by this column starts with the largest value."""
    letter: str = ""
    """What is pressed after the sort key; "" where the column is sorted by its name only."""
    compare: Callable[[RowT], float | None] | None = None
    """What is compared with its last value: numbers then carry ``↑`` or ``↓`` for a while, and the
    row knows when it changed. None: changes of this column are not looked for."""
    beside: tuple[str, ...] = ()
    """Values of the row that the cell shows too: a file has them as columns of their own."""
    whole: bool = False
    """Its words are for reading to the end: room that no other column wants is its own, beyond
    the most of ``width``."""
    in_file: Mapping[str, Callable[[RowT], object]] | None = None
    """The columns that a file has for this one, with their raw values; {}: it has none of it.
    None: the row's own value of that name, else what the cell says."""

    @property
    def least(self) -> int:
        """The fewest cells the column is shown with."""
        return max(1, self.width if isinstance(self.width, int) else self.width[0])

    @property
    def most(self) -> int:
        """The most cells the column takes from others."""
        return max(self.least, self.width if isinstance(self.width, int) else self.width[1])


def words_of(key: Hashable) -> str:
    """A row's key in words: ``AVL-101 weaviate-2`` of the parts that name something."""
    parts = key if isinstance(key, tuple) else (key,)
    return " ".join(plain(part) for part in parts if isinstance(part, str) and part) or "the row"


@dataclass(frozen=True, slots=True)
class SortBy:
    """The column that orders the rows."""

    column: str
    descending: bool = False
