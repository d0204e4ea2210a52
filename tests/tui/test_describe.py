"""Sheets of one row: what they say, that they stay with it, and that the list holds meanwhile."""

from __future__ import annotations

import json

import msgspec
from msgspec.structs import replace

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import SOURCES
from elysiadash.health.finding import Finding, Severity
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.description import Entry, Section, lines_of
from elysiadash.tui.screens.row_sheet import Description, JsonSheet, RowSheet
from elysiadash.tui.stats_description import MEANINGS, describe
from elysiadash.tui.values import VALUES
from tests.tui.reading import notice as notice_live
from tests.tui.reading import settled, shown, stats
from tests.tui.still import five_rows, lost, still_cluster


def sheet(app: ElysiadashApp) -> RowSheet:
    assert isinstance(app.screen, RowSheet)
    return app.screen


def text(app: ElysiadashApp) -> str:
    return "\n".join(line.plain for line in sheet(app)._lines)


async def notice(app: ElysiadashApp, pilot) -> None:  # type: ignore[no-untyped-def]
    below = app.live_screen
    assert below is not None
    below.wake()
    await settled(pilot)


def test_every_value_has_a_meaning_and_a_source() -> None:
    assert {value.field for value in VALUES} == set(MEANINGS)
    assert set(MEANINGS) <= set(SOURCES)


async def test_description_says_meaning_source_age_and_why_not() -> None:
    watch = still_cluster()
    watch.clock.now += 12
    async with shown(watch) as (app, pilot):
        await pilot.press("j", "d")
        assert isinstance(app.screen, Description)
        said = text(app)
        assert "12,804" in said
        assert "from GET /v1/nodes?output=verbose shards[].vectorQueueLength, 12 s old" in said
        assert "missing: not known yet" in said
        assert "weaviate-cli get collection --collection Chunks" in said
        await pilot.press("escape")
        stats(app).table.move_to_key("Events")
        await pilot.press("d")
        assert "none of its shards answered" in text(app)
        assert "weaviate-2" in text(app)


def test_what_was_found_reads_as_sentences() -> None:
    watch = still_cluster()
    finding = Finding(
        code="AVL-105",
        severity=Severity.CRITICAL,
        node="node-2",
        collection="Chunks",
        shard="shard01",
        since=watch.clock() - 250,
        message="a replica is away",
        impact="reads find fewer copies",
        cause="c",
        action="bring node-2 back",
    )
    row = five_rows()[1]
    (entry,) = describe(watch, row, [finding], {})[0].entries
    assert entry.why == "do: bring node-2 back; shard shard01 on node-2, since 4m10s"
    (bare,) = describe(watch, row, [replace(finding, node=None, shard=None, since=None)], {})[
        0
    ].entries
    assert bare.why == "do: bring node-2 back"


async def test_description_of_late_data_says_why_it_is_late() -> None:
    watch = still_cluster()
    watch.lose(lost())
    async with shown(watch) as (app, pilot):
        await pilot.press("d")
        assert "not answered now: no connection: Connection refused" in text(app).replace(
            "\n    ", " "
        )


async def test_a_sheet_follows_its_row_and_outlives_it() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await pilot.press("y")
        assert isinstance(app.screen, JsonSheet)
        assert json.loads(app.screen.whole(app.screen._row))["collection"] == "Documents"
        rows = [msgspec.structs.replace(row, vector_queue=77) for row in five_rows()]
        watch.give(reversed(rows))
        await notice(app, pilot)
        assert '"vector_queue": 77' in text(app)
        assert "gone" not in app.screen.query_one("#title").content.plain  # type: ignore[attr-defined]
        watch.give(row for row in rows if row.collection != "Documents")
        await notice(app, pilot)
        assert '"collection": "Documents"' in text(app)
        assert "is gone" in app.screen.query_one("#title").content.plain  # type: ignore[attr-defined]


async def test_under_a_sheet_values_go_on_and_the_order_waits() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        screen = stats(app)
        screen.table.sort_by("vector_queue")
        before = list(screen.table.model.shown)
        watch.clock.now += 10
        await pilot.press("d")
        assert screen.table.covered
        rows = {row.collection: row for row in five_rows()}
        rows["Glossary"] = msgspec.structs.replace(rows["Glossary"], vector_queue=9_000_000)
        watch.give(rows.values())
        await notice(app, pilot)
        changed = screen.table.row("Glossary")
        assert changed is not None
        assert changed.vector_queue == 9_000_000
        assert list(screen.table.model.shown) == before
        watch.clock.now += 10
        await pilot.press("escape")
        await settled(pilot)
        assert screen.table.model.shown[0] == "Glossary"


async def test_a_frozen_list_stays_frozen_after_a_sheet() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        screen = stats(app)
        screen.table.sort_by("vector_queue")
        await pilot.press("F", "d")
        rows = [msgspec.structs.replace(row, vector_queue=5) for row in five_rows()]
        before = list(screen.table.model.shown)
        watch.give(rows)
        watch.clock.now += 10
        await pilot.press("escape")
        await notice_live(app, pilot)
        assert list(screen.table.model.shown) == before


async def test_search_in_a_sheet() -> None:
    async with shown(still_cluster(), size=(100, 24)) as (app, pilot):
        await pilot.press("y", "slash", *"QUEUE")
        says = sheet(app).query_one("#says")
        assert "no line" in says.content.plain  # type: ignore[attr-defined]
        await pilot.press(*["backspace"] * 5, *"null", "enter", "n")
        assert "/null: line 2 of" in says.content.plain  # type: ignore[attr-defined]
        await pilot.press("N", "N")
        found = sheet(app)._found
        assert f"line {len(found)} of {len(found)}" in says.content.plain  # type: ignore[attr-defined]
        await pilot.press("slash", "[")
        assert "not a regular expression" in sheet(app).query_one("#fault").content.plain  # type: ignore[attr-defined]
        await pilot.press("escape", "escape")
        assert stats(app).table.has_focus


async def test_sheet_keys_scroll() -> None:
    async with shown(still_cluster(), size=(80, 18)) as (app, pilot):
        await pilot.press("d")
        await settled(pilot)
        scroll = sheet(app).query_one("#text")
        places = []
        for key in ("j", "pagedown", "G", "k", "g"):
            await pilot.press(key)
            await pilot.pause()
            places.append(int(scroll.scroll_y))
        assert places[0] == 1
        assert places[1] > 5
        assert places[2] == int(scroll.max_scroll_y)
        assert places[3] == places[2] - 1
        assert places[4] == 0


async def test_no_row_no_sheet() -> None:
    async with shown(still_cluster()) as (app, pilot):
        stats(app).table.move_to_key("Nobody")
        await pilot.press("d")
        assert stats(app) is app.screen
        assert "no row under the cursor" in stats(app).status.content.plain


def test_lines_keep_within_the_width_and_are_never_markup() -> None:
    sections = [
        Section("[/x]", (Entry(what="[red]name[/red]", value="v" * 90, meaning="m " * 80),)),
    ]
    lines = lines_of(sections, 40)
    assert all(line.cell_length <= 40 for line in lines)
    assert lines[0].plain == "[/x]"
    assert "[red]name" in "".join(line.plain for line in lines)


async def test_a_sheet_is_asked_again_each_second_for_its_ages() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await pilot.press("d")
        watch.clock.now += 90
        app._tick()
        await pilot.pause()
        assert "1m30s old" in text(app)
        assert watch.store.get(Kind.SCHEMA).value is not None
