"""Nodes and their leader: what lasts is told once, what flaps is not, what is not seen neither."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.nodes import node_changes, remembered_nodes
from elysiadash.cluster.events.nodes_memory import NodesMemory
from elysiadash.cluster.view import ClusterView, NodeView

NAMES = ("n0", "n1", "n2")


def view(
    leader: str | None = "n0",
    *,
    expected: int | None = 3,
    pending: tuple[str, ...] = (),
    version: dict[str, str] | None = None,
    **states: str,
) -> ClusterView:
    """Three healthy nodes, but for ``states``; a state "" is a node nobody speaks of."""
    all_states = {**dict.fromkeys(NAMES, "healthy"), **states}
    nodes = tuple(
        NodeView(node=name, status=state, version=(version or {}).get(name, "1.39.0"))
        for name, state in all_states.items()
        if state
    )
    return ClusterView(
        nodes=nodes, expected=expected, leader=leader, fsm_pending=pending, asked_at=1.0
    )


class Told:
    """Looks one after the other, and what they told."""

    def __init__(self, memory: NodesMemory | None = None) -> None:
        self.memory = memory or NodesMemory()
        self.events: list[Event] = []
        self.now = 1000.0

    def look(self, seen: ClusterView, after: float = 1.0, *, answered: bool = True) -> list[str]:
        self.now += after
        events, self.memory = node_changes(self.memory, seen, self.now, answered=answered)
        self.events += events
        return [event.kind for event in events]

    def last(self, seen: ClusterView, seconds: float = 30.0) -> list[str]:
        """The same picture for a while."""
        return [kind for _ in range(int(seconds)) for kind in self.look(seen)]


def watching() -> Told:
    told = Told()
    assert told.look(view()) == []
    return told


def test_a_first_look_is_no_change_whatever_it_shows() -> None:
    told = Told()
    assert told.last(view(leader="", n1="missing", n2="hung", pending=("n0",)), 5) == []


def test_a_quiet_cluster_tells_nothing() -> None:
    assert watching().last(view(), 60) == []


def test_a_death_is_one_line_with_the_moment_it_began() -> None:
    told = watching()
    told.look(view(n2="unreachable"))
    began = told.now
    told.look(view(n0="unhealthy", n2="unavailable"))
    told.last(view(n2="missing"))
    (event,) = told.events
    assert (event.kind, event.node, event.severity) == ("node.left", "n2", "critical")
    assert event.at == began
    assert (event.before, event.after) == ("healthy", "missing")


def test_it_comes_back_once_however_it_starts() -> None:
    told = watching()
    told.last(view(n2="missing"))
    told.events.clear()
    told.look(view(n2="not ready"))
    began = told.now
    told.last(view(n2="not ready"), 4)
    told.look(view(n2="unhealthy"))
    told.last(view())
    (event,) = told.events
    assert (event.kind, event.severity, event.at) == ("node.came", "info", began)


def test_a_node_that_hangs_is_hung_then_left() -> None:
    told = watching()
    assert told.last(view(n1="hung"), 20) == ["node.state"]
    assert (told.events[0].before, told.events[0].after) == ("healthy", "hung")
    assert told.last(view(), 20) == ["node.state"]
    assert told.events[1].after == "healthy"


def test_flapping_for_seconds_is_not_told_lasting_trouble_is() -> None:
    told = watching()
    for _ in range(10):
        told.look(view(n0="unhealthy"), 3)
        told.look(view(), 3)
    assert told.events == []
    assert told.last(view(n0="unhealthy"), 40) == ["node.state"]
    assert told.events[0].severity == "warning"


def test_an_unknown_state_says_nothing() -> None:
    told = watching()
    assert told.last(view(n1="unknown", n2="unknown"), 60) == []
    assert told.last(view(), 5) == []


def test_while_nothing_answers_only_that_is_told() -> None:
    told = watching()
    dark = view(n0="unavailable", n1="unavailable", n2="unavailable")
    kinds = [kind for _ in range(60) for kind in told.look(dark, answered=False)]
    assert kinds == ["cluster.silent"]
    assert told.look(view()) == ["cluster.answers"]
    assert told.last(view()) == []


def test_a_change_while_nothing_answered_is_told_afterwards() -> None:
    told = watching()
    for _ in range(20):
        told.look(view(), answered=False)
    assert told.last(view(n2="missing")) == ["cluster.answers", "node.left"]


def test_raft_members_that_join_and_leave() -> None:
    told = watching()
    kinds = told.look(view(expected=4, n3="healthy"))
    assert kinds == ["node.expected", "node.came"]
    kinds = told.look(view())
    assert kinds == ["node.expected", "node.left"]
    assert [event.severity for event in told.events[2:]] == ["warning", "info"]


def test_a_member_that_becomes_known_later_has_not_joined() -> None:
    told = Told()
    told.look(view(leader=None, expected=None, n2=""))
    assert told.look(view(n2="missing")) == []
    assert told.last(view()) == ["node.came"]


def test_another_leader_is_one_line_and_none_for_long_two() -> None:
    told = watching()
    told.look(view(leader=""))
    told.look(view(leader=None))
    assert told.look(view(leader="n1")) == ["leader.changed"]
    assert (told.events[0].before, told.events[0].after) == ("n0", "n1")
    assert told.last(view(leader=""), 30) == ["leader.lost"]
    assert told.look(view(leader="n1")) == ["leader.elected"]
    assert told.last(view(leader="n1")) == []


def test_the_same_leader_after_a_blink_is_no_news() -> None:
    told = watching()
    told.look(view(leader=""))
    assert told.look(view(leader="n0")) == []


def test_a_rolling_upgrade_tells_each_node_across_its_absence() -> None:
    told = watching()
    told.last(view(n1="missing", version={"n1": ""}), 10)
    told.events.clear()
    told.last(view(version={"n1": "1.39.1"}), 10)
    assert sorted(event.kind for event in told.events) == ["node.came", "version.changed"]
    changed = next(event for event in told.events if event.kind == "version.changed")
    assert (changed.node, changed.before, changed.after) == ("n1", "1.39.0", "1.39.1")


def test_an_apply_queue_is_stuck_only_after_a_while() -> None:
    told = watching()
    assert told.last(view(pending=("n2",)), 10) == []
    assert told.last(view(), 3) == []
    assert told.last(view(pending=("n2",)), 60) == ["fsm.stuck"]
    assert told.look(view()) == ["fsm.freed"]


def test_what_changed_since_an_earlier_run_says_between_when() -> None:
    told = Told(remembered_nodes(view(), saved_at=100.0))
    assert told.look(view(leader="n1", n2="missing"), 500_000) == ["leader.changed"]
    assert told.last(view(leader="n1", n2="missing"), 5) == ["node.left"]
    for event in told.events:
        assert "between 1970-01-01 00:01:40 and 19:10:0" in event.evidence


def test_a_clock_set_back_holds_nothing_for_hours() -> None:
    told = watching()
    told.look(view(n2="missing"))
    told.look(view(n2="missing"), -7200)
    assert told.last(view(n2="missing"), 5) == ["node.left"]


STATES = st.sampled_from(["healthy", "unhealthy", "not ready", "unreachable", "hung", "missing"])


@given(st.lists(st.tuples(STATES, STATES, STATES), min_size=1, max_size=12))
def test_states_that_last_are_told_exactly_once_each(turns: list[tuple[str, str, str]]) -> None:
    told = watching()
    known = dict.fromkeys(NAMES, "healthy")
    for turn in turns:
        now = dict(zip(NAMES, turn, strict=True))
        told.events.clear()
        told.last(view(**now), 40)
        changed = {name for name in NAMES if now[name] != known[name]}
        assert sorted(event.node or "" for event in told.events) == sorted(changed)
        for event in told.events:
            assert (event.before, event.after) == (known[event.node or ""], now[event.node or ""])
        known = now


@given(st.lists(st.tuples(STATES, st.integers(1, 40)), min_size=1, max_size=20))
def test_the_last_state_told_is_the_last_state(turns: list[tuple[str, int]]) -> None:
    told = watching()
    for state, seconds in turns:
        told.last(view(n1=state), seconds)
    told.last(view(n1=turns[-1][0]), 40)
    states = [event.after for event in told.events]
    assert (states[-1] if states else "healthy") == turns[-1][0]
    before = [event.before for event in told.events]
    assert before == ["healthy", *states][: len(before)]
