"""The four main screens: each there, honest, with its own way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.view import ClusterView
from elysiadash.health.finding import Finding, Severity
from elysiadash.tui.actions import ACTIONS
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.finding_ages import FindingAges
from elysiadash.tui.health_list import health_rows
from elysiadash.tui.jobs_source import JobRooms
from elysiadash.tui.modes import MODES, PLACES
from elysiadash.tui.node_list import node_rows
from elysiadash.tui.screens.collection import CollectionScreen
from elysiadash.tui.screens.health import HealthScreen
from elysiadash.tui.screens.stats import StatsScreen
from elysiadash.tui.widgets.about import About
from elysiadash.tui.widgets.empty_note import EmptyNote
from elysiadash.tui.widgets.key_line import KeyLine
from elysiadash.weaviate.models import OperationStatus, ReplicationOperation
from tests.tui.happenings import incident
from tests.tui.reading import header, live, notice, rows, settled, shown, status, summary
from tests.tui.still import NODES, START, StillWatch, lost, still_cluster, three_nodes

KEYS = {"stats": "1", "health": "2", "migrate": "3", "optimize": "4"}


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def health(app: ElysiadashApp) -> HealthScreen:
    screen = app.screen
    assert isinstance(screen, HealthScreen)
    return screen


def note(app: ElysiadashApp) -> str:
    return str(app.screen.query_one(EmptyNote).visual)


@pytest.mark.parametrize("mode", MODES)
async def test_a_key_and_a_command_lead_to_each(mode: str) -> None:
    async with shown(still_cluster()) as (app, pilot):
        await press(pilot, KEYS[mode])
        assert live(app).link() == mode
        assert live(app).path() == [mode.capitalize()]
        assert "Help" in live(app).query_one(KeyLine).content.plain
        await press(pilot, "1")
        await pilot.press("colon", *mode, "enter")
        await settled(pilot)
        assert live(app).link() == mode


async def test_each_has_its_own_way_back() -> None:
    async with shown(incident()) as (app, pilot):
        await press(pilot, "enter")
        below = app.screen
        assert isinstance(below, CollectionScreen)
        await press(pilot, "2", "enter")
        assert live(app).link() == "node weaviate-2"
        await press(pilot, "3", "1")
        assert app.screen is below
        await press(pilot, "2")
        assert live(app).link() == "node weaviate-2"
        await press(pilot, "q")
        assert isinstance(app.screen, HealthScreen)
        await press(pilot, "1", "1")
        assert isinstance(app.screen, StatsScreen)


def test_every_place_that_the_registry_names_is_there() -> None:
    places = {"events", "nodes", "node", "collection"}
    commands = {action.command for action in ACTIONS if action.scope == "screen"}
    assert places <= set(PLACES)
    assert set(MODES) | places <= commands


async def test_health_has_the_worst_first_and_every_node() -> None:
    async with shown(incident()) as (app, pilot):
        await press(pilot, "2")
        lines = rows(health(app).table)
        assert "✖ critical  AVL-101  weaviate-2" in lines[1]
        assert all("● ok" in line for line in lines[-2:])
        assert [line.split()[2] for line in lines[-2:]] == ["weaviate-0", "weaviate-1"]
        about = health(app).query_one("#finding", About).words
        assert "Do    look at the node's process and log, and start it again" in about
        assert "not checked yet: disks" in status(app)
        await press(pilot, "exclamation_mark")
        assert all("● ok" not in line for line in rows(health(app).table))


async def test_the_cursor_goes_with_a_node_that_comes_back_and_that_is_no_bad_news() -> None:
    watch = incident()
    async with shown(watch) as (app, pilot):
        await press(pilot, "2", "k", "j", "home")
        table = health(app).table
        assert table.current().finding.code == "AVL-101"  # type: ignore[union-attr]
        watch.view = three_nodes()
        watch.clock.now += 60
        watch.answer()
        await notice(app, pilot)
        assert table.cursor.key == ("node", NODES[2])
        words = "AVL-101 of weaviate-2 is no longer found; the cursor is on weaviate-2 now"
        assert words in rows(table)[-1]
        assert "gone" not in "".join(rows(table))
        assert "weaviate-2  healthy" in health(app).query_one("#finding", About).words
        await press(pilot, "k")
        assert "no longer found" not in "".join(rows(table))


async def test_the_cursor_goes_with_a_node_that_is_lost_to_what_is_found_of_it() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await press(pilot, "2")
        table = health(app).table
        table.move_to_key(("node", NODES[2]))
        watch.view = three_nodes(missing=NODES[2])
        watch.clock.now += 60
        watch.answer()
        await notice(app, pilot)
        row = table.current()
        assert row is not None
        assert row.finding is not None
        assert (row.code, row.name) == ("AVL-101", NODES[2])
        assert any("▸" in line and "AVL-101" in line for line in rows(table))
        assert "weaviate-2 is" not in rows(table)[-1]


async def test_where_a_filter_hides_the_node_its_finding_is_said_to_be_found_no_more() -> None:
    watch = incident()
    async with shown(watch) as (app, pilot):
        await press(pilot, "2", "k", "j", "home", "slash", *"AVL|-0", "enter")
        watch.view = three_nodes()
        watch.clock.now += 60
        watch.answer()
        await notice(app, pilot)
        assert health(app).table.current() is None
        last = rows(health(app).table)[-1]
        assert "AVL-101 of weaviate-2 is no longer found; move to choose another row" in last


async def test_health_lists_a_node_beside_the_finding_of_its_shard() -> None:
    watch = still_cluster()
    finding = Finding(
        code="RES-501",
        severity=Severity.CRITICAL,
        node=NODES[1],
        collection="Documents",
        shard="shard05",
        message="m",
        impact="i",
        cause="c",
        action="a",
    )
    nodes = node_rows(watch, (finding,))
    found = health_rows((finding,), nodes, FindingAges(), watch.clock())
    assert [row.node.name for row in found if row.node is not None] == list(NODES)


async def test_health_of_a_silent_cluster_is_no_green_one() -> None:
    watch = StillWatch(view=ClusterView())
    watch.lose(lost())
    async with shown(watch) as (app, pilot):
        await press(pilot, "2")
        assert "✖ 1 alert" in header(app)
        lines = rows(health(app).table)
        assert "the cluster does not answer" in lines[1]
        assert all("● ok" not in line for line in lines)


async def test_nodes_of_the_last_run_are_unknown_until_somebody_answers() -> None:
    watch = StillWatch()
    async with shown(watch) as (app, pilot):
        await press(pilot, "2")
        lines = rows(health(app).table)
        assert len([line for line in lines if "? unknown" in line]) == 3
        watch.answer()
        await notice(app, pilot)
        lines = rows(health(app).table)
        assert len([line for line in lines if "● ok" in line]) == 3


async def test_the_header_counts_what_the_checks_found_wherever_one_is() -> None:
    watch = incident()
    async with shown(watch) as (app, pilot):
        found = app.findings
        bad = [f for f in found if f.severity in (Severity.WARNING, Severity.CRITICAL)]
        assert bad
        for key in ("1", "2", "3", "4", "0"):
            await press(pilot, key)
            assert f"✖ {len(bad)} alert" in header(app)


async def test_a_command_of_other_screens_is_not_called_unknown() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("4")
        await settled(pilot)
        assert await live(app).run_command("export x.svg") == (
            ":export means nothing on this screen; :help lists what does"
        )


async def test_migrate_says_what_runs_and_invents_no_job(tmp_path: Path) -> None:
    watch = still_cluster()
    async with shown(watch, job_rooms=JobRooms(tmp_path)) as (app, pilot):
        await press(pilot, "3")
        assert "No copies and no migrations" in note(app)
        assert "replica movements: not known" in note(app)
        moving = [
            ReplicationOperation(id=str(n), status=OperationStatus(state=state))
            for n, state in enumerate(("HYDRATING", "READY"))
        ]
        watch.store.put(Kind.OPERATIONS, moving, asked_at=START)
        await notice(app, pilot)
        assert "replica movements: 1 HYDRATING" in note(app)


async def test_optimize_counts_only_what_is_known() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await press(pilot, "4")
        assert "plans no optimizations yet" in note(app)
        assert "without compression: 1" in note(app)


@pytest.mark.parametrize("size", [(20, 3), (40, 3), (50, 8), (60, 15), (80, 24), (120, 12)])
@pytest.mark.parametrize("key", ["1", "2", "3", "0"])
async def test_no_pane_is_too_small_for_the_worst(size: tuple[int, int], key: str) -> None:
    async with shown(incident(), size) as (app, pilot):
        await press(pilot, key)
        small = size[0] < 60 or size[1] < 15
        said = summary(app) if small else header(app)
        assert "2/3" in said
        assert "✖" in said
        if size[1] == 3:
            assert said.count("\n") == 2
            assert "▲ weaviate-2 missing" in said.splitlines()[2]


def test_a_finding_is_as_old_as_it_was_seen_and_older_where_nobody_looked() -> None:
    def found(code: str, since: float | None = None) -> Finding:
        return Finding(
            code=code,
            severity=Severity.WARNING,
            since=since,
            message="",
            impact="",
            cause="",
            action="",
        )

    ages = FindingAges()
    ages.look([found("A")], 1000.0)
    ages.look([found("A"), found("B")], 1100.0)
    said = [ages.since(each) for each in (found("A"), found("B"), found("C"), found("B", 900.0))]
    assert [each.words(1160.0) if each else None for each in said] == [
        ">2m40s",
        "1m00s",
        None,
        "4m20s",
    ]
    ages.look([], 1200.0)
    ages.look([found("A")], 1300.0)
    again = ages.since(found("A"))
    assert again is not None
    assert again.words(1310.0) == "10 s"
