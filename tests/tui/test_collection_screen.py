"""The detail: replicas by nodes, every value with source and age, and why others are missing."""

from __future__ import annotations

import msgspec

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.tui.collection_facts import facts_of
from elysiadash.tui.row_health import assess
from tests.tui.reading import crumbs, detail, notice, rows, settled, shown, stats, status
from tests.tui.still import NODES, five_rows, lost, still_cluster, three_nodes


async def test_the_grid_shows_every_replica() -> None:
    async with shown(still_cluster(), size=(200, 40)) as (app, pilot):
        await pilot.press("colon", *"open Documents", "enter")
        await settled(pilot)
        lines = {line.split()[0].lstrip("▸"): line for line in rows(detail(app).grid)}
        assert all(node in lines["Shard↑"] for node in NODES)
        assert "10,033,575 −17" in lines["shard03"]
        assert "READONLY" in lines["shard05"]
        assert "3,612" in lines["shard07"]
        assert "not loaded" in lines["shard09"]
        assert "·" in lines["shard11"]
        await pilot.press("j")
        assert "shard01: weaviate-0 READY, 10,033,592 objects flushed" in status(app)


async def test_a_dead_node_keeps_its_column_and_says_so() -> None:
    watch = still_cluster()
    async with shown(watch, size=(202, 40)) as (app, pilot):
        await pilot.press("colon", *"open Documents", "enter")
        await settled(pilot)
        await pilot.press("j", "j")
        watch.view = three_nodes(missing=NODES[2])
        await notice(app, pilot)
        screen = detail(app)
        assert "weaviate-2 ✖ missing" in rows(screen.grid)[0]
        assert screen.grid.cursor.key == "shard02"
        assert screen.grid.has_focus
        shard11 = next(line for line in rows(screen.grid) if "shard11" in line)
        assert "no answer" in shard11


async def test_every_number_has_its_source_and_age_or_its_reason() -> None:
    watch = still_cluster()
    found = await watch.rows()
    findings = (await assess(watch, found)).findings
    facts = {fact.key: fact for fact in facts_of(watch, found[0], findings, watch.clock.now)}
    assert facts["objects"].value == "~120,403,112"
    assert "nodes?output=verbose" in facts["objects"].words
    assert facts["objects"].at == watch.clock.now
    assert facts["tenants"].value == "–"
    assert facts["tenants"].words == "not a multi-tenant collection"
    assert facts["tenants"].at is None
    assert facts["objects_per_s"].ends == "0 … +780"
    assert len(facts["objects_per_s"].series) == 20
    assert any(key.startswith("finding-RES-501") for key in facts)
    assert facts["setting-Aliases"].words == "Docs"


async def test_a_late_source_says_so_beside_its_value() -> None:
    watch = still_cluster()
    watch.lose(Problem("parked", "a peer does not answer: nothing after 3 s"), [Kind.VERBOSE])
    facts = {fact.key: fact for fact in facts_of(watch, five_rows()[0], (), watch.clock.now)}
    assert facts["objects"].words.startswith("a peer does not answer")
    assert facts["objects"].style == "muted"
    assert facts["replication_factor"].style == ""


async def test_an_exact_count_says_that_it_was_asked() -> None:
    watch = still_cluster()
    watch.store.put(Kind.COUNT, 7, of="Documents", asked_at=watch.clock.now)
    row = msgspec.structs.replace(five_rows()[0], objects=7, objects_are="exact")
    facts = {fact.key: fact for fact in facts_of(watch, row, (), watch.clock.now)}
    assert facts["objects"].value == "7"
    assert facts["objects"].words == "exact count, asked on demand"


async def test_tenants_by_state() -> None:
    watch = still_cluster()
    facts = {fact.key: fact for fact in facts_of(watch, five_rows()[2], (), watch.clock.now)}
    assert facts["tenants_by_state"].value == "2,796 COLD, 1,204 HOT"


async def test_tab_and_zoom() -> None:
    async with shown(still_cluster(), size=(100, 30)) as (app, pilot):
        await pilot.press("colon", *"open Documents", "enter")
        await settled(pilot)
        screen = detail(app)
        assert screen.grid.has_focus
        await pilot.press("tab")
        assert screen.facts_list.has_focus
        await pilot.press("f")
        assert not screen.grid.display
        await pilot.press("tab")
        assert screen.grid.display
        assert screen.grid.has_focus
        assert not screen.facts_list.display
        await pilot.press("f")
        assert screen.grid.display
        assert screen.facts_list.display


async def test_a_deleted_collection_stays_on_screen_and_says_so() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await pilot.press("colon", *"open Glossary", "enter")
        await settled(pilot)
        watch.give([row for row in five_rows() if row.collection != "Glossary"])
        await notice(app, pilot)
        assert "not in the schema any more" in crumbs(app)
        assert any("1,204" in line for line in rows(detail(app).facts_list))


async def test_a_lost_connection_dims_it() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        await pilot.press("enter")
        await settled(pilot)
        watch.lose(lost())
        await notice(app, pilot)
        assert detail(app).grid.stale
        assert detail(app).facts_list.stale


async def test_without_shard_details_the_grid_says_why() -> None:
    watch = still_cluster()
    watch.store.forget(Kind.VERBOSE)
    watch.store.fail(Kind.VERBOSE, Problem("held", "shard details are not polled on 1.30.0"))
    async with shown(watch) as (app, pilot):
        await pilot.press("enter")
        await settled(pilot)
        assert any("not polled on 1.30.0" in line for line in rows(detail(app).grid))


async def test_hidden_screens_do_not_pull() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        below = stats(app)
        await pilot.press("enter")
        await settled(pilot)
        watch.give([CollectionStats(collection="Other")])
        await notice(app, pilot)
        assert next(iter(below.table.model.shown)) == "Chunks"
        await pilot.press("q")
        await settled(pilot)
        assert list(below.table.model.shown) == ["Other"]
