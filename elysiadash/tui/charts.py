"""Scales of charts: fixed at 0, never taken from what varies."""

from __future__ import annotations


def top(values: tuple[float | None, ...]) -> float:
    """The upper end of a scale that starts at 0; 1 where nothing rises above 0."""
    highest = max((value for value in values if value is not None), default=0.0)
    return highest if highest > 0 else 1.0
