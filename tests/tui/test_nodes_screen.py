"""The nodes as a list and one by one, with deep links to a shard."""

from __future__ import annotations

import msgspec
import pytest
from textual.pilot import Pilot

from elysiadash.cluster.disks import NodeDisk
from elysiadash.cluster.shards import report_shards
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.usage import NO_DISK
from elysiadash.cluster.view import NodeSeen
from elysiadash.config.moments import local_moment
from elysiadash.config.profile import Prometheus
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.node_shards import find_shard, replica_rows, split_link
from elysiadash.tui.screens.collection import CollectionScreen
from elysiadash.tui.screens.node import NodeScreen
from elysiadash.tui.screens.nodes import NodesScreen
from elysiadash.tui.widgets.about import About
from elysiadash.tui.widgets.empty_note import EmptyNote
from elysiadash.weaviate.models import BatchStats, Node, Nodes, ShardReplica
from tests.tui.happenings import incident
from tests.tui.reading import crumbs, fault, header, live, notice, rows, settled, shown, status
from tests.tui.still import NODES, still_cluster, three_nodes
from tests.unit.cluster.test_usage import put_usage


async def typed(app: ElysiadashApp, pilot: Pilot[None], line: str) -> None:
    await pilot.press("colon")
    await pilot.press(*("space" if sign == " " else sign for sign in line), "enter")
    await settled(pilot)
    await settled(pilot)


async def node(app: ElysiadashApp, pilot: Pilot[None], name: str = "weaviate-1") -> NodeScreen:
    await typed(app, pilot, f"node {name}")
    screen = app.screen
    assert isinstance(screen, NodeScreen)
    return screen


async def test_the_worst_node_comes_first_with_its_state_in_a_word() -> None:
    async with shown(incident()) as (app, pilot):
        await typed(app, pilot, "nodes")
        screen = app.screen
        assert isinstance(screen, NodesScreen)
        lines = rows(screen.table)
        assert "weaviate-2" in lines[1]
        assert "✖ missing" in lines[1]
        assert "1m30s" in lines[1]
        assert "● healthy" in lines[2]
        assert "AVL-101" in status(app)
        await pilot.press("exclamation_mark")
        assert list(screen.table.model.shown) == ["weaviate-2"]


async def test_what_the_server_does_not_say_is_unknown_not_zero() -> None:
    watch = still_cluster()
    stats = BatchStats(queue_length=7, rate_per_second=41)
    listed = [Node(name=NODES[0], batch_stats=stats), Node(name=NODES[1])]
    watch.store.put(Kind.NODES, Nodes(nodes=listed), asked_at=watch.clock.now)
    first, second, third = watch.view.nodes
    queued = msgspec.structs.replace(first, batch_queue=7, shards=12, objects=120_403_112)
    watch.view = msgspec.structs.replace(watch.view, nodes=(queued, second, third))
    async with shown(watch, (202, 20)) as (app, pilot):
        await typed(app, pilot, "nodes")
        lines = rows(live(app).query_one("#list"))  # type: ignore[arg-type]
        assert "~120,403,112" in lines[1]
        assert lines[1].replace(NODES[0], "") != lines[2].replace(NODES[1], "")
        assert "41" in lines[1]
        assert " 0 " not in lines[2].replace("0 s", "")


async def test_memory_and_disk_are_shown_and_what_is_not_known_says_why() -> None:
    watch = still_cluster()
    watch.profile = msgspec.structs.replace(watch.profile, prometheus=Prometheus(url="http://p"))
    put_usage(watch.store, NODES[0], watch.clock.now)
    why = "several disks may be this node's (/a, /b): name one in prometheus.disk"
    watch.store.put(Kind.DISK, NodeDisk(why=why), of=NODES[1], asked_at=watch.clock.now)
    watch.clock.now += 12
    async with shown(watch, (220, 30)) as (app, pilot):
        await typed(app, pilot, "nodes")
        lines = rows(live(app).query_one("#list"))  # type: ignore[arg-type]
        assert "72 %, 28 GB free" in lines[1]
        assert "5.8 GB / 16 GB" in lines[1]
        assert "2.94 GB" in lines[1]
        assert "1,204 / 96" in lines[1]
        assert "GB" not in lines[2]
        await pilot.press("j")
        assert ("Disk", why) in live(app).help_notes()
        await pilot.press("d")
        await settled(pilot)
        await pilot.press("escape")
        screen = await node(app, pilot, NODES[0])
        about = screen.query_one(About).words
        assert "disk 72 %, 28 GB free of 100 GB at data-weaviate-0 (Prometheus, 12 s ago)" in about
        assert "memory 5.8 GB resident, limit 16 GB   heap 2.94 GB" in about
        assert "shards 1,204 loaded, 96 not" in about


