"""One change of a cluster, as data: kept, recorded, filtered, shown and printed."""

from __future__ import annotations

from typing import Literal

import msgspec

EventSeverity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[EventSeverity, ...] = ("info", "warning", "critical")
"""The least grave first."""


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that changed. ``at`` is wall-clock seconds when it was seen, not before.

    ``kind`` is a stable dotted word such as ``node.left``; ``message`` says it in words;
    ``evidence`` says which answer showed it (endpoint and field). ``before`` and ``after`` are
    values in words where there are any.
    """

    at: float
    kind: str
    message: str
    severity: EventSeverity = "info"
    node: str | None = None
    collection: str | None = None
    tenant: str | None = None
    shard: str | None = None
    name: str | None = None
    """What it is about where that is none of the above: an alias, a backup, a movement."""
    before: str | None = None
    after: str | None = None
    evidence: str = ""

    @property
    def gravity(self) -> int:
        """0 for info, growing with the trouble."""
        return SEVERITIES.index(self.severity)
