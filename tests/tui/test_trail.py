"""The trail against a plain model: a list of places, a position, and how each was left."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from elysiadash.tui.trail import Place, Route, Trail

_MOST = 4
routes = st.sampled_from([("stats",), ("stats", "nodes"), ("health",), ("health", "nodes"), ("x",)])


class TrailModel(RuleBasedStateMachine):
    """What a reader expects of ``[``, ``]`` and ``-``."""

    def __init__(self) -> None:
        super().__init__()
        self.trail = Trail(_MOST)
        self.visited: list[Route] = []
        self.at = -1
        self.before: Route | None = None
        self.left: dict[Route, str] = {}

    @property
    def here(self) -> Route | None:
        return self.visited[self.at] if self.visited else None

    def known(self) -> set[Route | None]:
        return {*self.visited, self.before}

    @rule(route=routes)
    def visit(self, route: Route) -> None:
        self.trail.visit(route)
        if route == self.here:
            return
        self.before = self.here
        self.visited = [*self.visited[: self.at + 1], route][-_MOST:]
        self.at = len(self.visited) - 1
        self.left = {key: words for key, words in self.left.items() if key in self.known()}

    @rule(route=routes, words=st.text(max_size=3))
    def leave(self, route: Route, words: str) -> None:
        self.trail.leave(Place(route, filter=words))
        if route in self.known():
            self.left[route] = words

    @rule(steps=st.sampled_from([-1, 1]))
    def step(self, steps: int) -> None:
        place = self.trail.step(steps)
        if not 0 <= self.at + steps < len(self.visited):
            assert place is None
            return
        self.before, self.at = self.here, self.at + steps
        assert place == self.expected(self.visited[self.at])

    @invariant()
    def agrees(self) -> None:
        assert self.trail.here == self.here
        last = None if self.before is None else self.expected(self.before)
        assert self.trail.last() == last

    def expected(self, route: Route) -> Place:
        return Place(route, filter=self.left.get(route, ""))


TestTrail = TrailModel.TestCase
TestTrail.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_what_is_off_the_trail_is_forgotten() -> None:
    trail = Trail(2)
    trail.visit(("a",))
    trail.leave(Place(("a",), filter="doc"))
    for route in ("b", "c", "d"):
        trail.visit((route,))
    trail.leave(Place(("a",), filter="late"))
    assert trail.place(("a",)).filter == ""
    assert trail.step(-2) is None
