"""Keys and mouse."""

from __future__ import annotations

import pytest

from elysiadash.tui.widgets.table import (
    Outline,
    SortBy,
    VirtualTable,
)
from tests.tui.table.app import (
    TableApp,
    Thing,
    screen_lines,
    settled,
    things,
)


async def test_keys_move_the_cursor() -> None:
    app = TableApp(things(100))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        places = []
        keys = ["j", "down", "k", "up", "G", "g", "end", "home", "pagedown", "ctrl+f", "pageup"]
        for key in keys:
            await pilot.press(key)
            places.append(app.table.cursor.place)
        assert places == [1, 2, 1, 0, 99, 0, 99, 0, 10, 20, 10]
        assert "▸ thing-010" in "\n".join(screen_lines(app))
        highlighted = app.heard(VirtualTable.RowHighlighted)
        assert highlighted[-1].key == "thing-010"
        assert highlighted[-1].control is app.table


async def test_every_key_has_an_id() -> None:
    bindings = [binding for binding in VirtualTable.BINDINGS if not isinstance(binding, tuple)]
    ids = [binding.id for binding in bindings]
    assert len(bindings) == len(VirtualTable.BINDINGS)
    assert all(name and name.startswith("table.") for name in ids)
    assert len(set(ids)) == len(ids)
    keys = {key for binding in bindings for key in binding.key.split(",")}
    assert not keys & {"ctrl+a", "ctrl+b", "ctrl+d", "ctrl+h", "ctrl+j", "ctrl+k", "ctrl+l"}


async def test_enter_opens_and_space_marks() -> None:
    app = TableApp(things(5))
    async with app.run_test(size=(60, 11)) as pilot:
        await pilot.press("j", "enter", "space", "j", "space", "space")
        await settled(pilot)
        assert app.selected() == ["thing-001"]
        assert app.table.marked.shown == ("thing-001",)
        assert "●thing-001" in screen_lines(app)[2]
        assert app.heard(VirtualTable.StatusChanged)[-1].status.marked == 1
        app.table.clear_marks()
        await settled(pilot)
        assert "●" not in screen_lines(app)[2]


async def test_columns_scroll_with_the_first_one_frozen() -> None:
    app = TableApp(things(3))
    async with app.run_test(size=(24, 5)) as pilot:
        await settled(pilot)
        seen = []
        for key in ("l", "right", "right", "h", "left", "left"):
            await pilot.press(key)
            await settled(pilot)
            header = screen_lines(app)[0]
            assert "Name" in header
            seen.append(("Size" in header, "Note" in header))
        assert seen == [(False, True)] * 3 + [(True, False)] * 3


async def test_columns_are_the_owner_s_choice() -> None:
    app = TableApp(things(3))
    async with app.run_test(size=(60, 5)) as pilot:
        app.table.show_columns(["note", "name"])
        await settled(pilot)
        assert screen_lines(app)[0].split() == ["Note", "Name"]
        assert app.table.visible_columns == ("note", "name")
        app.table.sort_by("size")
        assert app.table.model.shown[0] == "thing-002"
        with pytest.raises(KeyError):
            app.table.show_columns(["missing"])


async def test_click_moves_and_a_click_on_the_cursor_opens() -> None:
    app = TableApp(things(50))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        await pilot.click(app.table, offset=(5, 3))
        assert app.table.cursor.key == "thing-002"
        assert app.selected() == []
        await pilot.click(app.table, offset=(9, 3))
        await settled(pilot)
        assert app.selected() == ["thing-002"]


async def test_a_double_click_opens_once() -> None:
    app = TableApp(things(50))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        await pilot.double_click(app.table, offset=(5, 3))
        await settled(pilot)
        assert app.selected() == ["thing-002"]
        await pilot.double_click(app.table, offset=(6, 3))
        await settled(pilot)
        assert app.selected() == ["thing-002"] * 2


async def test_a_click_on_a_title_sorts_and_again_reverses() -> None:
    app = TableApp(things(50))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        size = screen_lines(app)[0].index("Size")
        note = screen_lines(app)[0].index("Note")
        for expected in ("thing-049", "thing-000", "thing-049"):
            await pilot.click(app.table, offset=(size, 0))
            await settled(pilot)
            assert expected in screen_lines(app)[1]
        assert "↓Size" in screen_lines(app)[0]
        await pilot.click(app.table, offset=(note, 0))
        await settled(pilot)
        sorts = [message.sort for message in app.heard(VirtualTable.SortChanged)]
        assert sorts == [SortBy("size", True), SortBy("size", False), SortBy("size", True)]


async def test_clicks_beside_rows_do_nothing() -> None:
    app = TableApp(things(2))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        await pilot.click(app.table, offset=(5, 8))
        await pilot.click(app.table, offset=(5, 2), button=3)
        assert app.table.cursor.key == "thing-000"
        assert app.selected() == []


async def test_clicks_hit_the_row_under_them_when_scrolled() -> None:
    app = TableApp(things(50))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        app.table.scroll_to(y=20, animate=False)
        await settled(pilot)
        await pilot.click(app.table, offset=(5, 3))
        assert app.table.cursor.key == "thing-022"


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app = TableApp(things(50))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        before = screen_lines(app)[1]
        app.table._on_mouse_scroll_down(_wheel(app))
        await settled(pilot)
        assert screen_lines(app)[1] != before
        assert app.table.cursor.key == "thing-000"
        await pilot.press("j")
        await settled(pilot)
        assert "▸ thing-001" in screen_lines(app)[1]


def _wheel(app: TableApp):  # type: ignore[no-untyped-def]
    from textual.events import MouseScrollDown

    return MouseScrollDown(app.table, 5, 5, 0, 1, 0, False, False, False)


async def test_a_tree_row_asks_to_be_expanded_before_columns_scroll() -> None:
    opened: set[str] = set()

    def outline(thing: Thing) -> Outline:
        if thing.name.startswith("child"):
            return Outline(1)
        return Outline(0, expandable=True, expanded=thing.name in opened)

    app = TableApp([Thing("parent", 1), Thing("other", 2)], outline=outline)
    async with app.run_test(size=(60, 8)) as pilot:
        await settled(pilot)
        assert "▸ ▷ parent" in screen_lines(app)[1]
        await pilot.press("l")
        opened.add("parent")
        app.table.set_rows([Thing("parent", 1), Thing("child", 5), Thing("other", 2)])
        await settled(pilot)
        assert "▸ ▽ parent" in screen_lines(app)[1]
        assert "      child" in screen_lines(app)[2]
        await pilot.press("h")
        await settled(pilot)
        asked = [(said.key, said.expand) for said in app.heard(VirtualTable.ToggleRequested)]
        assert asked == [("parent", True), ("parent", False)]


async def test_a_reader_comes_back_to_the_same_place() -> None:
    app = TableApp(things(100))
    async with app.run_test(size=(60, 11)) as pilot:
        app.table.sort_by("size")
        await pilot.press("pagedown", "pagedown", "k")
        await settled(pilot)
        place, lines = app.table.leave(), screen_lines(app)
    again = TableApp()
    async with again.run_test(size=(60, 11)) as pilot:
        again.table.enter(place)
        await settled(pilot)
        assert again.table.current() is None
        again.table.set_rows(things(100))
        await settled(pilot)
        assert screen_lines(again) == lines
