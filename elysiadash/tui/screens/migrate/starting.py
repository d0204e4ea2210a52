"""What the wizard starts: a preflight, a rehearsal, the job itself; and what keeps it from that."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from functools import partial

import msgspec

from elysiadash.jobs.errors import JobsError
from elysiadash.jobs.job import NewJob
from elysiadash.migrate.drafts import Draft, DraftError
from elysiadash.migrate.phases import Freeze
from elysiadash.migrate.recommend import recommend
from elysiadash.migrate.spec import PREFLIGHT, REHEARSAL
from elysiadash.tui import numbers
from elysiadash.tui.screens.migrate import asking
from elysiadash.tui.screens.migrate.choices import Around, known_of
from elysiadash.tui.screens.migrate.preflight import PreflightPane
from elysiadash.tui.screens.migrate.settings import CheckRow
from elysiadash.tui.screens.migrate.steps import StepsScreen
from elysiadash.tui.screens.migrate.typed import TypedWord
from elysiadash.tui.screens.migrate.what import WhatPane


class Starting(StepsScreen):
    """Part of the wizard."""

    what: WhatPane
    checks: PreflightPane
    draft: Draft | None
    draft_name: str
    saving: asyncio.Lock
    gone: str
    """Why there is no draft (any more)."""
    _starting = False

    @property
    def around(self) -> Around:
        """The profiles, and the source as the watch knows it."""
        raise NotImplementedError

    async def load(self) -> None:
        """Read the draft, where it is not there yet: keys can be quicker than the disk."""
        raise NotImplementedError

    def keep(self, draft: Draft) -> None:
        """Show a changed draft, and keep it on disk."""
        raise NotImplementedError

    async def action_tenants(self) -> None:
        """Type the tenants of the collection under the cursor."""
        row = self.what.table.current()
        if row is None or row.chosen is None or row.stats is None or not row.stats.multi_tenant:
            words = "tenants can be chosen of a multi-tenant collection that goes along"
            self.status.flash(words, 4.0)
            return
        text = ", ".join(row.chosen.tenants or ())
        self.ask_for(f"tenants:{row.name}", "tenants (none: all) ", text)

    async def action_preflight(self) -> None:
        """Check both clusters."""
        await self._check(PREFLIGHT)

    async def action_rehearse(self) -> None:
        """Copy the first ranges, and remove them again."""
        if not await self._ready() or (draft := self.draft) is None:
            return
        lines = [
            f"Copies the first ranges into scratch collections on {draft.target}, measures, and",
            "removes them again, also after a crash. The source is only read.",
        ]

        async def go(sure: bool | None) -> None:
            if sure:
                await self._check(REHEARSAL)

        await self.dash.push_screen(TypedWord("Rehearse", lines, draft.target or ""), go)

    async def _check(self, kind: str) -> None:
        if not await self._ready():
            return
        if self.checks.under_way:
            self.status.flash("a preflight is under way", 3.0)
            return
        name = await self._submit(kind, again=True)
        if name is None or self.draft is None:
            return
        changes = {"preflight": name, "rehearsal": None, "checked_as": self.draft.fingerprint()}
        if kind == REHEARSAL:
            changes["rehearsal"] = name
        self.keep(msgspec.structs.replace(self.draft, **changes))
        self.go_to("preflight")
        self.wake()

    async def _ready(self) -> bool:
        await self.load()
        lacks = "" if self.draft is None else asking.what_lacks(self.draft, self.around)
        if lacks:
            self.status.flash(lacks, 5.0)
        return self.draft is not None and not lacks

    async def _submit(self, kind: str | None, *, again: bool) -> str | None:
        """Put the job in and start the worker; its name, None where that failed or is known."""
        draft = self.draft
        if draft is None:
            return None
        try:
            new: NewJob = await asyncio.to_thread(
                partial(
                    asking.job_of, draft, self.around, self.dash.clusters.settings_file, kind=kind
                )
            )
            job, is_new = await self.dash.jobs.submit(new, again=again)
        except (asking.CannotAsk, JobsError) as error:
            self.status.flash(str(error), 12.0)
            return None
        if not is_new:
            self.status.flash(f"{job.id} does this already: x there lets it go on", 12.0)
            await self.dash.go(f"job {job.id}")
            return None
        return job.id

    async def lift(self, key: Hashable) -> None:
        """Ask for the code of the block under the cursor."""
        row = self.checks.table.row(key)
        if row is None or not row.stops:
            return
        if not row.liftable:
            self.status.flash(row.way_out or "this block cannot be lifted", 8.0)
            return
        self.ask_for(row, f"type {row.code} to lift it ")

    def lifted(self, row: CheckRow, text: str) -> str | None:
        """Its block is taken away, if its code was typed; else what is wrong."""
        if text != row.code:
            return f"that is not {row.code}"
        if self.draft is not None and row.code not in self.draft.accepted:
            accepted = (*self.draft.accepted, row.code)
            self.keep(msgspec.structs.replace(self.draft, accepted=accepted))
        return None

    async def action_start(self) -> None:
        """Start it, once it was checked as it is and the target's name was typed."""
        if not await self._ready() or (draft := self.draft) is None:
            return
        rows = self.checks.rows
        if not rows or self.checks.changed or self.checks.under_way:
            self.status.flash("not checked as it is now: b checks it, then x starts it", 6.0)
            self.go_to("preflight")
            return
        stops = [row for row in rows if row.stops]
        if stops:
            more = f" (and {len(stops) - 1} more)" if len(stops) > 1 else ""
            self.status.flash(f"blocked by {stops[0].code}{more}: {stops[0].text}", 8.0)
            self.go_to("preflight")
            return
        await self.dash.push_screen(
            TypedWord("Start", self._start_words(draft), draft.target or ""), self._start
        )

    def _start_words(self, draft: Draft) -> list[str]:
        around = self.around
        known = known_of(draft, around)
        advice = recommend(known)
        target = around.profile(draft)
        environment = f" ({target.environment})" if target and target.environment else ""
        count = "objects not known" if known.objects is None else f"~{known.objects:,} objects"
        lines = [f"{draft.title}{environment}", f"{count}, by {draft.strategy or advice.strategy}"]
        freeze = draft.freeze or advice.freeze
        lines.append(f"writers are kept out by: {freeze}; verified to {draft.verify}")
        if freeze != Freeze.NONE and draft.after == "hold":
            limit = numbers.span(draft.hold_limit_s)
            lines.append(f"then the source stays frozen until you thaw it, {limit} at most")
        elif freeze != Freeze.NONE:
            lines.append("then writers are let in again at once")
        if draft.settings:
            lines.append(f"changed on the way: {' '.join(draft.settings)}")
        if any(one.replaces for one in draft.collections):
            lines.append("what has these names in the target is REPLACED")
        if advice.only_if:
            lines.append(f"only if: {advice.only_if}")
        lines.append("It goes on when this app is closed; X in its view cancels it.")
        return lines

    async def _start(self, sure: bool | None) -> None:
        if not sure or self._starting:
            return
        self._starting = True
        try:
            name = await self._submit(None, again=False)
            if name is None:
                return
            async with self.saving:
                await self.dash.jobs.discard_draft(self.draft_name)
                self.draft, self.gone = None, f"started as the job {name}"
            await self.dash.jobs.look(now=True)
            await self.dash.show_mode("migrate")
            await self.dash.go(f"job {name}")
        except DraftError as error:
            self.status.flash(str(error), 8.0)
        finally:
            self._starting = False
