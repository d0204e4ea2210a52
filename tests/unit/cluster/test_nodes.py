"""The nodes' picture: who is dead, hung or missing, and who only looks so."""

from __future__ import annotations

import msgspec
import pytest

from elysiadash.cluster.directory import NodeAddress
from elysiadash.cluster.last_seen import LastSeen
from elysiadash.cluster.nodes import expected_nodes, view_cluster
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.store import Store
from elysiadash.cluster.view import HEALTHY, HUNG, ClusterView, NodeSeen, NodeView
from elysiadash.weaviate.models import (
    Node,
    Nodes,
    NodeStatistics,
    Raft,
    RaftPeer,
    Readiness,
    Statistics,
)

ADDRESSES = tuple(NodeAddress(f"n{n}", f"http://n{n}", None) for n in range(3))
PEERS = [RaftPeer(f"n{n}") for n in range(3)]
READY = Readiness(ready=True, status=200, seconds=0.001)


def statistics(*names: str, leader: object = "n0", pending: str = "0") -> Statistics:
    return Statistics(
        [
            NodeStatistics(
                name,
                "HEALTHY",
                leader,
                raft=Raft(
                    state="Leader" if name == leader else "Follower",
                    fsm_pending=pending,
                    latest_configuration=PEERS,
                ),
            )
            for name in names
        ]
    )


def store(nodes: dict[str, str], stats: Statistics | None = None) -> Store:
    found = Store(lambda: 1000.0)
    found.put(
        Kind.NODES,
        Nodes([Node(name, status, "1.39.0") for name, status in nodes.items()]),
        asked_at=1.0,
    )
    found.put(Kind.STATISTICS, stats or statistics(*nodes), asked_at=1.0)
    return found


def states(found: Store, addresses: tuple[NodeAddress, ...] = ADDRESSES) -> dict[str, str]:
    return {node.node: node.status for node in view_cluster(found, addresses, ()).nodes}


HEALTHY3 = {"n0": "HEALTHY", "n1": "HEALTHY", "n2": "HEALTHY"}


def test_three_healthy_nodes() -> None:
    found = store(HEALTHY3)
    for entry in ADDRESSES:
        found.put(Kind.READY, READY, of=entry.rest or "", asked_at=1.0)
    view = view_cluster(found, ADDRESSES, ())
    assert (view.live, view.expected, view.leader, view.probed) == (3, 3, "n0", 3)
    assert [node.leader for node in view.nodes] == [True, False, False]
    assert view.versions == ("1.39.0",)


def test_a_dead_node_that_gossip_forgot_is_missing_by_raft() -> None:
    found = store({"n0": "HEALTHY", "n1": "HEALTHY"}, statistics("n0", "n1"))
    view = view_cluster(found, ADDRESSES, ())
    assert states(found)["n2"] == "missing"
    assert (view.live, view.expected) == (2, 3)


def test_a_dead_node_is_missed_from_memory_when_raft_is_silent() -> None:
    found = store({"n0": "HEALTHY"}, Statistics([NodeStatistics("n0", "HEALTHY")]))
    view = view_cluster(found, (), ("n0", "n1"))
    assert {node.node: node.status for node in view.nodes} == {"n0": "healthy", "n1": "missing"}


def test_raft_wins_over_memory_so_that_a_removed_node_is_not_missed() -> None:
    assert expected_nodes(statistics("n0"), ("n0", "gone")) == {"n0", "n1", "n2"}
    assert expected_nodes(None, ("n0", "gone")) == {"n0", "gone"}


def test_a_hung_node_is_named_by_its_own_address_whatever_the_list_says() -> None:
    hung = Problem("no answer", "no answer within 2 s")
    for listed in (HEALTHY3, {"n0": "HEALTHY", "n1": "HEALTHY"}):
        found = store(dict(listed), statistics("n0", "n1"))
        found.fail(Kind.READY, hung, of="http://n2")
        assert states(found)["n2"] == "hung"


