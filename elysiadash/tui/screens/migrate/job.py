"""One job: what was asked for, how it goes, what it found; and the keys that steer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType

from elysiadash.config.moments import read_length, read_moment
from elysiadash.jobs.control import Verb
from elysiadash.jobs.errors import JobsError
from elysiadash.jobs.job import JobState
from elysiadash.migrate.phases import Phase
from elysiadash.tui import numbers
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.jobs_seen import Detail
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.migrate.ending import CutOverPane, ReportPane
from elysiadash.tui.screens.migrate.job_pane import LettersPane, PlanPane
from elysiadash.tui.screens.migrate.preflight import PreflightPane
from elysiadash.tui.screens.migrate.run import RunPane
from elysiadash.tui.screens.migrate.steps import DONE, OPEN, STOPS, Step, StepsScreen
from elysiadash.tui.screens.migrate.typed import TypedWord
from elysiadash.tui.screens.migrate.verify import VerifyPane
from elysiadash.tui.widgets.lines import Piece

_LOOKING = "reading the job"
_VIEW_OF: dict[str, str] = {
    Phase.PREFLIGHT: "preflight",
    Phase.PROVE: "verify",
    Phase.PROVEN: "cut-over",
    Phase.FREEZE: "cut-over",
    Phase.FINAL_DELTA: "cut-over",
    Phase.CUT_OVER: "cut-over",
    Phase.HELD: "cut-over",
    Phase.REPORT: "report",
}
_ORDER = list(Phase)


class JobScreen(StepsScreen):
    """``argument`` is the job's name, and the view to begin with."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("job")]
    SCOPES: ClassVar[tuple[str, ...]] = ("app", "screen", "list", "job")
    VIEWS = "view"

    def __init__(self, argument: str) -> None:
        self.plan, self.run_pane, self.letters = PlanPane(), RunPane(), LettersPane()
        self.checks = PreflightPane("They come with the job's first phase.")
        self.verify, self.cut_over, self.report = VerifyPane(), CutOverPane(), ReportPane()
        super().__init__(
            (
                self.plan,
                self.checks,
                self.run_pane,
                self.letters,
                self.verify,
                self.cut_over,
                self.report,
            )
        )
        self._job, _, view = argument.partition(" ")
        self._here = view if view in self.panes else "run"
        self.moved = view in self.panes
        self.detail: Detail | None = None
        self._gone = ""
        self._looking = False

    def crumb(self) -> str:
        """The job."""
        return self._job

    def link(self) -> str:
        """The command that leads here."""
        return f"job {self._job}"

    @property
    def writable(self) -> bool:
        """Whether the cluster that the job writes may be written, as its profile says now."""
        if self.dash.watched.replay is not None or self.detail is None:
            return False
        uses, profiles = self.detail.job.clusters, self._profiles()
        target = profiles.get(uses[-1].name) if uses else None
        return target is not None and target.write

    def _profiles(self) -> dict[str, Any]:
        watched = self.dash.watched.profile
        return {**self.dash.clusters.profiles, watched.name: watched}

    # Data

    async def pull(self) -> None:
        """The job as it is now."""
        await self._look()

    async def _look(self, *, now: bool = False) -> None:
        found = await self.dash.jobs.detail(self._job, now=now)
        if isinstance(found, str):
            self._gone = found
            self.tell_crumbs()
            return
        self._gone = ""
        if self.frozen_at is not None and self.detail is not None:
            return
        self.detail = found
        self._show(found)

    def _show(self, detail: Detail) -> None:
        self.checks.detail = detail
        self.checks.accepted = detail.spec.accepted if detail.spec is not None else ()
        self.checks.show()
        self.plan.show(detail)
        for pane in (self.run_pane, self.letters, self.verify, self.cut_over, self.report):
            pane.show(detail)
        if not self.moved:
            view = "report" if detail.report else _VIEW_OF.get(detail.job.phase, "run")
            if view != self._here:
                self.go_to(view)
        self.tell_steps()
        self.tell_crumbs()
        self.say_words()
        self.refresh_bindings()

    async def _look_again(self) -> None:
        try:
            await self._look()
        finally:
            self._looking = False

    def facts_changed(self, fresh: Freshness) -> None:
        """Each second: the job goes on by itself."""
        super().facts_changed(fresh)
        if not self._looking and self.is_active:
            self._looking = True
            self.dash.run_guarded(self._look_again, _LOOKING, group="jobs", of=self, again=True)

    # Lines

    def steps(self) -> Sequence[Step]:
        """Every view, done as far as the phases are."""
        detail = self.detail
        states = dict.fromkeys(self.panes, OPEN)
        if detail is not None:
            states |= _states(detail)
        return [Step(pane.NUMBER, name, states[name]) for name, pane in self.panes.items()]

    def notes(self) -> list[Piece]:
        """Also that it is gone, asks something, or may not be steered."""
        notes = super().notes()
        detail = self.detail
        if self._gone:
            notes.insert(0, (f" {plain(self._gone)} ", "reverse $health-warn"))
        elif detail is not None:
            point = detail.checkpoint
            if point is not None and point.question and not detail.job.state.ended:
                words = " asks: A answers " if point.choices else " waits: x goes on "
                notes.insert(0, (words, "reverse $health-warn"))
            if not self.writable and not detail.job.state.ended:
                notes.insert(0, ("read-only: it can be slowed and stopped", "$health-unknown"))
        return notes

    def help_notes(self) -> list[tuple[str, str]]:
        """Why keys are missing."""
        if self.writable or self.detail is None:
            return []
        uses = self.detail.job.clusters
        name = uses[-1].name if uses else "the target"
        words = (
            f"{name} is read-only here (start with --write, or write = true in its profile): the "
            "job can be slowed, paused, cancelled and thawed, and not be let go on."
        )
        return [("Resume, answer, cut over", words)]

    def worst(self) -> str:
        """The job in a few words, for a small pane."""
        if self.detail is None:
            return self._gone
        job, progress = self.detail.job, self.detail.progress
        return f"{plain(job.phase or str(job.state))} {numbers.percent(progress.fraction)}"

    # Steering

    async def _ask(self, verb: Verb, value: Any = None) -> str | None:
        """Put down a wish and say what comes of it; what is wrong with it."""
        try:
            outcome = await self.dash.jobs.ask(self._job, verb, value)
        except (JobsError, ValueError) as error:
            return str(error)
        self.status.flash(outcome, 5.0)
        await self._look(now=True)
        return None

    async def _do(self, verb: Verb, value: Any = None) -> None:
        fault = await self._ask(verb, value)
        if fault is not None:
            self.status.flash(fault, 8.0)

    async def action_pause(self) -> None:
        """Let it rest."""
        await self._do("pause")

    async def action_resume(self) -> None:
        """Let it go on."""
        await self._do("resume")

    def action_rate(self) -> None:
        """Type a limit."""
        rate = self.detail.job.rate if self.detail is not None else None
        text = "" if rate is None else f"{rate:g}"
        self.ask_for("rate", "objects/s at most (off: no limit) ", text)

    async def take_rate(self, text: str) -> str | None:
        """A limit, or off."""
        if text.casefold() in ("off", "none"):
            return await self._ask("rate", None)
        try:
            return await self._ask("rate", float(text.replace(",", "")))
        except ValueError:
            return f"{text!r} is no number of objects a second; off takes the limit away"

    async def action_audit(self) -> None:
        """What it wrote, request by request."""
        await self.dash.go(f"audit {self._job}")

    def action_priority(self) -> None:
        """Type a priority."""
        text = str(self.detail.job.priority) if self.detail is not None else ""
        self.ask_for("priority", "priority (higher goes first) ", text)

    async def take_priority(self, text: str) -> str | None:
        """A whole number."""
        try:
            return await self._ask("priority", int(text))
        except ValueError:
            return f"{text!r} is no whole number from -1000 to 1000"

    def action_postpone(self) -> None:
        """Type until when it rests."""
        self.ask_for("postpone", "rest until (22:00, 2h) ")

    async def take_postpone(self, text: str) -> str | None:
        """A time of day that comes, or a length from now."""
        now = self.dash.jobs.wall()
        at = coming(text, now)
        if at is None:
            return f"{text!r} is no time such as 22:00 or 2h"
        return await self._ask("postpone", at)

    def action_answer(self) -> None:
        """Type the answer to what the job asks."""
        if self.detail is None or not _asks(self.detail):
            self.status.flash("the job asks nothing now", 3.0)
            return
        choices = self._choices
        self.ask_for("answer", f"answer ({', '.join(choices)}) ", "", lambda _: choices)

    @property
    def _choices(self) -> tuple[str, ...]:
        """The words that answer what the job asks."""
        point = self.detail.checkpoint if self.detail is not None else None
        return point.choices if point is not None else ()

    def offer_answer(self) -> Iterable[str]:
        """The words that answer it."""
        return self._choices

    async def take_answer(self, word: str) -> str | None:
        """What is said to the job; one that waits for it goes on."""
        if word not in self._choices:
            known = " or ".join(self._choices)
            return f"{word!r} answers nothing; {known} does" if known else "the job asks nothing"
        return await self._say({"word": word})

    async def _say(self, value: dict[str, Any]) -> str | None:
        point = self.detail.checkpoint if self.detail is not None else None
        if point is not None and point.question:
            value["question"] = point.question
        fault = await self._ask("say", value)
        if fault is None and self.detail is not None and self.detail.job.state is JobState.PAUSED:
            fault = await self._ask("resume")
        return fault

    async def action_cut_over(self) -> None:
        """Say that the application has moved, after the new name was typed."""
        detail = self.detail
        if detail is None or detail.spec is None or not is_held(detail):
            words = "nothing is held: the cut-over comes by itself, once both sides are proven"
            self.status.flash(words, 5.0)
            return
        targets = [one.target for one in detail.spec.collections]
        lines = [f"{one.name} → {one.target}" for one in detail.spec.collections]
        lines += [
            "The application reads and writes there now, and nothing writes the source any more?",
            "Then the source is thawed and the report written. The job writes the target no more.",
        ]
        word = targets[0] if len(targets) == 1 else detail.job.clusters[-1].name

        async def go(sure: bool | None) -> None:
            if sure:
                await self._do("say", {"word": "thaw"})

        await self.dash.push_screen(TypedWord("Cut over", lines, word), go)

    async def action_cancel(self) -> None:
        """Stop it for good, after the word was typed."""
        detail = self.detail
        if detail is None or (detail.job.state.ended and detail.job.state is not JobState.FAILED):
            self.status.flash("it has ended already", 3.0)
            return
        where = detail.job.clusters[-1].name if detail.job.clusters else "the target"
        lines = [
            f"{detail.job.title}",
            "Thaws what it has frozen and puts tenants back. What it has copied stays on",
            f"{where}; delete it there, or begin again and replace it.",
        ]

        async def go(sure: bool | None) -> None:
            if sure:
                await self._do("cancel")

        await self.dash.push_screen(TypedWord("Cancel the job", lines, "cancel"), go)

    def typed(self, what: Any, text: str) -> str | None:
        """A value was typed: it is put down beside the key's own way."""
        takes = {
            "rate": self.take_rate,
            "priority": self.take_priority,
            "postpone": self.take_postpone,
            "answer": self.take_answer,
        }[what]

        async def take() -> None:
            fault = await takes(text)
            if fault is not None:
                self.status.flash(fault, 8.0)

        if not text and what != "rate":
            return "type something, or esc"
        if what == "answer" and text not in self._choices:
            return f"{text!r} answers nothing; {' or '.join(self._choices)} does"
        self.dash.run_guarded(take, f"asking the job to {what}", group="asking", of=self)
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What means nothing in the job's state is not offered."""
        detail = self.detail
        if detail is not None and action in _WANTS and not _WANTS[action](detail):
            return False
        return super().check_action(action, parameters)


