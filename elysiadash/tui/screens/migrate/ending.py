"""Steps 7 and 8: the cut-over with the freeze that runs out, and the report."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec

from elysiadash.jobs.steps import Step, StepState
from elysiadash.migrate.checkpoint import Frozen
from elysiadash.migrate.phases import Freeze, Phase
from elysiadash.tui import numbers
from elysiadash.tui.emptiness import Note
from elysiadash.tui.filtering import Fields
from elysiadash.tui.jobs_seen import Detail
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.migrate.job_pane import READING, JobPane
from elysiadash.tui.screens.migrate.run import question_lines
from elysiadash.tui.widgets.about import Words
from elysiadash.tui.widgets.table import Cell, Column, StyleName

_SIGNS: dict[StepState, tuple[str, StyleName]] = {
    StepState.WAITING: ("· waiting", "muted"),
    StepState.RUNNING: ("● under way", "accent"),
    StepState.DONE: ("✓ done", "ok"),
    StepState.FAILED: ("✖ failed", "critical"),
    StepState.SKIPPED: ("– left out", "muted"),
    StepState.UNDONE: ("← put back", ""),
}
_HURRY_S = 15.0
_CHECKLIST = 4


class CutOverPane(JobPane[Step]):
    """How the application is brought over, how long the freeze still lasts, and each step."""

    NAME = "cut-over"
    NUMBER = "7"
    THINGS = ("step", "steps")

    def columns(self) -> Sequence[Column[Step]]:
        """State, what, what it still owes."""
        return (
            Column("state", "State", _state, (10, 12), "left", 100),
            Column("title", "Step", _title, (20, 120), "left", 95, whole=True),
            Column("owed", "To put back", _owed, (11, 12), "left", 90),
            Column("reason", "Why", _reason, (12, 100), "left", 60),
        )

    def row_key(self, row: Step) -> Hashable:
        """Its name."""
        return row.name

    def fields(self) -> Fields[Step]:
        """Title and state."""
        return Fields(lambda row: (row.title, row.name), {"state": lambda row: row.state.lower()})

    def can(self, does: str) -> bool:
        """Steps stand in their order."""
        return does not in ("sort", "reverse") and super().can(does)

    def rows_of(self, detail: Detail) -> Sequence[Step]:
        """Every step, in order."""
        return detail.steps

    def why_empty(self) -> Note | None:
        """That nothing was changed yet."""
        if self.detail is None:
            return READING, []
        return "No steps yet", ["What the job changes and has to put back is listed here."]

    def lines(self) -> list[Words]:
        """How it is done, and the freeze."""
        detail = self.detail
        if detail is None or detail.spec is None:
            return []
        spec, point = detail.spec, detail.checkpoint
        lines: list[Words] = [_way(detail)]
        if point is not None and point.question and not detail.job.state.ended:
            lines += question_lines(point)
        lines += [[f"□ {plain(words)}"] for words in checklist(detail)]
        if point is not None and point.frozen is not None:
            lines += freeze_lines(point.frozen, self.now)
        elif detail.frozen:
            lines.append([("✖ something is frozen: T thaws it", "bold $health-crit")])
        elif spec.freeze is not Freeze.NONE and not detail.job.state.ended:
            words = f"nothing is frozen now; a freeze lasts {numbers.span(spec.freeze_limit_s)}"
            lines.append([(f"{words} at most", "$health-unknown")])
        return lines

    def words(self) -> str:
        """The step under the cursor, whole."""
        row = self.table.current()
        if row is None:
            return ""
        return f"{row.title}: {row.reason}" if row.reason else row.title


def checklist(detail: Detail) -> list[str]:
    """What the job says the operator has to do, while it holds the source."""
    if detail.job.phase != Phase.HELD or detail.job.state.ended:
        return []
    found = [event for event in reversed(detail.events) if event.kind == "cut-over"]
    return [event.text for event in found[-_CHECKLIST:]]


def _way(detail: Detail) -> Words:
    spec = detail.spec
    assert spec is not None  # noqa: S101 - looked at by the caller
    if spec.freeze is Freeze.NONE:
        return ["No cut-over was asked for: it ends when it has caught up and is proven."]
    names = ", ".join(
        one.target if one.target == one.name else f"{one.name} → {one.target}"
        for one in spec.collections
    )
    if spec.alias:
        return [("One change of the alias ", ""), (plain(spec.alias), "bold"), f": {plain(names)}"]
    where = detail.job.clusters[-1].url if detail.job.clusters else ""
    return [
        ("Checklist: ", "bold"),
        f"frozen and compared, then you point the application to {plain(names)} at "
        f"{plain(where)}; U says that it has moved",
    ]


def freeze_lines(frozen: Frozen, now: float) -> list[Words]:
    """Since when, until when at the latest, and what says that nobody can write."""
    if frozen.thawed is not None:
        by = f" ({plain(frozen.thawed_by)})" if frozen.thawed_by else ""
        took = numbers.span(frozen.thawed - frozen.since)
        ago = numbers.span(now - frozen.thawed)
        words = f"writers were kept out for {took} by {plain(frozen.how)}; thawed {ago} ago{by}"
        return [[(words, "$health-unknown")]]
    left = frozen.until - now
    look = "$health-crit" if left < _HURRY_S else "$health-warn"
    ends = f"thaws by itself in {numbers.span(left)}" if left > 0 else "its limit is over"
    lines: list[Words] = [
        [
            (f"FROZEN {numbers.span(now - frozen.since)}", f"bold reverse {look}"),
            (f" by {plain(frozen.how)}; {ends}; T thaws now", f"bold {look}"),
        ]
    ]
    lines += [[(f"  proof: {plain(words)}", "$health-unknown")] for words in frozen.proven_by[:4]]
    return lines


def _state(row: Step) -> Cell:
    text, style = _SIGNS[row.state]
    return Cell(text, style)


def _title(row: Step) -> Cell:
    return Cell(plain(row.title), "strong")


def _owed(row: Step) -> Cell:
    return Cell("▲ still owed", "warning") if row.owed else Cell("")


def _reason(row: Step) -> Cell:
    return Cell(plain(row.reason or ""), "muted")


class ReportLine(msgspec.Struct, frozen=True, gc=False):
    """One line of the report."""

    number: int
    text: str


class ReportPane(JobPane[ReportLine]):
    """The report as it is written, line by line."""

    NAME = "report"
    NUMBER = "8"
    THINGS = ("line", "lines")

    def columns(self) -> Sequence[Column[ReportLine]]:
        """The text."""
        return (Column("text", "Report", _line, (20, 400), "left", 100, whole=True),)

    def row_key(self, row: ReportLine) -> Hashable:
        """Its number."""
        return row.number

    def fields(self) -> Fields[ReportLine]:
        """The text."""
        return Fields(lambda row: (row.text,), {"line": lambda row: row.number})

    def can(self, does: str) -> bool:
        """Lines stand in their order."""
        return does not in ("sort", "reverse", "problems") and super().can(does)

    def rows_of(self, detail: Detail) -> Sequence[ReportLine]:
        """Every line."""
        return [ReportLine(at, line) for at, line in enumerate(detail.report.splitlines(), 1)]

    def why_empty(self) -> Note | None:
        """When there will be one."""
        detail = self.detail
        if detail is None:
            return READING, []
        if detail.unread:
            return "The report cannot be shown", [detail.unread]
        if detail.job.state.ended:
            reason = [detail.job.reason] if detail.job.reason else []
            return "The job wrote no report", reason
        return "No report yet", ["It is written at the end, and begins with what was not checked."]

    def words(self) -> str:
        """Where it is kept."""
        detail = self.detail
        point = detail.checkpoint if detail is not None else None
        if detail is None or point is None or point.report is None:
            return ""
        return f"e writes it to a file; kept as {point.report} in the folder of {detail.job.id}"


def _line(row: ReportLine) -> Cell:
    text = plain(row.text)
    return Cell(text, "strong" if text.startswith("#") else "")