async def test_without_a_prometheus_the_disk_says_what_would_tell_it() -> None:
    async with shown(still_cluster(), (220, 30)) as (app, pilot):
        await typed(app, pilot, "nodes")
        notes = dict(live(app).help_notes())
        assert notes["Disk"] == NO_DISK


async def test_a_node_is_said_in_full_with_findings_events_and_shards() -> None:
    async with shown(incident()) as (app, pilot):
        screen = await node(app, pilot)
        about = screen.query_one(About).words
        assert "● healthy" in about
        assert "not probed" in about
        assert "RES-501" in about
        assert "Documents/shard05 is READONLY on weaviate-1" in about
        assert len(screen.table.model.shown) == 12


async def test_the_crumbs_say_where_back_leads() -> None:
    async with shown(incident()) as (app, pilot):
        await app.go("collection Documents")
        await settled(pilot)
        await node(app, pilot)
        assert crumbs(app).split(" › ")[:2] == [" Stats", "Documents"]
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(app.screen, CollectionScreen)
        await typed(app, pilot, "nodes")
        await node(app, pilot)
        assert live(app).path() == ["Stats", "Documents", "Nodes", "weaviate-1"]


async def test_a_deep_link_puts_the_cursor_on_the_shard() -> None:
    async with shown(incident()) as (app, pilot):
        screen = await node(app, pilot, "weaviate-1 shard shard05")
        assert screen.table.cursor.key == ("Documents", "shard05")
        assert "READONLY" in status(app)
        assert screen.link() == "node weaviate-1"
        await typed(app, pilot, "node weaviate-1 shard Documents/shard07")
        assert app.screen is screen
        assert screen.table.cursor.key == ("Documents", "shard07")
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, CollectionScreen)
        assert app.screen.shards.table.cursor.key == "shard07"


async def test_enter_on_a_shard_comes_to_it_also_where_another_pane_had_the_keys() -> None:
    async with shown(incident()) as (app, pilot):
        await app.go("collection Documents")
        await settled(pilot)
        opened = app.screen
        assert isinstance(opened, CollectionScreen)
        await typed(app, pilot, "pane settings")
        screen = await node(app, pilot)
        screen.table.move_to_key(("Documents", "shard05"))
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is opened
        assert opened.pane is opened.shards
        assert opened.shards.table.cursor.key == "shard05"
        await typed(app, pilot, "filter shard01")
        screen = await node(app, pilot)
        screen.table.move_to_key(("Documents", "shard05"))
        await pilot.press("enter")
        await settled(pilot)
        assert "hidden by the filter" in " ".join(rows(opened.shards.table)) + status(app)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("node nobody", "there is no node 'nobody'; there are weaviate-0, weaviate-1, weaviate-2"),
        ("node weaviate-1 shard x", "there is no shard 'x' on weaviate-1, as far as it is known"),
    ],
)
async def test_what_is_not_there_is_refused(line: str, words: str) -> None:
    async with shown(incident()) as (app, pilot):
        await typed(app, pilot, line)
        assert fault(app) == words


async def test_names_and_shards_are_completed() -> None:
    async with shown(incident()) as (app, _):
        offered = list(live(app).offer_node())
        assert offered[:3] == list(NODES)
        assert "weaviate-1 shard Documents/shard05" in offered


async def test_a_silent_node_says_that_its_shards_are_not_known() -> None:
    watch = incident()
    nodes = [Node(name=NODES[2], status="UNAVAILABLE")]
    watch.answer(report_shards(Nodes(nodes=nodes)))
    async with shown(watch) as (app, pilot):
        screen = await node(app, pilot, "weaviate-2")
        note = screen.query_one(EmptyNote)
        assert note.display
        assert "weaviate-2 did not answer for its shards" in str(note.visual)
        assert "✖ missing" in screen.query_one(About).words


