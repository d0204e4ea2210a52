"""The detail of a collection: panes, what each costs, freezing, and coming back to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from elysiadash.cluster.charted import PARTIAL_OF, frame_of
from elysiadash.cluster.history import History
from elysiadash.cluster.series import Series
from elysiadash.cluster.shards import ShardReport, report_shards
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import APPROXIMATE, PARTIAL, CollectionStats
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.row_health import Assessment
from elysiadash.tui.screens.collection import CollectionScreen
from elysiadash.tui.screens.collection.rooms import page_of
from elysiadash.tui.widgets.chart import Chart
from elysiadash.weaviate.models import Node, Nodes, ShardReplica
from tests.tui.detailed import detailed_cluster
from tests.tui.reading import crumbs, detail, fault, notice, rows, settled, shown, stats, status
from tests.tui.still import (
    NODES,
    START,
    Pace,
    StillPoller,
    StillWatch,
    five_rows,
    lost,
    still_cluster,
    three_nodes,
)

FIVE = ("shards", "charts", "numbers", "settings", "tenants")


@asynccontextmanager
async def opened(
    watch: StillWatch, name: str = "Documents", size: tuple[int, int] = (200, 50)
) -> AsyncIterator[tuple[ElysiadashApp, Pilot[None], CollectionScreen]]:
    """The detail of a collection, after its first pull."""
    async with shown(watch, size=size) as (app, pilot):
        await app.go(f"collection {name}")
        await settled(pilot)
        yield app, pilot, detail(app)


async def command(pilot: Pilot[None], line: str) -> None:
    """Type a command."""
    await pilot.press("colon", *("space" if sign == " " else sign for sign in line), "enter")
    await settled(pilot)


async def pressed(pilot: Pilot[None], *keys: str) -> None:
    """Press keys, and wait for what they pull."""
    await pilot.press(*keys)
    await settled(pilot)


def seen(screen: CollectionScreen) -> list[str]:
    """The panes that are on the screen."""
    return [pane.NAME for pane in screen.seen]


def on_first_node(shards: list[ShardReplica]) -> ShardReport:
    """All nodes answer, and the first one has all the shards."""
    nodes = [Node(name=name, shards=shards if name == NODES[0] else []) for name in NODES]
    return report_shards(Nodes(nodes=nodes))


# Rooms


@pytest.mark.parametrize(
    ("pane", "size", "panes"),
    [
        ("shards", (60, 14), ("shards",)),
        ("charts", (100, 26), ("shards", "charts")),
        ("settings", (100, 26), ("numbers", "settings")),
        ("tenants", (100, 26), ("tenants",)),
        ("settings", (200, 46), ("shards", "charts", "numbers", "settings")),
        ("tenants", (200, 46), ("tenants",)),
        ("charts", (200, 14), ("shards", "charts")),
    ],
)
def test_the_room_decides_which_panes_are_seen(
    pane: str, size: tuple[int, int], panes: tuple[str, ...]
) -> None:
    page = page_of(pane, FIVE, *size)
    assert page.panes == panes
    assert page.columns * page.rows == len(panes)


async def test_tab_goes_through_all_panes_and_back() -> None:
    async with opened(detailed_cluster(), "Customers", (100, 30)) as (_, pilot, screen):
        gone_through = []
        for _ in range(5):
            gone_through.append((screen.pane.NAME, seen(screen)))
            assert screen.focused is not None
            assert screen.pane in screen.focused.ancestors_with_self
            await pressed(pilot, "tab")
        assert [name for name, _ in gone_through] == list(FIVE)
        assert gone_through[1][1] == ["shards", "charts"]
        assert gone_through[2][1] == ["numbers", "settings"]
        assert screen.pane.NAME == "shards"
        await pressed(pilot, "shift+tab")
        assert screen.pane.NAME == "tenants"


async def test_the_pane_with_the_keys_is_marked_by_a_sign() -> None:
    async with opened(detailed_cluster()) as (_, pilot, screen):
        assert screen.shards.title.text.startswith("━▶ Shards ━")
        assert screen.charts.title.text.startswith("── Charts ─")
        await pressed(pilot, "tab")
        assert screen.shards.title.text.startswith("── Shards ─")
        assert screen.charts.title.text.startswith("━▶ Charts ━")


async def test_a_click_gives_the_keys_to_a_pane() -> None:
    async with opened(detailed_cluster()) as (_, pilot, screen):
        await pilot.click(screen.settings.table, offset=(5, 5))
        await settled(pilot)
        assert screen.pane is screen.settings
        assert screen.settings.title.text.startswith("━▶")


async def test_zoom_shows_one_pane_and_tab_the_next_one() -> None:
    async with opened(detailed_cluster()) as (app, pilot, screen):
        await pressed(pilot, "f")
        assert seen(screen) == ["shards"]
        assert screen.shards.table.size.width > 190
        assert "zoomed" in crumbs(app)
        await pressed(pilot, "tab")
        assert seen(screen) == ["charts"]
        await pressed(pilot, "escape")
        assert seen(screen) == ["shards", "charts", "numbers", "settings"]
        assert screen.pane.NAME == "charts"


async def test_a_command_goes_to_a_pane() -> None:
    async with opened(detailed_cluster(), size=(60, 18)) as (app, pilot, screen):
        await command(pilot, "pane set")
        assert seen(screen) == ["settings"]
        await pilot.press("colon", *"pane", "space", *"tenants", "enter")
        await pilot.pause()
        assert fault(app) == "Documents is not multi-tenant: it has no tenants"
        assert list(screen.offer_pane()) == ["shards", "charts", "numbers", "settings"]


async def test_another_size_shows_other_panes() -> None:
    async with opened(detailed_cluster()) as (_, pilot, screen):
        await pressed(pilot, "tab", "tab")
        await pilot.resize_terminal(60, 18)
        await settled(pilot)
        assert seen(screen) == ["numbers"]
        await pilot.resize_terminal(200, 50)
        await settled(pilot)
        assert len(seen(screen)) == 4


async def test_nothing_is_said_to_be_missing_before_it_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = detailed_cluster()
    async with shown(watch, (200, 50)) as (app, pilot):
        go_on = asyncio.Event()
        look_over = app.look_over

        async def late() -> Assessment:
            await go_on.wait()
            return await look_over()

        monkeypatch.setattr(app, "look_over", late)
        await app.go("collection Documents")
        await pilot.pause()
        screen = detail(app)
        assert "Stats › Documents" in crumbs(app)
        for pane in screen.seen:
            assert pane.title.text.rstrip("━─ ").endswith("reading…")
        assert "reading…" in rows(screen.shards.table)[-1]
        drawn = "".join(run[0] for line in screen.charts.seen[0][1]._lines for run in line)
        assert "reading…" in drawn
        go_on.set()
        await settled(pilot)
        assert "12 shards" in screen.shards.title.text
        assert "reading" not in screen.charts.title.text


# What a pane costs


async def test_only_panes_that_are_seen_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, asked = detailed_cluster(), []
    series = watch.series

    async def counted(metric: str, *rest: Any) -> Series:
        # Why a chart has gaps is asked besides.
        if metric not in PARTIAL_OF.values():
            asked.append(metric)
        return await series(metric, *rest)

    monkeypatch.setattr(watch, "series", counted)
    async with opened(watch, "Documents", (60, 18)) as (app, pilot, screen):
        await notice(app, pilot)
        assert asked == []
        assert screen.settings.table.status.total == 0
        await pressed(pilot, "tab")
        assert asked == ["objects_per_s", "imports_per_s", "queries_per_s"]
        await notice(app, pilot)
        assert len(asked) == 3
        watch.clock.now += 40
        await notice(app, pilot)
        assert len(asked) == 6
        await pressed(pilot, "G")
        assert asked[6:] == [
            "query_ms_p50",
            "query_ms_p95",
            "vector_queue",
            "objects",
        ]


async def test_charts_are_not_drawn_again_when_nothing_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = detailed_cluster()
    async with opened(watch) as (app, pilot, screen):
        drawn: list[object] = []
        monkeypatch.setattr(Chart, "refresh", lambda self, *regions: drawn.append(regions))
        screen.charts._asked = ()
        await notice(app, pilot)
        assert drawn == []
        watch.history.append(watch.clock.now + 15, {"queries_per_s": {"Documents": 90.0}})
        watch.clock.now += 15
        await notice(app, pilot)
        assert drawn != []


async def test_tenants_are_asked_once_and_only_when_looked_at() -> None:
    watch = detailed_cluster()
    async with opened(watch, "Customers") as (app, pilot, screen):
        await notice(app, pilot)
        await pressed(pilot, "tab", "tab")
        assert watch.tenant_questions == 0
        await command(pilot, "pane tenants")
        await waited_for_tenants(app, pilot)
        assert watch.tenant_questions == 1
        title = screen.tenants.title.text
        assert "40 tenants · 20 COLD, 10 FROZEN, 10 HOT · 0 s old, r asks anew" in title
        watch.clock.now += 75
        await notice(app, pilot)
        await pressed(pilot, "tab", "shift+tab")
        assert watch.tenant_questions == 1
        assert "1m15s old" in screen.tenants.title.text
        await pressed(pilot, "r")
        await waited_for_tenants(app, pilot)
        assert watch.tenant_questions == 2
        assert "0 s old" in screen.tenants.title.text
        assert watch.refreshes == 1


async def waited_for_tenants(app: ElysiadashApp, pilot: Pilot[None]) -> None:
    """Until the question for the tenants is answered and shown."""
    asking = [worker for worker in app.workers if worker.group == "tenants"]
    if asking:
        await app.workers.wait_for_complete(asking)
    await settled(pilot)


# The panes


async def test_the_grid_shows_every_replica() -> None:
    async with opened(detailed_cluster()) as (app, pilot, screen):
        await pressed(pilot, "f")
        lines = {line.split()[0].lstrip("▸"): line for line in rows(screen.shards.table)}
        assert all(node in lines["Shard↑"] for node in NODES)
        assert "weaviate-2 −34, 1 more" in lines["shard03"]
        assert "~10,033,575 −17" in lines["shard03"]
        assert "READONLY ~10 M" in lines["shard05"]
        assert "3,612" in lines["shard07"]
        assert "not loaded" in lines["shard09"]
        assert "·" in lines["shard11"]
        await pressed(pilot, "j")
        assert "shard01: weaviate-0 READY, 10,033,592 objects flushed" in status(app)


async def test_counts_of_replicas_are_said_to_be_of_flushed_objects() -> None:
    watch = detailed_cluster()
    shards = [
        ShardReplica("Documents", name, count, "READY")
        for name, count in (("a", 1), ("empty", 0), ("some", 308))
    ]
    watch.answer(on_first_node(shards))
    for size in ((140, 40), (60, 18)):
        async with opened(watch, size=size) as (_, _, screen):
            lines = {line.split()[0].lstrip("▸"): line for line in rows(screen.shards.table)}
            assert " ~0 " in lines["empty"]
            assert " ~308 " in lines["some"]
            assert ("flushed objects" in screen.shards.title.text) == (size[0] == 140)


async def test_a_narrow_grid_still_says_states_and_what_is_behind() -> None:
    async with opened(detailed_cluster(), size=(60, 18)) as (_, _, screen):
        lines = {line.split()[0].lstrip("▸"): line for line in rows(screen.shards.table)}
        assert " −34 " in lines["shard03"]
        assert "READONLY" in lines["shard05"]
        assert "unloaded" in lines["shard09"]
        assert "~10 M" in lines["shard01"]


async def test_a_dead_node_keeps_its_column_and_the_reader_their_row() -> None:
    watch = detailed_cluster()
    async with opened(watch, size=(150, 18)) as (app, pilot, screen):
        await command(pilot, "filter shard")
        await pressed(pilot, "j", "j", "space")
        watch.view = three_nodes(missing=NODES[2])
        await notice(app, pilot)
        table = screen.shards.table
        assert "weaviate-2 ✖ missing" in rows(table)[0]
        assert table.cursor.key == "shard02"
        assert table.has_focus
        assert table.marked.shown == ("shard02",)
        assert table.status.filtered
        assert "no answer" in next(line for line in rows(table) if "shard11" in line)


async def test_without_shard_details_the_grid_says_why() -> None:
    watch = detailed_cluster()
    watch.store.forget(Kind.VERBOSE)
    watch.store.fail(Kind.VERBOSE, Problem("held", "shard details are not polled on 1.30.0"))
    async with opened(watch) as (_, _, screen):
        assert any("not polled on 1.30.0" in line for line in rows(screen.shards.table))


def drawn(chart: Chart) -> list[str]:
    """The lines of a chart."""
    return [chart.render_line(y).text for y in range(chart.size.height)]


async def test_charts_have_unit_figures_gap_and_source() -> None:
    async with opened(detailed_cluster()) as (_, pilot, screen):
        await pressed(pilot, "tab", "f")
        charts = {plan.key: drawn(chart) for plan, chart in screen.charts.seen}
        assert charts["queries"][0].startswith("Queries/s")
        assert "now 212  min 212  max 212" in charts["queries"][0]
        assert any(line.lstrip().startswith("0┤") for line in charts["queries"])
        bottom = charts["queries"][-2].partition("┤")[2]
        assert "  " in bottom.strip(), "what was not seen is not drawn"
        assert "this session" in charts["queries"][-1]
        assert "p50/p95 now 5/18 ms  min 4/18 ms  max 6/27 ms" in charts["latency"][0]
        assert any("no sample in this time" in line for line in charts["objects"])


async def test_a_partial_count_of_objects_is_a_gap_with_its_reason() -> None:
    watch = still_cluster()
    watch.history = History(720)
    row = next(row for row in five_rows() if row.collection == "Documents")
    whole = msgspec.structs.replace(
        row, objects=900, objects_are=APPROXIMATE, shards=3, shards_answered=3
    )
    part = msgspec.structs.replace(whole, objects=600, objects_are=PARTIAL, shards_answered=2)
    for step in range(40):
        at = START - 600 + 15 * (step + 1)
        watch.history.append(at, frame_of([part if 10 <= step < 30 else whole]))
    async with opened(watch) as (_, pilot, screen):
        await pressed(pilot, "tab", "f")
        objects = next(drawn(chart) for plan, chart in screen.charts.seen if plan.key == "objects")
    assert "now 900  min 900  max 900" in objects[0]
    assert "gaps: some shards did not answer" in objects[-1]
    assert "  " in objects[-2].partition("┤")[2].strip()


async def test_rates_and_a_queue_of_a_part_are_gaps_with_their_reason() -> None:
    watch = still_cluster()
    watch.history = History(720)
    row = next(row for row in five_rows() if row.collection == "Documents")
    whole = msgspec.structs.replace(
        row,
        queries_per_s=8.0,
        imports_per_s=8.0,
        vector_queue=8,
        shards=3,
        shards_answered=3,
        metrics_nodes=3,
        live_nodes=3,
        expected_nodes=3,
    )
    part = msgspec.structs.replace(
        whole,
        queries_per_s=5.0,
        imports_per_s=5.0,
        vector_queue=5,
        shards_answered=2,
        metrics_nodes=2,
        live_nodes=2,
    )
    for step in range(40):
        at = START - 600 + 15 * (step + 1)
        watch.history.append(at, frame_of([part if 10 <= step < 30 else whole]))
    async with opened(watch) as (_, pilot, screen):
        await pressed(pilot, "tab", "f")
        seen = {plan.key: drawn(chart) for plan, chart in screen.charts.seen}
    words = {"imports": "some nodes' metrics", "queries": "some nodes' metrics", "queue": "shards"}
    for key, why in words.items():
        assert "now 8" in seen[key][0]
        assert "min 8" in seen[key][0]
        assert "gaps: " in seen[key][-1]
        assert why in seen[key][-1]
        assert "  " in seen[key][-2].partition("┤")[2].strip()


async def test_where_every_count_was_partial_the_chart_says_so() -> None:
    row = next(row for row in five_rows() if row.collection == "Documents")
    part = msgspec.structs.replace(
        row, objects=600, objects_are=PARTIAL, shards=3, shards_answered=2
    )
    watch = still_cluster()
    watch.history = History(720)
    watch.history.append(START - 10, frame_of([part]))
    async with opened(watch) as (_, pilot, screen):
        await pressed(pilot, "tab", "f")
        objects = next(drawn(chart) for plan, chart in screen.charts.seen if plan.key == "objects")
    assert any("not charted" in line for line in objects)


async def test_a_chart_without_samples_says_which_setting_would_feed_it() -> None:
    async with opened(detailed_cluster(), "Events") as (_, pilot, screen):
        await pressed(pilot, "tab", "f")
        queries = next(drawn(chart) for plan, chart in screen.charts.seen if plan.key == "queries")
        assert any("PROMETHEUS_MONITORING_ENABLED" in line for line in queries)


async def test_the_time_window_moves_the_charts() -> None:
    async with opened(detailed_cluster(), size=(60, 18)) as (_, pilot, screen):
        await pressed(pilot, "tab")
        assert "last 10 min" in screen.charts.title.text
        await pressed(pilot, "t")
        assert "last 1 h" in screen.charts.title.text
        face = screen.charts.seen[0][1].face
        assert face.end - face.start == 3600


async def test_a_narrow_pane_reaches_every_chart() -> None:
    async with opened(detailed_cluster(), size=(60, 18)) as (_, pilot, screen):
        await pressed(pilot, "tab")
        found = {plan.key for plan, _ in screen.charts.seen}
        assert "1–3 of 6" in screen.charts.title.text
        await pressed(pilot, "pagedown")
        assert "4–6 of 6" in screen.charts.title.text
        found |= {plan.key for plan, _ in screen.charts.seen}
        assert len(found) == 6
        assert all(chart.size.height >= Chart.LEAST_HEIGHT for _, chart in screen.charts.seen)


async def test_settings_come_from_the_schema() -> None:
    async with opened(detailed_cluster()) as (_, pilot, screen):
        await command(pilot, "pane settings")
        assert "GET /v1/schema, 0 s ago" in screen.settings.title.text
        await command(pilot, "filter efconstruction")
        assert any("128" in line for line in rows(screen.settings.table))
        assert "filter: /efconstruction  1/" in screen.settings.title.text


async def test_numbers_hold_findings_and_aliases() -> None:
    async with opened(detailed_cluster(), size=(100, 50)) as (_, pilot, screen):
        await command(pilot, "pane numbers")
        await pressed(pilot, "f")
        lines = rows(screen.numbers.table)
        assert "1 finding" in screen.numbers.title.text
        assert any("RES-501" in line for line in lines)
        assert any("stands for" in line and "Docs" in line for line in lines)


# Filter, order, problems


async def test_each_list_keeps_its_own_filter() -> None:
    async with opened(detailed_cluster(), "Customers") as (app, pilot, screen):
        await command(pilot, "pane tenants")
        await waited_for_tenants(app, pilot)
        await pressed(pilot, "slash", *"state:cold", "enter")
        assert screen.tenants.table.status.shown == 20
        await pressed(pilot, "tab")
        assert screen.shards.filter_text == ""
        await pressed(pilot, "shift+tab")
        assert screen.tenants.filter_text == "state:cold"
        await pressed(pilot, "slash", *"[", "escape")
        assert screen.tenants.filter_text == "state:cold"
        await pressed(pilot, "escape")
        assert screen.tenants.table.status.shown == 40


async def test_states_go_round() -> None:
    async with opened(detailed_cluster(), "Customers") as (app, pilot, screen):
        await command(pilot, "pane tenants")
        await waited_for_tenants(app, pilot)
        found = []
        for _ in range(4):
            await pressed(pilot, "s")
            found.append((screen.tenants.state, screen.tenants.table.status.shown))
        assert found == [("COLD", 20), ("FROZEN", 10), ("HOT", 10), (None, 40)]
        await pressed(pilot, "s", "slash", "1", "enter")
        assert "COLD only  7/40" in screen.tenants.title.text
        await pressed(pilot, "escape")
        assert (screen.tenants.filter_text, screen.tenants.state) == ("", "COLD")
        await pressed(pilot, "escape")
        assert screen.tenants.state is None


async def test_sort_and_problems_of_shards() -> None:
    async with opened(detailed_cluster()) as (_, pilot, screen):
        table = screen.shards.table
        await pressed(pilot, "exclamation_mark")
        assert list(table.model.shown) == ["shard05", "shard11"]
        assert "problems only  2/12" in screen.shards.title.text
        await pressed(pilot, "escape")
        await pressed(pilot, "o", "u")
        assert next(iter(table.model.shown)) == "shard07"
        await pressed(pilot, "O")
        assert list(table.model.shown)[-1] == "shard07"
        await command(pilot, "sort behind")
        assert next(iter(table.model.shown)) == "shard03"


async def test_keys_that_mean_nothing_to_a_pane_are_not_offered() -> None:
    async with opened(detailed_cluster(), "Customers") as (app, pilot, screen):
        offered = {each.binding.action for each in screen.active_bindings.values()}
        assert {"filter", "sort", "problems"} <= offered
        assert "next_state" not in offered
        await pressed(pilot, "tab")
        offered = {each.binding.action for each in screen.active_bindings.values()}
        assert offered.isdisjoint({"filter", "sort", "problems", "next_state"})
        screen.action_problems()
        assert "problems are of the pane shards" in status(app)


# Tenants that cannot be had


async def test_a_refused_list_says_why_and_asks_again_on_r() -> None:
    from elysiadash.weaviate.errors import Forbidden, NoAnswer, NotSupported, WeaviateError

    async def said(error: WeaviateError, leader: str = NODES[0]) -> str:
        watch = detailed_cluster()
        watch.tenants_refused = error
        watch.view = type(watch.view)(
            nodes=watch.view.nodes, expected=3, live=3, leader=leader, asked_at=watch.clock.now
        )
        async with opened(watch, "Customers") as (app, pilot, screen):
            await command(pilot, "pane tenants")
            await waited_for_tenants(app, pilot)
            words = rows(screen.tenants.table)[1]
            await notice(app, pilot)
            assert watch.tenant_questions == 1
            watch.tenants_refused = None
            await pressed(pilot, "r")
            await waited_for_tenants(app, pilot)
            assert screen.tenants.table.status.total == 40
            return words

    assert "lacks the permission read_tenants" in await said(Forbidden("403: forbidden"))
    recorded = "a recording holds how many tenants there were, not their names"
    assert recorded in await said(NotSupported(recorded))
    assert "has no leader" in await said(NoAnswer("no answer within 5 s"), leader="")
    assert "no answer within 5 s" in await said(NoAnswer("no answer within 5 s"))


async def test_an_old_list_stays_when_it_cannot_be_asked_anew() -> None:
    from elysiadash.weaviate.errors import Unreachable

    watch = detailed_cluster()
    async with opened(watch, "Customers") as (app, pilot, screen):
        await command(pilot, "pane tenants")
        await waited_for_tenants(app, pilot)
        watch.tenants_refused = Unreachable("no connection: Connection refused")
        watch.clock.now += 60
        await pressed(pilot, "r")
        await waited_for_tenants(app, pilot)
        assert screen.tenants.table.status.total == 40
        assert screen.tenants.table.stale
        assert "1m00s old: not answered again" in screen.tenants.title.text


# Freezing, going, coming back


async def test_freeze_holds_every_pane() -> None:
    watch = detailed_cluster()
    async with opened(watch) as (app, pilot, screen):
        await pressed(pilot, "F")
        face = screen.charts.seen[0][1].face
        numbers = rows(screen.numbers.table)
        watch.clock.now += 30
        watch.answer(on_first_node([ShardReplica(collection="Documents", name="new")]))
        await notice(app, pilot)
        assert "new" not in screen.shards.table.model.shown
        assert screen.charts.seen[0][1].face == face
        assert rows(screen.numbers.table) == numbers
        await pressed(pilot, "tab", "t")
        held = screen.charts.seen[0][1].face
        assert held.end <= screen.frozen_at  # type: ignore[operator]
        assert held.end - held.start == pytest.approx(3600)
        await pressed(pilot, "F")
        assert list(screen.shards.table.model.shown) == ["new"]


async def test_a_pane_that_was_not_seen_is_held_too() -> None:
    watch = detailed_cluster()
    async with opened(watch, size=(60, 18)) as (app, pilot, screen):
        await pressed(pilot, "tab", "F")
        watch.clock.now += 30
        watch.answer(report_shards(Nodes(nodes=[])))
        watch.give([])
        await pressed(pilot, "shift+tab")
        assert len(screen.shards.table.model.shown) == 12
        assert "not in the schema" not in crumbs(app)


async def test_tenants_asked_while_frozen_wait() -> None:
    watch = detailed_cluster()
    async with opened(watch, "Customers") as (app, pilot, screen):
        await command(pilot, "pane tenants")
        await waited_for_tenants(app, pilot)
        await pressed(pilot, "F")
        watch.tenants_of["Customers"] = watch.tenants_of["Customers"][:5]
        await pressed(pilot, "r")
        await waited_for_tenants(app, pilot)
        assert screen.tenants.table.status.total == 40
        await pressed(pilot, "F")
        assert screen.tenants.table.status.total == 5


async def test_a_deleted_collection_stays_on_screen_and_says_so() -> None:
    watch = detailed_cluster()
    async with opened(watch, "Glossary") as (app, pilot, screen):
        watch.give([row for row in five_rows() if row.collection != "Glossary"])
        await notice(app, pilot)
        watch.clock.now += 9
        await notice(app, pilot)
        assert "not in the schema any more, noticed 9 s ago" in crumbs(app)
        assert any("1,204" in line for line in rows(screen.numbers.table))
        assert screen.numbers.table.stale
        watch.give(five_rows())
        await notice(app, pilot)
        assert "not in the schema" not in crumbs(app)
        assert not screen.numbers.table.stale


async def test_a_lost_connection_dims_every_pane() -> None:
    watch = detailed_cluster()
    async with opened(watch) as (app, pilot, screen):
        watch.lose(lost())
        await notice(app, pilot)
        tables = (screen.shards.table, screen.numbers.table, screen.settings.table)
        assert all(table.stale for table in tables)
        assert all(chart.stale for _, chart in screen.charts.seen)


async def test_charts_whose_source_is_late_are_dimmed_and_no_others() -> None:
    watch = detailed_cluster()
    async with opened(watch) as (app, pilot, screen):
        watch.lose(lost(), [Kind.METRICS])
        await notice(app, pilot)
        stale = {plan.key for plan, chart in screen.charts.seen if chart.stale}
        assert stale == {"imports", "queries", "latency"}
        watch.lose(lost(), [Kind.VERBOSE])
        await notice(app, pilot)
        assert all(chart.stale for _, chart in screen.charts.seen)
        watch.answer()
        await notice(app, pilot)
        assert {plan.key for plan, chart in screen.charts.seen if chart.stale} <= stale


async def test_a_chart_has_no_more_steps_than_its_own_source_gives_samples() -> None:
    watch = detailed_cluster()
    watch.pollers[Kind.METRICS] = StillPoller(Pace(60.0))
    async with opened(watch) as (_, pilot, screen):
        await pressed(pilot, "tab", "f")
        steps = {plan.key: len(chart.face.traces[0].values) for plan, chart in screen.charts.seen}
        assert steps["queries"] == steps["latency"] == 8
        assert steps["growth"] == steps["objects"] == 32


async def test_a_name_that_is_no_collection_says_so() -> None:
    async with shown(detailed_cluster()) as (app, pilot):
        await command(pilot, "collection Nowhere")
        assert fault(app) == "there is no collection 'Nowhere'"
        await pressed(pilot, "escape")
        await app.go("collection Nowhere")
        await settled(pilot)
        assert "no such collection" in crumbs(app)


@pytest.mark.parametrize("name", ["[/x]", "日本語コレクション", "a]b[c", "Émile"])
async def test_names_of_all_kinds_have_a_detail(name: str) -> None:
    watch = detailed_cluster()
    watch.give([CollectionStats(collection=name, multi_tenant=True)])
    async with shown(watch, size=(100, 30)) as (app, pilot):
        assert await detail_of(app, pilot, name) is None
        assert name in crumbs(app)
        await command(pilot, "pane tenants")
        await waited_for_tenants(app, pilot)
        assert "this collection has no tenants" in rows(detail(app).tenants.table)[1]


async def detail_of(app: ElysiadashApp, pilot: Pilot[None], name: str) -> str | None:
    """Go there as a command does."""
    found = await stats(app).take_collection(name)
    await settled(pilot)
    return found


async def test_coming_back_finds_everything_as_it_was() -> None:
    watch = detailed_cluster()
    async with opened(watch, "Customers", (100, 30)) as (app, pilot, screen):
        await command(pilot, "filter shard")
        await command(pilot, "pane tenants")
        await waited_for_tenants(app, pilot)
        await pressed(pilot, "s", "slash", "1", "enter", "o", "t", "j", "j", "f")
        before = screen.tenants.table
        kept = (before.cursor.key, before.sort, tuple(before.model.shown))
        assert kept[0] == "tenant-0017"
        await pressed(pilot, "1")
        assert app.screen is not screen
        await pressed(pilot, "minus")
        await waited_for_tenants(app, pilot)
        again = detail(app)
        assert again is not screen
        assert (again.pane.NAME, seen(again)) == ("tenants", ["tenants"])
        assert (again.tenants.state, again.tenants.filter_text) == ("COLD", "1")
        table = again.tenants.table
        assert (table.cursor.key, table.sort, tuple(table.model.shown)) == kept
        assert again.shards.filter_text == "shard"


async def test_many_shards_and_tenants_are_listed_whole() -> None:
    watch = detailed_cluster(tenants=5000)
    replicas = [
        ShardReplica(collection="Customers", name=f"tenant-{number:04d}", object_count=number)
        for number in range(1000)
    ]
    watch.answer(on_first_node(replicas))
    async with opened(watch, "Customers", (100, 30)) as (app, pilot, screen):
        assert screen.shards.table.status.total == 1000
        await command(pilot, "pane tenants")
        await waited_for_tenants(app, pilot)
        table = screen.tenants.table
        assert table.status.total == 5000
        await pressed(pilot, "G")
        assert "tenant-4999" in rows(table)[-1]
        row = table.row("tenant-0017")
        assert row is not None
        assert row.objects == 17


async def test_hidden_screens_do_not_pull() -> None:
    watch = detailed_cluster()
    async with opened(watch) as (app, pilot, _):
        watch.give([CollectionStats(collection="Other")])
        await notice(app, pilot)
        await pressed(pilot, "q")
        assert list(stats(app).table.model.shown) == ["Other"]


async def test_a_pane_knows_its_screen_before_and_after_it_is_shown() -> None:
    async with opened(detailed_cluster()) as (app, pilot, screen):
        pane = screen.numbers
        assert pane.live is screen
        await pressed(pilot, "q")
        assert not pane.is_attached
        assert pane.live is screen
        # A tick that was due while the screen was left.
        pane.facts_changed(app.freshness())
        fresh = CollectionScreen("Documents")
        assert fresh.numbers.live is fresh
