"""Data moves; the cursor, the view and the reader's order do not."""

from __future__ import annotations

import asyncio

from elysiadash.tui.widgets.table import (
    Cursor,
    VirtualTable,
)
from tests.tui.table.app import (
    TableApp,
    Thing,
    rows_of,
    screen_lines,
    settled,
    things,
)


async def test_the_cursor_s_row_keeps_its_line_when_rows_come_above_it() -> None:
    app = TableApp(things(100, first=100))
    async with app.run_test(size=(60, 11)) as pilot:
        await pilot.press("pagedown", "pagedown", "k", "k", "k")
        await settled(pilot)
        before = screen_lines(app)
        app.table.set_rows([*things(50), *things(100, first=100)])
        await settled(pilot)
        assert rows_of(screen_lines(app)) == rows_of(before)
        app.table.set_rows(things(100, first=100))
        await settled(pilot)
        assert rows_of(screen_lines(app)) == rows_of(before)


async def test_an_untouched_table_stays_at_the_top() -> None:
    app = TableApp(things(100, first=100))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        app.table.set_rows([*things(50), *things(100, first=100)])
        await settled(pilot)
        assert "thing-000" in screen_lines(app)[1]
        assert app.table.cursor == Cursor("thing-100", 50)


async def test_a_scrolled_view_stays_on_its_rows() -> None:
    app = TableApp(things(100, first=100))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        app.table.scroll_to(y=40, animate=False)
        await settled(pilot)
        before = screen_lines(app)
        app.table.set_rows([*things(50), *things(100, first=100)])
        await settled(pilot)
        assert rows_of(screen_lines(app)) == rows_of(before)


async def test_a_gone_row_is_said_and_nothing_can_be_done_to_it() -> None:
    rows = things(50)
    app = TableApp(rows)
    async with app.run_test(size=(60, 11)) as pilot:
        await pilot.press("j", "j")
        app.table.set_rows([row for row in rows if row.name != "thing-002"])
        await settled(pilot)
        assert app.table.current() is None
        assert "thing-002 is gone" in screen_lines(app)[-1]
        assert "▸" not in "".join(screen_lines(app))
        assert app.heard(VirtualTable.RowHighlighted)[-1].key is None
        assert app.heard(VirtualTable.StatusChanged)[-1].status.cursor.lost == "gone"
        await pilot.press("enter", "space")
        await settled(pilot)
        assert app.selected() == []
        assert app.table.status.marked == 0
        await pilot.press("j")
        await settled(pilot)
        assert app.table.cursor.key == "thing-003"
        assert "gone" not in screen_lines(app)[-1]


async def test_a_filtered_row_is_said_to_be_hidden() -> None:
    app = TableApp(things(50))
    async with app.run_test(size=(60, 11)) as pilot:
        await pilot.press("j", "j")
        app.table.set_filter(lambda thing: (thing.size or 0) > 10)
        await settled(pilot)
        assert "thing-002 is hidden by the filter" in screen_lines(app)[-1]
        app.table.set_filter(None)
        await settled(pilot)
        assert app.table.cursor.key == "thing-002"
        assert "▸ thing-002" in "".join(screen_lines(app))


async def test_before_the_user_chose_a_row_a_filter_starts_at_its_first() -> None:
    app = TableApp(things(50))
    async with app.run_test(size=(60, 11)) as pilot:
        await settled(pilot)
        app.table.set_filter(lambda thing: (thing.size or 0) > 10)
        await settled(pilot)
        assert app.table.cursor.key == "thing-011"


async def test_the_last_row_can_be_seen_beside_the_note() -> None:
    rows = things(50)
    app = TableApp(rows)
    async with app.run_test(size=(60, 11)) as pilot:
        await pilot.press("j")
        app.table.set_rows([row for row in rows if row.name != "thing-001"])
        await settled(pilot)
        app.table.scroll_end(animate=False)
        await settled(pilot)
        assert "thing-049" in screen_lines(app)[-2]
        assert "gone" in screen_lines(app)[-1]


async def test_problems() -> None:
    rows = [Thing("a"), Thing("b", bad=True), Thing("c")]
    app = TableApp(rows)
    async with app.run_test(size=(60, 11)) as pilot:
        assert app.table.problems == {"b"}
        app.table.show_problems_only(True)
        await settled(pilot)
        assert list(app.table.model.shown) == ["b"]
        status = app.table.status
        assert (status.shown, status.total, status.problems) == (1, 3, 1)
        assert status.filtered
        assert status.problems_only


