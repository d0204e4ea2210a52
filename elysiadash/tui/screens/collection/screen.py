"""One collection: its panes, which of them are seen, and the actions that work on one of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Grid
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.widget import Widget

from elysiadash.tui import numbers, values
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.numbers import span
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.collection.charts import ChartsPane
from elysiadash.tui.screens.collection.list_pane import ListPane
from elysiadash.tui.screens.collection.look import Look, look_at
from elysiadash.tui.screens.collection.numbers import NumbersPane
from elysiadash.tui.screens.collection.pane import Pane
from elysiadash.tui.screens.collection.place import CollectionPlace
from elysiadash.tui.screens.collection.rooms import page_of
from elysiadash.tui.screens.collection.settings import SettingsPane
from elysiadash.tui.screens.collection.shards import ShardsPane
from elysiadash.tui.screens.collection.tenants import TenantsPane
from elysiadash.tui.screens.list_actions import ListActions
from elysiadash.tui.screens.row_list import RowList
from elysiadash.tui.trail import Place
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.prompt import Prompt
from elysiadash.tui.widgets.table import VirtualTable

_ROOMY = 80
_LINES_AROUND = 4
"""Header, crumbs, status and keys."""
_WHY_NOT = {
    "filter": "charts are not filtered",
    "sort": "shards and tenants can be sorted",
    "reverse": "shards and tenants can be sorted",
    "problems": "problems are of the pane shards",
}
"""What an action of lists is for, where the pane that has the keys has no use for it."""
_NO_ROWS = "charts have no rows: e writes a picture of them"


class CollectionScreen(ListActions):
    """The detail of one collection, by its name; it stays when the collection goes."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("collection")]
    SCOPES: ClassVar[tuple[str, ...]] = ("app", "screen", "list", "collection")
    DEFAULT_CSS = """
    CollectionScreen #panes { height: 1fr; grid-gutter: 0 1; }
    """

    def __init__(self, collection: str) -> None:
        super().__init__()
        self.collection = collection
        self.shards, self.charts, self.numbers = ShardsPane(), ChartsPane(), NumbersPane()
        self.settings, self.tenants = SettingsPane(), TenantsPane()
        self._panes: dict[str, Pane] = {
            pane.NAME: pane
            for pane in (self.shards, self.charts, self.numbers, self.settings, self.tenants)
        }
        for pane in self._panes.values():
            pane.belongs_to(self)
        self._here = ShardsPane.NAME
        self._zoomed = False
        self._look: Look | None = None

    def body(self) -> Iterable[Widget]:
        """All panes; those that are not seen are hidden."""
        yield Grid(*self._panes.values(), id="panes")

    def crumb(self) -> str:
        """The collection."""
        return self.collection

    def link(self) -> str:
        """The command that leads here."""
        return f"collection {self.collection}"

    def point_at(self, thing: str) -> None:
        """Put the cursor on a shard, now or once the shards are there."""
        self.shards.seek(thing)
        self.go_to(ShardsPane.NAME)
        self.wake()

    # Panes

    @property
    def pane(self) -> Pane:
        """The one that has the keys."""
        return self._panes[self._here]

    @property
    def the_list(self) -> RowList[Any] | None:
        """The pane that has the keys, where it is a list."""
        pane = self.pane
        return pane if isinstance(pane, ListPane) else None

    @property
    def lists(self) -> Iterable[RowList[Any]]:
        """The panes that are lists."""
        return [pane for pane in self._panes.values() if isinstance(pane, ListPane)]

    def why_not(self, does: str) -> str:
        """What cannot be done in this pane, and where it can."""
        found = self.the_list
        if does == "export" or (found is not None and found.can(does)):
            return ""
        return f"{_WHY_NOT.get(does, _NO_ROWS)}; tab goes to the next pane"

    def export_name(self) -> str:
        """The collection and the pane."""
        return f"{self.collection}-{self.pane.NAME}"

    @property
    def pane_names(self) -> tuple[str, ...]:
        """The panes of this collection; tenants only where there can be some."""
        known = self._look.multi_tenant if self._look is not None else self._was_multi_tenant()
        return tuple(name for name in self._panes if known or name != TenantsPane.NAME)

    def _was_multi_tenant(self) -> bool:
        rows = self.dash.rows
        return any(row.multi_tenant for row in rows if row.collection == self.collection)

    @property
    def seen(self) -> list[Pane]:
        """The panes that are on the screen."""
        return [pane for pane in self._panes.values() if pane.display]

    def on_mount(self) -> None:
        """Show the first page."""
        super().on_mount()
        self.show_page()

    def on_resize(self, event: Resize) -> None:
        """Other room, other panes."""
        self.show_page()

    def show_page(self) -> None:
        """Show the page of the present pane, or that pane alone."""
        names = self.pane_names
        if self._here not in names:
            self._here = names[0]
        size = self.app.size
        page = page_of(self._here, names, size.width, size.height - _LINES_AROUND)
        shown = (self._here,) if self._zoomed else page.panes
        grid = self.query_one("#panes", Grid)
        grid.styles.grid_size_columns = 1 if self._zoomed else page.columns
        grid.styles.grid_size_rows = 1 if self._zoomed else page.rows
        new = [name for name in shown if not self._panes[name].display]
        for name, pane in self._panes.items():
            pane.display = name in shown
            pane.set_here(name == self._here)
        if not any(prompt.display for prompt in self.query(Prompt)):
            self.focus_body()
        self._say_words()
        self.refresh_bindings()
        if new or self._look is None:
            self.wake()

    def go_to(self, name: str) -> None:
        """Give the keys to a pane."""
        self._here = name
        self.show_page()
        self.tell_crumbs()

    def focus_body(self) -> None:
        """The pane that has the keys."""
        self.pane.take_keys()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """A click can give the keys to another pane."""
        # What was heard late does not take the keys from where they are now.
        if event.widget is not self.focused:
            return
        found = next((each for each in event.widget.ancestors_with_self if _is_pane(each)), None)
        if isinstance(found, Pane) and self._here != found.NAME:
            self.go_to(found.NAME)

    # Data

    async def pull(self) -> None:
        """The collection now, or as it was when the screen was frozen, for the panes seen."""
        watch, rows, findings = self.dash.watched, self.dash.rows, self.dash.findings
        if self.frozen_at is None or self._look is None:
            before, names = self._look, self.pane_names
            self._look = look_at(watch, self.collection, rows, findings, before)
            if names != self.pane_names:
                self.show_page()
        for pane in self.seen:
            await pane.pull(self._look)
        self._say_words()

    def facts_changed(self, fresh: Freshness) -> None:
        """Ages move on; what is late fades."""
        for pane in self.seen:
            pane.facts_changed(fresh)
        self.renew_sheet()

    def hold(self, held: bool) -> None:
        """Every pane stands still, also those that are not seen."""
        for pane in self._panes.values():
            pane.hold(held)

    def window_changed(self) -> None:
        """The charts look further back now, or less far."""
        if self.charts.display:
            self.wake()

    def place(self) -> Place:
        """The pane, and each list's cursor, order and filter."""
        lists = tuple(place for pane in self._panes.values() if (place := pane.place()))
        return CollectionPlace(self.route, pane=self._here, zoomed=self._zoomed, lists=lists)

    def return_to(self, place: Place) -> None:
        """Put the reader back."""
        if not isinstance(place, CollectionPlace):
            return
        for each in place.lists:
            self._panes[each.pane].return_to(each)
        self._zoomed = place.zoomed
        self.go_to(place.pane)

    # Lines

    def notes(self) -> list[Piece]:
        """The collection in a few words."""
        look, row = self._look, self._look.row if self._look is not None else None
        notes: list[Piece] = []
        if look is not None and look.gone_at is not None:
            words = "no such collection"
            if row is not None:
                words = (
                    f"not in the schema any more, noticed {span(self._now() - look.gone_at)} ago"
                )
            notes.append((f" {words} ", "bold reverse $health-warn"))
        if row is not None:
            notes.append((f"{values.objects(row)} objects", "bold"))
            # The name of the collection goes first where there is little room.
            roomy = self.app.size.width >= _ROOMY
            if roomy:
                notes.append(f"{values.shards(row)} shards")
            if row.multi_tenant and roomy:
                notes.append(f"{numbers.count(row.tenants)} tenants")
        return [*notes, "zoomed, f shows all"] if self._zoomed else notes

    def chips(self) -> list[Piece]:
        """What the list that has the keys does not show."""
        found = self.the_list
        return found.chips() if found is not None else []

    def _now(self) -> float:
        return self.dash.watched.store.clock() if self.frozen_at is None else self.frozen_at

    @on(VirtualTable.RowHighlighted)
    def _on_row_highlighted(self, event: VirtualTable.RowHighlighted) -> None:
        event.stop()
        self._say_words()

    def _say_words(self) -> None:
        words = self.pane.words()
        self.status.rest(Content(f" {plain(words)}" if words else ""))

    def help_notes(self) -> list[tuple[str, str]]:
        """Why values are missing."""
        row = self._look.row if self._look is not None else None
        fields = [value.field for value in values.VALUES]
        return values.missing(row, fields) if row is not None else []

    # Actions on panes

    def action_next_pane(self, step: int) -> None:
        """The next pane, or the one before; where one is zoomed, that one zoomed."""
        names = self.pane_names
        self.go_to(names[(names.index(self._here) + step) % len(names)])

    def take_pane(self, name: str) -> str | None:
        """A pane by its name, or how that begins."""
        found = [each for each in self.pane_names if each.startswith(name.casefold())]
        if len(found) == 1:
            self.go_to(found[0])
            return None
        if TenantsPane.NAME.startswith(name.casefold()):
            return f"{plain(self.collection)} is not multi-tenant: it has no tenants"
        return f"no pane {name!r}; there are {', '.join(self.pane_names)}"

    def offer_pane(self) -> Iterable[str]:
        """The panes."""
        return self.pane_names

    def action_zoom(self) -> None:
        """One pane alone, or again all that fit."""
        self._zoomed = not self._zoomed
        self.show_page()
        self.tell_crumbs()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """States are of tenants."""
        if action == "next_state" and self.pane is not self.tenants:
            return False
        return super().check_action(action, parameters)

    def action_next_state(self) -> None:
        """Tenants of one state, then of the next; in the end all."""
        if self.pane is not self.tenants:
            self.status.flash("tenants have states; tab goes to the next pane", 3.0)
            return
        self.tenants.next_state()
        self.tell_crumbs()

    def action_refresh_now(self) -> None:
        """Ask everything at once; the tenants too, while somebody looks at them."""
        super().action_refresh_now()
        if self.tenants.display:
            self.tenants.ask()

    def action_clear(self) -> None:
        """Clear what the list hides, then the zoom; else back."""
        found = self.the_list
        if found is not None and found.clear():
            self.tell_crumbs()
        elif self._zoomed:
            self.action_zoom()
        else:
            super().action_clear()


def _is_pane(widget: object) -> bool:
    return isinstance(widget, Pane)
