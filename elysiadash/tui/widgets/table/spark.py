"""Small charts of one line: a fixed scale, and gaps where samples are missing."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from elysiadash.tui.widgets.table.cells import SparkCell
from elysiadash.tui.widgets.table.glyphs import GlyphSet

_GAP = 0
_LEVELS: dict[GlyphSet, str] = {"blocks": " ▁▂▃▄▅▆▇█", "ascii": " _.:-=+*#"}
_LEFT_DOTS = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT_DOTS = (0x00, 0x80, 0xA0, 0xB0, 0xB8)
_BRAILLE_BASE = 0x2800


def draw_spark(cell: SparkCell, width: int, glyphs: GlyphSet) -> str:
    """Return the newest samples as exactly ``width`` cells, the newest at the right.

    Braille shows two samples in a cell, four steps high; the others one, eight steps high. The
    lowest step is a sample at ``low`` or below: only a missing sample draws nothing.
    """
    if width <= 0:
        return ""
    if glyphs == "braille":
        return _braille(_levels(cell, width * 2, 4))
    signs = _LEVELS[glyphs]
    return "".join(signs[level] for level in _levels(cell, width, len(signs) - 1))


def spark_width(cell: SparkCell, glyphs: GlyphSet) -> int:
    """Cells that show all samples."""
    return ceil(len(cell.values) / 2) if glyphs == "braille" else len(cell.values)


def _levels(cell: SparkCell, count: int, top: int) -> list[int]:
    newest = cell.values[-count:]
    levels = [_level(value, cell.low, cell.high, top) for value in newest]
    return [_GAP] * (count - len(levels)) + levels


def _level(value: float | None, low: float, high: float, top: int) -> int:
    if value is None or value != value:
        return _GAP
    if value <= low:
        return 1
    if value >= high:
        return top
    return max(1, ceil((value - low) / (high - low) * top))


def _braille(levels: Sequence[int]) -> str:
    pairs = zip(levels[::2], levels[1::2], strict=True)
    dots = [_LEFT_DOTS[left] | _RIGHT_DOTS[right] for left, right in pairs]
    return "".join(chr(_BRAILLE_BASE + bits) if bits else " " for bits in dots)
