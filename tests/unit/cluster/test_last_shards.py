"""What nodes listed last, and which shards are lost with the nodes that are away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.last_shards import WHOLE_AFTER_S, LastShards
from elysiadash.cluster.shards import ShardReport, report_shards
from elysiadash.cluster.shards_away import Away, away_nodes, shards_away, starting_nodes
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import HEALTHY, MISSING, ClusterView, NodeView
from elysiadash.weaviate.models import CollectionDefinition, Node, Nodes, Schema, ShardReplica

NAMES = ("a", "b", "c")


class Watching:
    """A store with the memory on it, and a clock that is set."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.store = Store(lambda: self.now)
        self.last = LastShards(self.store)

    def see(self, shards: Mapping[str, Iterable[str]], silent: Iterable[str] = ()) -> ShardReport:
        """A verbose answer in which nodes list these shards of Doc."""
        report = listing(shards, silent)
        self.store.put(Kind.VERBOSE, report, asked_at=self.now)
        return report

    def schema(self, *names: str) -> None:
        """These collections are in the schema."""
        classes = [CollectionDefinition(name=name) for name in names]
        self.store.put(Kind.SCHEMA, Schema(classes=classes), asked_at=self.now)

    def names(self, node: str) -> set[str] | None:
        """The shards of Doc that the node is known to have had."""
        found = self.last.lists("Doc", {node}).get(node)
        return None if found is None else {one.name for one in found.replicas}


def listing(shards: Mapping[str, Iterable[str]], silent: Iterable[str] = ()) -> ShardReport:
    nodes = [
        Node(node, "HEALTHY", shards=[ShardReplica("Doc", name, 308) for name in names])
        for node, names in shards.items()
    ]
    return report_shards(Nodes([*nodes, *(Node(node, "UNAVAILABLE") for node in silent)]))


def test_the_list_of_a_node_stays_when_it_is_silent_and_when_it_is_gone() -> None:
    watching = Watching()
    watching.see({"a": ["s1"], "b": ["s2"]})
    for silent in (["b"], []):
        watching.now += 15
        watching.see({"a": ["s1", "s3"]}, silent)
    assert watching.names("b") == {"s2"}
    assert watching.names("a") == {"s1", "s3"}
    assert watching.last.lists("Doc", ["b"])["b"].seen_at == 1_000.0


def test_what_a_node_lists_while_it_comes_back_does_not_replace_the_whole() -> None:
    watching = Watching()
    watching.see({"a": [], "b": ["s1", "s2"]})
    watching.see({"a": []})
    watching.now += 100
    watching.see({"a": [], "b": ["s1"]})
    assert watching.names("b") == {"s1", "s2"}
    watching.now += WHOLE_AFTER_S + 1
    watching.see({"a": [], "b": ["s1"]})
    assert watching.names("b") == {"s1"}


def test_a_collection_of_the_same_name_made_anew_is_another_one() -> None:
    watching = Watching()
    watching.schema("Doc", "Other")
    watching.see({"a": ["s1"], "b": ["s2"]})
    watching.now += 5
    watching.see({"a": ["s1"]})
    watching.schema("Other")
    watching.schema("Other", "Doc")
    assert watching.names("b") is None
    assert watching.last.lists("Other", ["b"]).keys() == {"b"}


def test_what_is_yet_to_come_in_a_recording_is_not_known() -> None:
    watching = Watching()
    watching.see({"a": ["s1"]})
    watching.now -= 60
    assert watching.names("a") is None


def test_no_more_nodes_are_kept_than_a_cluster_can_have() -> None:
    watching = Watching()
    for number in range(600):
        watching.now += 1
        watching.see({f"pod-{number}": ["s"]})
    kept = watching.last.lists("Doc", [f"pod-{number}" for number in range(600)])
    assert len(kept) == 256
    assert "pod-599" in kept


def away(
    report: ShardReport,
    watching: Watching,
    nodes: Iterable[str],
    wanted: int | None,
    dark: frozenset[str] | None = None,
) -> Away:
    lists = watching.last.lists("Doc", set(nodes))
    return shards_away(report, "Doc", frozenset(nodes), lists, wanted=wanted, dark=dark)


def test_the_shard_that_only_a_dead_node_has_is_lost_by_its_name() -> None:
    watching = Watching()
    watching.see({"a": ["s1"], "b": ["s2"], "c": ["s3"]})
    found = away(watching.see({"a": ["s1"], "b": ["s2"]}), watching, ["c"], 3)
    assert found.lost == {"s3"}
    assert found.held["s3"]["c"].replica.object_count == 308
    assert (found.unnamed, found.in_doubt) == (0, False)


