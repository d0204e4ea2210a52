"""Numbers as people read them in a table. Unknown is always ``-``, never 0."""

from __future__ import annotations

UNKNOWN = "-"
_STEPS = ("", "k", "M", "G", "T", "P")


def count(value: int | None) -> str:
    """``1,204,031``."""
    return UNKNOWN if value is None else f"{value:,}"


def rate(value: float | None) -> str:
    """Per second: ``0``, ``0.25``, ``41.6``, ``1.2k``."""
    return UNKNOWN if value is None else _scaled(value, "")


def change(value: float | None) -> str:
    """A rate with its sign: ``+812``, ``-12``, ``0``."""
    return f"+{rate(value)}" if value is not None and value > 0 else rate(value)


def size(value: float | None) -> str:
    """Bytes: ``812 B``, ``1.2 GB`` (powers of 1000)."""
    return UNKNOWN if value is None else f"{_scaled(value, ' ')}B"


def milliseconds(value: float | None) -> str:
    """A latency: ``0.4``, ``18``, ``1200``."""
    return UNKNOWN if value is None else _digits(value) if value < 1000 else f"{value:.0f}"


def percent(share: float | None) -> str:
    """A share of 1: ``0 %``, ``3.1 %``, ``38 %``."""
    return UNKNOWN if share is None else f"{_digits(100 * share)} %"


def seconds(value: float) -> str:
    """A time that passed: ``0.4 s``, ``14 s``, ``2m14s``, ``3h05m``."""
    if value < 60:
        return f"{_digits(value)} s"
    whole = int(value)
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def plural(number: int, noun: str) -> str:
    """``1 node``, ``3 nodes``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _scaled(value: float, gap: str) -> str:
    step = 0
    # 999.5 would be written as 1000: four digits.
    while abs(value) >= 999.5 and step < len(_STEPS) - 1:
        value /= 1000
        step += 1
    return f"{_digits(value)}{gap}{_STEPS[step]}"


def _digits(value: float) -> str:
    """Three digits at most; what is not 0 never looks like 0."""
    amount = abs(value)
    if 0 < amount < 0.005:
        return "<0.01" if value > 0 else "-<0.01"
    decimals = 2 if amount < 9.995 else 1 if amount < 99.95 else 0
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
