"""Text from a server made safe to show: it is never markup, and it cannot move the cursor."""

from __future__ import annotations

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that would turn the rest of the line around, our own text included."""


def plain(text: str) -> str:
    """``text`` on one line, control and direction marks written out as ``�``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char in "\t\n\r":
        return " "
    if char in _BIDI:
        return "�"
    # Joiners are part of many names and emoji; other unprintable characters are not.
    return char if char.isprintable() or char in "\u200c\u200d" else "�"
