"""The four results of a check, and how lists are said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from elysiadash.migrate.checkpoint import Check

_SHOWN: Final = 4
_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def ok(code: str, about: str, text: str) -> Check:
    """Looked at, and good."""
    return Check(code=code, result="ok", about=about, text=text)


def warns(code: str, about: str, text: str, way_out: str = "") -> Check:
    """It goes on; a person should know."""
    return Check(code=code, result="warns", about=about, text=text, way_out=way_out)


def blocks(code: str, about: str, text: str, way_out: str, *, liftable: bool = False) -> Check:
    """Nothing is copied before this is put right, or lifted by typing the code."""
    return Check(
        code=code, result="blocks", about=about, text=text, way_out=way_out, liftable=liftable
    )


def unknown(code: str, about: str, text: str, way_out: str = "") -> Check:
    """It could not be looked at: neither good nor bad."""
    return Check(code=code, result="unknown", about=about, text=text, way_out=way_out)


def listed(names: Iterable[str]) -> str:
    """A few names, and how many more there are."""
    found = list(names)
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def size(count: float) -> str:
    """Bytes for people."""
    for unit in _UNITS[:-1]:
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} {_UNITS[-1]}"
