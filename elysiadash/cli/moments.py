"""Times given as options."""

from __future__ import annotations

from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.config.moments import HOW, read_length, read_moment


def moment(text: str, now: float, option: str) -> float:
    """Wall-clock seconds of what ``read_moment`` reads. Raises ``CommandFailed`` (wrong usage)."""
    found = read_moment(text, now)
    if found is None:
        raise CommandFailed(f"{option}: {text!r} is no time", f"give {HOW}", Exit.USAGE)
    return found


def length(text: str, option: str) -> float:
    """Seconds of ``30m``, ``1h``. Raises ``CommandFailed`` (wrong usage)."""
    found = read_length(text)
    if not found:
        raise CommandFailed(
            f"{option}: {text!r} is no length of time", "such as 30m, 1h or 2d", Exit.USAGE
        )
    return found
