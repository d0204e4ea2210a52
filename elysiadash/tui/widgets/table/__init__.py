"""The virtual table: rows by identity, formatted when visible, painted when changed.

Owners import from here; the modules below it are the table's own.
"""

from elysiadash.tui.widgets.table.arrange import Arrangement, Request, Sorting, arrange
from elysiadash.tui.widgets.table.cells import (
    AnyCell,
    Cell,
    Column,
    Outline,
    SortBy,
    SparkCell,
    StyleName,
    words_of,
)
from elysiadash.tui.widgets.table.changes import Change, Changes, Course, Passing
from elysiadash.tui.widgets.table.glyphs import GlyphSet
from elysiadash.tui.widgets.table.model import Cursor, Marked, TableModel, TablePlace, TableStatus
from elysiadash.tui.widgets.table.succession import Succession
from elysiadash.tui.widgets.table.widget import VirtualTable

__all__ = [
    "AnyCell",
    "Arrangement",
    "Cell",
    "Change",
    "Changes",
    "Column",
    "Course",
    "Cursor",
    "GlyphSet",
    "Marked",
    "Outline",
    "Passing",
    "Request",
    "SortBy",
    "Sorting",
    "SparkCell",
    "StyleName",
    "Succession",
    "TableModel",
    "TablePlace",
    "TableStatus",
    "VirtualTable",
    "arrange",
    "words_of",
]
