"""How far back charts, deltas and lists of events look."""

from __future__ import annotations

WINDOWS: dict[str, float] = {
    "10 min": 600.0,
    "1 h": 3600.0,
    "6 h": 6 * 3600.0,
    "24 h": 24 * 3600.0,
    "7 d": 7 * 24 * 3600.0,
}
"""Name -> seconds, from short to long."""


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
