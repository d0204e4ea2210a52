"""Shards: READONLY and moves, with nodes that are away, come back or list only a part."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.shards import ShardsMemory, shard_changes
from elysiadash.cluster.shards import ShardReport, report_shards
from elysiadash.weaviate.models import Node, Nodes, ShardReplica

Placed = Mapping[str, Mapping[tuple[str, str], str]]
"""Node -> (collection, shard) -> status."""
NAMES = ("n0", "n1", "n2")


def report(placed: Placed, *, silent: tuple[str, ...] = ()) -> ShardReport:
    nodes = [
        Node(
            name,
            "HEALTHY",
            shards=[
                ShardReplica(collection=collection, name=shard, status=status)
                for (collection, shard), status in shards.items()
            ],
        )
        for name, shards in placed.items()
    ]
    return report_shards(Nodes([*nodes, *(Node(name, "UNAVAILABLE") for name in silent)]))


class Told:
    def __init__(self) -> None:
        self.memory = ShardsMemory()
        self.now = 1000.0
        self.events: list[Event] = []

    def look(
        self,
        found: ShardReport,
        *,
        settled: tuple[str, ...] = NAMES,
        single_tenant: tuple[str, ...] | None = ("Doc", "New"),
        expected: tuple[str, ...] = NAMES,
        after: float = 100.0,
    ) -> list[str]:
        self.now += after
        self.events, self.memory = shard_changes(
            self.memory,
            found,
            self.now,
            settled=settled,
            single_tenant=single_tenant,
            expected=expected,
        )
        return [event.kind for event in self.events]


def everywhere(status: str = "READY", shards: int = 2) -> dict[str, dict[tuple[str, str], str]]:
    return {name: {("Doc", f"s{number}"): status for number in range(shards)} for name in NAMES}


def test_a_first_look_and_a_same_one_tell_nothing() -> None:
    told = Told()
    assert told.look(report(everywhere("READONLY"))) == []
    assert told.look(report(everywhere("READONLY"))) == []


def test_readonly_and_back_is_one_event_for_a_shard_with_its_nodes() -> None:
    told = Told()
    told.look(report(everywhere()))
    placed = everywhere()
    for name in NAMES:
        placed[name]["Doc", "s1"] = "READONLY"
    assert told.look(report(placed)) == ["shard.readonly"]
    assert told.events[0].message == "Doc/s1 is READONLY on n0, n1, n2"
    assert told.events[0].severity == "warning"
    assert told.look(report(everywhere())) == ["shard.ready"]


def test_a_full_disk_is_one_line_for_each_collection() -> None:
    told = Told()
    told.look(report(everywhere(shards=500)))
    placed = everywhere(shards=500)
    placed["n1"] = dict.fromkeys(placed["n1"], "READONLY")
    assert told.look(report(placed)) == ["shard.readonly"]
    event = told.events[0]
    assert (event.node, event.collection) == ("n1", "Doc")
    assert event.message == "500 shards of Doc: each is READONLY on n1"


def test_a_move_is_told_on_both_ends() -> None:
    told = Told()
    placed: Placed = {"n0": {("Doc", "s0"): "READY"}, "n1": {}, "n2": {}}
    told.look(report(placed))
    moved: Placed = {"n0": {}, "n1": {("Doc", "s0"): "READY"}, "n2": {}}
    assert told.look(report(moved)) == ["shard.appeared", "shard.left"]
    assert [event.node for event in told.events] == ["n1", "n0"]


def test_a_dead_node_loses_no_shards_and_gains_none_when_it_is_back() -> None:
    told = Told()
    told.look(report(everywhere()))
    alive = {name: everywhere()[name] for name in NAMES[:2]}
    assert told.look(report(alive, silent=("n2",)), settled=NAMES[:2]) == []
    assert told.look(report(alive), settled=NAMES[:2]) == []
    starting = {**alive, "n2": {("Doc", "s0"): "READY"}}
    assert told.look(report(starting), settled=NAMES[:2]) == []
    assert told.look(report(everywhere())) == []


def test_readonly_lost_by_a_restart_is_told() -> None:
    told = Told()
    placed = everywhere()
    placed["n2"]["Doc", "s0"] = "READONLY"
    told.look(report(placed))
    told.look(report({name: placed[name] for name in NAMES[:2]}), settled=NAMES[:2])
    assert told.look(report(everywhere())) == ["shard.ready"]


def test_a_collections_making_and_end_are_not_told_by_its_shards() -> None:
    told = Told()
    told.look(report(everywhere()))
    placed = everywhere()
    placed["n0"]["New", "t0"] = "READY"
    assert told.look(report(placed)) == []
    for name in NAMES:
        placed[name]["New", "t0"] = "READY"
    assert told.look(report(placed), after=15) == []
    assert told.look(report(everywhere())) == []


def test_a_node_that_left_for_good_is_forgotten_and_tells_nothing_of_what_comes_later() -> None:
    told = Told()
    told.look(report(everywhere()))
    two = NAMES[:2]
    rest = {name: everywhere()[name] for name in two}
    assert told.look(report(rest), settled=two) == []
    assert told.memory.nodes.keys() == set(NAMES), "it may come back"
    for number in range(5):
        passing = {name: {**rest[name], ("New", f"n{number}"): "READY"} for name in two}
        assert told.look(report(passing), settled=two, expected=two) == []
        assert told.look(report(rest), settled=two, expected=two) == []
    assert told.memory.nodes.keys() == set(two)
    assert told.memory.collections.keys() == {"Doc"}
    told.look(report({name: {} for name in two}), settled=two, expected=two)
    anew: Placed = {name: {("Doc", "other"): "READY"} for name in two}
    assert told.look(report(anew), settled=two, expected=two) == []


def test_a_listed_node_is_kept_whoever_is_expected() -> None:
    told = Told()
    told.look(report(everywhere()), expected=())
    rest = {name: everywhere()[name] for name in NAMES[:2]}
    told.look(report(rest, silent=("n2",)), settled=NAMES[:2], expected=())
    assert told.memory.nodes.keys() == set(NAMES)


def test_tenants_that_wake_up_are_no_moves() -> None:
    told = Told()
    told.look(report(everywhere()), single_tenant=())
    assert told.look(report(everywhere(shards=40)), single_tenant=()) == []
    assert told.look(report(everywhere(shards=90)), single_tenant=None) == []


PLACES = st.fixed_dictionaries(
    {
        name: st.dictionaries(
            st.tuples(st.just("Doc"), st.sampled_from(["s0", "s1", "s2"])),
            st.sampled_from(["READY", "READONLY", "INDEXING"]),
        )
        for name in NAMES
    }
)


@given(st.lists(st.tuples(PLACES, st.sets(st.sampled_from(NAMES))), min_size=1, max_size=8))
def test_told_changes_lead_from_the_first_list_to_the_last(
    turns: list[tuple[Placed, set[str]]],
) -> None:
    anchor = {("Doc", "anchor"): "READY"}
    first: Placed = {name: dict(anchor) for name in NAMES}
    told = Told()
    told.look(report(first))
    present = {name: {"anchor"} for name in NAMES}
    readonly: dict[str, set[str]] = {name: set() for name in NAMES}
    for placed, away in turns:
        lists = {name: {**placed[name], **anchor} for name in NAMES if name not in away}
        told.look(report(lists), settled=tuple(lists))
        for event in told.events:
            shard = event.shard or ""
            nodes = [name for name in NAMES if name in event.message.partition(" on ")[2]]
            for name in nodes:
                _apply(event.kind, shard, present[name], readonly[name])
        for name, shards in lists.items():
            assert present[name] == {shard for _, shard in shards}
            kept = {shard for (_, shard), status in shards.items() if status == "READONLY"}
            assert readonly[name] & present[name] == kept
            readonly[name] &= present[name]


def _apply(kind: str, shard: str, present: set[str], readonly: set[str]) -> None:
    match kind:
        case "shard.appeared":
            assert shard not in present
            present.add(shard)
        case "shard.left":
            present.remove(shard)
        case "shard.readonly":
            assert shard not in readonly
            readonly.add(shard)
        case "shard.ready":
            readonly.remove(shard)
        case _:
            raise AssertionError(kind)
