"""What we ourselves wrote to a cluster, among its events: read from the audit log, folded."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.own_writes import OwnWrites, folded, identity, is_own
from elysiadash.jobs.audit_reader import AuditLine, Wanted, added, end_of, page

_MOST_LINES = 50_000
_PAGE = 5_000


def written(
    state: Path, profile: str, since: float | None, until: float | None
) -> tuple[Event, ...]:
    """What was written between the two (wall-clock seconds), newest first; of an endless log the
    newest lines. Raises ``OSError``."""
    wanted = Wanted(profile=profile, since=since)
    lines: list[AuditLine] = []
    place: int | None = end_of(state)
    while place and len(lines) < _MOST_LINES:
        found = page(state, wanted, before=place, limit=_PAGE)
        lines += found.lines
        place = found.next
    in_time = (line for line in reversed(lines) if until is None or line.time <= until)
    return tuple(reversed(folded(in_time)))


def with_written(recorded: Iterable[Event], ours: Iterable[Event]) -> tuple[Event, ...]:
    """Both, newest first; a write that was recorded too is there once, as the log has it."""
    own = tuple(ours)
    known = set(map(identity, own))
    rest = [one for one in recorded if not (is_own(one) and identity(one) in known)]
    return tuple(sorted([*own, *rest], key=lambda event: -event.at))


class Following:
    """Reads the log on from where it ends now; waits for the disk."""

    def __init__(self, state: Path, profile: str) -> None:
        self._state = state
        self._wanted = Wanted(profile=profile)
        self._place = end_of(state)
        self._writes = OwnWrites()
        self._told: dict[tuple[object, ...], str] = {}

    def look(self, now: float) -> tuple[Event, ...]:
        """What began since the last look, and what came of it once it is whole, oldest first.
        Raises ``OSError``."""
        news = added(self._state, self._place, self._wanted)
        self._place = news.place
        whole = [*self._writes.take(news.lines), *self._writes.settle(now)]
        ended = [one for one in whole if self._told.pop(identity(one), None) != one.message]
        growing = self._writes.under_way()
        begun = [one for one in growing if identity(one) not in self._told]
        self._told |= {identity(one): one.message for one in begun}
        return (*ended, *begun)