def test_what_nobody_remembers_is_counted() -> None:
    found = away(listing({"a": ["s1"], "b": ["s2"]}), Watching(), ["c"], 3)
    assert (found.lost, found.unnamed, found.in_doubt) == (frozenset(), 1, True)


def test_a_shard_that_was_dropped_is_no_ghost() -> None:
    watching = Watching()
    watching.see({"a": ["s1"], "c": ["s2", "s3"]})
    report = watching.see({"a": ["s1"]})
    assert away(report, watching, ["c"], 1).lost == frozenset()
    doubtful = away(report, watching, ["c"], 2)
    assert doubtful.in_doubt
    told = away(report, watching, ["c"], 2, frozenset({"s3"}))
    assert (told.lost, told.unnamed) == ({"s3"}, 0)
    assert away(report, watching, [], 3) == Away()


def test_a_node_is_away_while_it_is_missing_or_silent() -> None:
    states = {"a": HEALTHY, "b": MISSING, "c": HEALTHY, "d": HEALTHY}
    nodes = tuple(NodeView(node=name, status=state) for name, state in states.items())
    view = ClusterView(nodes=nodes)
    assert away_nodes(view, listing({"a": [], "b": [], "d": []}, ["c"])) == {"b", "c"}
    assert away_nodes(view, listing({"a": [], "b": []}, ["c"])) == {"b", "c", "d"}
    whole = listing({"a": [], "b": [], "c": [], "d": []})
    assert away_nodes(view, whole) == {"b"}
    assert away_nodes(view, whole, frozenset({"d"})) == {"b", "d"}
    assert away_nodes(view, listing({})) == {"b"}


def test_a_node_starts_until_it_lists_what_it_had() -> None:
    watching = Watching()
    live = tuple(NodeView(node=name, status=HEALTHY) for name in ("a", "b"))
    watching.see({"a": ["s1"], "b": ["s2", "s3"]})
    watching.now += 20
    gone = watching.see({"a": ["s1"]})
    view = ClusterView(nodes=live, asked_at=watching.now + 5)
    assert watching.last.short == frozenset()
    assert starting_nodes(view, gone, watching.now, watching.last.short) == {"b"}
    older = ClusterView(nodes=live, asked_at=watching.now - 5)
    assert starting_nodes(older, gone, watching.now, watching.last.short) == frozenset()
    watching.now += 10
    back = watching.see({"a": ["s1"], "b": ["s3"]})
    starting = starting_nodes(older, back, watching.now, watching.last.short)
    assert starting == {"b"}
    lists = watching.last.lists("Doc", starting)
    found = shards_away(back, "Doc", starting, lists, wanted=3, starting=starting)
    assert (found.lost, found.unnamed, found.starting) == ({"s2"}, 0, {"b"})
    watching.now += 5
    watching.see({"a": ["s1"], "b": ["s2", "s3"]})
    assert watching.last.short == frozenset()


def test_a_list_that_stays_short_is_the_list_in_the_end() -> None:
    watching = Watching()
    for shards in ({"a": [], "b": ["s1"]}, {"a": []}, {"a": [], "b": []}):
        watching.now += 5
        watching.see(shards)
    assert watching.last.short == {"b"}
    watching.now += WHOLE_AFTER_S
    watching.see({"a": [], "b": []})
    assert watching.last.short == frozenset()


places = st.dictionaries(
    st.sampled_from(["s0", "s1", "s2", "s3", "s4"]),
    st.sets(st.sampled_from(NAMES), min_size=1),
    max_size=5,
)


@given(places, st.sets(st.sampled_from(NAMES)))
def test_lost_is_what_all_replicas_of_are_on_nodes_away(
    placed: dict[str, set[str]], gone: set[str]
) -> None:
    watching = Watching()

    def lists(nodes: Iterable[str]) -> dict[str, list[str]]:
        return {node: [name for name in placed if node in placed[name]] for node in nodes}

    watching.see(lists(NAMES))
    report = watching.see(lists(sorted(set(NAMES) - gone)))
    expected = {name for name, nodes in placed.items() if nodes <= gone}
    for wanted in (len(placed), None):
        found = away(report, watching, gone, wanted)
        assert found.lost == expected
        assert not found.in_doubt
        assert found.unnamed == 0
    blind = away(report, Watching(), gone, len(placed))
    assert blind.unnamed == len(expected)
