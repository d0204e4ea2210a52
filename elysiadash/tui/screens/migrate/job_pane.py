"""What the views of a job share, and the small ones: plan, events beside the run, dead letters."""

from __future__ import annotations

import uuid
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Generic, cast

from elysiadash.config.moments import local_clock
from elysiadash.jobs.dead_letters import DeadLetter
from elysiadash.jobs.events import JobEvent
from elysiadash.migrate.spec import Spec
from elysiadash.tui import numbers
from elysiadash.tui.emptiness import Note
from elysiadash.tui.filtering import Fields
from elysiadash.tui.jobs_seen import Detail
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.migrate.pane import StepPane
from elysiadash.tui.screens.migrate.settings import Setting, SettingsPane
from elysiadash.tui.widgets.about import Words
from elysiadash.tui.widgets.table import Cell, Column, SortBy, StyleName
from elysiadash.tui.widgets.table.cells import RowT

if TYPE_CHECKING:
    from elysiadash.tui.screens.list_out import ListOut

READING = "reading the job"


class JobPane(StepPane[RowT], Generic[RowT]):
    """A view of a job; ``show`` takes what is known of it now."""

    def __init__(self) -> None:
        super().__init__()
        self.detail: Detail | None = None

    def show(self, detail: Detail) -> None:
        """Show this moment."""
        self.detail = detail
        self.put(self.rows_of(detail))

    def rows_of(self, detail: Detail) -> Sequence[RowT]:
        """The rows of a moment."""
        raise NotImplementedError

    async def open_row(self, key: Hashable) -> None:
        """Everything known of the row."""
        cast("ListOut", self.screen).action_describe()

    @property
    def now(self) -> float:
        """Wall seconds that ages are counted to."""
        return self.dash.jobs.wall()


class PlanPane(SettingsPane):
    """Steps 1 to 3 of a job: what was asked for."""

    NAME = "plan"
    NUMBER = "1-3"

    def __init__(self) -> None:
        super().__init__()
        self.detail: Detail | None = None

    def show(self, detail: Detail) -> None:
        """Show what was asked for."""
        self.detail = detail
        self.put(plan_rows(detail))

    def why_empty(self) -> Note | None:
        """Not read yet."""
        return READING, []


def plan_rows(detail: Detail) -> list[Setting]:
    """What was asked for, by whom, and how it is steered."""
    job, spec = detail.job, detail.spec
    names = " → ".join(dict.fromkeys(use.name for use in job.clusters)) or numbers.UNKNOWN
    rows = [
        _row("job", "Job", job.id, f"{job.kind}, put in by {job.created_by}"),
        _row("clusters", "Clusters", names, "  ".join(use.url for use in job.clusters)),
    ]
    if spec is None:
        rows.append(_row("spec", "Asked for", job.title, "its spec is of another release"))
    else:
        rows += _spec_rows(spec)
    rate = "no limit" if job.rate is None else f"{numbers.count(round(job.rate))} objects/s"
    rows += [
        _row("rate", "At most", rate, "m changes it"),
        _row("priority", "Priority", str(job.priority), "P changes it: higher goes first"),
    ]
    if job.not_before is not None and not job.state.ended:
        at = local_clock(job.not_before, detail.at)
        rows.append(_row("not_before", "Not before", at, "W changes it"))
    return rows


def _spec_rows(spec: Spec) -> list[Setting]:
    rows = []
    for one in spec.collections:
        tenants = "" if one.tenants is None else f"{len(one.tenants):,} tenants"
        target = "" if one.target == one.name else f"as {one.target}"
        words = ", ".join(word for word in (target, tenants) if word) or "under its own name"
        rows.append(_row(f"collection:{one.name}", "Collection", one.name, words))
    transform = spec.transform.path if spec.transform else "none"
    rows += [
        _row("strategy", "Strategy", str(spec.strategy), ""),
        _row("freeze", "Freeze writers by", str(spec.freeze),
             f"for {numbers.span(spec.freeze_limit_s)} at most; after the cut-over: {spec.after}, "
             f"{numbers.span(spec.hold_limit_s)} at most"),
        _row("verify", "Verify", str(spec.verify), ""),
        _row("transform", "Transform file", transform,
             f"sha256 {spec.transform.sha256[:12]}" if spec.transform else ""),
        _row("settings", "Changed settings", " ".join(spec.settings) or "none", ""),
        _row("overwrite", "Where a name is taken", "replaced" if spec.overwrite else "stops", ""),
    ]  # fmt: skip
    if spec.alias:
        rows.append(_row("alias", "Alias", spec.alias, "its change is the cut-over"))
    if spec.accepted:
        rows.append(_row("accepted", "Lifted blocks", ", ".join(spec.accepted), "typed by hand"))
    if spec.window:
        rows.append(_row("window", "Only between", " and ".join(spec.window) + " UTC", ""))
    return rows


def _row(key: str, name: str, value: str, why: str) -> Setting:
    return Setting(key=key, name=name, value=value, why=why)


# Events


