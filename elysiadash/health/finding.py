"""A finding: what is wrong, with what, how bad, and on what evidence."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How bad it is. ``unknown`` ranks between warning and critical: it may hide either."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "unknown"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for ok, growing with the trouble."""
        return _RANKS[self]


_RANKS = {
    Severity.OK: 0,
    Severity.WARNING: 1,
    Severity.UNKNOWN: 2,
    Severity.CRITICAL: 3,
}


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """One thing that was seen: where, which field, its value as text, and when (wall clock)."""

    source: str
    field: str
    value: str
    at: float | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One trouble. ``code`` is stable for ever; the same code with the same place is the same.

    ``since`` is wall-clock seconds, None while nobody watched it begin. ``impact`` says what it
    means for users, ``cause`` what usually leads to it, ``action`` what to do.
    """

    code: str
    severity: Severity
    node: str | None = None
    collection: str | None = None
    shard: str | None = None
    tenant: str | None = None
    since: float | None = None
    message: str
    impact: str
    cause: str
    action: str
    evidence: tuple[Evidence, ...] = ()


def worst(severities: Iterable[Severity]) -> Severity:
    """The highest of them; ``ok`` when there are none."""
    return max(severities, key=lambda severity: severity.rank, default=Severity.OK)
