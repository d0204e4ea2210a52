"""The Stats screen: keys, filter, sort, freeze, and a cursor that stays on its thing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from html import unescape
from typing import Any

import msgspec
import pytest
from textual.events import Key
from textual.keys import _character_to_key
from textual.pilot import Pilot

from elysiadash.cluster.series import Series
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import CollectionStats
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.row_health import Assessment
from elysiadash.tui.screens.help import HelpScreen
from elysiadash.tui.widgets.table import Cell, SparkCell
from tests.tui.happenings import incident
from tests.tui.reading import (
    crumbs,
    detail,
    fault,
    header,
    names,
    notice,
    rows,
    settled,
    shown,
    stats,
    status,
    summary,
)
from tests.tui.still import NODES, StillWatch, five_rows, still_cluster, three_nodes


async def test_a_row_says_what_is_known_and_how_well() -> None:
    async with shown(still_cluster(), size=(220, 20)) as (app, _):
        lines = {line.lstrip("▸ ").split()[0]: line for line in rows(stats(app).table)[1:]}
        assert "~120,403,112" in lines["Documents"]
        assert "+812" in lines["Documents"]
        assert "4.12 / 18.3 ms" in lines["Documents"]
        assert "9–14" in lines["Documents"]
        assert "212 GB" in lines["Documents"]
        assert "≥812,004" in lines["Customers"]
        assert "<10 ms" in lines["Customers"]
        assert "−12.2" in lines["Customers"]
        assert "640/1,204" in lines["Customers"]
        assert "0/6" in lines["Events"]
        assert " 1,204 " in lines["Glossary"]
        assert "~1,204" not in lines["Glossary"]


async def test_a_missing_value_says_why() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("j", "j", "j")
        assert stats(app).table.cursor.key == "Events"
        assert "none of its shards answered" in status(app)
        assert "no metrics: set metrics in the profile" in status(app)
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)


async def test_rates_of_some_nodes_are_lower_bounds() -> None:
    row = msgspec.structs.replace(five_rows()[0], metrics_nodes=1, live_nodes=3)
    async with shown(answered(row), size=(220, 12)) as (app, _):
        line = rows(stats(app).table)[1]
        assert "≥212 " in line
        assert "≥812 " in line
        assert "the metrics of 1 of 3 nodes only" in status(app)


async def test_a_dead_nodes_share_is_missed_and_an_unknown_size_has_no_sign() -> None:
    row = msgspec.structs.replace(
        five_rows()[0], metrics_nodes=2, live_nodes=2, expected_nodes=3, lsm_partial=True
    )
    async with shown(answered(row), size=(220, 12)) as (app, _):
        line = rows(stats(app).table)[1]
        assert "≥212 GB" in line
        assert "the metrics of 2 of 3 nodes only" in status(app)
    unknown = msgspec.structs.replace(row, lsm_bytes=None, queries_per_s=None)
    async with shown(answered(unknown), size=(220, 12)) as (app, _):
        assert "≥–" not in rows(stats(app).table)[1]


async def test_a_queue_without_some_shards_is_a_lower_bound() -> None:
    row = msgspec.structs.replace(
        five_rows()[0], objects=None, vector_queue=0, shards=12, shards_answered=8
    )
    async with shown(answered(row), size=(220, 12)) as (app, _):
        assert "≥0 " in rows(stats(app).table)[1]
    whole = msgspec.structs.replace(row, shards_answered=12)
    async with shown(answered(whole), size=(220, 12)) as (app, _):
        assert "≥" not in rows(stats(app).table)[1]


async def test_filter_while_typing_and_escape_goes_back() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("slash", "d", "o", "c")
        assert names(app) == ["Documents"]
        assert "filter: /doc  1/5" in crumbs(app)
        await pilot.press("escape")
        assert len(names(app)) == 5
        await pilot.press("slash", "d", "o", "c", "enter")
        assert stats(app).table.has_focus
        assert names(app) == ["Documents"]
        await pilot.press("escape")
        assert len(names(app)) == 5


async def test_a_filter_that_cannot_be_read_is_shown_and_changes_nothing() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("slash", "d", "o", "c", "[")
        assert "not a regular expression" in (fault(app) or "")
        assert names(app) == ["Documents"]
        await pilot.press("enter")
        assert fault(app) is not None
        await pilot.press("backspace")
        assert fault(app) is None


async def test_a_title_is_a_field_and_an_error_can_be_read_at_100_columns() -> None:
    async with shown(still_cluster(), size=(100, 20)) as (app, pilot):
        for line in ("lsm size:>300GB", "lsm:>300GB", "size:>300GB"):
            assert await stats(app).run_command(f"filter {line}") is None
            assert names(app) == ["Chunks"]
        await pilot.press("escape", "slash", *"lsn:>1g")
        await settled(pilot)
        painted = unescape(app.export_screenshot()).replace("\xa0", " ")
        assert "no field 'lsn'; did you mean size?" in painted
        await pilot.press("escape", "slash", "[")
        await settled(pilot)
        painted = unescape(app.export_screenshot()).replace("\xa0", " ")
        assert "'[' is not a regular expression: unterminated character set" in painted


async def test_a_filter_survives_new_data() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await pilot.press("slash", *"queue:>10k", "enter")
        assert names(app) == ["Chunks"]
        changed = [msgspec.structs.replace(row, vector_queue=20_000) for row in five_rows()[:2]]
        watch.give(changed)
        await notice(app, pilot)
        assert names(app) == ["Chunks", "Documents"]


async def test_keys_of_one_burst_go_into_the_line_that_the_first_one_opens() -> None:
    async with shown(still_cluster()) as (app, pilot):
        burst(app, "/objects:>1e8\r")
        await settled(pilot)
        assert stats(app) is app.screen
        assert names(app) == ["Documents"]
        assert "filter: /objects:>1e8  1/5" in crumbs(app)
        burst(app, ":sort objects\r")
        await settled(pilot)
        assert "sort: Objects ↓" in crumbs(app)


async def test_the_second_command_of_one_burst_is_a_command_of_its_own() -> None:
    async with shown(still_cluster()) as (app, pilot):
        burst(app, ":sort objects\r:filter !chunks\r")
        await settled(pilot)
        assert "sort: Objects ↓" in crumbs(app)
        assert "filter: /!chunks" in crumbs(app)
        burst(app, ":reverse\r:collection Documents\r")
        await settled(pilot)
        assert "Stats › Documents" in crumbs(app)
        burst(app, ":back\r:refresh\r:sort queue\r")
        await settled(pilot)
        assert stats(app) is app.screen
        assert "sort: Queue" in crumbs(app)
        burst(app, "/doc\r:problems\r")
        await settled(pilot)
        assert fault(app) is None
        assert "doc  1/5    problems only" in crumbs(app)


async def test_a_command_of_one_burst_behind_a_wrong_one_runs_all_the_same() -> None:
    async with shown(still_cluster()) as (app, pilot):
        burst(app, ":nonsense\r:sort objects\r")
        await settled(pilot)
        assert "sort: Objects ↓" in crumbs(app)
        assert "no command 'nonsense'" in status(app)
        # Typed by hand, a line with a fault goes on.
        await pilot.press("colon", *"nonsense", "enter")
        await pilot.pause()
        await pilot.press("colon")
        assert "no command 'nonsense'" in (fault(app) or "")


async def test_an_unusable_filter_is_said_and_never_applied() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("slash", *"doc", "enter", "slash", *["backspace"] * 3, *"foo:")
        assert "no field 'foo'" in (fault(app) or "")
        await pilot.press("enter")
        assert "no field 'foo'" in (fault(app) or "")
        assert names(app) == ["Documents"]
        assert "filter: /doc  1/5" in crumbs(app)


async def test_tenants_of_a_collection_that_has_none_are_not_missing() -> None:
    async with shown(still_cluster(), size=(220, 20)) as (app, _):
        column = stats(app).table.model.columns["tenants"]
        cells = {row.collection: column.render(row) for row in five_rows()}
        assert cells["Documents"] == Cell("", "unknown")
        assert cells["Customers"] == Cell("4,000")
        assert "multi-tenant" not in status(app)


async def test_reasons_name_no_option_of_a_command() -> None:
    why = "needs two readings of the metrics, one interval apart (stats --rates, --watch)"
    row = msgspec.structs.replace(five_rows()[4], not_exposed={"queries_per_s": why})
    async with shown(answered(row)) as (app, _):
        assert "one interval apart" in status(app)
        assert "stats --" not in status(app)


async def test_help_goes_to_its_ends() -> None:
    async with shown(still_cluster(), size=(80, 20)) as (app, pilot):
        await pilot.press("question_mark")
        await settled(pilot)
        sheet = app.screen.query_one("#sheet")
        await pilot.press("G")
        assert sheet.scroll_y == sheet.max_scroll_y > 0
        await pilot.press("g")
        assert sheet.scroll_y == 0


async def test_a_small_pane_says_what_is_filtered_held_and_open() -> None:
    async with shown(still_cluster(), size=(40, 10)) as (app, pilot):
        await pilot.press("slash", *"doc", "enter")
        assert "filter: /doc  1/5" in summary(app)
        await pilot.press("F")
        assert "frozen 0 s" in summary(app)
        await pilot.press("enter")
        await settled(pilot)
        assert detail(app) is app.screen
        assert "Documents" in summary(app)


@pytest.mark.parametrize("size", [(60, 18), (100, 30), (200, 50)])
async def test_a_dead_node_is_named_at_every_size(size: tuple[int, int]) -> None:
    watch = still_cluster()
    watch.view = three_nodes(missing=NODES[2])
    async with shown(watch, size=size, demo=True) as (app, _):
        assert "2/3" in header(app)
        assert "weaviate-2" in header(app)


async def test_sort_by_letter_and_the_other_way_round() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("o", "o")
        assert names(app)[:3] == ["Documents", "Chunks", "Customers"]
        assert names(app)[-1] == "Events"
        assert "sort: Objects ↓" in crumbs(app)
        await pilot.press("O")
        assert names(app) == ["Glossary", "Customers", "Chunks", "Documents", "Events"]
        await pilot.press("o", "escape")
        assert "sort: Objects ↑" in crumbs(app)


async def test_keys_that_come_faster_than_screens_go_do_no_harm() -> None:
    async with shown(still_cluster()) as (app, pilot):
        for opened in ("o", "question_mark", "enter"):
            await pilot.press(opened)
            await settled(pilot)
            top = app.screen
            for _ in range(3):
                app.post_message(Key("escape", None))
                top.post_message(Key("x", "x"))
            await settled(pilot)
            assert stats(app) is app.screen


async def test_every_column_has_a_letter_of_its_own() -> None:
    async with shown(still_cluster(), size=(240, 20)) as (app, pilot):
        columns = stats(app).table.model.columns.values()
        sortable = {column.key for column in columns if column.sort_key is not None}
        letters = {column.letter: column.key for column in columns if column.letter}
        assert set(letters.values()) == sortable
        for letter, column in letters.items():
            await pilot.press("o", letter)
            sort = stats(app).table.sort
            assert sort is not None
            assert sort.column == column


async def test_the_cursor_stays_on_its_collection() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await pilot.press("j", "k")
        table = stats(app).table
        assert table.cursor.key == "Documents"
        watch.give([CollectionStats(collection="Aaa"), *five_rows()])
        await notice(app, pilot)
        assert table.cursor.key == "Documents"
        watch.give([row for row in five_rows() if row.collection != "Documents"])
        await notice(app, pilot)
        assert table.cursor.lost == "gone"
        await pilot.press("enter")
        assert stats(app) is app.screen


async def test_only_problems() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("exclamation_mark")
        assert names(app) == ["Documents"]
        assert "problems only  1/5" in crumbs(app)
        await pilot.press("escape")
        assert len(names(app)) == 5


async def test_frozen_rows_hold_still_and_jump_to_now() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await pilot.press("F")
        watch.clock.now += 14
        watch.give(five_rows()[:2])
        await notice(app, pilot)
        assert len(names(app)) == 5
        assert "frozen 14 s" in crumbs(app)
        await pilot.press("F")
        await settled(pilot)
        assert names(app) == ["Chunks", "Documents"]
        assert "frozen" not in crumbs(app)


async def test_back_restores_cursor_sort_and_filter() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("o", "o", "slash", *"objects:>1", "enter", "j", "enter")
        await settled(pilot)
        assert "Stats › Chunks" in crumbs(app)
        assert detail(app) is app.screen
        await pilot.press("q")
        await settled(pilot)
        assert stats(app).table.cursor.key == "Chunks"
        assert names(app) == ["Documents", "Chunks", "Customers", "Glossary"]
        assert "filter: /objects:>1" in crumbs(app)


@pytest.mark.parametrize("again", ["q", "ctrl+c"])
async def test_leaving_needs_two_presses(again: str) -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await pilot.press(again)
        assert f"press {again} again" in status(app)
        watch.clock.now += 5
        await pilot.press(again)
        assert app.is_running
        await pilot.press(again)
        await pilot.pause()
        assert app.return_code == 0
    assert watch.closed


async def test_a_typed_command_leaves_at_once() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("colon", "q", "enter")
        await pilot.pause()
        assert app.return_code == 0


async def test_commands_sort_filter_open_and_say_what_is_wrong() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("colon", *"sort qps", "enter")
        assert names(app)[0] == "Documents"
        await pilot.press("colon", *"filter !chunks", "enter")
        assert "Chunks" not in names(app)
        await pilot.press("colon", *"nonsense", "enter")
        assert "no command 'nonsense'" in (fault(app) or "")
        await pilot.press("escape")
        await pilot.press("colon", *"sort nonsense", "enter")
        assert "no column 'nonsense'" in (fault(app) or "")
        await pilot.press("escape")
        await pilot.press("colon", *"collection Docs", "enter")
        await settled(pilot)
        assert "Stats › Documents" in crumbs(app)


async def test_refresh_asks_now() -> None:
    watch = still_cluster()
    async with shown(watch) as (_, pilot):
        await pilot.press("r")
        assert watch.refreshes == 1


async def test_letters_are_letters_while_typing() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await pilot.press("slash", "r", "F", "1", "q")
        assert watch.refreshes == 0
        assert "frozen" not in crumbs(app)
        assert "filter: /rF1q" in crumbs(app)


async def test_help_is_made_of_the_bindings() -> None:
    async with shown(still_cluster()) as (app, pilot):
        wanted = {
            found.binding.tooltip
            for found in app.screen.active_bindings.values()
            if found.binding.id
        }
        await pilot.press("question_mark")
        from textual.widgets import Static

        text = str(app.screen.query_one("#sheet Static", Static).content)
        assert {tip for tip in wanted if tip and tip not in text} == set()
        assert "not a multi-tenant collection" not in text
        await pilot.press("escape")
        assert stats(app).table.has_focus


async def test_names_are_never_markup_and_cannot_turn_the_line_around() -> None:
    bad = ["[/x]", "[bold red]x", "日本語テナント", "\u202egnp.exe", "a\nb\tc\x1b[2J", "👩‍👩‍👧‍👦"]
    watch = StillWatch(
        [CollectionStats(collection=name, not_exposed={"objects": name}) for name in bad]
    )
    watch.answer()
    async with shown(watch, size=(100, 20)) as (app, pilot):
        text = "\n".join(rows(stats(app).table))
        assert "[/x]" in text
        assert "[bold red]x" in text
        assert "\u202e" not in text
        assert "\x1b" not in text
        for _ in bad:
            await pilot.press("enter")
            await settled(pilot)
            await pilot.press("question_mark", "escape", "q", "j")
            await settled(pilot)
        assert "prod-eu" in header(app)


def burst(app: ElysiadashApp, text: str) -> None:
    """All keys at once, as a terminal hands on what is pasted."""
    for character in text:
        key = "enter" if character == "\r" else _character_to_key(character)
        app.post_message(Key(key, character))


def answered(*given: CollectionStats) -> StillWatch:
    watch = StillWatch(given)
    watch.answer()
    return watch


class Reaching(StillWatch):
    """A watch whose past reaches further back than its session."""

    def __init__(self, rows: Iterable[CollectionStats]) -> None:
        super().__init__(rows)
        self.asked: list[tuple[str, float]] = []
        self.under_way = self.most_under_way = 0

    async def series(self, metric: str, collection: str, seconds: float, steps: int) -> Series:
        assert metric == "objects_per_s"
        self.asked.append((collection, seconds))
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(0.01)
        self.under_way -= 1
        now = self.clock()
        # It reaches halfway back.
        values = tuple(None if place < steps / 2 else 1.0 + place for place in range(steps))
        return Series(start=now - seconds, end=now, values=values, source="recording")


def reaching(many: int = 60) -> Reaching:
    watch = Reaching(CollectionStats(collection=f"C{number:03}") for number in range(many))
    names_of_all = {f"C{number:03}": 1.0 for number in range(many)}
    for step in range(50):
        watch.history.append(watch.clock() - 15.0 * (49 - step), {"objects_per_s": names_of_all})
    watch.answer()
    return watch


def trend(app: ElysiadashApp, collection: str) -> tuple[float | None, ...]:
    table = stats(app).table
    row = table.row(collection)
    assert row is not None
    column = table.model.columns["trend"]
    cell = column.render(row)
    return cell.values if isinstance(cell, SparkCell) else ()


async def test_the_small_charts_of_a_long_window_are_read_from_the_past() -> None:
    watch = reaching()
    async with shown(watch, size=(160, 20)) as (app, pilot):
        # Ten minutes are in the session's memory.
        assert watch.asked == []
        assert set(trend(app, "C000")) == {1.0}
        app.use_window(86_400.0)
        await settled(pilot)
        await until_asked(watch, pilot, "C000")
        found = trend(app, "C000")
        assert found[:10] == (None,) * 10
        assert found[10:] == tuple(1.0 + place for place in range(10, 20))
        # Only what is in sight, a few at a time, and once.
        assert 0 < len(watch.asked) <= 20
        assert watch.most_under_way <= 2
        assert "C059" not in dict(watch.asked)
        before = list(watch.asked)
        for _ in range(5):
            watch.clock.now += 4
            await notice(app, pilot)
        await settled(pilot)
        assert watch.asked == before
        # What comes into sight is asked for; so is all when it is old, and for another window.
        stats(app).table.action_last()
        await notice(app, pilot)
        await until_asked(watch, pilot, "C059")
        watch.clock.now += 400
        watch.asked.clear()
        await notice(app, pilot)
        await until_asked(watch, pilot, "C059")
        watch.asked.clear()
        app.use_window(7 * 86_400.0)
        await settled(pilot)
        await until_asked(watch, pilot, "C059")
        assert {seconds for _, seconds in watch.asked} == {7 * 86_400.0}


async def until_asked(watch: Reaching, pilot: Pilot[Any], collection: str) -> None:
    async with asyncio.timeout(10):
        while collection not in dict(watch.asked) or watch.under_way:
            await pilot.pause(0.02)
    await settled(pilot)


async def test_small_charts_of_a_held_screen_end_where_it_is_held() -> None:
    watch = reaching(3)
    async with shown(watch, size=(160, 20)) as (app, pilot):
        await pilot.press("F")
        await settled(pilot)
        assert stats(app).frozen_at is not None
        watch.clock.now += 86_400.0
        app.use_window(86_400.0)
        await settled(pilot)
        await until_asked(watch, pilot, "C000")
        # Twice the time in twice the steps: the older half is what is shown.
        assert dict(watch.asked)["C000"] == 2 * 86_400.0
        assert trend(app, "C000") == ()


async def test_a_wide_screen_has_the_reason_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "✖ RES-501 " + ", ".join(f"shard{number:02}" for number in range(10)) + " READONLY"
    monkeypatch.setattr(Assessment, "judge", lambda self, row: (words, "critical"))
    async with shown(still_cluster(), size=(300, 12)) as (app, _):
        assert words in rows(stats(app).table)[1]
    async with shown(still_cluster(), size=(200, 12)) as (app, _):
        assert words not in rows(stats(app).table)[1]


async def test_what_is_worst_comes_first_and_equal_ones_by_name() -> None:
    watch = incident()
    async with shown(watch) as (app, pilot):
        assert names(app) == ["Documents", "Chunks", "Customers", "Events", "Glossary"]
        assert stats(app).table.cursor.key == "Documents"
        assert "sort: Health ↓" in crumbs(app)
        # A chosen order is kept, whatever is found.
        await stats(app).run_command("sort Collection")
        await notice(app, pilot)
        assert names(app) == ["Chunks", "Customers", "Documents", "Events", "Glossary"]


async def test_a_cursor_that_nobody_moved_stays_on_the_worst_whatever_is_found_later() -> None:
    watch = still_cluster()
    troubled = watch.store.get(Kind.VERBOSE).value
    watch.answer()
    async with shown(watch) as (app, pilot):
        assert stats(app).table.cursor.key == "Chunks"
        watch.clock.now += 5
        watch.answer(troubled)
        await notice(app, pilot)
        assert (stats(app).table.cursor.key, stats(app).table.cursor.place) == ("Documents", 0)
        await pilot.press("j", "j")
        moved_to = stats(app).table.cursor.key
        watch.clock.now += 60
        watch.answer()
        await notice(app, pilot)
        assert stats(app).table.cursor.key == moved_to != "Documents"


async def test_what_becomes_worse_comes_up_only_once_the_freeze_is_left() -> None:
    watch = still_cluster()
    troubled = watch.store.get(Kind.VERBOSE).value
    watch.answer()
    async with shown(watch) as (app, pilot):
        assert names(app) == ["Chunks", "Customers", "Documents", "Events", "Glossary"]
        await pilot.press("F")
        watch.clock.now += 60
        watch.answer(troubled)
        await notice(app, pilot)
        assert names(app)[0] == "Chunks"
        await pilot.press("F")
        await notice(app, pilot)
        assert names(app)[0] == "Documents"
        assert stats(app).table.cursor.key == "Chunks"
