"""Lines of the audit log as a list: what of each is shown, and what it can be filtered by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import msgspec

from elysiadash.config.moments import local_clock
from elysiadash.jobs.audit_reader import AuditLine, objects_words, request_words
from elysiadash.tui import numbers
from elysiadash.tui.filtering import Fields
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import Cell, Column, StyleName

_WELL = frozenset({"ok", "started"})


class AuditRow(msgspec.Struct, frozen=True, gc=False):
    """One line; ``place`` counts from the oldest that is listed, ``twin`` those that say just
    the same, in one millisecond."""

    line: AuditLine
    place: int
    twin: int = 0

    @property
    def key(self) -> Hashable:
        """Lines are never changed: what it says, and which of those alike."""
        line = self.line
        part = tuple(str(line.raw.get(name)) for name in ("collection", "tenant", "range"))
        return (line.at, line.pid, line.verb, line.path, line.result, part, self.twin)

    @property
    def wrong(self) -> bool:
        """Whether it was refused, stopped, or went wrong."""
        return self.line.result not in _WELL

    @property
    def request(self) -> str:
        """Verb and path."""
        return request_words(self.line)

    @property
    def what(self) -> str:
        """Which objects, how many."""
        return objects_words(self.line)

    @property
    def why(self) -> str:
        """What was approved."""
        reason = (self.line.permit or {}).get("reason")
        return reason if isinstance(reason, str) else ""

    @property
    def phase(self) -> str:
        """Of the job."""
        phase = (self.line.permit or {}).get("phase")
        return phase if isinstance(phase, str) else ""


def audit_rows(lines: Sequence[AuditLine]) -> list[AuditRow]:
    """Rows, in the order given: newest first."""
    rows: list[AuditRow] = []
    seen: Counter[Hashable] = Counter()
    for place, line in enumerate(reversed(lines)):
        row = AuditRow(line, place)
        twin = seen[row.key]
        seen[row.key] += 1
        rows.append(AuditRow(line, place, twin) if twin else row)
    rows.reverse()
    return rows


class AuditColumns:
    """Renders cells; ``now`` is set before each repaint."""

    def __init__(self) -> None:
        self.now = 0.0
        self.columns: tuple[Column[AuditRow], ...] = (
            Column("at", "At", self._at, (8, 14), "left", 100, lambda row: row.place, True, "t"),
            Column("result", "Result", _result, (8, 14), "left", 95,
                   lambda row: row.line.result, letter="r"),
            Column("phase", "Phase", lambda row: _muted(row.phase), (7, 11), "left", 60,
                   lambda row: row.phase, letter="p"),
            Column("request", "Request", lambda row: Cell(plain(row.request)), (24, 90), "left",
                   90, lambda row: row.request, letter="q", whole=True),
            Column("what", "What", lambda row: Cell(plain(row.what)), (16, 110), "left", 80,
                   whole=True),
            Column("took", "Took", _took, (6, 8), "right", 40, lambda row: row.line.seconds),
            Column("user", "User", lambda row: _muted(row.line.user), (5, 14), "left", 50,
                   lambda row: row.line.user, letter="u"),
            Column("job", "Job", lambda row: _muted(row.line.job), (10, 24), "left", 45,
                   lambda row: row.line.job, letter="j"),
            Column("why", "Why", lambda row: _muted(row.why), (12, 60), "left", 70),
        )  # fmt: skip

    def _at(self, row: AuditRow) -> Cell:
        at = row.line.time
        return Cell(numbers.UNKNOWN if at == float("-inf") else local_clock(at, self.now))


FIELDS: Fields[AuditRow] = Fields(
    lambda row: (row.request, row.what, row.why, row.line.result or ""),
    {
        "result": lambda row: row.line.result,
        "phase": lambda row: row.phase,
        "verb": lambda row: row.line.verb,
        "path": lambda row: row.line.path,
        "user": lambda row: row.line.user,
        "job": lambda row: row.line.job,
        "collection": lambda row: row.line.raw.get("collection"),
    },
)
"""What the list can be filtered by."""


def _muted(text: str | None) -> Cell:
    return Cell(plain(text or ""), "muted")


def _result(row: AuditRow) -> Cell:
    style: StyleName = "warning" if row.wrong else "muted" if row.line.result == "started" else ""
    return Cell(f"{'▲ ' * row.wrong}{plain(row.line.result or numbers.UNKNOWN)}", style)


def _took(row: AuditRow) -> Cell:
    seconds = row.line.seconds
    return Cell("" if seconds is None else numbers.milliseconds(seconds * 1000), "muted")
