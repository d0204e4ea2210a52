"""The detail of a collection: every pane at every size, and the states it can be in."""

from __future__ import annotations

import pytest

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.weaviate.errors import Forbidden
from tests.snapshots.test_screens import SIZES, Compare, compare, sized
from tests.tui.detailed import detailed_cluster
from tests.tui.still import NODES, StillWatch, three_nodes
from tests.tui.test_lost_shards import cluster, collection, kill


def typed(command: str) -> tuple[str, ...]:
    """The keys of a command."""
    return ("colon", *("space" if sign == " " else sign for sign in command), "enter")


DOCUMENTS = typed("collection Documents")
CUSTOMERS = typed("collection Customers")


@SIZES
@pytest.mark.parametrize("pane", ["shards", "charts", "numbers", "settings"])
def test_pane(snap_compare: Compare, size: tuple[int, int], pane: str) -> None:
    keys = (*DOCUMENTS, *typed(f"pane {pane}"))
    assert compare(snap_compare, detailed_cluster(), size, *keys)


@SIZES
def test_a_shard_described(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, detailed_cluster(), size, *DOCUMENTS, "j", "j", "j", "d")


@SIZES
def test_copy_of_a_number(snap_compare: Compare, size: tuple[int, int]) -> None:
    keys = (*DOCUMENTS, *typed("pane numbers"), "j", "c")
    assert compare(snap_compare, detailed_cluster(), size, *keys)


@SIZES
def test_tenants(snap_compare: Compare, size: tuple[int, int]) -> None:
    keys = (*CUSTOMERS, *typed("pane tenants"))
    assert compare(snap_compare, detailed_cluster(), size, *keys, anew=True)


@sized((100, 30), (200, 50))
def test_zoomed_charts(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, detailed_cluster(), size, *DOCUMENTS, "tab", "f")


def test_one_state_filtered(snap_compare: Compare) -> None:
    keys = (*CUSTOMERS, *typed("pane tenants"), "s", "slash", "1", "enter")
    assert compare(snap_compare, detailed_cluster(), (100, 20), *keys)


def test_refused_tenants(snap_compare: Compare) -> None:
    watch = detailed_cluster()
    watch.tenants_refused = Forbidden("403: forbidden")
    assert compare(snap_compare, watch, (100, 20), *CUSTOMERS, *typed("pane tenants"))


def test_a_node_away_and_shards_late(snap_compare: Compare) -> None:
    watch = detailed_cluster()
    watch.view = three_nodes(missing=NODES[2])
    watch.lose(Problem("parked", "a peer does not answer: nothing after 3 s"), [Kind.VERBOSE])
    assert compare(snap_compare, watch, (160, 30), *DOCUMENTS)


def test_without_any_answer(snap_compare: Compare) -> None:
    watch = detailed_cluster()
    rows = StillWatch()
    rows.store.fail(Kind.VERBOSE, Problem("held", "shard details are not polled on 1.30.0"))
    watch.store, watch.history = rows.store, rows.history
    watch.remembered_rows, watch.remembered_at = watch._rows, watch.clock.now - 3600
    assert compare(snap_compare, watch, (160, 30), *DOCUMENTS)


@SIZES
def test_a_lost_shard(snap_compare: Compare, size: tuple[int, int]) -> None:
    watch = cluster(collection(4))
    kill(watch)
    assert compare(snap_compare, watch, size, *typed("collection Customer"), "j", "j")
