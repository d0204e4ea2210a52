"""The signs the table draws with, by what the terminal's font can show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

GlyphSet = Literal["braille", "blocks", "ascii"]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One sign each, one cell wide."""

    spark: GlyphSet = "braille"
    cursor: str = "▸"
    mark: str = "●"
    ascending: str = "↑"
    descending: str = "↓"
    rising: str = "↑"
    falling: str = "↓"
    more_left: str = "‹"
    more_right: str = "›"
    expanded: str = "▽"
    collapsed: str = "▷"
    ellipsis: str = "…"
    replacement: str = "�"

    def trend(self, trend: int) -> str:
        """The sign of a change: up, down, or a blank for none."""
        return self.rising if trend > 0 else self.falling if trend < 0 else " "


_BRAILLE = Glyphs()

GLYPHS: dict[GlyphSet, Glyphs] = {
    "braille": _BRAILLE,
    "blocks": replace(_BRAILLE, spark="blocks"),
    "ascii": Glyphs(
        spark="ascii",
        cursor=">",
        mark="*",
        ascending="^",
        descending="v",
        rising="^",
        falling="v",
        more_left="<",
        more_right=">",
        expanded="-",
        collapsed="+",
        ellipsis="~",
        replacement="?",
    ),
}
