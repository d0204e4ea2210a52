"""Going to jobs and drafts from any screen, and thawing what a job left frozen."""

from __future__ import annotations

from collections.abc import Iterable

from elysiadash.jobs.errors import JobsError
from elysiadash.tui import numbers
from elysiadash.tui.screens.part import ScreenPart


class JobGoing(ScreenPart):
    """The actions about jobs that every main screen has."""

    async def take_job(self, name: str) -> str | None:
        """Open a job, by its name or an end of it."""
        found = await self.dash.jobs.detail(name)
        return found if isinstance(found, str) else await self.dash.go(f"job {found.job.id}")

    def offer_job(self) -> Iterable[str]:
        """The jobs that were seen last."""
        return [each.job.id for each in self.dash.jobs.seen.jobs]

    async def action_audit(self) -> None:
        """What was written to this cluster."""
        await self.dash.go("audit")

    async def take_audit(self, name: str) -> str | None:
        """What a job wrote, by its name or an end of it; it may be forgotten by now."""
        found = await self.dash.jobs.detail(name)
        return await self.dash.go(f"audit {name if isinstance(found, str) else found.job.id}")

    def offer_audit(self) -> Iterable[str]:
        """The jobs that were seen last."""
        return self.offer_job()

    async def take_draft(self, name: str) -> str | None:
        """Go on with a draft, by its name or an end of it."""
        seen = await self.dash.jobs.look()
        names = [draft.id for draft in seen.drafts if draft.id == name or draft.id.endswith(name)]
        if len(names) != 1:
            known = ", ".join(draft.id for draft in seen.drafts) or "none"
            return f"there is no draft {name!r}; there are {known}"
        return await self.dash.go(f"draft {names[0]}")

    def offer_draft(self) -> Iterable[str]:
        """The drafts that were seen last."""
        return [draft.id for draft in self.dash.jobs.seen.drafts]

    async def action_thaw(self) -> None:
        """Ask for the word, then let writers in again."""
        from elysiadash.tui.screens.migrate.typed import TypedWord

        frozen = self.dash.frozen_jobs
        if not frozen:
            self.status.flash("no job of this computer has left anything frozen", 4.0)
            return
        first = frozen[0]
        lines = [
            f"{first.what}, by the job {first.job}.",
            "Applications can write again as soon as it is thawed. A cut-over that is under way",
            "is given up and tried again later: nothing is lost by it.",
        ]
        if first.since is not None:
            age = numbers.span(self.dash.jobs.wall() - first.since)
            lines.insert(1, f"Writers are kept out since {age}.")

        async def thaw(sure: bool | None) -> None:
            if sure:
                self.status.flash(await self._thaw(first.job), 8.0)

        await self.dash.push_screen(TypedWord("Thaw", lines, "thaw"), thaw)

    async def _thaw(self, job: str) -> str:
        from elysiadash.migrate.freeze.thawing import NotThawed
        from elysiadash.weaviate.errors import WeaviateError

        self.status.flash("thawing", 30.0)
        try:
            words = await self.dash.jobs.thaw(job)
        except (JobsError, NotThawed, WeaviateError) as error:
            return f"not thawed: {error}"
        await self.dash.see_frozen(now=True)
        return words
