"""The header says the most important things in any width, and nothing by colour alone."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from elysiadash.cluster.slices import Kind
from elysiadash.health.finding import Finding, Severity
from elysiadash.tui.appearance import Appearance
from elysiadash.tui.environment import colour_of
from elysiadash.tui.facts import Facts, gather
from elysiadash.tui.freshness import Freshness, look
from elysiadash.tui.widgets.header import Part, fit, header_parts
from tests.tui.reading import live, notice, shown
from tests.tui.still import NODES, five_rows, lost, still_cluster, three_nodes

FRESH = Freshness(age=2.0, late=frozenset(), trouble=None, connected=True, remembered=False)


def facts(**changes: object) -> Facts:
    watch = still_cluster()
    found = gather(watch, five_rows(), FRESH, demo=False)
    return msgspec.structs.replace(found, **changes)


def words(given: Facts, width: int = 250) -> str:
    return "  ".join(text for text, _ in fit(header_parts(given, {}), width) if text)


def test_all_of_it_where_there_is_room() -> None:
    assert words(facts()) == (
        " ● prod-eu · prod   🔒 read-only  weaviate 1.38.11  nodes 3/3  leader weaviate-0  "
        "≥219 M objects  us: 76 req/min p95 38 ms  2 s ago"
    )


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"demo": True}, " DEMO simulated data "),
        ({"writable": True}, " WRITE "),
        ({"live": 2, "missing": ("weaviate-2 missing",)}, "▲ nodes 2/3"),
        ({"live": 2, "missing": ("weaviate-2 missing",)}, "▲ nodes 2/3: weaviate-2 missing"),
        ({"contact": "http://me:pass@other:8080"}, "via http://other:8080"),
        ({"leader": ""}, "▲ no leader"),
        ({"leader": None}, "leader –"),
        ({"probed": 1}, "1 of 3 nodes probed"),
        ({"versions": ("1.38.9", "1.39.0")}, "weaviate 1.38.9–1.39.0"),
        ({"expected": None}, "nodes 3/?"),
        ({"expected": None, "live": 0}, "nodes ?"),
        ({"objects": None, "objects_sign": ""}, "– objects"),
        ({"leader": None, "leader_was": "weaviate-1"}, "leader ? (was weaviate-1)"),
        ({"environment": None}, " ● prod-eu "),
        ({"name": "[/x]"}, "[/x]"),
        ({"colour": "nonsense"}, "prod-eu"),
        ({"warnings": 2}, "▲ 2 alerts"),
        ({"warnings": 1}, "▲ 1 alert "),
        ({"critical": 1}, "✖ 1 alert "),
        ({"critical": 1, "warnings": 3}, "✖ 4 alerts, 1 critical"),
    ],
)
def test_what_each_state_says(changes: dict[str, object], part: str) -> None:
    assert part in words(facts(**changes))


def test_a_lost_connection_is_a_sign_of_its_own() -> None:
    gone = msgspec.structs.replace(FRESH, connected=False, late=frozenset({Kind.NODES}))
    text = words(facts(fresh=gone))
    assert "✖ prod-eu" in text
    assert "nodes ?/3" in text
    assert "stale 2 s" in text


def test_what_nobody_can_say_is_left_out_of_a_lost_header() -> None:
    gone = msgspec.structs.replace(FRESH, connected=False, late=frozenset({Kind.NODES}))
    text = words(facts(fresh=gone, leader=None, objects=None, objects_sign=""))
    assert "leader" not in text
    assert "objects" not in text


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
def test_who_nodes_alerts_and_age_stay_in_any_width(width: int) -> None:
    text = words(facts(demo=True, live=2, critical=1, warnings=1), width)
    assert cell_len(text) <= width
    for part in ("prod-eu", "DEMO", "2/3", "✖", "2 s"):
        assert part in text


def test_findings_are_counted_by_severity_and_what_is_not_known_is_no_alert() -> None:
    def found(severity: Severity) -> Finding:
        return Finding(code="X-1", severity=severity, message="", impact="", cause="", action="")

    findings = [found(severity) for severity in (*Severity, Severity.WARNING)]
    told = gather(still_cluster(), five_rows(), FRESH, demo=False, findings=findings)
    assert (told.critical, told.warnings, told.alerts) == (1, 2, 3)


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "elysiadash · prod-eu"),
        ({"warnings": 2}, "elysiadash · prod-eu ▲2"),
        ({"warnings": 2, "critical": 1}, "elysiadash · prod-eu ✖3"),
        (
            {"fresh": msgspec.structs.replace(FRESH, connected=False), "warnings": 2},
            "elysiadash · prod-eu ✖ no answer",
        ),
    ],
)
def test_the_title_says_the_cluster_and_the_worst(changes: dict[str, object], title: str) -> None:
    assert facts(**changes).title == title


def test_the_frame_has_the_colour_of_the_name() -> None:
    variables = {"env-default": "#123456", "env-demo": "#654321"}
    for own, demo, colour in (
        ("#b02a37", False, "#B02A37"),
        (None, False, "#123456"),
        (None, True, "#654321"),
        ("no colour", True, "#654321"),
    ):
        assert colour_of(own, variables, demo=demo) == colour
        name = header_parts(facts(colour=own, demo=demo), variables)[0]
        assert name.style.endswith(f"on {colour}")
    assert colour_of(None, {}) == "#3a6ea5"


class Titles:
    """A terminal that only notes its titles."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def retitle(self, title: str) -> None:
        self.given.append(title)

    def on_leave(self, leave: object) -> None:
        pass

    def let_go_with(self, suspend: object) -> None:
        pass

    def size(self) -> tuple[int, int] | None:
        return None

    def arm(self, code: int) -> None:
        pass


