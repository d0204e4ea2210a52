"""Times as people type them: ``30m`` ago, or a moment in RFC 3339."""

from __future__ import annotations

import datetime
import re

from elysiadash.cli.exits import CommandFailed, Exit

_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def moment(text: str, now: float, option: str) -> float:
    """Wall-clock seconds of ``1h`` (that long before ``now``) or ``2026-11-24T03:12:00Z``.

    A moment without a zone is of this machine's. Raises ``CommandFailed`` (wrong usage).
    """
    ago = _AGO.fullmatch(text.strip())
    if ago is not None:
        return now - float(ago[1]) * _SECONDS[ago[2]]
    try:
        return datetime.datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        raise CommandFailed(
            f"{option}: {text!r} is no time",
            "give a length such as 30m, 1h or 2d, or a moment such as 2026-11-24T03:12:00Z",
            Exit.USAGE,
        ) from None
