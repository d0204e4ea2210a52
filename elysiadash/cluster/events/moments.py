"""Times as people type them: ``30m`` ago, ``03:12`` today, or a moment in RFC 3339."""

from __future__ import annotations

import datetime
import re

_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_DAY = datetime.timedelta(days=1)


def moment_of(text: str, now: float) -> float | None:
    """Wall-clock seconds of ``1h`` (that long before ``now``), ``03:12`` (the last time it was
    that late here) or ``2026-11-24T03:12:00Z``; None for anything else.

    A moment without a zone is of this machine's.
    """
    words = text.strip()
    ago = _AGO.fullmatch(words)
    if ago is not None:
        return now - float(ago[1]) * _SECONDS[ago[2]]
    try:
        clock = _CLOCK.fullmatch(words)
        if clock is None:
            return datetime.datetime.fromisoformat(words).timestamp()
        here = datetime.datetime.fromtimestamp(now)
        hour, minute, second = (int(part or 0) for part in clock.groups())
        at = here.replace(hour=hour, minute=minute, second=second, microsecond=0)
        return (at if at <= here else at - _DAY).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