async def test_the_terminal_is_told_once_for_each_change() -> None:
    watch, titles = still_cluster(), Titles()
    async with shown(watch, terminal=titles) as (app, pilot):
        live(app).tick()
        live(app).tick()
        before = list(titles.given)
        watch.lose(lost())
        await notice(app, pilot)
        after = titles.given[len(before) :]
    assert before[-1].startswith("elysiadash · prod-eu")
    assert len(before) == len(set(before))
    assert after == ["elysiadash · prod-eu ✖ no answer"]


async def test_the_frame_is_there_where_there_is_room_and_colour() -> None:
    async with shown(still_cluster(), (100, 30)) as (app, _):
        kind, colour = live(app).styles.border_left
        assert (kind, colour.hex) == ("outer", "#B02A37")
    async with shown(still_cluster(), (50, 8)) as (app, _):
        assert live(app).styles.border_left[0] == ""
    plain = Appearance(colours="none")
    async with shown(still_cluster(), (100, 30), appearance=plain) as (app, _):
        assert live(app).styles.border_left[0] == ""


def test_lost_nodes_are_named_even_where_all_is_long() -> None:
    lost = tuple(f"weaviate-of-the-east-{n} hung" for n in range(4))
    given = facts(demo=True, writable=True, live=2, missing=lost, name="a-very-long-name" * 3)
    text = words(given, 60)
    assert cell_len(text) <= 60
    assert "…he-east-0 +3" in text
    assert "weaviate-of-the-east-0 hung, 3 more" in words(given, 180)


@given(
    st.lists(
        st.tuples(st.lists(st.text("ab日", max_size=9), min_size=1, max_size=3), st.integers(0, 9)),
        min_size=1,
    ),
    st.integers(0, 120),
)
def test_fitting_shortens_in_order_of_rank(parts: list[tuple[list[str], int]], width: int) -> None:
    made = [Part(tuple(sorted(forms, key=cell_len, reverse=True)), "", r) for forms, r in parts]
    fitted = fit(made, width)
    shown = [text for text, _ in fitted if text]
    needed = sum(map(cell_len, shown)) + 2 * max(0, len(shown) - 1)
    at_least = [part.forms[-1] for part in made]
    if needed > width:
        assert [text for text, _ in fitted] == at_least
    for part, (text, _) in zip(made, fitted, strict=True):
        assert text in part.forms


def test_a_missing_node_is_named_for_the_summary() -> None:
    watch = still_cluster()
    watch.view = three_nodes(missing=NODES[2])
    found = gather(watch, five_rows(), look(watch, watch.clock.now), demo=False)
    assert found.missing == ("weaviate-2 missing",)
    assert found.nodes_lost


@pytest.mark.parametrize(
    ("states", "total"),
    [
        (("exact", "exact"), "20"),
        (("exact", "approximate"), "~20"),
        (("approximate", "partial"), "≥20"),
        (("approximate", "unknown"), "≥20"),
    ],
)
def test_a_total_is_as_good_as_its_worst_part(states: tuple[str, str], total: str) -> None:
    row = five_rows()[0]
    rows = [msgspec.structs.replace(row, objects=10, objects_are=state) for state in states]
    assert gather(still_cluster(), rows, FRESH, demo=False).total == total
