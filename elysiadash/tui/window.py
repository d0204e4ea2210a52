"""How far back charts, deltas and lists of events look."""

from __future__ import annotations

import re

WINDOWS: dict[str, float] = {
    "10 min": 600.0,
    "1 h": 3600.0,
    "6 h": 6 * 3600.0,
    "24 h": 24 * 3600.0,
    "7 d": 7 * 24 * 3600.0,
}
"""Name -> seconds, from short to long."""

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)")
_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def next_window(seconds: float) -> float:
    """The next longer one; after the longest, the shortest."""
    lengths = list(WINDOWS.values())
    return next((length for length in lengths if length > seconds), lengths[0])


def window_name(seconds: float) -> str:
    """``10 min``, ``6 h``."""
    for name, length in WINDOWS.items():
        if length == seconds:
            return name
    minutes = seconds / 60
    return f"{minutes:g} min" if minutes < 120 else f"{minutes / 60:g} h"


def read_span(text: str) -> float | None:
    """Seconds of ``90s``, ``15m``, ``2 h``, ``1d``; None for anything else."""
    match = _SPAN.fullmatch(text.strip().lower())
    return None if match is None else float(match[1]) * _UNITS[match[2]]
