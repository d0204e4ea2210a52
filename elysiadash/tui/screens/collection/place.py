"""How the reader had the detail of a collection: which pane, and each list's order and filter."""

from __future__ import annotations

import msgspec

from elysiadash.tui.trail import Place
from elysiadash.tui.widgets.table import TablePlace


class PanePlace(msgspec.Struct, frozen=True):
    """One list; ``state`` is the state that its rows are chosen by, None all."""

    pane: str
    table: TablePlace
    filter: str = ""
    state: str | None = None


class CollectionPlace(Place, frozen=True):
    """The screen; ``pane`` has the keys, alone where ``zoomed``."""

    pane: str = "shards"
    zoomed: bool = False
    lists: tuple[PanePlace, ...] = ()