def came_back(listed: dict[str, str], asked: float, ready: bool = True) -> Store:
    """n2 hung until 1000.0; the list was asked for so many seconds after that."""
    found = store(HEALTHY3, statistics(*HEALTHY3))
    found.fail(Kind.READY, Problem("no answer", "no answer within 2 s"), of="http://n2")
    answer = Readiness(ready=ready, status=200 if ready else 503, seconds=0.001)
    found.put(Kind.READY, answer, of="http://n2", asked_at=2.0)
    found.put(
        Kind.NODES,
        Nodes([Node(name, status, "1.39.0") for name, status in listed.items()]),
        asked_at=3.0,
        fetched_at=1000.5 + asked,
        latency=0.5,
    )
    return found


WITHOUT_N2 = {"n0": "HEALTHY", "n1": "HEALTHY"}


@pytest.mark.parametrize("listed", [WITHOUT_N2, {**HEALTHY3, "n2": "UNAVAILABLE"}])
@pytest.mark.parametrize("asked", [-30.0, -1.0, 0.5, 2.9])
def test_a_hung_node_that_answers_again_is_not_missing_by_a_list_too_old_to_know(
    listed: dict[str, str], asked: float
) -> None:
    view = view_cluster(came_back(listed, asked), ADDRESSES, ()).nodes[2]
    assert view.status == "hung"
    assert view.why == (
        "it hung and answers its readiness probe again; the list of members is older"
    )


def test_a_newer_list_decides_about_a_node_that_hung() -> None:
    assert states(came_back(HEALTHY3, -1.0))["n2"] == "healthy"
    assert states(came_back(HEALTHY3, 3.1))["n2"] == "healthy"
    assert states(came_back(WITHOUT_N2, 3.1))["n2"] == "missing"
    assert states(came_back({**HEALTHY3, "n2": "UNAVAILABLE"}, 3.1))["n2"] == "unavailable"


def test_a_hung_node_that_answers_503_again_is_not_ready() -> None:
    assert states(came_back(WITHOUT_N2, -1.0, ready=False))["n2"] == "not ready"
    assert states(came_back(WITHOUT_N2, 3.1, ready=False))["n2"] == "missing"


def test_a_node_that_never_hung_is_missing_as_soon_as_the_list_lacks_it() -> None:
    found = store(WITHOUT_N2, statistics("n0", "n1"))
    refused = Problem("unreachable", "no connection: Connection refused")
    found.fail(Kind.READY, refused, of="http://n2")
    found.put(Kind.READY, READY, of="http://n2", asked_at=2.0)
    assert states(found)["n2"] == "missing"


def test_list_states_have_their_words() -> None:
    found = store({"n0": "HEALTHY", "n1": "UNAVAILABLE", "n2": "TIMEOUT"})
    assert states(found, ()) == {"n0": "healthy", "n1": "unavailable", "n2": "hung"}
    assert states(store({"n0": "UNHEALTHY"}), ())["n0"] == "unhealthy"
    assert states(store({"n0": "SOMETHING_NEW"}), ())["n0"] == "unknown"


def test_a_refused_address_is_unreachable_only_while_its_peers_still_see_it() -> None:
    refused = Problem("unreachable", "no connection: Connection refused")
    found = store(dict(HEALTHY3))
    found.fail(Kind.READY, refused, of="http://n1")
    assert states(found)["n1"] == "unreachable"
    found = store({**HEALTHY3, "n1": "UNAVAILABLE"})
    found.fail(Kind.READY, refused, of="http://n1")
    assert states(found)["n1"] == "unavailable"


def test_a_node_answering_503_is_not_ready() -> None:
    found = store(dict(HEALTHY3))
    found.put(Kind.READY, Readiness(False, 503, 0.001), of="http://n0", asked_at=1.0)
    assert states(found)["n0"] == "not ready"


def test_a_stale_list_makes_states_unknown_unless_a_node_speaks_for_itself() -> None:
    found = store(dict(HEALTHY3))
    found.fail(Kind.NODES, Problem("parked", "a peer does not answer"))
    found.put(Kind.READY, READY, of="http://n0", asked_at=1.0)
    found.fail(Kind.READY, Problem("no answer", "no answer within 2 s"), of="http://n2")
    assert states(found) == {"n0": "healthy", "n1": "unknown", "n2": "hung"}


