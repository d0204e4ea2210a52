"""How grave something is, for the eye: a sign, a style of cells, and a colour."""

from __future__ import annotations

from typing import NamedTuple

from elysiadash.tui.widgets.table import StyleName


class Look(NamedTuple):
    """``sign`` is one cell wide, ``style`` is for cells of lists, ``colour`` for lines."""

    sign: str
    style: StyleName
    colour: str


_LOOKS = {
    "ok": Look("●", "ok", "$health-ok"),
    "info": Look("·", "muted", "$health-unknown"),
    "warning": Look("▲", "warning", "$health-warn"),
    "unknown": Look("?", "unknown", "$health-unknown"),
    "critical": Look("✖", "critical", "$health-crit"),
}


def look(severity: str) -> Look:
    """How a ``Severity``, or an event's, looks."""
    return _LOOKS[severity]