async def test_the_last_shards_of_a_node_that_falls_silent_stay_and_are_marked_so() -> None:
    watch = incident()
    async with shown(watch) as (app, pilot):
        screen = await node(app, pilot)
        watch.answer(report_shards(Nodes(nodes=[Node(name=NODES[1], status="TIMEOUT")])))
        await notice(app, pilot)
        assert len(screen.table.model.shown) == 12
        assert any("as it was" in str(note) for note in screen.notes())


async def test_a_node_that_leaves_for_good_keeps_its_screen() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        screen = await node(app, pilot)
        watch.view = msgspec.structs.replace(watch.view, nodes=watch.view.nodes[:1])
        await notice(app, pilot)
        assert app.screen is screen
        assert any("no such node any more" in str(note) for note in screen.notes())


async def test_counts_of_a_nodes_shards_are_said_to_be_of_flushed_objects() -> None:
    watch = still_cluster()
    shards = [
        ShardReplica("Documents", "empty", 0, "READY"),
        ShardReplica("Documents", "lazy", 0, "LAZY_LOADING", loaded=False),
    ]
    watch.answer(report_shards(Nodes(nodes=[Node(name=NODES[1], shards=shards)])))
    async with shown(watch) as (app, pilot):
        lines = rows((await node(app, pilot)).table)
        assert "Flushed objects" in lines[0]
        assert " ~0 " in next(line for line in lines if "empty" in line)
        assert "~" not in next(line for line in lines if "lazy" in line)


def test_links_are_split_at_the_word() -> None:
    assert split_link("weaviate-1 shard abc") == ("weaviate-1", "abc")
    assert split_link(" weaviate-1 ") == ("weaviate-1", None)
    assert split_link("a shard ") == ("a shard", None)


def test_replicas_are_grouped_by_collection_and_compared_with_the_fullest() -> None:
    report = still_cluster().store.get(Kind.VERBOSE).value
    found = replica_rows(report, NODES[1])
    assert found is not None
    assert [row.key for row in found] == sorted(row.key for row in found)
    assert {row.behind for row in found} == {0, 17}
    assert replica_rows(report, "nobody") is None
    assert find_shard(report, NODES[2], "shard11") is None
    assert find_shard(None, NODES[2], "shard01") is None


async def test_three_nodes_are_no_problem() -> None:
    watch = still_cluster()
    watch.view = three_nodes()
    async with shown(watch) as (app, pilot):
        await typed(app, pilot, "nodes")
        screen = app.screen
        assert isinstance(screen, NodesScreen)
        quiet = [key for key in screen.table.model.shown if key not in screen.table.problems]
        assert set(quiet) >= {"weaviate-0", "weaviate-2"}


async def test_a_leader_that_is_away_is_told_as_one_that_was() -> None:
    watch = incident()
    *others, away = watch.view.nodes
    nodes = tuple(msgspec.structs.replace(view, leader=False) for view in others)
    led = msgspec.structs.replace(away, led=True)
    watch.view = msgspec.structs.replace(
        watch.view, nodes=(*nodes, led), leader=None, leader_was=away.node
    )
    async with shown(watch, (180, 20)) as (app, pilot):
        assert f"leader ? (was {away.node})" in header(app)
        await typed(app, pilot, "nodes")
        line = rows(live(app).query_one("#list"))[1]  # type: ignore[arg-type]
        assert " led " in line


async def test_what_was_known_of_a_node_that_is_away_is_shown_as_old() -> None:
    watch = incident()
    *others, away = watch.view.nodes
    last = NodeSeen(version="1.38.11", shards=12, objects=1_204, at=watch.clock.now - 90)
    gone = msgspec.structs.replace(away, version=None, seen_at=None, last=last)
    watch.view = msgspec.structs.replace(watch.view, nodes=(*others, gone))
    async with shown(watch, (180, 40)) as (app, pilot):
        await typed(app, pilot, "nodes")
        line = rows(live(app).query_one("#list"))[1]  # type: ignore[arg-type]
        for words in ("1.38.11 old", " 12 old", "~1,204 old", "1m30s"):
            assert words in line
        await pilot.press("home", "d")
        await settled(pilot)
        said = str(app.screen.query("Static").first().render())
        assert local_moment(watch.clock.now - 90) in said
        assert str(int(watch.clock.now - 90)) not in said
