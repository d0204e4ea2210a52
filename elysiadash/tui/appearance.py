"""What the terminal can show: how many colours, which signs, and which letters.

The places that tell are the environment (``NO_COLOR``, ``COLORTERM``, ``TERM``, the locale) and
the user's wish (``ELYSIADASH_ASCII``); nothing is asked of the terminal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from elysiadash.tui.ascii_signs import in_ascii
from elysiadash.tui.widgets.table.glyphs import GlyphSet

Colours = Literal["none", "16", "256", "true"]
Wish = Literal["auto", "braille", "blocks", "ascii"]

ASCII_VARIABLE = "ELYSIADASH_ASCII"
"""1 draws with ASCII only; empty or 0 is no wish."""
_TRUE = {"truecolor", "24bit"}
_NO_COLOURS = {"vt52", "vt100", "vt102", "vt220", "vt320", "xterm-mono", "linux-m", "screen-mono"}
_ASCII_ONLY = {"linux", "vt52", "vt100", "vt102", "vt220", "vt320", "cons25", "sun"}
"""Terminals whose fonts lack the signs, whatever the locale says: first part of TERM."""


class Appearance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the terminal can show."""

    colours: Colours = "true"
    glyphs: GlyphSet = "braille"
    letters: bool = True
    """Letters outside ASCII can be shown; they come from the server only."""

    @property
    def ascii(self) -> bool:
        """Whether every sign of ours has to be ASCII."""
        return self.glyphs == "ascii"

    def shown(self, text: str) -> str:
        """``text``, escape codes in it or not, in what the terminal can show."""
        return in_ascii(text, letters=self.letters) if self.ascii else text


def appearance_of(environment: Mapping[str, str], wish: Wish = "auto") -> Appearance:
    """What this environment's terminal can show; ``wish`` beats what is found for the signs.

    No locale at all says nothing, as in many containers: UTF-8 is assumed then.
    """
    if wish == "auto" and environment.get(ASCII_VARIABLE, "0") not in ("", "0"):
        wish = "ascii"
    unicode = _is_unicode(environment)
    term = environment.get("TERM", "").lower()
    poor = not unicode or term.split("-")[0] in _ASCII_ONLY
    glyphs: GlyphSet = ("ascii" if poor else "braille") if wish == "auto" else wish
    if not unicode:
        glyphs = "ascii"
    return Appearance(colours=_colours(environment, term), glyphs=glyphs, letters=unicode)


def _colours(environment: Mapping[str, str], term: str) -> Colours:
    # https://no-color.org: any value but the empty one.
    if environment.get("NO_COLOR") or term in _NO_COLOURS:
        return "none"
    if environment.get("COLORTERM", "").strip().lower() in _TRUE:
        return "true"
    return "256" if term.rpartition("-")[2] in ("256color", "kitty") else "16"


def _is_unicode(environment: Mapping[str, str]) -> bool:
    """What the locale says of the encoding; the first variable that is set decides."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        locale = environment.get(name)
        if locale:
            encoding = locale.partition("@")[0].partition(".")[2]
            return encoding.lower().replace("-", "") == "utf8"
    return True
