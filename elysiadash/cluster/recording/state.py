"""How recording goes, in numbers and in words."""

from __future__ import annotations

import msgspec


class RecordingState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who records a cluster's past. Times are wall-clock seconds.

    ``here``: this process does. ``pid`` is who does, where known; ``since`` when it began,
    ``oldest`` how far back the recording goes, ``bytes`` its size. ``problem`` says what stands
    in the way, in words; watching goes on without.
    """

    here: bool = False
    elsewhere: bool = False
    """Another process does, as far as we know."""
    pid: int | None = None
    since: float | None = None
    path: str | None = None
    bytes: int | None = None
    oldest: float | None = None
    moments: int = 0
    """Moments that this process has written."""
    problem: str | None = None
    note: str | None = None
    """What happened once and is over, such as a damaged recording that was put aside."""
    unread: str | None = None
    """Why what is recorded cannot be read now, whoever writes it."""

    @property
    def words(self) -> str:
        """One short line."""
        if self.problem is not None:
            return f"not recorded: {self.problem}"
        if self.here:
            return "recording"
        if self.elsewhere:
            return f"recorded by {'another process' if self.pid is None else f'process {self.pid}'}"
        return "not recorded"
