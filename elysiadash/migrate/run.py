"""One run of a migration: what every phase is given."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from elysiadash.jobs import events, outcomes
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.events import Severity
from elysiadash.jobs.work import Work
from elysiadash.migrate.checkpoint import Checkpoint
from elysiadash.migrate.definitions import Translation
from elysiadash.migrate.parts import Part
from elysiadash.migrate.phases import Phase
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import Spec
from elysiadash.weaviate.guard import Permit

if TYPE_CHECKING:
    from elysiadash.migrate.lanes import Lanes
    from elysiadash.migrate.tasks import Transform


class Run:
    """The job's work, its two clusters and what is known so far.

    Rows are written in threads: nothing here waits for a disk on the event loop.
    ``definitions`` are the source's, as ``GET /v1/schema/{c}`` gave them, by name, and
    ``translations`` what they become in the target; ``tenants`` has the state of each tenant that
    is copied, by collection; ``parts`` is what is copied, in order. ``looking.look`` fills them.
    """

    def __init__(
        self,
        work: Work,
        spec: Spec,
        source: Site,
        target: Site,
        checkpoint: Checkpoint,
        phase: str = "",
    ) -> None:
        self.work = work
        self.phase = phase
        """What it is about now; each line of the audit log names it."""
        self.spec = spec
        self.source = source
        self.target = target
        # What was answered since goes before what was said at the beginning.
        answers = {**spec.answers, **checkpoint.answers}
        self.checkpoint = msgspec.structs.replace(checkpoint, answers=answers)
        self.definitions: dict[str, dict[str, Any]] = {}
        self.translations: dict[str, Translation] = {}
        self.tenants: dict[str, dict[str, str]] = {}
        self.parts: list[Part] = []
        self.asleep: list[Part] = []
        """Tenants that sleep (``waves.split``): copied apart from ``parts``."""
        self.transform: Transform | None = None
        """Set before the first copy where the spec names one."""
        self.lanes: Lanes | None = None
        """What copying shares (``lanes.lanes_of``); closed by ``lanes.close``."""
        self.facts: Any = None
        """What the preflight gathered (``preflight.facts.Facts``); None before it did."""

    @property
    def job(self) -> str:
        """The job's name."""
        return self.work.claim.job

    @property
    def keeps_writers_out(self) -> bool:
        """Whether the source is frozen now, as far as the checkpoint says."""
        frozen = self.checkpoint.frozen
        return frozen is not None and frozen.thawed is None

    def permit(self, reason: str) -> Permit:
        """The leave that a write of this job carries."""
        return Permit(reason=reason, job=self.job, phase=self.phase or None)

    async def enter(self, phase: Phase, text: str = "", **changes: Any) -> None:
        """Begin a phase, with changes to the checkpoint, in one transaction."""
        self.checkpoint = msgspec.structs.replace(self.checkpoint, **changes)

        def write() -> None:
            with self.work.held() as tx:
                outcomes.enter(tx, phase, checkpoint=self.plain(), text=text)

        await asyncio.to_thread(write)
        self.phase = phase

    async def save(self, **changes: Any) -> None:
        """Change the checkpoint, durably."""
        self.checkpoint = msgspec.structs.replace(self.checkpoint, **changes)

        def write() -> None:
            with self.work.held() as tx:
                outcomes.save(tx, self.plain())

        await asyncio.to_thread(write)

    def keep(self, tx: Claimed) -> None:
        """Write the checkpoint as it is now, within a transaction of the caller's."""
        outcomes.save(tx, self.plain())

    async def note(
        self, kind: str, text: str, *, severity: Severity = "info", data: Any = None
    ) -> None:
        """Add an event to the job."""

        def write() -> None:
            with self.work.held() as tx:
                events.note(tx, self.job, kind, text, severity=severity, data=data)

        await asyncio.to_thread(write)

    async def breathe(self) -> None:
        """Raise ``Interrupted`` where the job shall stop: call it between pieces of work."""
        await asyncio.to_thread(self.work.check)

    def plain(self) -> dict[str, Any]:
        """The checkpoint as JSON, for a transaction that changes rows along with it."""
        plain: dict[str, Any] = msgspec.to_builtins(self.checkpoint)
        return plain
