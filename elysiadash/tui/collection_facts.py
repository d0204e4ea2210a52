"""Everything known of one collection, line by line: value, where from, how old, or why not."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

import msgspec

from elysiadash.cluster.history import History, Points
from elysiadash.cluster.series import in_steps
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import CollectionStats, rests_on
from elysiadash.health.finding import Finding
from elysiadash.tui import charts, numbers
from elysiadash.tui.filtering import Fields
from elysiadash.tui.plain import plain
from elysiadash.tui.severity import look
from elysiadash.tui.source import Watched
from elysiadash.tui.values import VALUES, Value, reason
from elysiadash.tui.widgets.table import Cell, Column, SparkCell, StyleName, Succession

CHART_S = 600.0
FINDING = "finding-"
"""How the key of a line about a finding begins."""
TITLE = "§"
"""How the key of a section's title begins."""
_CELLS = 10
_NAMES_KEPT = 200

_SERIES = {
    "objects_per_s": ("objects_per_s", numbers.signed_rate),
    "queries_per_s": ("queries_per_s", numbers.rate),
    "query_ms_p50": ("query_ms_p95", numbers.milliseconds),
    "imports_per_s": ("imports_per_s", numbers.rate),
    "vector_queue": ("vector_queue", numbers.short),
}
"""Value -> the series that is drawn beside it, and how its ends are written."""


