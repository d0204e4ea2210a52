"""Our own writes in the events of the cluster that is shown, whichever process sent them."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.own_writes import OwnWrites, identity, is_own
from elysiadash.jobs.audit_reader import AuditLine, Wanted, added, end_of, page
from elysiadash.tui.source import Watched

log = logging.getLogger(__name__)

_BACK_S = 86_400.0
_MOST_LINES = 10_000
"""Lines, and seconds, that are read of what was written before this session."""


class OwnWritesTold:
    """Reads the audit log of one state folder on, and tells a watch's events of its profile.

    What still grows is shown and told once it is whole; whoever holds the recording keeps it then.
    """

    def __init__(self, watch: Watched, folder: Path) -> None:
        self.watch = watch
        self.folder = folder
        self._writes = OwnWrites()
        self._wanted = Wanted(profile=watch.profile.name)
        self._place: int | None = None
        self._trouble = ""

    async def look(self) -> None:
        """Take in what was added since the last look."""
        first = self._place is None
        try:
            lines = await asyncio.to_thread(self._read)
        except OSError as error:
            # A log that cannot be read is told where somebody asks for it (``audit``).
            if str(error) != self._trouble:
                self._trouble = str(error)
                log.warning("our own writes cannot be read: %s", error)
            return
        self._trouble = ""
        events, now = self.watch.events, self.watch.store.clock()
        # Folding is of memory alone; of the many lines of the first look it takes milliseconds.
        whole = [*self._writes.take(lines), *self._writes.settle(now)]
        if first and whole:
            whole = await self._not_known(whole)
        events.add(*whole)
        events.show_under_way(self._writes.under_way())

    def _read(self) -> tuple[AuditLine, ...]:
        """The wanted lines since the last look, the oldest first; waits for the disk."""
        if self._place is None:
            # What is written between the two is read by the next look.
            end = end_of(self.folder)
            since = self.watch.store.clock() - _BACK_S
            wanted = Wanted(profile=self._wanted.profile, since=since)
            before = page(self.folder, wanted, before=end, limit=_MOST_LINES)
            self._place = end
            return tuple(reversed(before.lines))
        news = added(self.folder, self._place, self._wanted)
        self._place = news.place
        return news.lines

    async def _not_known(self, events: list[Event]) -> list[Event]:
        """Those that neither the recording nor this session has."""
        earliest = min(event.at for event in events)
        past = await self.watch.past_events(earliest, None, _MOST_LINES)
        known = {identity(event) for event in past if is_own(event)}
        return [event for event in events if identity(event) not in known]
