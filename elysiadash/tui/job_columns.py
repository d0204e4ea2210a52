"""The list of jobs: one row for each job and draft, its columns, and what can be filtered by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from elysiadash.config.moments import local_clock
from elysiadash.jobs.job import JobState
from elysiadash.tui import numbers
from elysiadash.tui.filtering import Fields
from elysiadash.tui.jobs_seen import JobSeen, JobsSeen
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import Cell, Column, StyleName

DRAFT = "draft"
ASKS, FROZEN, LOST = "asks", "left frozen", "no worker"
RUNNING, PAUSED, WAITING, LATER = "running", "paused", "waiting", "later"

_LOOKS: dict[str, tuple[str, StyleName, int]] = {
    FROZEN: ("✖", "critical", 9),
    ASKS: ("?", "warning", 8),
    LOST: ("▲", "warning", 7),
    RUNNING: ("●", "accent", 6),
    PAUSED: ("⏸", "warning", 5),
    WAITING: ("○", "", 4),
    LATER: ("○", "muted", 3),
    DRAFT: ("◇", "", 2),
}
_ENDINGS: dict[str, tuple[str, str, StyleName]] = {
    "VERIFIED": ("✓", "verified", "ok"),
    "NOT_VERIFIED": ("▲", "not verified", "warning"),
    "CAUGHT_UP": ("✓", "caught up", "ok"),
    "DIFFERENT": ("✖", "different", "critical"),
    "REFUSED": ("✖", "refused", "warning"),
    "FAILED": ("✖", "failed", "critical"),
    "ABORTED": ("–", "aborted", "muted"),
    "ROLLED_BACK": ("▲", "rolled back", "warning"),
    "DELETED": ("✓", "deleted", "ok"),
    "CHECKED": ("✓", "checked", "ok"),
}
_STATES: dict[JobState, tuple[str, str, StyleName]] = {
    JobState.DONE: ("✓", "done", "ok"),
    JobState.FAILED: ("✖", "failed", "critical"),
    JobState.CANCELLED: ("–", "cancelled", "muted"),
}


class JobRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A job or a draft. Times are wall seconds; numbers that are not known are None."""

    id: str
    kind: str
    title: str
    state: str
    """One of the words above, or how it ended."""
    sign: str
    style: str
    order: int
    phase: str = ""
    fraction: float | None = None
    objects: int | None = None
    expected: int | None = None
    objects_per_s: float | None = None
    eta_p50: float | None = None
    eta_p90: float | None = None
    dead_letters: int | None = None
    at: float = 0.0
    """When it was put in, or ended, or was saved last."""
    not_before: float | None = None
    priority: int = 0
    by: str = ""
    why: str = ""
    """What it asks, or why it is as it is."""
    clusters: tuple[str, ...] = ()

    @property
    def is_draft(self) -> bool:
        """Whether nothing was started yet."""
        return self.state == DRAFT


def rows_of(seen: JobsSeen) -> list[JobRow]:
    """What moves first, then what waits, then drafts, then the past, each the newest first."""
    rows = [_row(each, seen.at) for each in seen.jobs]
    sign, style, order = _LOOKS[DRAFT]
    rows += [
        JobRow(
            id=draft.id,
            kind=DRAFT,
            title=draft.title,
            state=DRAFT,
            sign=sign,
            style=style,
            order=order,
            phase=f"step {draft.step}",
            at=draft.saved,
            by=draft.created_by,
            clusters=tuple(name for name in (draft.source, draft.target) if name),
        )
        for draft in seen.drafts
    ]
    return sorted(rows, key=lambda row: -row.order)


def state_of(seen: JobSeen, now: float) -> tuple[str, str, StyleName, int]:
    """(word, sign, look, urgency) of a job."""
    job = seen.job
    if seen.frozen and not seen.worked_on:
        return (FROZEN, *_LOOKS[FROZEN])
    if job.state.ended:
        found = _ENDINGS.get(job.ending or "") if job.state is not JobState.CANCELLED else None
        sign, word, style = found or _STATES[job.state]
        return word, sign, style, 1
    word = WAITING
    if seen.question and job.state is not JobState.RUNNING:
        word = ASKS
    elif job.state is JobState.RUNNING:
        word = RUNNING if seen.worked_on else LOST
    elif job.state is JobState.PAUSED:
        word = PAUSED
    elif job.not_before is not None and job.not_before > now:
        word = LATER
    return (word, *_LOOKS[word])


def _row(seen: JobSeen, now: float) -> JobRow:
    job, progress = seen.job, seen.progress
    word, sign, style, order = state_of(seen, now)
    # What was measured before its worker died says nothing of now.
    eta = progress.eta if word != LOST else None
    measured = progress.ranges or progress.objects
    return JobRow(
        id=job.id,
        kind=job.kind,
        title=job.title,
        state=word,
        sign=sign,
        style=style,
        order=order,
        phase=job.phase,
        fraction=progress.fraction if measured else None,
        objects=progress.objects if measured else None,
        expected=progress.expected,
        objects_per_s=progress.objects_per_s if word != LOST else None,
        eta_p50=eta.p50 if eta else None,
        eta_p90=eta.p90 if eta else None,
        dead_letters=progress.dead_letters,
        at=job.ended or job.created,
        not_before=job.not_before,
        priority=job.priority,
        by=job.created_by,
        why=_why(seen, word),
        clusters=tuple(dict.fromkeys(use.name for use in job.clusters)),
    )


