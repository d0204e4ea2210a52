"""Times, read and written in one place.

People type ``30m`` ago, ``03:12``, or a moment in RFC 3339. Commands, files and kept events hold
RFC 3339 in UTC; screens show this machine's time, with how far it is from UTC where there is a
date or a doubt.
"""

from __future__ import annotations

import datetime
import re

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
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


def rfc3339(at: float) -> str:
    """Wall-clock seconds as ``2026-11-24T02:40:01.123Z``."""
    return _utc(at, "milliseconds")


def rfc3339_seconds(at: float) -> str:
    """``2026-11-24T02:40:01Z``: within a sentence, where milliseconds would say nothing."""
    return _utc(at, "seconds")


def file_stamp(at: float) -> str:
    """``2026-11-24T024001Z``: UTC, without the colons that some file systems refuse."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H%M%SZ")


def local_moment(at: float, *, day: bool = True) -> str:
    """``2026-11-24 03:12:04 +01:00``: this machine's time, and how far it is from UTC."""
    local = datetime.datetime.fromtimestamp(at).astimezone()
    offset = local.strftime("%z")
    clock = local.strftime("%Y-%m-%d %H:%M:%S" if day else "%H:%M:%S")
    return f"{clock} {offset[:3]}:{offset[3:5]}"


def local_clock(at: float, now: float) -> str:
    """``03:12:05`` here, for a narrow column; with the date where that is another day."""
    return _local(at).strftime("%H:%M:%S" if _is_day_of(at, now) else "%m-%d %H:%M:%S")


def local_words(at: float, now: float) -> str:
    """``03:12:05 +01:00`` within a sentence; with the date where that is another day."""
    return local_moment(at, day=not _is_day_of(at, now))


def local_minute(at: float, *, day: bool) -> str:
    """``03:02`` here, ``Nov 24 03:02`` with the day: for the ends of a chart."""
    return _local(at).strftime("%b %d %H:%M" if day else "%H:%M")


def with_local_times(text: str, now: float) -> str:
    """A text with each RFC 3339 moment in UTC written as this machine's time and its offset."""

    def written(found: re.Match[str]) -> str:
        try:
            at = datetime.datetime.fromisoformat(found[0]).timestamp()
            return local_words(at, now)
        except (ValueError, OverflowError, OSError):
            return found[0]

    return _RFC3339.sub(written, text)


def _utc(at: float, precision: str) -> str:
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def _local(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at).astimezone()


def _is_day_of(at: float, now: float) -> bool:
    return _local(at).date() == _local(now).date()