def test_a_dead_peer_that_fails_the_whole_question_is_read_from_the_error() -> None:
    found = store(dict(HEALTHY3))
    words = 'failed with 500: node: n2: send http request: Get "http://n2": refused'
    found.fail(Kind.NODES, Problem("server fault", words))
    assert states(found, ())["n2"] == "unavailable"
    assert states(found, ())["n1"] == "unknown"


def test_without_any_list_a_nodes_own_word_counts() -> None:
    found = Store(lambda: 1000.0)
    found.put(Kind.READY, READY, of="http://n0", asked_at=1.0)
    found.put(Kind.READY, Readiness(False, 503, 0.001), of="http://n1", asked_at=1.0)
    found.fail(Kind.READY, Problem("unreachable", "Connection refused"), of="http://n2")
    assert states(found) == {"n0": "healthy", "n1": "not ready", "n2": "unavailable"}


def test_no_leader_is_told_apart_from_not_knowing() -> None:
    assert view_cluster(store(HEALTHY3, statistics("n0", leader="")), (), ()).leader == ""
    assert view_cluster(store(HEALTHY3, Statistics([])), (), ()).leader is None
    assert view_cluster(store(HEALTHY3, statistics("n0", leader={})), (), ()).leader is None


def test_a_leader_that_is_away_is_one_no_more_whatever_its_peers_say() -> None:
    found = store({"n1": "HEALTHY", "n2": "HEALTHY"}, statistics("n1", "n2"))
    view = view_cluster(found, ADDRESSES, ())
    assert (view.leader, view.leader_was) == (None, "n0")
    assert [(node.leader, node.led) for node in view.nodes] == [
        (False, True),
        (False, False),
        (False, False),
    ]
    back = view_cluster(store(HEALTHY3), ADDRESSES, ())
    assert (back.leader, back.leader_was) == ("n0", None)


def test_a_waiting_apply_queue_is_named() -> None:
    found = store(HEALTHY3, statistics("n0", "n1", pending="3"))
    assert view_cluster(found, (), ()).fsm_pending == ("n0", "n1")


def test_an_address_of_an_unknown_node_is_listed_with_what_it_said() -> None:
    found = store(dict(HEALTHY3))
    found.fail(Kind.READY, Problem("no answer", "no answer within 2 s"), of="http://x")
    view = view_cluster(found, (NodeAddress(None, "http://x", None),), ())
    assert view.unnamed == (("http://x", "its own address: no answer within 2 s"),)


def test_nothing_known_is_nothing_claimed() -> None:
    view = view_cluster(Store(), (), ())
    assert (view.nodes, view.expected, view.live, view.leader) == ((), None, 0, None)


def test_what_was_known_of_a_node_stays_while_it_is_away() -> None:
    seen = NodeView(node="n2", status=HEALTHY, version="1.39.0", seen_at=900.0)
    listed = msgspec.structs.replace(seen, shards=12, objects=40, seen_at=910.0)
    later = msgspec.structs.replace(seen, seen_at=920.0)
    away = NodeView(node="n2", status=HUNG)
    last = LastSeen(None)
    for view in (seen, listed, later):
        assert last.fill(ClusterView(nodes=(view,))).nodes[0].last is None
    filled = last.fill(ClusterView(nodes=(away,)))
    known = NodeSeen(version="1.39.0", shards=12, objects=40, at=920.0)
    assert filled.nodes[0].last == known
    # A run that begins while it is away knows it from the one before.
    assert LastSeen(filled).fill(ClusterView(nodes=(away,))).nodes[0].last == known
    assert last.fill(ClusterView(nodes=(later,))).nodes[0].last is None


def test_of_a_node_that_nobody_saw_nothing_is_known() -> None:
    away = ClusterView(nodes=(NodeView(node="n2", status=HUNG),))
    assert LastSeen(None).fill(away) == away
