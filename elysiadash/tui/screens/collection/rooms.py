"""Which panes are seen together, and in how many columns, from the room there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

TWO_COLUMNS_FROM = 160
"""Cells from which on panes stand side by side."""
TWO_ROWS_FROM = 20
"""Lines from which on one pane stands above another."""


class Page(NamedTuple):
    """The panes seen together, row by row."""

    panes: tuple[str, ...]
    columns: int
    rows: int


def page_of(pane: str, panes: Sequence[str], width: int, height: int) -> Page:
    """The page that has ``pane``, in a room of that many cells and lines.

    The panes fill pages in their order; a page that is not full gives its room to those there.
    """
    columns = 1 + (width >= TWO_COLUMNS_FROM)
    rows = 1 + (height >= TWO_ROWS_FROM)
    many = columns * rows
    first = panes.index(pane) // many * many
    shown = tuple(panes[first : first + many])
    columns = min(columns, len(shown))
    return Page(shown, columns, -(-len(shown) // columns))
