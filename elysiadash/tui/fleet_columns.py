"""The columns of the fleet, and what its rows can be filtered by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from elysiadash.tui import numbers
from elysiadash.tui.environment import colour_of
from elysiadash.tui.filtering import Fields
from elysiadash.tui.fleet import (
    ASKING,
    CRITICAL,
    LOST,
    NO_ACCESS,
    OK,
    UNKNOWN,
    UNUSABLE,
    WARNING,
    FleetRow,
)
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import Cell, Column, StyleName

STATES: dict[str, tuple[str, StyleName, int]] = {
    LOST: ("✖", "critical", 7),
    CRITICAL: ("✖", "critical", 6),
    NO_ACCESS: ("✖", "critical", 5),
    UNUSABLE: ("✖", "warning", 4),
    UNKNOWN: ("?", "unknown", 3),
    WARNING: ("▲", "warning", 2),
    ASKING: ("○", "muted", 1),
    OK: ("●", "ok", 0),
}
"""State -> its sign, its look, and how much it wants to be seen."""

_IN_FULL = 1_000_000
_COARSE_S, _COARSE_BELOW_S = 10, 60.0


class FleetColumns:
    """Renders cells; the values of a cluster that does not answer are dimmed."""

    def __init__(self, variables: Callable[[], Mapping[str, str]]) -> None:
        self._variables = variables
        column = _column
        self.columns: Sequence[Column[FleetRow]] = (
            column("cluster", "Cluster", self._name, (10, 28), "left", 100, _by_name, "c"),
            column("environment", "Env", self._environment, (7, 14), "left", 88, _env, "e"),
            column("state", "State", _state, 12, "left", 95, _urgency, "s", True),
            column("version", "Version", _version, (7, 17), "left", 50, _versions, "v"),
            column("nodes", "Nodes", _nodes, (5, 7), "right", 85, _missing, "n", True),
            column("leader", "Leader", _leader, (10, 20), "left", 30, _by_leader, "l"),
            column(
                "objects", "Objects", _objects, (7, 13), "right", 65, _many("objects"), "o", True
            ),
            column("queue", "Queue", _queue, (5, 11), "right", 70, _many("queue"), "q", True),
            column("alerts", "Alerts", _alerts, 6, "right", 90, _many("alerts"), "a", True),
            column("age", "Age", _age, (4, 7), "right", 80, _many("age"), "g", True),
            column("why", "Why", _why, (12, 120), "left", 55, None, ""),
        )

    def _name(self, row: FleetRow) -> Cell:
        here = " (here)" if row.current else ""
        return Cell(f"{plain(row.name)}{here}", "strong")

    def _environment(self, row: FleetRow) -> Cell:
        words = "demo" if row.demo else row.environment
        if not words and not row.colour:
            return Cell(numbers.UNKNOWN if not row.url else "", "muted")
        colour = colour_of(row.colour, self._variables(), demo=row.demo)
        # A style of the table's: black or white on that colour.
        return Cell(plain(words or ""), cast("StyleName", colour))


def fleet_fields() -> Fields[FleetRow]:
    """What a filter line can name."""
    return Fields(
        lambda row: (row.name,),
        {
            "env": lambda row: "demo" if row.demo else row.environment,
            "state": lambda row: row.state,
            "version": lambda row: " ".join(row.versions) or None,
            "nodes": lambda row: row.live,
            "leader": lambda row: row.leader,
            "objects": lambda row: row.objects,
            "queue": lambda row: row.queue,
            "alerts": lambda row: row.alerts,
            "age": lambda row: row.age,
            "why": lambda row: row.why,
        },
    )


def is_problem(row: FleetRow) -> bool:
    """Whether something is wrong with it, or cannot be seen."""
    return row.state not in (OK, ASKING)


def _column(
    key: str,
    title: str,
    render: Callable[[FleetRow], Cell],
    width: int | tuple[int, int],
    align: Any,
    priority: int,
    order: Callable[[FleetRow], Any] | None,
    letter: str,
    descending_first: bool = False,
) -> Column[FleetRow]:
    beside = ("objects_sign",) if key == "objects" else ()
    return Column(
        key, title, render, width, align, priority, order, descending_first, letter, beside=beside
    )


def _look(row: FleetRow, style: StyleName = "") -> StyleName:
    return "muted" if row.old else style


def _cell(row: FleetRow, text: str, style: StyleName = "") -> Cell:
    if text == numbers.UNKNOWN:
        return Cell(text, "unknown")
    return Cell(text, _look(row, style))


def _state(row: FleetRow) -> Cell:
    sign, style, _ = STATES[row.state]
    return Cell(f"{sign} {row.state}", style)


def _version(row: FleetRow) -> Cell:
    if not row.versions:
        return _cell(row, numbers.UNKNOWN)
    first, last = row.versions[0], row.versions[-1]
    return _cell(row, plain(first if first == last else f"{first}–{last}"))


def _nodes(row: FleetRow) -> Cell:
    if row.live is None:
        return _cell(row, numbers.UNKNOWN if row.expected is None else f"?/{row.expected}")
    if row.expected is None:
        return _cell(row, f"{row.live}/?")
    lacks = row.live < row.expected
    return _cell(row, f"{row.live}/{row.expected}", "critical" if lacks else "")


def _leader(row: FleetRow) -> Cell:
    if row.leader is None:
        return _cell(row, numbers.UNKNOWN)
    return _cell(row, plain(row.leader)) if row.leader else _cell(row, "▲ none", "critical")


def _objects(row: FleetRow) -> Cell:
    few = row.objects is None or row.objects < _IN_FULL
    text = numbers.count(row.objects) if few else numbers.short(row.objects)
    return _cell(row, numbers.UNKNOWN if row.objects is None else f"{row.objects_sign}{text}")


def _queue(row: FleetRow) -> Cell:
    if row.queue is None:
        return _cell(row, numbers.UNKNOWN)
    return _cell(row, f"{row.queue_sign}{numbers.count(row.queue)}")


def _alerts(row: FleetRow) -> Cell:
    if row.alerts is None:
        return _cell(row, numbers.UNKNOWN)
    return _cell(row, str(row.alerts), "warning" if row.alerts else "")


def _age(row: FleetRow) -> Cell:
    if row.age is None:
        return _cell(row, numbers.UNKNOWN)
    if row.old or row.age >= _COARSE_BELOW_S:
        return Cell(numbers.span(row.age), "warning" if row.old else "")
    # Seconds that tick in every row would say nothing, and be painted.
    return Cell(f"<{_COARSE_S * (int(row.age) // _COARSE_S + 1)} s")


def _why(row: FleetRow) -> Cell:
    return Cell(plain(row.why), "muted" if row.state in (OK, ASKING) else "")


def _by_name(row: FleetRow) -> tuple[str, str]:
    return row.name.casefold(), row.name


def _env(row: FleetRow) -> str | None:
    return "demo" if row.demo else row.environment


def _urgency(row: FleetRow) -> int:
    return STATES[row.state][2]


def _versions(row: FleetRow) -> list[int] | None:
    if not row.versions:
        return None
    return [int(part) if part.isdigit() else -1 for part in row.versions[0].split(".")]


def _missing(row: FleetRow) -> int | None:
    if row.live is None or row.expected is None:
        return None
    return row.expected - row.live


def _by_leader(row: FleetRow) -> str | None:
    return row.leader


def _many(field: str) -> Callable[[FleetRow], Any]:
    return lambda row: getattr(row, field)
