"""The watchdog of a freeze: ``python -m elysiadash.migrate.freeze.watchdog``, a process of its own.

It does nothing but wait: for the thaw, which ends it; for 30 s without a sign of life of the
worker; for the freeze's limit. Then it takes the job from the worker, thaws, reads back, and does
not give up before it has. Told to end, it thaws first. It writes to its log by standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path
from typing import Final

import msgspec

from elysiadash.config import reference
from elysiadash.config.profile import Profile
from elysiadash.jobs import claims, control, queue, steps
from elysiadash.jobs.audit import AuditLog
from elysiadash.jobs.claims import PATIENCE_S
from elysiadash.jobs.database import Database, Reading
from elysiadash.jobs.errors import DamagedJobs, JobsError
from elysiadash.migrate.freeze import noted, thawing
from elysiadash.migrate.freeze.noted import STEP, Undo
from elysiadash.migrate.freeze.watching import READY
from elysiadash.migrate.left_frozen import THAW
from elysiadash.migrate.phases import Phase
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import spec_of
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.guard import Permit

log = logging.getLogger(__name__)

WHO: Final = "the watchdog"
LOOK_EACH_S: Final = 1.0
GRACE_S: Final = 3.0
"""The worker thaws at the limit itself; we come after it."""
HEARD_WITHIN_S: Final = 2.0
"""A worker that holds a freeze looks for the word each second."""
_LONGEST_WAIT_S: Final = 30.0
_GIVES_UP_S: Final = 24 * 3600.0
_LAST_MOMENT_S: Final = 15.0


class Watchdog:
    """Watches one freeze. ``patience`` is how long the worker may be silent, in seconds."""

    def __init__(self, database: Database, job: str, mark: str, patience: float) -> None:
        self._database = database
        self._job = job
        self._mark = mark
        self._patience = patience
        self._told = asyncio.Event()
        self._unheard_since: float | None = None
        self._nobody_since: float | None = None
        with database.reading() as read:
            found = noted.noted(read, job)
            spec = spec_of(queue.get(read, job).spec)
        if found is None or found.undo.mark != mark:
            raise SystemExit("there is no such freeze")
        self._undo: Undo = found.undo
        self._until_steady = found.known.until_steady
        self._profile: Profile = reference.resolve(spec.source)
        self._audit = AuditLog(database.folder, profile=self._profile.name, job=job)
        self._permit = Permit(reason=f"thaw: {noted.title(self._undo)}", job=job, phase="THAW")

    async def run(self) -> None:
        """Watch until nothing is owed any more."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: None)
        site = await Site.open(self._profile, audit=self._audit)
        try:
            # The credential is looked up and tried now: later its source may be gone.
            await site.client.nodes()
            sys.stdout.buffer.write(READY)
            sys.stdout.flush()
            log.info("watching: %s", noted.title(self._undo))
            why = await self._watch()
            if why is not None:
                log.warning("thawing: %s", why)
                await self._thaw(site, why)
            log.info("ends")
        finally:
            await site.aclose()

    async def _watch(self) -> str | None:
        """Why to thaw, the job being taken from its worker; None when nothing is owed any more."""
        while True:
            try:
                why = await asyncio.to_thread(self._look)
                self._unheard_since = None
            except _Over:
                return None
            except (JobsError, OSError) as error:
                why = self._blind(error)
            if why is not None:
                return why
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), LOOK_EACH_S)

    def _look(self) -> str | None:
        """One look; where it says why to thaw, the job is no worker's any more."""
        with self._database.reading() as read:
            why = self._why(read)
        if why is None:
            return None
        with self._database.transaction() as tx:
            # A worker that was only slow may have come back: then there is no reason any more.
            why = self._why(tx)
            if why is not None:
                claims.revoke(tx, self._job, who=WHO, reason=why)
                if self._said_thaw(tx) is not None:
                    # Heard: the next freeze must not end by it.
                    control.settle(tx, self._job, ("say",), "thawed", WHO)
        return why

    def _why(self, read: Reading) -> str | None:
        found = noted.noted(read, self._job)
        if found is None or found.undo.mark != self._mark:
            raise _Over
        now = read.clock.steady()
        self._until_steady = found.known.until_steady
        if self._told.is_set():
            return "the watchdog was told to end"
        if now > self._until_steady + GRACE_S:
            return "the limit of the freeze has passed"
        said = self._said_thaw(read)
        if said is not None:
            return said
        holder = claims.holder(read, self._job)
        if holder is not None:
            self._nobody_since = None
            silent = abs(holder.silent_s)
        else:
            self._nobody_since = now if self._nobody_since is None else self._nobody_since
            silent = now - self._nobody_since
        return f"no worker was heard for {silent:.0f} s" if silent > self._patience else None

    def _said_thaw(self, read: Reading) -> str | None:
        """A thaw that somebody wants and the worker, busy under the freeze, does not hear.

        In a hold the worker hears it; behind an alias change the application waits for nothing.
        """
        if queue.get(read, self._job).phase not in (Phase.FREEZE, Phase.FINAL_DELTA):
            return None
        for wish in control.still_open(read, self._job):
            is_thaw = wish.verb == "say" and wish.value.get("word") == THAW
            if is_thaw and abs(read.now - wish.asked) > HEARD_WITHIN_S:
                return f"{wish.asked_by} said so"
        return None

    def _blind(self, error: Exception) -> str | None:
        """Without the job's rows nobody can be heard: that is silence, too."""
        now = self._database.clock.steady()
        self._unheard_since = now if self._unheard_since is None else self._unheard_since
        if (
            self._told.is_set()
            or now - self._unheard_since > self._patience
            or now > self._until_steady + GRACE_S
        ):
            return f"the job cannot be read ({error})"
        return None

    async def _thaw(self, site: Site, why: str) -> None:
        """Thaw, again and again, until it is done by us or by another; a day at most.

        Told to end, there is only a moment left: what is owed then is what faces show.
        """
        clock, wait = self._database.clock, 1.0
        began = clock.steady()
        while True:
            try:
                done = await thawing.thaw(site.client, self._undo, self._permit)
                break
            except (WeaviateError, thawing.NotThawed) as error:
                log.warning("not thawed yet, again in %.0f s: %s", wait, error)
            patience = _LAST_MOMENT_S if self._told.is_set() else _GIVES_UP_S
            if clock.steady() - began > patience:
                log.error("given up: it stays frozen until somebody thaws it (jobs thaw)")
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), wait)
            if self._told.is_set():
                await asyncio.sleep(1.0)
            if await asyncio.to_thread(self._was_put_back):
                log.info("thawed by another")
                return
            wait = min(_LONGEST_WAIT_S, wait * 2)
        log.warning("thawed: %s", "; ".join(done))
        await self._note(why)

    def _was_put_back(self) -> bool:
        try:
            with self._database.reading() as read:
                found = noted.noted(read, self._job)
        except (JobsError, OSError):
            return False
        return found is None or found.undo.mark != self._mark

    async def _note(self, why: str) -> None:
        """Note that nothing is owed any more; a thaw of another freeze stays owed."""
        for wait in (1.0, 5.0, 30.0, 60.0, 300.0, None):
            try:
                await asyncio.to_thread(put_back, self._database, self._job, self._mark, why)
                return
            except DamagedJobs as error:
                log.warning("thawed, and nobody is left who could be told: %s", error)
                return
            except (JobsError, OSError) as error:
                log.warning("thawed, and this cannot be noted: %s", error)
            if wait is not None:
                await asyncio.sleep(wait)


class _Over(Exception):
    """The freeze that was watched is put back, or is another one."""


def put_back(database: Database, job: str, mark: str, why: str, who: str = WHO) -> bool:
    """Note that this freeze was put back; whether it was still owed."""
    with database.transaction() as tx:
        found = noted.noted(tx, job)
        if found is None or found.undo.mark != mark:
            return False
        return steps.put_back(tx, job, STEP, who=who, reason=why)


def main(arguments: list[str] | None = None) -> None:
    """Watch what the arguments name."""
    parser = argparse.ArgumentParser(prog=f"python -m {__spec__.name if __spec__ else __name__}")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--job", required=True)
    parser.add_argument("--mark", required=True)
    parser.add_argument("--silence", type=float, default=PATIENCE_S)
    given = parser.parse_args(arguments)
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format=f"%(asctime)s {given.job} %(message)s"
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        with Database.open(given.state) as database:
            asyncio.run(Watchdog(database, given.job, given.mark, given.silence).run())
    except (JobsError, WeaviateError, reference.Unresolved, msgspec.ValidationError) as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