class EventRows(JobPane[JobEvent]):
    """The events of a job, the newest first."""

    THINGS = ("event", "events")
    FINDS_PROBLEMS = True

    def columns(self) -> Sequence[Column[JobEvent]]:
        """When, what, in words."""
        return (
            Column("at", "Time", self._time, (8, 14), "left", 100, lambda row: row.id, True, "t"),
            Column("kind", "Kind", _kind, (6, 12), "left", 60, lambda row: row.kind, letter="k"),
            Column("text", "What", _text, (20, 200), "left", 95, whole=True),
        )

    def row_key(self, row: JobEvent) -> Hashable:
        """Its number."""
        return row.id

    def fields(self) -> Fields[JobEvent]:
        """Words, kind and severity."""
        return Fields(
            lambda row: (row.text, row.kind),
            {"kind": lambda row: row.kind, "severity": lambda row: row.severity},
        )

    def first_sort(self) -> SortBy:
        """Newest first."""
        return SortBy("at", descending=True)

    def is_problem(self, row: JobEvent) -> bool:
        """Whether it is more than news."""
        return row.severity != "info"

    def rows_of(self, detail: Detail) -> Sequence[JobEvent]:
        """All that are kept, up to a limit."""
        return detail.events

    def words(self) -> str:
        """The whole of the event under the cursor."""
        row = self.table.current()
        return "" if row is None else row.text

    def _time(self, row: JobEvent) -> Cell:
        return Cell(local_clock(row.at, self.now), "muted")


_SEVERITIES: dict[str, StyleName] = {"info": "", "warning": "warning", "error": "critical"}


def _kind(row: JobEvent) -> Cell:
    return Cell(plain(row.kind), "muted")


def _text(row: JobEvent) -> Cell:
    sign = {"info": "", "warning": "▲ ", "error": "✖ "}[row.severity]
    return Cell(f"{sign}{plain(row.text)}", _SEVERITIES[row.severity])


# Dead letters


class LettersPane(JobPane[DeadLetter]):
    """Objects that could not be done, each with its reason."""

    NAME = "letters"
    NUMBER = "5b"
    THINGS = ("dead letter", "dead letters")

    def columns(self) -> Sequence[Column[DeadLetter]]:
        """Which object, why."""
        return (
            Column("object", "Object", _object, (36, 36), "left", 100,
                   lambda row: row.object, letter="o"),
            Column("tenant", "Part", _part, (8, 40), "left", 80, lambda row: row.tenant,
                   letter="p"),
            Column("reason", "Reason", _reason, (16, 90), "left", 95, lambda row: row.reason,
                   letter="r", whole=True),
            Column("generation", "Gen", _generation, 4, "right", 30,
                   lambda row: row.generation, letter="g"),
            Column("detail", "Detail", _detail, (12, 120), "left", 50),
        )  # fmt: skip

    def row_key(self, row: DeadLetter) -> Hashable:
        """Its number."""
        return row.id

    def fields(self) -> Fields[DeadLetter]:
        """Object, part and reason."""
        return Fields(
            lambda row: (_uuid(row.object), row.reason),
            {"reason": lambda row: row.reason, "part": lambda row: row.tenant},
        )

    def as_data(self, row: DeadLetter) -> dict[str, object]:
        """As programs want it."""
        return {
            "object": _uuid(row.object),
            "part": row.tenant,
            "generation": row.generation,
            "reason": row.reason,
            "detail": row.detail,
            "at": row.at,
        }

    def name_of(self, row: DeadLetter) -> str:
        """The object's id."""
        return _uuid(row.object)

    def rows_of(self, detail: Detail) -> Sequence[DeadLetter]:
        """Those that are not settled, up to a limit."""
        return detail.letters

    def why_empty(self) -> Note | None:
        """That is good news, where the copy has been."""
        if self.detail is None:
            return READING, []
        if not self.detail.progress.objects:
            return "No dead letters", ["Nothing was copied yet."]
        return "No dead letters", [
            "Every object that was tried so far was written and read back.",
        ]

    def lines(self) -> list[Words]:
        """How many, by reason."""
        if self.detail is None or not self.detail.reasons:
            return []
        parts = [f"{many:,} {plain(reason)}" for reason, many in self.detail.reasons.items()]
        listed, all_of = len(self.detail.letters), sum(self.detail.reasons.values())
        more = f"  (the first {listed:,} of {all_of:,} are listed)" if listed < all_of else ""
        return [[("  ".join(parts[:4]), "$health-crit"), (more, "$health-unknown")]]

    def words(self) -> str:
        """The letter under the cursor."""
        row = self.table.current()
        return "" if row is None else f"{_uuid(row.object)}: {row.reason}"


def _uuid(object: bytes) -> str:
    return str(uuid.UUID(bytes=object))


def _object(row: DeadLetter) -> Cell:
    return Cell(_uuid(row.object), "strong")


def _part(row: DeadLetter) -> Cell:
    return Cell(plain(row.tenant))


def _reason(row: DeadLetter) -> Cell:
    return Cell(plain(row.reason), "critical")


def _generation(row: DeadLetter) -> Cell:
    return Cell(str(row.generation))


def _detail(row: DeadLetter) -> Cell:
    lines = row.detail.strip().splitlines()
    return Cell(plain(lines[-1]) if lines else "", "muted")