def _why(seen: JobSeen, word: str) -> str:
    if seen.question:
        return seen.question
    if word == LOST:
        return "its worker is gone; another takes it over as soon as one runs"
    wishes = [words for flag, words in _wished(seen) if flag]
    return ", ".join(wishes) or seen.job.reason or ""


def _wished(seen: JobSeen) -> list[tuple[bool, str]]:
    return [(seen.job.pausing, "will pause"), (seen.job.cancelling, "is being cancelled")]


def is_problem(row: JobRow) -> bool:
    """Whether somebody has to look at it."""
    return row.style in ("critical", "warning") or bool(row.dead_letters)


class JobColumns:
    """Renders cells; ``now`` is wall seconds, set by whoever shows them."""

    def __init__(self) -> None:
        self.now = 0.0
        column = _column
        self.columns: Sequence[Column[JobRow]] = (
            column("title", "Job", _title, (16, 60), "left", 100, lambda row: row.title, "j"),
            column(
                "state", "State", _state, (14, 16), "left", 98, lambda row: row.order, "s", True
            ),
            column("phase", "Phase", _phase, (9, 15), "left", 80, lambda row: row.phase, "p"),
            column("done", "Done", _done, (5, 7), "right", 95, _of("fraction"), "d", True),
            column("rate", "Obj/s", _rate, (5, 8), "right", 75, _of("objects_per_s"), "r", True),
            column("eta", "Left", _eta, (6, 19), "right", 85, _of("eta_p50"), "e"),
            column(
                "letters", "Dead", _letters, (4, 9), "right", 70, _of("dead_letters"), "l", True
            ),
            column("age", "Age", self._age, (4, 8), "right", 90, lambda row: -row.at, "a"),
            column("objects", "Objects", _objects, (7, 15), "right", 40, _of("objects"), "o", True),
            column("id", "Name", _id, (13, 24), "left", 35, lambda row: row.id, "n"),
            column("clusters", "Clusters", _clusters, (8, 30), "left", 30, None, ""),
            column("why", "Why", _why_cell, (12, 120), "left", 55, None, ""),
        )

    def _age(self, row: JobRow) -> Cell:
        return Cell(numbers.coarse_span(self.now - row.at), "muted" if row.order < 2 else "")


FIELDS: Fields[JobRow] = Fields(
    lambda row: (row.title, row.id),
    {
        "state": lambda row: row.state,
        "phase": lambda row: row.phase,
        "kind": lambda row: row.kind,
        "done": lambda row: None if row.fraction is None else 100 * row.fraction,
        "rate": lambda row: row.objects_per_s,
        "left": lambda row: row.eta_p50,
        "letters": lambda row: row.dead_letters,
        "objects": lambda row: row.objects,
        "cluster": lambda row: " ".join(row.clusters),
        "by": lambda row: row.by,
        "why": lambda row: row.why,
    },
)


def eta_words(p50: float | None, p90: float | None) -> str:
    """``4m10s–6m30s``: as likely less as more, and nine times in ten."""
    if p50 is None or p90 is None:
        return numbers.UNKNOWN
    first, last = numbers.span(p50), numbers.span(p90)
    return first if first == last else f"{first}–{last}"


def _column(
    key: str,
    title: str,
    render: Callable[[JobRow], Cell],
    width: tuple[int, int],
    align: Any,
    priority: int,
    order: Callable[[JobRow], Any] | None,
    letter: str,
    descending_first: bool = False,
) -> Column[JobRow]:
    return Column(key, title, render, width, align, priority, order, descending_first, letter)


def _of(field: str) -> Callable[[JobRow], Any]:
    return lambda row: getattr(row, field)


def _title(row: JobRow) -> Cell:
    return Cell(plain(row.title), "muted" if row.order < 2 else "strong")


def _state(row: JobRow) -> Cell:
    words = f"{row.sign} {row.state}"
    if row.state == LATER and row.not_before is not None:
        words = f"{row.sign} at {local_clock(row.not_before, row.not_before)[:5]}"
    return Cell(words, row.style)  # type: ignore[arg-type]


def _phase(row: JobRow) -> Cell:
    return Cell(plain(row.phase), "muted")


def _done(row: JobRow) -> Cell:
    if row.fraction is None:
        return Cell("" if row.is_draft else numbers.UNKNOWN, "unknown")
    return Cell(numbers.percent(row.fraction))


def _rate(row: JobRow) -> Cell:
    if row.objects_per_s is None:
        return Cell("" if row.order < 5 else numbers.UNKNOWN, "unknown")
    return Cell(numbers.rate(row.objects_per_s))


def _eta(row: JobRow) -> Cell:
    if row.eta_p50 is None:
        return Cell("" if row.order < 5 else numbers.UNKNOWN, "unknown")
    return Cell(eta_words(row.eta_p50, row.eta_p90))


def _letters(row: JobRow) -> Cell:
    if row.is_draft:
        return Cell("")
    return Cell(numbers.count(row.dead_letters), "critical" if row.dead_letters else "")


def _objects(row: JobRow) -> Cell:
    return Cell(numbers.count(row.objects) if not row.is_draft else "")


def _id(row: JobRow) -> Cell:
    return Cell(plain(row.id), "muted")


def _clusters(row: JobRow) -> Cell:
    return Cell(plain(" → ".join(row.clusters)), "muted")


def _why_cell(row: JobRow) -> Cell:
    return Cell(plain(row.why), "warning" if row.state == ASKS else "")
