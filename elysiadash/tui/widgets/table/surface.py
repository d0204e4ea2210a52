"""The painted side of the table: which lines are where, and only those that changed anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from textwrap import wrap
from typing import Any, ClassVar, Generic, NamedTuple

from rich.segment import Segment
from textual import events
from textual.cache import LRUCache
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from elysiadash.tui.widgets.table.cells import Column, Outline, RowT
from elysiadash.tui.widgets.table.changes import Changes
from elysiadash.tui.widgets.table.glyphs import GlyphSet
from elysiadash.tui.widgets.table.layout import Layout
from elysiadash.tui.widgets.table.lines import Line, TextLine, draw
from elysiadash.tui.widgets.table.model import TableModel
from elysiadash.tui.widgets.table.styles import COMPONENTS, LineStyles
from elysiadash.tui.widgets.table.succession import Succession
from elysiadash.tui.widgets.table.view import TableView

_STRIPS_KEPT = 400


class Anchor(NamedTuple):
    """A row that stays on its line of the screen while the rows around it change."""

    key: Hashable
    line: int


class Sight(NamedTuple):
    """The window on the rows: its size, its first row, and what is beside the rows."""

    width: int
    height: int
    top: int
    header: int
    note: str

    @property
    def body(self) -> int:
        """Lines that show rows."""
        return max(0, self.height - self.header - bool(self.note))

    def shows(self, place: int) -> bool:
        """Whether a row at that place is in the window."""
        return self.top <= place < self.top + self.body


class TableSurface(ScrollView, Generic[RowT]):
    """Paints a model. A fixed header, the rows, and a last line while the cursor is lost."""

    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENTS
    ALLOW_SELECT = False

    stale: reactive[bool] = reactive(False, repaint=False)
    """Paint the rows dimmed: they are the last good values."""

    glyphs: reactive[GlyphSet] = reactive[GlyphSet]("braille", repaint=False)
    """The signs that the terminal's font can show."""

    column_step: reactive[int] = reactive(0, repaint=False)
    """How far the columns are scrolled to the right."""

    def __init__(
        self,
        columns: Sequence[Column[RowT]],
        row_key: Callable[[RowT], Hashable],
        *,
        empty: str,
        is_problem: Callable[[RowT], bool] | None,
        outline: Callable[[RowT], Outline | None] | None,
        succession: Succession[RowT] | None,
        changes: Changes[RowT],
        **widget: Any,
    ) -> None:
        super().__init__(**widget)
        self.model: TableModel[RowT] = TableModel(columns, row_key, is_problem, succession)
        self.view: TableView[RowT] = TableView(self.model, outline, changes)
        self._empty = empty
        self._painted: dict[int, Line] = {}
        self._strips: LRUCache[Line, Strip] = LRUCache(_STRIPS_KEPT)
        self._strips_for: Layout | None = None
        self._styles = LineStyles(self)
        self._measured: tuple[int, int, int] | None = None
        self._before: Sight | None = None

    def on_mount(self) -> None:
        """Draw with the signs that the terminal can show, where the app knows them."""
        appearance = getattr(self.app, "appearance", None)
        if appearance is not None:
            self.glyphs = appearance.glyphs

    # Geometry

    def sight(self) -> Sight:
        """What of the table is in the window now."""
        width, height = self._room()
        return Sight(width, height, int(self.scroll_offset.y), int(height >= 2), self._note(height))

    def _room(self) -> Size:
        """The size without the scroll bar, which lies on the last cells."""
        width, height = self.size
        return Size(max(0, width - self.scrollbar_gutter.width), height)

    def place_at(self, y: int) -> int | None:
        """The place of the row painted on a line of the widget; None where there is none."""
        sight = self.sight()
        line = y - sight.header
        place = sight.top + line
        return place if 0 <= line < sight.body and place < len(self.model.shown) else None

    def column_at(self, x: int, y: int) -> str | None:
        """The column whose title is at that point."""
        sight = self.sight()
        if y != 0 or not sight.header:
            return None
        column = self._layout(sight).column_at(x)
        return None if column is None else self.view.columns[column].key

    def rows_in_sight(self) -> Sequence[Hashable]:
        """Keys of the rows in the window now."""
        sight = self.sight()
        return self.model.shown[sight.top : sight.top + max(0, sight.body)]

    def columns_in_sight(self) -> tuple[str, ...]:
        """Keys of the columns that have a place in the window now."""
        slots = self._layout(self.sight()).slots
        return tuple(self.view.columns[slot.column].key for slot in slots)

    def _layout(self, sight: Sight) -> Layout:
        if sight[:3] != self._measured:
            self._measured = sight[:3]
            self.view.measure(self.model.shown[sight.top : sight.top + sight.height])
        return self.view.layout(sight.width, self.column_step)

    # Staying in place

    def row_to_hold(self, cursor_leads: bool) -> Anchor | None:
        """The row that is to stay where it is on the screen; None stays at the top.

        That is the cursor's row where it is in sight and ``cursor_leads``, else the first row.
        """
        cursor, shown, sight = self.model.cursor, self.model.shown, self.sight()
        top = sight.top
        if cursor_leads and cursor.lost is None and sight.shows(cursor.place):
            return Anchor(cursor.key, cursor.place - top)
        return Anchor(shown[top], 0) if 0 < top < len(shown) else None

    def update_lines(self, anchor: Anchor | None) -> bool:
        """The rows, their order or their cells changed: scroll so that the anchor stays.

        Returns whether the anchor is still there.
        """
        self.view.forget_rows()
        self._measured = None
        self._resize_content()
        place = None if anchor is None else self.model.place_of(anchor.key)
        top = self.sight().top if anchor is None or place is None else place - anchor.line
        self._scroll_top(top)
        self.repaint_lines()
        return place is not None

    def show_cursor(self) -> None:
        """Scroll as little as needed to have the cursor's line in sight."""
        self._resize_content()
        place, sight = self.model.cursor.place, self.sight()
        height = max(1, sight.body)
        if place < sight.top:
            self._scroll_top(place)
        elif place >= sight.top + height:
            self._scroll_top(place - height + 1)
        self.repaint_lines()

    def _scroll_top(self, top: int) -> None:
        # Forced: whether there is a scroll bar is decided only after the next layout.
        top = max(0, min(top, int(self.max_scroll_y)))
        if self.is_attached and top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, force=True)

    def _resize_content(self) -> None:
        rows, sight = len(self.model.shown), self.sight()
        lines = rows + sight.header + bool(sight.note) if rows else 0
        if self.virtual_size.height != lines:
            self.virtual_size = Size(1, lines)

    # Painting

    def repaint_lines(self) -> None:
        """Ask for the lines that would look different from what was painted, and only those."""
        sight = self.sight()
        if not sight.width or not sight.height:
            return
        if self._layout(sight) != self._strips_for:
            self.refresh()
            return
        painted = self._painted.get
        changed = [y for y in range(sight.height) if painted(y) != self._line(y, sight)]
        if changed:
            self.refresh(*(Region(0, y, sight.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """One line of the widget."""
        sight = self.sight()
        layout = self._layout(sight)
        if layout != self._strips_for:
            self._strips.clear()
            self._strips_for = layout
        line = self._painted[y] = self._line(y, sight)
        strip = self._strips.get(line)
        if strip is None:
            strip = self._strips[line] = self._strip(line, layout)
        return strip

    def _strip(self, line: Line, layout: Layout) -> Strip:
        runs = draw(line, layout, self.view.glyphs)
        styles = self._styles
        segments = [Segment(run.text, styles.of(line, run, self.stale)) for run in runs]
        return Strip(segments, layout.width)

    def _line(self, y: int, sight: Sight) -> Line:
        if y == 0 and sight.header:
            return self.view.header()
        if sight.note and y == sight.height - 1:
            return TextLine(f" {sight.note}", "accent")
        line = y - sight.header
        if not self.model.shown:
            words = self._empty_lines(sight.width)
            return TextLine(f" {words[line]}", "muted") if line < len(words) else TextLine()
        return self.view.row(sight.top + line)

    def _note(self, height: int) -> str:
        """What is said of a cursor whose row is not shown, or that went to another by itself."""
        key, _, lost, followed = self.model.cursor
        if not self.model.shown or height < 3:
            return ""
        succession = self.model.succession
        if lost is None:
            return "" if followed is None else succession.followed(followed, key)
        hidden = f"{succession.name(key)} is hidden by the filter"
        what = succession.gone(key) if lost == "gone" else hidden
        return f"{what}; move to choose another row"

    def _empty_lines(self, width: int) -> list[str]:
        total = self.model.total
        text = f"0 of {total:,} shown: no row passes the filter" if total else self._empty
        return wrap(text, max(1, width - 2))

    # What Textual says

    def notify_style_update(self) -> None:
        """The theme, the style sheet or the focus changed."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """The bar comes only after the layout: what was scrolled before, it does not know."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y
        self.repaint_lines()

    def on_resize(self, event: events.Resize) -> None:
        """Keep the cursor in sight if it was, and the columns within their range."""
        self._resize_content()
        sight = self.sight()
        before, self._before = self._before, sight
        self.column_step = self._layout(sight).step
        if before is None or before._replace(top=sight.top).shows(self.model.cursor.place):
            self.show_cursor()
        else:
            self.repaint_lines()

    def validate_column_step(self, step: int) -> int:
        """As far as there are columns."""
        return self.view.layout(self._room().width, step).step

    def watch_column_step(self) -> None:
        """The columns moved."""
        self.repaint_lines()

    def watch_stale(self) -> None:
        """Paint all rows anew."""
        self._strips.clear()
        self.refresh()

    def watch_glyphs(self, glyphs: GlyphSet) -> None:
        """Draw with other signs."""
        self.view.use(glyphs)
        self._measured = None
        self._strips.clear()
        self.refresh()
