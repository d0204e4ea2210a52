"""Numbers as people read them: thousands separators for counts, three digits for the rest.

Pure text, no style. Unknown is always ``UNKNOWN``, never 0.
"""

from __future__ import annotations

UNKNOWN = "–"
_MINUS = "−"
_STEPS = ("", "k", "M", "G", "T", "P")
_BYTES = ("B", "kB", "MB", "GB", "TB", "PB")


def count(value: int | None) -> str:
    """``1,204,031``."""
    return UNKNOWN if value is None else f"{value:,}"


def short(value: float | None) -> str:
    """``1.2 M``: three digits and the power of a thousand, for where width is short."""
    if value is None:
        return UNKNOWN
    digits, step = _scaled(value)
    return f"{digits} {_STEPS[step]}".rstrip()


def rate(value: float | None) -> str:
    """Something per second: ``0``, ``0.25``, ``41.6``, ``1.2k``."""
    if value is None:
        return UNKNOWN
    digits, step = _scaled(value)
    return f"{digits}{_STEPS[step]}"


def signed_rate(value: float | None) -> str:
    """A rate of change: ``+812``, ``−12``, ``0``."""
    text = rate(value)
    return f"+{text}" if value is not None and value > 0 else text


def size(value: float | None) -> str:
    """Bytes: ``812 B``, ``1.2 GB`` (powers of 1000, as disks are sold)."""
    if value is None:
        return UNKNOWN
    digits, step = _scaled(value)
    return f"{digits} {_BYTES[step]}"


def milliseconds(value: float | None) -> str:
    """A latency: ``0.4 ms``, ``18 ms``, ``1.2 s``."""
    if value is None:
        return UNKNOWN
    if value < 999.5:
        return f"{_three_digits(value)} ms"
    return f"{_three_digits(value / 1000)} s"


def percent(share: float | None) -> str:
    """A share of 1: ``0 %``, ``<0.1 %``, ``3.1 %``, ``38 %``."""
    if share is None:
        return UNKNOWN
    hundredths = 100 * share
    if 0 < hundredths < 0.1:
        return "<0.1 %"
    return f"{_trimmed(f'{hundredths:.1f}') if hundredths < 10 else f'{hundredths:.0f}'} %"


def span(seconds: float) -> str:
    """A time that passed: ``4 s``, ``2m14s``, ``3h05m``, ``2d04h``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def coarse_span(seconds: float) -> str:
    """A time that passed, rounded down to what the eye needs: ``15 s``, ``2 min``, ``3 h``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole // 5 * 5} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        return f"{whole // 3600} h"
    return f"{whole // 86400} d"


def _scaled(value: float) -> tuple[str, int]:
    """Three digits of ``value`` and the power of 1000 they are to be read with."""
    step = 0
    # 999.5 would be written as 1000: four digits.
    while abs(value) >= 999.5 and step < len(_STEPS) - 1:
        value /= 1000
        step += 1
    return _three_digits(value), step


def _three_digits(value: float) -> str:
    amount = abs(value)
    sign = _MINUS if value < 0 else ""
    if amount == 0:
        return "0"
    if amount < 0.005:
        return f"{sign}<0.01"
    decimals = 2 if amount < 9.995 else 1 if amount < 99.95 else 0
    return sign + _trimmed(f"{amount:.{decimals}f}")


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
