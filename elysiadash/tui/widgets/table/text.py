"""Text of any origin made to fill an exact number of terminal cells."""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import category

from rich.cells import cell_len, split_graphemes

from elysiadash.tui.widgets.table.cells import Align

_LONGEST = 1024
"""Characters looked at; no cell is that wide, and measuring a document would take long."""

_BLANKS = "\t\n\r\v\f"
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_DROPPED = re.compile("[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")
"""Joiners, variation selectors, skin tones: terminals disagree on the width of what they make."""

_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_LEFT_TO_RIGHT_MARK = "\u200e"


def fit(text: str, width: int, align: Align, ellipsis: str, replacement: str) -> str:
    """Return ``text`` as exactly ``width`` cells: padded, or cut and ended by the ellipsis."""
    if width <= 0:
        return ""
    if text.isascii() and text.isprintable():
        length = len(text)
        if length > width:
            return text[: width - 1] + ellipsis
    else:
        text, length = _readable(text, replacement)
        if length > width:
            text, length = _cut(text, width - 1, ellipsis)
        if _RIGHT_TO_LEFT.search(text):
            # Without it a terminal that reorders lines pulls the next column into this one.
            text += _LEFT_TO_RIGHT_MARK
    return _padded(text, width - length, align)


def measure(text: str) -> int:
    """Cells that ``fit`` needs to show all of ``text``."""
    if text.isascii() and text.isprintable():
        return len(text)
    return _readable(text, "?")[1]


@lru_cache(maxsize=4096)
def _readable(text: str, replacement: str) -> tuple[str, int]:
    if len(text) > _LONGEST:
        text = text[:_LONGEST]
    text = "".join([_shown(char, replacement) for char in _DROPPED.sub("", text)])
    return text, cell_len(text)


def _shown(char: str, replacement: str) -> str:
    if char in _BLANKS:
        return " "
    return replacement if category(char) in _HIDDEN else char


def _cut(text: str, width: int, ellipsis: str) -> tuple[str, int]:
    taken, end = 0, 0
    for _, stop, cells in split_graphemes(text)[0]:
        if taken + cells > width:
            break
        taken, end = taken + cells, stop
    return text[:end] + ellipsis, taken + 1


def _padded(text: str, spare: int, align: Align) -> str:
    if spare <= 0:
        return text
    if align == "right":
        return " " * spare + text
    if align == "center":
        return " " * (spare // 2) + text + " " * (spare - spare // 2)
    return text + " " * spare
