"""A node dies: its shards stay on the grid, by name, and those of the others are left alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import pytest

from elysiadash.cluster.shards import report_shards
from elysiadash.cluster.stats import PARTIAL, CollectionStats
from elysiadash.tui.screens.row_sheet import Description
from elysiadash.weaviate.errors import NotSupported
from elysiadash.weaviate.models import Node, Nodes, ShardReplica, Tenant
from tests.tui.reading import answered, detail, notice, rows, settled, shown, status
from tests.tui.still import NODES, StillWatch, three_nodes

DEAD = NODES[0]
WIDE = (140, 40)
"""One column of panes, so that a cell has room for whole words."""
PLACED = {NODES[0]: ["lost"], NODES[1]: ["kept1"], NODES[2]: ["kept2"]}


def collection(shards: int | None, *, multi_tenant: bool = False) -> CollectionStats:
    return CollectionStats(
        collection="Customer",
        objects=600,
        objects_are=PARTIAL,
        shards=shards,
        shards_answered=2,
        replication_factor=1,
        multi_tenant=multi_tenant,
    )


def listing(placed: Mapping[str, Iterable[str]], factor: int = 1) -> object:
    return report_shards(
        Nodes(
            nodes=[
                Node(
                    name=node,
                    shards=[
                        ShardReplica("Customer", name, 308, "READY", number_of_replicas=factor)
                        for name in names
                    ],
                )
                for node, names in placed.items()
            ]
        )
    )


def alive(placed: Mapping[str, Iterable[str]]) -> dict[str, Iterable[str]]:
    return {node: names for node, names in placed.items() if node != DEAD}


def cluster(row: CollectionStats, placed: Mapping[str, Iterable[str]] = PLACED) -> StillWatch:
    watch = StillWatch([row])
    watch.answer(listing(placed))
    return watch


def kill(watch: StillWatch, placed: Mapping[str, Iterable[str]] = PLACED, factor: int = 1) -> None:
    """The node is gone, and the next answer is without it."""
    watch.clock.now += 20
    watch.view = three_nodes(missing=DEAD)
    watch.answer(listing(alive(placed), factor))


def line(screen: object, name: str) -> str:
    return next(each for each in rows(screen.shards.table) if name in each)  # type: ignore[attr-defined]


async def test_the_lost_shard_stays_and_the_others_are_not_blamed() -> None:
    watch = cluster(collection(3))
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        await settled(pilot)
        screen = detail(app)
        assert screen.shards.table.move_to_key("lost")
        kill(watch)
        await notice(app, pilot)
        table = screen.shards.table
        assert table.status.total == 3
        assert table.cursor.key == "lost"
        assert "no live replica" in line(screen, "lost")
        assert "~308 old" in line(screen, "lost")
        for kept in ("kept1", "kept2"):
            assert "no answer" not in line(screen, kept)
            assert line(screen, kept).count("·") == 2
        assert "no live replica, was on weaviate-0, ~308 objects flushed 20 s ago" in status(app)
        title = screen.shards.title.text
        assert "3 shards" in title
        assert "1 without live replica" in title
        await pilot.press("d")
        await settled(pilot)
        assert isinstance(app.screen, Description)
        said = "\n".join(each.plain for each in app.screen._lines)
        assert "no answer, had ~308 objects flushed 20 s ago" in said
        await pilot.press("escape", "exclamation_mark")
        assert list(table.model.shown) == ["lost"]
        await pilot.press("exclamation_mark", "home", "n")
        assert table.cursor.key == "lost"
        assert await screen.run_command("filter state:live") is None
        assert list(table.model.shown) == ["lost"]


async def test_a_lost_shard_is_one_again_when_its_node_is_back() -> None:
    watch = cluster(collection(3))
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        kill(watch)
        await notice(app, pilot)
        assert set(detail(app).shards.table.problems) == {"lost"}
        watch.view = three_nodes()
        watch.answer(listing(PLACED))
        await notice(app, pilot)
        table = detail(app).shards.table
        assert table.status.total == 3
        assert not table.problems


async def test_a_lost_shard_stays_while_its_node_starts() -> None:
    watch = cluster(collection(3))
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        kill(watch)
        await notice(app, pilot)
        screen, table = detail(app), detail(app).shards.table
        # The node is listed again; the shards were answered before that.
        watch.clock.now += 5
        watch.view = msgspec.structs.replace(three_nodes(), asked_at=watch.clock.now)
        await notice(app, pilot)
        assert set(screen.shards.table.problems) == {"lost"}
        assert "weaviate-0 … starting" in rows(screen.shards.table)[0]
        watch.clock.now += 5
        watch.answer(listing({**PLACED, DEAD: []}))
        await notice(app, pilot)
        table = screen.shards.table
        assert table.status.total == 3
        assert "no live replica" in line(screen, "lost")
        assert "~308 old" in line(screen, "lost")
        assert "weaviate-0 … starting" in rows(table)[0]
        assert "3 shards" in screen.shards.title.text
        assert "1 without live replica" in screen.shards.title.text
        watch.clock.now += 5
        watch.answer(listing(PLACED))
        await notice(app, pilot)
        assert not screen.shards.table.problems
        assert "starting" not in rows(screen.shards.table)[0]


async def test_a_silent_node_that_the_list_still_has_is_not_called_healthy() -> None:
    watch = cluster(collection(3))
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        watch.clock.now += 20
        watch.answer(listing(alive(PLACED)))
        await notice(app, pilot)
        titles = rows(detail(app).shards.table)[0]
        assert "weaviate-0 ✖ no answer" in titles
        assert "healthy" not in titles
        assert set(detail(app).shards.table.problems) == {"lost"}


async def test_the_title_counts_the_rows_also_while_the_table_is_made_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = cluster(collection(3))
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        await settled(pilot)
        pane, told = detail(app).shards, []
        monkeypatch.setattr(pane, "tell", lambda: told.append(str(pane.notes())))
        kill(watch)
        await notice(app, pilot)
        assert told
        assert all("3 shards" in words for words in told)


async def test_what_was_never_seen_is_one_row_that_counts() -> None:
    watch = StillWatch([collection(3)])
    kill(watch)
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        await settled(pilot)
        screen = detail(app)
        assert "1 shard unnamed" in line(screen, "unnamed")
        assert "no live replica" in line(screen, "unnamed")
        assert "no answer" in line(screen, "unnamed")
        assert "3 shards" in screen.shards.title.text
        assert "no answer from weaviate-0" in status(app)
        watch.give([collection(32)])
        watch.answer(listing(alive(PLACED)))
        await notice(app, pilot)
        assert "30 shards unnamed" in line(screen, "unnamed")
        assert "32 shards" in screen.shards.title.text
        assert "30 without live replica" in screen.shards.title.text


async def test_where_replicas_live_only_the_node_that_had_one_is_said_not_to_answer() -> None:
    placed = {NODES[0]: ["both"], NODES[1]: ["both", "other"], NODES[2]: ["other"]}
    watch = StillWatch([collection(2)])
    watch.answer(listing(placed, 2))
    kill(watch, placed, 2)
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        await settled(pilot)
        screen = detail(app)
        assert "no answer" in line(screen, "both")
        assert "no answer" not in line(screen, "other")
        assert set(screen.shards.table.problems) == {"both"}
        assert "weaviate-0 no answer, had ~308 objects flushed 20 s ago" in status(app)


MANY = {node: [f"t{number}{place}" for number in range(3)] for place, node in enumerate(NODES)}


def tenants(watch: StillWatch, *, gone: str = "", cold: str = "") -> None:
    names = [name for each in MANY.values() for name in each if name != gone]
    watch.tenants_of["Customer"] = tuple(
        Tenant(name, "COLD" if name == cold else "HOT") for name in names
    )


async def test_the_tenants_of_a_dead_node_are_named_without_a_question() -> None:
    watch = cluster(collection(9, multi_tenant=True), MANY)
    kill(watch, MANY)
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        await answered(pilot)
        table = detail(app).shards.table
        assert set(table.problems) == set(MANY[DEAD])
        assert table.status.total == 9
        assert watch.tenant_questions == 0


@pytest.mark.parametrize("how", ["gone", "cold"])
async def test_a_tenant_that_was_deleted_or_put_away_meanwhile_is_no_ghost(how: str) -> None:
    watch = cluster(collection(9, multi_tenant=True), MANY)
    kill(watch, MANY)
    tenants(watch, **{how: MANY[DEAD][1]})
    watch.give([collection(8, multi_tenant=True)])
    watch.answer(listing(alive(MANY)))
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        await answered(pilot)
        await notice(app, pilot)
        table = detail(app).shards.table
        assert set(table.problems) == {MANY[DEAD][0], MANY[DEAD][2]}
        await notice(app, pilot)
        assert watch.tenant_questions == 1


async def test_tenants_that_were_never_seen_are_named_by_the_leader() -> None:
    watch = StillWatch([collection(9, multi_tenant=True)])
    kill(watch, MANY)
    tenants(watch)
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        await answered(pilot)
        await notice(app, pilot)
        table = detail(app).shards.table
        assert set(table.problems) == set(MANY[DEAD])


async def test_where_names_are_refused_it_is_said_that_not_all_can_be_missing() -> None:
    watch = cluster(collection(8, multi_tenant=True), MANY)
    watch.tenants_refused = NotSupported("not recorded")
    kill(watch, MANY)
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        await answered(pilot)
        screen = detail(app)
        screen.shards.table.move_to_key(MANY[DEAD][0])
        await settled(pilot)
        assert "2 are missing of 3 seen last: others were dropped" in status(app)


async def test_a_node_that_left_for_good_leaves_no_ghosts() -> None:
    watch = cluster(collection(None))
    kill(watch)
    view = three_nodes()
    watch.view = msgspec.structs.replace(view, nodes=view.nodes[1:], expected=2)
    async with shown(watch, WIDE) as (app, pilot):
        await app.go("collection Customer")
        await settled(pilot)
        assert not detail(app).shards.table.problems
        assert detail(app).shards.table.status.total == 2


async def test_where_a_replica_gives_no_answer_none_behind_is_only_a_bound() -> None:
    placed = {node: ["all"] for node in NODES}
    watch = cluster(collection(1), placed)
    watch.answer(listing(placed, 3))
    for size in (WIDE, (60, 18)):
        async with shown(watch, size) as (app, pilot):
            await app.go("collection Customer")
            await settled(pilot)
            assert "≥0" not in line(detail(app), "all")
            kill(watch, placed, 3)
            await notice(app, pilot)
            assert "≥0" in line(detail(app), "all")
        watch.view = three_nodes()
        watch.answer(listing(placed, 3))
