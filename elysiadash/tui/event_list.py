"""Events as a list: columns, what they can be filtered by, and where each of them leads."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple, cast

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.own_writes import is_own
from elysiadash.config.moments import local_clock, read_moment, with_local_times
from elysiadash.tui import numbers
from elysiadash.tui.filtering import Fields, Filter, FilterError, parse_filter
from elysiadash.tui.plain import plain
from elysiadash.tui.severity import look
from elysiadash.tui.widgets.table import Cell, Column, StyleName, Succession

_SINCE = "since:"
_TWIN_S = 90.0
"""Seconds within which two processes see one change, as where the recording is read."""
_WHATEVER_WORDS = frozenset({"node.left", "node.came"})


class EventKey(NamedTuple):
    """When it was seen, what it was, and what it was about."""

    at: float
    kind: str
    message: str
    about: tuple[str | None, ...]

    def is_alike(self, other: EventKey) -> bool:
        """Whether both may be one change that two processes saw."""
        # While a node dies, each process sees another of its states.
        worded = self.kind in _WHATEVER_WORDS or self.message == other.message
        near = abs(self.at - other.at) <= _TWIN_S
        return self.kind == other.kind and self.about == other.about and worded and near


class EventRow(msgspec.Struct, frozen=True, gc=False):
    """One event. ``place`` counts from the oldest; ``earlier``: from before this session."""

    event: Event
    place: int
    earlier: bool

    @property
    def key(self) -> EventKey:
        """What makes it this event and no other."""
        event = self.event
        if is_own(event) and event.name is not None:
            # It grows while the job writes, and stays the same event.
            words = f"job {event.name}, {event.after}"
            return EventKey(event.at, event.kind, words, (event.name, event.after))
        about = (event.node, event.collection, event.tenant, event.shard, event.name)
        return EventKey(event.at, event.kind, event.message, about)


class SameChange(Succession[EventRow]):
    """What this session saw gives way to what was recorded of it, seen at another moment."""

    def name(self, key: Hashable) -> str:
        """What it says."""
        return plain(cast("EventKey", key).message)

    def gone(self, key: Hashable) -> str:
        """An event stays true; only the list has an end."""
        return f"{self.name(key)}: this is not on the list any more"

    def heir(self, key: Hashable, rows: Sequence[EventRow]) -> Hashable | None:
        """The nearest in time of those that tell the same."""
        gone = cast("EventKey", key)
        same = (row.key for row in rows if row.event.kind == gone.kind and gone.is_alike(row.key))
        return min(same, key=lambda found: abs(found.at - gone.at), default=None)

    def followed(self, key: Hashable, heir: Hashable) -> str:
        """Nothing: it is the same change."""
        return ""


def event_rows(events: tuple[Event, ...], watching_since: float) -> tuple[EventRow, ...]:
    """Rows, in the order given: newest first."""
    return tuple(
        EventRow(event, len(events) - place, event.at < watching_since)
        for place, event in enumerate(events)
    )


def object_of(event: Event) -> str:
    """What it is about, in a word or two: ``Documents/shard03``, ``weaviate-1``, an alias."""
    if event.collection is not None:
        part = event.shard or event.tenant
        if part is None and event.kind.startswith("alias.") and event.name:
            return f"{event.name} → {event.collection}"
        return f"{event.collection}/{part}" if part else event.collection
    return event.node or event.name or event.before or ""


def target_of(event: Event) -> tuple[str, str] | None:
    """(``collection``, ``node`` or ``job``, name) that it leads to; None for what has no
    screen. What a job wrote leads to the job."""
    if is_own(event) and event.name is not None:
        return "job", event.name
    if event.collection is not None:
        return "collection", event.collection
    node = event.node or (event.before if event.kind.startswith("leader.") else None)
    return ("node", node) if node is not None else None


def severity_words(event: Event) -> tuple[str, StyleName]:
    """The sign and the word, and how they look."""
    found = look(event.severity)
    return f"{found.sign} {event.severity}", found.style


def message_words(event: Event, now: float) -> str:
    """What happened, with times as they are here."""
    return plain(with_local_times(event.message, now))


def evidence_words(row: EventRow, now: float) -> str:
    """What showed it, for the status line."""
    event = row.event
    parts = [event.evidence or "no evidence kept"]
    if (event.before is not None or event.after is not None) and not is_own(event):
        parts.append(f"{event.before or '–'} → {event.after or '–'}")
    if row.earlier:
        parts.append("from before this session")
    return plain(with_local_times("   ".join(parts), now))


class EventColumns:
    """Renders cells; ``now`` is set before each repaint, since ages move on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.columns: tuple[Column[EventRow], ...] = (
            Column("at", "At", self._at, (8, 14), "left", 100, _at_order, True, "t"),
            Column("age", "Age", self._age, (9, 9), "right", 55, _at_order, True, "a"),
            Column("severity", "Severity", _severity, (10, 10), "left", 90, _gravity, True, "s"),
            Column("kind", "Kind", _kind, (14, 20), "left", 40, lambda row: row.event.kind, False),
            Column("what", "What", self._what, (24, 110), "left", 95, whole=True),
            Column("object", "Object", _object, (12, 32), "left", 30, _object_order, False, "b"),
            Column("source", "Seen", _source, (12, 12), "left", 10),
        )

    def _at(self, row: EventRow) -> Cell:
        return Cell(local_clock(row.event.at, self.now), "muted" if row.earlier else "")

    def _what(self, row: EventRow) -> Cell:
        style: StyleName = "" if row.event.severity == "info" else "strong"
        words = message_words(row.event, self.now)
        return Cell(words, "muted" if row.earlier and not style else style)

    def _age(self, row: EventRow) -> Cell:
        return Cell(numbers.span(self.now - row.event.at), "muted")