def coming(text: str, now: float) -> float | None:
    """The wall time that ``22:00`` (the next one) or ``2h`` (from now) means; None for neither."""
    length = read_length(text)
    if length is not None:
        return now + length
    at = read_moment(text, now)
    if at is None:
        return None
    return at if at > now else at + 86_400


def is_held(detail: Detail) -> bool:
    """Whether the source is held frozen until somebody says that the application has moved."""
    return not detail.job.state.ended and detail.job.phase == Phase.HELD


def _states(detail: Detail) -> dict[str, str]:
    point, job = detail.checkpoint, detail.job
    states = {"plan": DONE}
    if point is None:
        return states
    if point.checks:
        stops = any(
            check.result == "blocks" and check.code not in _accepted(detail)
            for check in point.checks
        )
        states["preflight"] = STOPS if stops else DONE
    phase = _ORDER.index(Phase(job.phase)) if job.phase in _ORDER else -1
    if phase > _ORDER.index(Phase.DELTA):
        states["run"] = DONE
    if job.state is JobState.FAILED and phase <= _ORDER.index(Phase.DELTA):
        states["run"] = STOPS
    if detail.reasons:
        states["letters"] = STOPS
    elif phase > _ORDER.index(Phase.COPY):
        states["letters"] = DONE
    if point.proof is not None:
        differs = point.proof.missing or point.proof.extra or point.proof.different
        states["verify"] = STOPS if differs else DONE
    if phase > _ORDER.index(Phase.HELD):
        states["cut-over"] = DONE
    if detail.frozen and not detail.worked_on:
        states["cut-over"] = STOPS
    if detail.report:
        states["report"] = DONE
    return states


def _accepted(detail: Detail) -> tuple[str, ...]:
    return detail.spec.accepted if detail.spec is not None else ()


def _asks(detail: Detail) -> bool:
    point = detail.checkpoint
    return point is not None and bool(point.choices) and not detail.job.state.ended


_WANTS: dict[str, Callable[[Detail], bool]] = {
    "pause": lambda detail: detail.job.state in (JobState.QUEUED, JobState.RUNNING),
    "resume": lambda detail: (
        detail.job.state in (JobState.PAUSED, JobState.FAILED)
        or detail.job.pausing
        or detail.job.not_before is not None
        or (detail.job.state is JobState.RUNNING and not detail.worked_on)
    ),
    "cancel": lambda detail: not detail.job.state.ended or detail.job.state is JobState.FAILED,
    "postpone": lambda detail: not detail.job.state.ended,
    "rate": lambda detail: not detail.job.state.ended,
    "priority": lambda detail: not detail.job.state.ended,
    "answer": _asks,
    "cut_over": is_held,
}
"""Action -> whether it means something to the job as it stands."""
