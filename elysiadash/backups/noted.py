"""The diary of a backup or a restore as a step of its job: durable, and read by whoever goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from elysiadash.backups.requests import Status
from elysiadash.jobs import control, events, steps
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.steps import StepState
from elysiadash.jobs.work import Work

Also = Callable[[Claimed, Status, float], None]
"""What is written along with each new word of the server."""

_NO_PAUSE: Final = (
    "Weaviate cannot pause {what}: it goes on and is followed; to end it, cancel the job"
)


class StepDiary:
    """See ``following.Diary``. Nothing here waits for a disk on the event loop."""

    def __init__(self, work: Work, name: str, title: str, also: Also | None = None) -> None:
        self._work = work
        self._name = name
        self._title = title
        self._also = also
        self._begun = False

    async def begun(self) -> dict[str, Any] | None:
        """What was noted by this worker, or by one before it."""
        found = await asyncio.to_thread(self._data)
        self._begun = found is not None
        return found

    async def begin(self, data: dict[str, Any]) -> None:
        """Note it before the first request."""
        await asyncio.to_thread(self._write, lambda tx: steps.begin(
            tx, self._name, title=self._title, data=data))  # fmt: skip
        self._begun = True

    async def keep(self, data: dict[str, Any]) -> None:
        """Replace what is noted."""
        await asyncio.to_thread(self._write, lambda tx: steps.keep(tx, self._name, data))

    async def end(self, state: StepState, reason: str | None = None) -> None:
        """It is over; a failed one is begun anew where the job is resumed."""

        def write(tx: Claimed) -> None:
            if self._state(tx) is StepState.RUNNING:
                steps.end(tx, self._name, state, reason=reason)

        await asyncio.to_thread(self._write, write)

    async def tell(self, status: Status, seconds: float) -> None:
        """An event for each new word of the server."""

        def write(tx: Claimed) -> None:
            told = f"{self._title}: {status.status}"
            if seconds >= 1:
                told += f" after {seconds:.0f} s"
            if status.error:
                told += f": {status.error}"
            events.note(
                tx, tx.job, "status", told,
                severity="warning" if status.error else "info",
                data={"status": status.status, "seconds": round(seconds, 1)},
            )  # fmt: skip
            if self._also is not None:
                self._also(tx, status, seconds)
            tx.got_on()

        await asyncio.to_thread(self._write, write)

    async def warn(self, text: str) -> None:
        """Something that a person should know."""
        await asyncio.to_thread(self._write, lambda tx: events.note(
            tx, tx.job, "status", text, severity="warning"))  # fmt: skip

    async def breathe(self) -> None:
        """Raise ``Interrupted`` as asked; what cannot rest says so instead."""
        await asyncio.to_thread(self._breathe)

    def _breathe(self) -> None:
        if self._begun and self._work.asked_to_stop() in ("pause", "postpone"):
            words = _NO_PAUSE.format(what=f"a {self._name}")

            def refuse(tx: Claimed) -> None:
                control.settle(tx, tx.job, ("pause", "postpone"), words, tx.claim.worker)
                events.note(tx, tx.job, "control", words, severity="warning")

            self._write(refuse)
        self._work.check()

    def _data(self) -> dict[str, Any] | None:
        with self._work.reading() as read:
            for step in steps.of(read, self._work.claim.job):
                if step.name == self._name and step.state in (StepState.RUNNING, StepState.DONE):
                    return dict(step.data)
        return None

    def _state(self, tx: Claimed) -> StepState | None:
        return next((one.state for one in steps.of(tx, tx.job) if one.name == self._name), None)

    def _write(self, write: Callable[[Claimed], object]) -> None:
        with self._work.held() as tx:
            write(tx)
