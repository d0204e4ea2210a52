"""Step 5: how far the job is, how fast, what holds it back, and what happened to it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from elysiadash.config.moments import local_clock
from elysiadash.jobs.job import JobState
from elysiadash.migrate.checkpoint import Checkpoint
from elysiadash.tui import numbers
from elysiadash.tui.job_columns import eta_words, state_of
from elysiadash.tui.jobs_seen import Detail, JobSeen
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.migrate.grid import RangesGrid, generations
from elysiadash.tui.screens.migrate.job_pane import EventRows
from elysiadash.tui.widgets.about import Words

_GENERATIONS = 3
_STYLES = {
    "ok": "$health-ok",
    "warning": "$health-warn",
    "critical": "$health-crit",
    "accent": "$accent",
    "muted": "$health-unknown",
}


class RunPane(EventRows):
    """Numbers, ranges and events of the run."""

    NAME = "run"
    NUMBER = "5"

    def __init__(self) -> None:
        super().__init__()
        self.grid = RangesGrid()

    def between(self) -> Iterable[Widget]:
        """The ranges."""
        yield self.grid

    def show(self, detail: Detail) -> None:
        """Show this moment."""
        self.grid.show(generations(detail.ranges, worked_on=detail.worked_on))
        super().show(detail)

    def lines(self) -> list[Words]:
        """State, numbers, what holds it back, generations, dead letters."""
        detail = self.detail
        if detail is None:
            return [["reading the job"]]
        point = detail.checkpoint
        lines = [state_line(detail, self.now)]
        if point is not None and point.question and not detail.job.state.ended:
            lines += question_lines(point)
        elif detail.job.reason:
            lines.append([(plain(detail.job.reason), "$health-warn")])
        lines += _numbers(detail)
        if point is not None:
            # What was so when its worker died is not so now.
            lines += _pace(point) if detail.worked_on else []
            lines += _generations(point)
        if detail.reasons:
            worst = [f"{many:,} {plain(why)}" for why, many in list(detail.reasons.items())[:2]]
            words = f"▲ {detail.progress.dead_letters:,} dead letters: {'; '.join(worst)}"
            lines.append([(words, "$health-crit")])
        if detail.unread:
            lines.append([(f"▲ {plain(detail.unread)}", "$health-warn")])
        return lines


def question_lines(point: Checkpoint) -> list[Words]:
    """What the job waits for, and the key that lets it go on."""
    does = f"A answers: {', '.join(point.choices)}" if point.choices else "x lets it go on then"
    return [
        [("? ", "bold $health-warn"), plain(point.question)],
        [(plain(does), "bold $accent")],
    ]


def state_line(detail: Detail, now: float) -> Words:
    """``● running  COPY  since 3m12s``, and what was asked and is not done yet."""
    job, point = detail.job, detail.checkpoint
    seen = JobSeen(
        job=job,
        progress=detail.progress,
        question=point.question if point is not None else "",
        worked_on=detail.worked_on,
        frozen=detail.frozen,
    )
    word, sign, style, _ = state_of(seen, now)
    words: Words = [(f"{sign} {word}", f"bold {_STYLES.get(style, '$foreground')}")]
    if job.phase and not job.state.ended:
        words.append(f"  {plain(job.phase)}")
    if job.ended is not None:
        took = f", took {numbers.span(job.ended - job.started)}" if job.started else ""
        words.append(f"  {numbers.span(now - job.ended)} ago{took}")
    elif job.started is not None:
        words.append(f"  began {numbers.span(now - job.started)} ago")
    # A postponed job that began before waits as well.
    if job.state is JobState.QUEUED and job.not_before is not None and job.not_before > now:
        does = "goes on" if job.started else "starts"
        words.append(f"  {does} at {local_clock(job.not_before, now)}")
    asked = ", ".join(wish.verb for wish in detail.wishes)
    if asked:
        words.append((f"  asked: {asked}", "$health-warn"))
    if job.state is JobState.RUNNING and not detail.worked_on:
        words.append(("  its worker is gone; x starts one, which goes on here", "$health-warn"))
    if job.crashes:
        words.append((f"  {job.crashes} workers crashed in a row", "$health-crit"))
    return words


def _numbers(detail: Detail) -> list[Words]:
    progress, job = detail.progress, detail.job
    if not progress.ranges and not progress.objects:
        return []
    of = "" if progress.expected is None else f" of ~{numbers.count(progress.expected)}"
    words: Words = [f"{detail.stage}: "] if detail.stage else []
    if progress.fraction is not None:
        words.append((f"{numbers.percent(progress.fraction)}  ", "bold"))
    words.append(f"{numbers.count(progress.objects)}{of} objects")
    if progress.bytes:
        words.append(f", {numbers.size(progress.bytes)}")
    words.append(f"   {progress.ranges_done:,}/{progress.ranges:,} ranges")
    lines = [words]
    speed: Words = []
    pace = detail.checkpoint.pace if detail.checkpoint is not None else None
    now = pace.objects_per_s if pace is not None else None
    now = progress.objects_per_s if now is None else now
    if now is not None and detail.worked_on:
        speed.append((f"{numbers.rate(now)}/s now", "bold"))
    if job.started is not None and progress.objects and detail.stage == "copy":
        passed = detail.at - job.started
        if passed > 0 and job.ended is None:
            mean = numbers.rate(progress.objects / passed)
            speed.append(f"{'   ' if speed else ''}{mean}/s mean since it began")
    if progress.eta is not None and detail.worked_on:
        left = eta_words(progress.eta.p50, progress.eta.p90)
        speed.append(f"   left {left} (p50–p90)")
    elif detail.worked_on and speed:
        speed.append(("   time left not known yet", "$health-unknown"))
    return [*lines, speed] if speed else lines


def _pace(point: Checkpoint) -> list[Words]:
    pace = point.pace
    if pace is None:
        return []
    words: Words = []
    if pace.bottleneck:
        words.append(f"bottleneck: {plain(pace.bottleneck)}")
    if pace.lanes:
        words.append(f"{'   ' if words else ''}{pace.lanes} lanes")
    lines = [words] if words else []
    if pace.throttled:
        lines.append([(f"▲ slowed down: {plain(pace.throttled)}", "$health-warn")])
    return lines


def _generations(point: Checkpoint) -> list[Words]:
    found = [
        f"delta {each.number}: {each.changed:,} changed, {each.deleted:,} deleted of "
        f"{each.scanned:,} in {numbers.span(each.seconds)}"
        for each in point.generations[-_GENERATIONS:]
    ]
    return [[(" · ".join(found), "$health-unknown")]] if found else []
