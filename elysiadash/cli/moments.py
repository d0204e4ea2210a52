"""Times as options: ``30m`` ago, ``03:12`` today, or a moment in RFC 3339."""

from __future__ import annotations

from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cluster.events.moments import moment_of


def moment(text: str, now: float, option: str) -> float:
    """Wall-clock seconds, as ``moment_of`` reads them. Raises ``CommandFailed`` (wrong usage)."""
    found = moment_of(text, now)
    if found is None:
        raise CommandFailed(
            f"{option}: {text!r} is no time",
            "give a length such as 30m, 1h or 2d, a time of day such as 03:12, "
            "or a moment such as 2026-11-24T03:12:00Z",
            Exit.USAGE,
        )
    return found
