"""Only what changed is painted, and nothing a server says breaks a line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.cells import cell_len
from textual.strip import Strip

from elysiadash.tui.widgets.table import (
    Cell,
    Column,
    GlyphSet,
    VirtualTable,
)
from tests.tui.table.app import (
    TableApp,
    Thing,
    columns,
    screen_lines,
    settled,
    spark_column,
    things,
)


@contextmanager
def painted_lines(table: VirtualTable[Thing]) -> Iterator[list[int]]:
    """The lines of the table painted meanwhile."""
    painted: list[int] = []
    paint = table.render_line

    def counting(y: int) -> Strip:
        painted.append(y)
        return paint(y)

    table.render_line = counting  # type: ignore[method-assign]
    try:
        yield painted
    finally:
        del table.render_line


async def test_shows_header_rows_and_cursor() -> None:
    app = TableApp(things(3))
    async with app.run_test(size=(40, 6)) as pilot:
        await settled(pilot)
        lines = [line.rstrip() for line in screen_lines(app)]
        assert lines[:4] == [
            "  Name            Size  Note",
            "▸ thing-000          0  -",
            "  thing-001          1  -",
            "  thing-002          2  -",
        ]


async def test_one_changed_row_paints_one_line() -> None:
    rows = things(100)
    app = TableApp(rows)
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot)
        with painted_lines(app.table) as painted:
            rows[7] = rows[7]._replace(size=77)
            app.table.set_rows(list(rows))
            await settled(pilot)
        assert painted == [8]
        assert " 77 " in screen_lines(app)[8]


async def test_unchanged_and_unseen_rows_paint_nothing() -> None:
    rows = things(100)
    app = TableApp(rows)
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot)
        with painted_lines(app.table) as painted:
            rows[50] = rows[50]._replace(size=7)
            app.table.set_rows([Thing(*row) for row in rows])
            await settled(pilot)
        assert painted == []


async def test_moving_the_cursor_paints_two_lines() -> None:
    app = TableApp(things(100))
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot)
        with painted_lines(app.table) as painted:
            await pilot.press("j")
            await settled(pilot)
        assert sorted(painted) == [1, 2]


async def test_only_visible_rows_are_formatted() -> None:
    asked: list[str] = []

    def render(thing: Thing) -> Cell:
        asked.append(thing.name)
        return Cell(thing.name)

    app = TableApp(things(5000), [Column("name", "Name", render, 12)])
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot)
        assert 0 < len(set(asked)) <= 20


async def test_values_that_depend_on_more_than_the_row_are_formatted_again() -> None:
    words = ["old"]
    app = TableApp(things(3), [Column("a", "A", lambda _: Cell(words[0]), 5)])
    async with app.run_test(size=(20, 5)) as pilot:
        words[0] = "new"
        app.table.refresh_values()
        await settled(pilot)
        assert "new" in screen_lines(app)[2]


NASTY = [
    "tenant[/x]",
    "[red]",
    "[/]",
    "[@click=app.quit]",
    "שלום",
    "مرحبا",
    "👨‍👩‍👧‍👦",
    "⚠️",
    "日本語コレクション名前",
    "e\u0301e\u0301",
    "a\u202eb",
    "\x1b]0;x\x07",
    "two\nlines",
    "z\u200bz",
    "",
]


@pytest.mark.parametrize("glyphs", ["braille", "blocks", "ascii"])
async def test_no_name_breaks_the_columns(glyphs: GlyphSet) -> None:
    rows = [Thing(name, number, name) for number, name in enumerate(NASTY)]
    app = TableApp(rows, [*columns(), Column("end", "End", lambda _: Cell("END"), 3)])
    async with app.run_test(size=(50, 20)) as pilot:
        app.table.glyphs = glyphs
        await settled(pilot)
        lines = screen_lines(app)
        assert "tenant[/x]" in lines[1]
        assert "[red]" in lines[2]
        assert "שלום" in lines[5]
        for line in lines[1 : len(NASTY) + 1]:
            assert cell_len(line) == 50
            assert cell_len(line[: line.index("END")]) == 34
            assert line.isprintable() or "\u200e" in line


async def test_columns_widen_for_what_comes_into_sight_but_only_up_to_their_most() -> None:
    rows = [*things(30), Thing("a-name-of-25-characters-xx"), Thing("y" * 80)]
    shown = [Column[Thing]("name", "Name", lambda row: Cell(row.name), (4, 30)), columns()[1]]
    app = TableApp(rows, shown)
    async with app.run_test(size=(60, 10)) as pilot:
        await settled(pilot)
        narrow = screen_lines(app)[0].index("Size")
        await pilot.press("G")
        await settled(pilot)
        lines = screen_lines(app)
        assert lines[0].index("Size") > narrow
        assert any("y" * 29 + "…" in line for line in lines)
        assert any("a-name-of-25-characters-xx " in line for line in lines)


async def test_words_that_are_for_reading_take_the_room_that_is_left() -> None:
    reason = "n" * 70
    shown = [
        columns()[0],
        Column[Thing]("why", "Why", lambda row: Cell(row.note), (4, 20), priority=9, whole=True),
        Column[Thing]("last", "Last", lambda row: Cell("beside"), (6, 8)),
    ]
    for width, whole in ((100, True), (60, False)):
        app = TableApp([Thing("one", note=reason)], shown)
        async with app.run_test(size=(width, 6)) as pilot:
            await settled(pilot)
            line = screen_lines(app)[1]
            assert (reason in line) is whole
            assert "beside" in line
            assert len(line.split()[-2]) >= 20


async def test_numbers_are_left_out_rather_than_cut() -> None:
    shown = [
        columns()[0],
        Column[Thing]("size", "Size", lambda row: Cell(f"{row.size:,}"), (4, 16), "right"),
    ]
    app = TableApp([Thing("big", 1_234_567_890)], shown)
    async with app.run_test(size=(22, 5)) as pilot:
        await settled(pilot)
        assert "1" not in screen_lines(app)[1]
        assert screen_lines(app)[0].startswith("›Name")
        await pilot.resize_terminal(32, 5)
        await settled(pilot)
        assert "1,234,567,890" in screen_lines(app)[1]


async def test_sparks_show_gaps() -> None:
    app = TableApp([Thing("a", 10)], [columns()[0], spark_column()])
    async with app.run_test(size=(30, 4)) as pilot:
        app.table.glyphs = "blocks"
        await settled(pilot)
        assert "▁ █" in screen_lines(app)[1]


async def test_states_differ_without_colour() -> None:
    names = ("ok", "warning", "critical", "unknown")
    shown = [Column[Thing](name, name, lambda _, n=name: Cell("x", n), 4) for name in names]  # type: ignore[misc]
    app = TableApp([Thing("a"), Thing("b")], shown)
    async with app.run_test(size=(60, 5)) as pilot:
        await settled(pilot)
        styles = [segment.style for segment in app.table.render_line(2) if "x" in segment.text]
        looks = {(style.bold, style.underline, style.italic) for style in styles if style}
        colours = {style.color for style in styles if style}
        assert len(looks) == len(colours) == 4


async def test_stale_rows_are_dimmed_and_the_header_is_not() -> None:
    app = TableApp(things(2))
    async with app.run_test(size=(40, 5)) as pilot:
        app.table.stale = True
        await settled(pilot)
        row, header = app.table.render_line(2), app.table.render_line(0)
        assert all(segment.style and segment.style.dim for segment in row)
        assert not any(segment.style and segment.style.dim for segment in header)


async def test_a_theme_s_health_colours_win() -> None:
    app = TableApp([Thing("a", bad=True), Thing("b", bad=True)])
    async with app.run_test(size=(40, 5)) as pilot:
        await settled(pilot)

        def colour() -> object:
            (style,) = {piece.style for piece in app.table.render_line(2) if "0" in piece.text}
            assert style is not None
            assert style.color is not None
            return style.color.get_truecolor().hex

        own = colour()
        app.theme_variables["health-crit"] = "#123456"
        app.table.notify_style_update()
        assert colour() == "#123456" != own


async def test_an_empty_table_says_what_its_owner_says() -> None:
    app = TableApp()
    async with app.run_test(size=(20, 6)) as pilot:
        await settled(pilot)
        text = " ".join(line.strip() for line in screen_lines(app)[1:]).strip()
        assert text == "No things yet: make one with :new"
        app.table.set_empty("[/x] none")
        await settled(pilot)
        assert "[/x] none" in screen_lines(app)[1]
        await pilot.press("j", "k", "G", "space", "enter", "pagedown", "l")
        assert app.selected() == []


async def test_a_filter_that_leaves_nothing_is_said() -> None:
    app = TableApp(things(3))
    async with app.run_test(size=(60, 6)) as pilot:
        app.table.set_filter(lambda _: False)
        await settled(pilot)
        assert "0 of 3 shown: no row passes the filter" in screen_lines(app)[1]


@pytest.mark.parametrize("count", [0, 1, 3, 200])
async def test_no_size_breaks_it(count: int) -> None:
    app = TableApp(things(count))
    sizes = [(300, 80), (80, 24), (40, 10), (10, 2), (5, 2), (1, 1), (2, 1), (60, 15), (100, 3)]
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("G")
        for width, height in sizes:
            await pilot.resize_terminal(width, height)
            await settled(pilot)
            lines = screen_lines(app)
            assert len(lines) == height
            assert {cell_len(line) for line in lines} == {width}
            await pilot.press("k", "l", "j", "space", "space")
            if count and height >= 2 and width >= 10:
                assert "▸" in "".join(screen_lines(app))


async def test_nothing_lies_under_the_scroll_bar() -> None:
    app = TableApp(things(100))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        assert app.table.show_vertical_scrollbar
        assert app.table.sight().width == 59
        app.table.set_rows(things(3))
        await settled(pilot)
        assert app.table.sight().width == 60


async def test_the_cursor_stays_in_sight_when_the_terminal_shrinks() -> None:
    app = TableApp(things(100))
    async with app.run_test(size=(60, 40)) as pilot:
        for _ in range(30):
            await pilot.press("j")
        await pilot.resize_terminal(60, 8)
        await settled(pilot)
        assert "▸ thing-030" in "".join(screen_lines(app))
