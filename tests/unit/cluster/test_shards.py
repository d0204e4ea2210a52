"""Verbose nodes reduced: highest loaded replica counts, lazy ones do not."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.shards import replicas_of, report_shards
from elysiadash.weaviate.models import Node, Nodes, ShardReplica


def replica(collection: str, shard: str, count: int, **changes: object) -> ShardReplica:
    fields: dict[str, object] = {"status": "READY", **changes}
    return ShardReplica(collection, shard, count, **fields)  # type: ignore[arg-type]


def test_a_shard_counts_once_with_its_highest_loaded_replica() -> None:
    nodes = Nodes(
        [
            Node("a", "HEALTHY", shards=[replica("Doc", "s1", 100), replica("Doc", "s2", 50)]),
            Node("b", "HEALTHY", shards=[replica("Doc", "s1", 90), replica("Doc", "s2", 0)]),
            Node("c", "HEALTHY", shards=[replica("Doc", "s1", 7, loaded=False)]),
        ]
    )
    found = report_shards(nodes).by_collection["Doc"]
    assert found.objects == 150
    assert found.counts == {"s1": 100, "s2": 50}
    assert (found.shards, found.replicas, found.unloaded_replicas) == (2, 5, 1)
    assert found.widest_gap == 50


def test_a_lazy_shard_is_unknown_not_empty() -> None:
    nodes = Nodes([Node("a", shards=[replica("Doc", "s1", 0, loaded=False)])])
    found = report_shards(nodes).by_collection["Doc"]
    assert found.counts == {}
    assert found.shards == 1


def test_silent_nodes_are_named_and_not_counted() -> None:
    nodes = Nodes([Node("a", "HEALTHY", shards=[]), Node("b", "UNAVAILABLE"), Node("c", "TIMEOUT")])
    report = report_shards(nodes)
    assert report.answered == ("a",)
    assert report.silent == ("b", "c")


def test_states_queues_and_compression_add_up() -> None:
    nodes = Nodes(
        [
            Node(
                "a",
                shards=[
                    replica("Doc", "s1", 1, status="READONLY", vector_queue_length=5),
                    replica("Doc", "s2", 1, status="INDEXING", vector_queue_length=7),
                    replica("Doc", "s3", 1, compressed=True, number_of_replicas=2),
                    replica("Doc", "s4", 1, number_of_replicas=3),
                ],
            )
        ]
    )
    found = report_shards(nodes).by_collection["Doc"]
    assert (found.readonly_replicas, found.indexing_replicas, found.vector_queue) == (1, 1, 12)
    assert found.compressed
    assert found.fewest_replicas == 2


_REPLICAS = st.lists(
    st.tuples(st.sampled_from("AB"), st.sampled_from("xyz"), st.integers(0, 10**15), st.booleans()),
    max_size=12,
)


@given(nodes=st.lists(_REPLICAS, max_size=4))
def test_counts_equal_the_plain_definition(
    nodes: list[list[tuple[str, str, int, bool]]],
) -> None:
    answer = Nodes(
        [
            Node(f"n{n}", shards=[replica(c, s, count, loaded=up) for c, s, count, up in shards])
            for n, shards in enumerate(nodes)
        ]
    )
    loaded: dict[tuple[str, str], list[int]] = defaultdict(list)
    for shards in nodes:
        for c, s, count, up in shards:
            if up:
                loaded[c, s].append(count)
    report = report_shards(answer)
    for name, found in report.by_collection.items():
        mine = {shard: counts for (c, shard), counts in loaded.items() if c == name}
        assert found.counts == {shard: max(counts) for shard, counts in mine.items()}
        assert found.objects == sum(found.counts.values())
        gaps = [max(counts) - min(counts) for counts in mine.values()]
        assert found.widest_gap == max(gaps, default=0)
        assert sum(len(found) for found in replicas_of(report, name).values()) == found.replicas