class Fact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line. ``words`` is where the value comes from, or why there is none; ``at`` is the
    wall clock of the answer it rests on; ``series`` the last ten minutes, 20 even steps, and
    ``ends`` its least and its greatest sample."""

    key: str
    what: str
    value: str = ""
    style: StyleName = ""
    words: str = ""
    at: float | None = None
    series: tuple[float | None, ...] = ()
    ends: str = ""


class SameFact(Succession[Fact]):
    """From a section that has gone the cursor goes on to what stands there now; a finding is the
    same one, wherever among the others it stands."""

    def __init__(self) -> None:
        self._names: dict[Hashable, str] = {}

    def note(self, facts: Iterable[Fact]) -> None:
        """Remember what the lines are called, those that may go soon too."""
        self._names = dict(list(self._names.items())[-_NAMES_KEPT:])
        self._names |= {fact.key: fact.what for fact in facts}

    def name(self, key: Hashable) -> str:
        """As the line had it, never its key."""
        return self._names.get(key) or "the line"

    def gone(self, key: Hashable) -> str:
        """Of a finding: that it is not found any more."""
        if str(key).startswith(FINDING):
            return f"{self.name(key)} is no longer found"
        return super().gone(key)

    def heir(self, key: Hashable, rows: Sequence[Fact]) -> Hashable | None:
        """The same finding; for the title of a section the first line there is."""
        gone = str(key)
        if gone.startswith(TITLE):
            return rows[0].key if rows else None
        if not gone.startswith(FINDING):
            return None
        same, _, _ = gone.rpartition("-")
        found = (row.key for row in rows if row.key.rpartition("-")[0] == same)
        return next(found, None)

    def followed(self, key: Hashable, heir: Hashable) -> str:
        """Nothing: the line speaks for itself."""
        return ""


FIELDS: Fields[Fact] = Fields(
    lambda fact: (fact.what, fact.value, fact.words),
    {
        "what": lambda fact: fact.what,
        "value": lambda fact: fact.value,
        "from": lambda fact: fact.words,
    },
)
"""What the lines can be filtered by."""


def facts_of(
    watch: Watched, row: CollectionStats, findings: Iterable[Finding], now: float
) -> tuple[Fact, ...]:
    """All lines of a collection, in sections."""
    own = [finding for finding in findings if finding.collection == row.collection]
    return (
        *_section("findings", "Findings", _findings(own)),
        *_section("numbers", "Numbers", _numbers(watch, row, now)),
        *_section("aliases", "Aliases", _aliases(watch, row)),
    )


def is_title(fact: Fact) -> bool:
    """Whether the line only opens a section."""
    return fact.key.startswith(TITLE)


class FactColumns:
    """The columns; ``now`` is set before each repaint."""

    def __init__(self) -> None:
        self.now = 0.0
        self.columns: tuple[Column[Fact], ...] = (
            Column("what", "What", _what, (14, 28), "left", 100),
            Column(
                "value", "Value", lambda fact: Cell(fact.value, fact.style), (16, 60), "left", 90
            ),
            Column("chart", "10 min", _chart, _CELLS, "left", 60),
            Column("age", "Age", self._age, (4, 7), "right", 80),
            Column("words", "From, or why not", _words, (24, 120), "left", 70),
        )

    def _age(self, fact: Fact) -> Cell:
        return Cell("" if fact.at is None else numbers.span(self.now - fact.at), "muted")


def _what(fact: Fact) -> Cell:
    return Cell(fact.what, "accent" if is_title(fact) else "")


def _words(fact: Fact) -> Cell:
    text = f"{fact.ends} in 10 min; {fact.words}" if fact.ends else fact.words
    return Cell(text, "unknown" if fact.value == numbers.UNKNOWN else "muted")


def _chart(fact: Fact) -> Cell | SparkCell:
    if not any(step is not None for step in fact.series):
        return Cell("")
    return SparkCell(fact.series, 0.0, charts.top(fact.series), "accent")


def _section(key: str, title: str, lines: Iterable[Fact]) -> Iterator[Fact]:
    found = tuple(lines)
    if found:
        yield Fact(key=f"{TITLE}{key}", what=title)
        yield from found


def _findings(findings: Iterable[Finding]) -> Iterator[Fact]:
    for number, finding in enumerate(findings):
        place = " ".join(part for part in (finding.shard, finding.tenant, finding.node) if part)
        yield Fact(
            key=f"{FINDING}{finding.code}-{place}-{number}",
            what=f"{finding.code} {plain(place)}".strip(),
            value=finding.severity,
            style=look(finding.severity).style,
            words=plain(f"{finding.message}. {finding.impact} {finding.action}"),
            at=finding.since,
        )


def _numbers(watch: Watched, row: CollectionStats, now: float) -> Iterator[Fact]:
    for value in VALUES:
        yield _number(watch, row, value, now)


def _number(watch: Watched, row: CollectionStats, value: Value, now: float) -> Fact:
    text = value.show(row)
    piece, words = rests_on(watch.store, row, value.field)
    if text == numbers.UNKNOWN:
        words = reason(row, value.field) or "not known"
    series, ends = _series(watch.history, row.collection, value.field, now)
    style: StyleName = "unknown" if text == numbers.UNKNOWN else ""
    if piece.problem is not None and piece.value is not None:
        words, style = f"{plain(piece.problem.what)}; {words}", "muted"
    return Fact(
        key=value.field,
        what=value.title,
        value=text,
        style=style,
        words=words,
        at=None if text == numbers.UNKNOWN else piece.fetched_at,
        series=series,
        ends=ends,
    )


def _series(
    history: History, collection: str, field: str, now: float
) -> tuple[tuple[float | None, ...], str]:
    if field not in _SERIES:
        return (), ""
    metric, written = _SERIES[field]
    points: Points = history.points(metric, collection, last=200)
    steps = in_steps(points, now, CHART_S, 2 * _CELLS)
    # The ends are those of the samples: a step is a mean and hides them.
    known = [
        value
        for at, value in zip(points.times, points.values, strict=True)
        if value is not None and now - CHART_S < at <= now
    ]
    if not known:
        return (), ""
    return steps, f"{written(min(known))} … {written(max(known))}"


def _aliases(watch: Watched, row: CollectionStats) -> Iterator[Fact]:
    piece = watch.store.get(Kind.ALIASES)
    words = "GET /v1/aliases"
    if piece.problem is not None:
        words = f"{plain(piece.problem.what)}; {words}"
    for alias in row.aliases:
        yield Fact(
            key=f"alias-{alias}",
            what=plain(alias),
            value="stands for this collection",
            words=words,
            at=piece.fetched_at,
        )
