"""Step 4: what a preflight found, what the run will take, and lifting what may be lifted."""

from __future__ import annotations

from elysiadash.jobs.job import JobState
from elysiadash.migrate.checkpoint import Checkpoint, Forecast
from elysiadash.migrate.spec import REHEARSAL
from elysiadash.tui import numbers
from elysiadash.tui.emptiness import Note
from elysiadash.tui.job_columns import eta_words
from elysiadash.tui.jobs_seen import Detail
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.migrate.settings import CheckRow, ChecksPane, check_rows, sums
from elysiadash.tui.widgets.about import Words


class PreflightPane(ChecksPane):
    """The checks of the draft's last preflight, or of the job itself."""

    def __init__(self, how: str) -> None:
        """``how``: how checks come about, for where there are none yet."""
        super().__init__()
        self._how = how
        self.detail: Detail | None = None
        self.accepted: tuple[str, ...] = ()
        self.lacks = ""
        """What has to be chosen before anything can be checked."""
        self.changed = False
        """The plan was changed since it was checked."""
        self.trouble = ""

    @property
    def rows(self) -> list[CheckRow]:
        """The checks, the worst first."""
        point = self._point
        return [] if point is None else check_rows(point.checks, self.accepted)

    @property
    def under_way(self) -> bool:
        """Whether a preflight runs or waits now."""
        return self.detail is not None and not self.detail.job.state.ended

    @property
    def _point(self) -> Checkpoint | None:
        return None if self.detail is None else self.detail.checkpoint

    def show(self) -> None:
        """Bring the list up to date."""
        self.put(self.rows)

    def why_empty(self) -> Note | None:
        """That nothing was checked yet."""
        if self.lacks:
            return "Nothing to check yet", [f"{self.lacks[:1].upper()}{self.lacks[1:]}."]
        if self.trouble:
            return "The checks cannot be shown", [self.trouble]
        detail = self.detail
        if detail is None:
            return "Not checked yet", [self._how]
        if detail.job.state is JobState.QUEUED:
            return "The preflight waits for a worker", [f"Job {detail.job.id} is in the queue."]
        if not detail.job.state.ended:
            return "Checking", ["Both clusters are looked at; only reads are sent."]
        if detail.job.reason:
            return "No check came to its end", [detail.job.reason]
        return "No checks", ["The job ended without any."]

    def lines(self) -> list[Words]:
        """Counts, forecast, and whether they are of this plan."""
        detail, point = self.detail, self._point
        if detail is None or point is None or not point.checks:
            return []
        rows = self.rows
        stops = any(row.stops for row in rows)
        verdict, look = ("✖ blocked", "$health-crit") if stops else ("✓ can start", "$health-ok")
        first: Words = [(verdict, f"bold {look}"), f"  {sums(rows)}"]
        if not detail.job.state.ended:
            first.append(("  still checking", "$health-unknown"))
        elif detail.job.ended is not None:
            first.append((f"  {numbers.span(detail.at - detail.job.ended)} ago", "$health-unknown"))
        lines = [first]
        if self.changed:
            lines.append([("▲ the plan was changed since: b checks it again", "$health-warn")])
        if point.forecast is not None:
            lines += forecast_lines(point.forecast)
        elif detail.job.kind == REHEARSAL:
            lines.append([("no forecast yet", "$health-unknown")])
        return lines


def forecast_lines(forecast: Forecast) -> list[Words]:
    """What a run will take, as far as it is known, and from where."""
    parts = []
    if forecast.objects is not None:
        parts.append(f"{numbers.count(forecast.objects)} objects")
    if forecast.bytes is not None:
        parts.append(f"{numbers.size(forecast.bytes)} on the target's disks")
    if forecast.seconds_p50 is not None:
        parts.append(f"{eta_words(forecast.seconds_p50, forecast.seconds_p90)} (p50–p90)")
    if forecast.freeze_seconds is not None:
        parts.append(f"frozen for {numbers.span(forecast.freeze_seconds)}")
    if not parts:
        return [["forecast: not known; H rehearses with the first ranges"]]
    basis = f"  ({plain(forecast.basis)})" if forecast.basis else ""
    return [["forecast: ", (", ".join(parts), "bold"), (basis, "$health-unknown")]]
