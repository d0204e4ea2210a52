"""Between which two looks something changed, and how many changes of one look are told singly."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.config.moments import rfc3339_seconds

MOST_ALIKE = 25
"""Changes of one kind in one look that are told one by one; more are told as one, with a count."""
_NAMED = 3


class Seen(msgspec.Struct, frozen=True, gc=False):
    """When a change was seen (``at``), and when its subject was last seen as before
    (``since``, None where that is not known); wall-clock seconds."""

    at: float
    since: float | None = None

    def words(self, source: str) -> str:
        """``GET /v1/schema, between 2026-11-24T03:12:05Z and 2026-11-24T03:12:20Z``."""
        if self.since is None:
            return source
        between = f"{rfc3339_seconds(self.since)} and {rfc3339_seconds(self.at)}"
        return f"{source}, between {between}"


def listed(names: Sequence[str], most: int = _NAMED) -> str:
    """``a, b, c and 12 more``."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def told_together(events: Sequence[Event], most: int = MOST_ALIKE) -> list[Event]:
    """The events of one look; a flood of one kind becomes one event that counts it.

    A migration that creates 5,000 collections must not push everything else out of the log.
    """
    by_kind: dict[str, list[Event]] = {}
    for event in events:
        by_kind.setdefault(event.kind, []).append(event)
    told: list[Event] = []
    for kind, alike in by_kind.items():
        if len(alike) <= most:
            told += alike
            continue
        gravest = max(alike, key=lambda event: event.gravity)
        shown = "; ".join(event.message for event in alike[:_NAMED])
        told.append(
            Event(
                at=alike[-1].at,
                kind=kind,
                severity=gravest.severity,
                message=f"{len(alike):,} changes at once: {shown}; "
                f"and {len(alike) - _NAMED:,} more",
                node=_common(event.node for event in alike),
                collection=_common(event.collection for event in alike),
                evidence=alike[0].evidence,
            )
        )
    return told


def _common(values: object) -> str | None:
    """The value that all have."""
    found = set(values)  # type: ignore[call-overload]
    return found.pop() if len(found) == 1 else None