def sized(*sizes: int) -> list[Thing]:
    return [Thing(name, size) for name, size in zip("abc", sizes, strict=False)]


async def test_frozen_rows_change_values_but_not_places() -> None:
    app = TableApp(sized(3, 2, 1))
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.sort_by("size")
        app.table.frozen = True
        app.table.set_rows([*sized(1, 20, 300), Thing("d", 4000)])
        await settled(pilot)
        lines = screen_lines(app)[1:5]
        assert [line.split()[-3:] for line in lines] == [
            ["a", "1", "-"],
            ["b", "20", "-"],
            ["c", "300", "-"],
            ["d", "4000", "-"],
        ]
        assert app.table.status.frozen
        app.table.frozen = False
        await settled(pilot)
        assert list(app.table.model.shown) == ["d", "c", "b", "a"]
        assert "d" in screen_lines(app)[1]


async def test_choosing_a_sort_reorders_frozen_rows_once() -> None:
    app = TableApp(sized(3, 2, 1))
    async with app.run_test(size=(60, 8)) as pilot:
        await settled(pilot)
        app.table.frozen = True
        app.table.sort_by("size", descending=False)
        assert list(app.table.model.shown) == ["c", "b", "a"]
        app.table.set_rows(sized(0, 1, 2))
        assert list(app.table.model.shown) == ["c", "b", "a"]


async def test_rows_hold_still_for_a_moment_after_a_move() -> None:
    app = TableApp(sized(3, 2, 1))
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.sort_by("size")
        await pilot.press("j")
        app.clock.now = 2.9
        app.table.set_rows(sized(1, 2, 3))
        assert list(app.table.model.shown) == ["a", "b", "c"]
        app.clock.now = 3.0
        app.table.set_rows(sized(1, 2, 3))
        assert list(app.table.model.shown) == ["c", "b", "a"]


async def test_rows_may_be_given_before_there_is_a_screen() -> None:
    app = TableApp()
    app.table.set_rows(things(3))
    app.table.sort_by("size")
    app.table.move_to_key("thing-001")
    rows = app.table.current()
    assert rows is not None
    assert rows.name == "thing-001"
    app._first = things(3)
    async with app.run_test(size=(60, 8)) as pilot:
        await settled(pilot)
        assert "▸ thing-001" in screen_lines(app)[2]
        assert [said.key for said in app.heard(VirtualTable.RowHighlighted)] == ["thing-001"]


async def test_floods_shrink_to_the_newest_message_of_one_table() -> None:
    table, other = TableApp().table, TableApp().table
    old, new = (VirtualTable.RowHighlighted(table, key) for key in "ab")
    assert old.can_replace(new)
    assert not old.can_replace(VirtualTable.RowHighlighted(other, "b"))
    assert not old.can_replace(VirtualTable.StatusChanged(table, table.status))
    assert not VirtualTable.RowSelected(table, "a").can_replace(
        VirtualTable.RowSelected(table, "b")
    )


async def test_seek_brings_the_found_row_into_sight() -> None:
    app = TableApp(things(100))
    async with app.run_test(size=(60, 8)) as pilot:
        assert app.table.seek(lambda thing: thing.name.endswith("77"))
        await settled(pilot)
        assert "▸ thing-077" in "".join(screen_lines(app))
        assert not app.table.seek(lambda thing: thing.name == "no such thing")


async def test_a_large_load_is_sorted_beside_the_loop_and_the_newest_wins() -> None:
    app = TableApp()
    async with app.run_test(size=(60, 8)) as pilot:
        app.table.sort_by("size")
        older = asyncio.create_task(app.table.load(things(5000)))
        await asyncio.sleep(0)
        newer = asyncio.create_task(app.table.load(things(3000)))
        await asyncio.gather(older, newer)
        assert app.table.status.total == 3000
        assert app.table.model.shown[0] == "thing-2999"
        late = asyncio.create_task(app.table.load(things(4000)))
        await asyncio.sleep(0)
        app.table.set_rows(things(2))
        await late
        assert app.table.status.total == 2
        await settled(pilot)
