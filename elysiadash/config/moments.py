"""Times as people type them: ``30m`` ago, ``03:12``, or a moment in RFC 3339."""

from __future__ import annotations

import datetime
import re

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}

HOW = "a length such as 30m, 1h or 2d, a time such as 03:12, or a moment as 2026-11-24T03:12:00Z"
"""What can be written, in words."""


def read_moment(text: str, now: float) -> float | None:
    """Wall-clock seconds of ``1h`` (that long before ``now``), of ``03:12`` (the last one not
    after ``now``), or of ``2026-11-24T03:12:00Z``; None for anything else.

    Without a zone it is this machine's.
    """
    text = text.strip()
    seconds = read_length(text)
    if seconds is not None:
        return now - seconds
    try:
        return _by_clock(text, now) or datetime.datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def read_length(text: str) -> float | None:
    """Seconds of ``90s``, ``15m``, ``2 h``, ``1d``, ``1w``; None for anything else."""
    found = _AGO.fullmatch(text.strip().lower())
    return None if found is None else float(found[1]) * _SECONDS[found[2]]


def _by_clock(text: str, now: float) -> float | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    today = datetime.datetime.fromtimestamp(now)
    at = datetime.time(int(found[1]), int(found[2]), int(found[3] or 0))
    moment = datetime.datetime.combine(today.date(), at)
    if moment.timestamp() > now:
        moment -= datetime.timedelta(days=1)
    return moment.timestamp()
