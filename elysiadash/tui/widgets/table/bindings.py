"""The table's keys. Each has an id, so that a keymap can move it."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

KEYS: Final[list[BindingType]] = [
    Binding("j,down", "move(1)", "Down", show=False, id="table.down"),
    Binding("k,up", "move(-1)", "Up", show=False, id="table.up"),
    Binding("g,home", "first", "First row", show=False, id="table.first"),
    Binding("G,end", "last", "Last row", show=False, id="table.last"),
    Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False, id="table.page_down"),
    Binding("pageup", "page(-1)", "Page up", show=False, id="table.page_up"),
    Binding("h,left", "columns(-1)", "Columns to the left", show=False, id="table.left"),
    Binding("l,right", "columns(1)", "Columns to the right", show=False, id="table.right"),
    Binding("space", "mark", "Mark", show=False, id="table.mark"),
    Binding("enter", "select", "Open", show=False, id="table.select"),
]