def _at_order(row: EventRow) -> tuple[float, int]:
    return (row.event.at, row.place)


def _gravity(row: EventRow) -> tuple[int, float, int]:
    return (row.event.gravity, row.event.at, row.place)


def _object_order(row: EventRow) -> str | None:
    return object_of(row.event) or None


def _severity(row: EventRow) -> Cell:
    return Cell(*severity_words(row.event))


def _kind(row: EventRow) -> Cell:
    return Cell(plain(row.event.kind), "muted")


def _object(row: EventRow) -> Cell:
    return Cell(plain(object_of(row.event)))


def _source(row: EventRow) -> Cell:
    return Cell("before" if row.earlier else "this session", "muted")


FIELDS: Fields[EventRow] = Fields(
    lambda row: (row.event.message, row.event.kind, object_of(row.event)),
    {
        "kind": lambda row: row.event.kind,
        "severity": lambda row: row.event.severity,
        "node": lambda row: row.event.node,
        "collection": lambda row: row.event.collection,
        "shard": lambda row: row.event.shard,
        "tenant": lambda row: row.event.tenant,
        "name": lambda row: row.event.name,
        "since": lambda row: row.event.at,
    },
)
"""What the list can be filtered by."""


def read_filter(line: str, now: float) -> Filter[EventRow]:
    """A filter line in which ``since:30m``, ``since:03:12`` and the like are times.

    Raises ``FilterError``.
    """
    words = line.split()
    times = [word for word in words if word.startswith(_SINCE)]
    rest = parse_filter(" ".join(word for word in words if word not in times), FIELDS)
    if not times:
        return rest
    moments = [_moment(word.removeprefix(_SINCE), now) for word in times]
    latest = max(moments)
    return Filter(line.strip(), [rest, lambda row: row.event.at >= latest])


def _moment(text: str, now: float) -> float:
    found = read_moment(text, now)
    if found is None:
        raise FilterError(f"since:{text} is no time; such as since:30m or since:03:12")
    return found


class Scope(msgspec.Struct, frozen=True, gc=False):
    """Which events are listed: those about a thing, those since a moment; as it was typed."""

    about: str | None = None
    since: str | None = None

    def moment(self, now: float) -> float | None:
        """Wall-clock seconds from which on; None: all that are kept."""
        return None if self.since is None else read_moment(self.since, now)

    @property
    def words(self) -> str:
        """What stands after ``:events`` for it."""
        return " ".join(part for part in (self.about, self.since) if part)


def scope_of(argument: str, now: float) -> Scope | str:
    """``30m``, ``Documents``, ``weaviate-1 03:12``; or what is wrong with it, in words."""
    about: list[str] = []
    since: list[str] = []
    for word in argument.split():
        (about if read_moment(word, now) is None else since).append(word)
    if len(about) > 1 or len(since) > 1:
        return ":events takes a name and a time at most, such as :events Documents 30m"
    return Scope(about[0] if about else None, since[0] if since else None)
