"""Colours for terminals that have 256, 16 or none: what stood out by its colour still stands out.

The last step before the terminal: every widget's cells pass it, whoever drew them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import combinations_with_replacement, product
from math import dist

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from elysiadash.tui.contrast import contrast

RGB = tuple[int, int, int]

_GROUNDS = ("background", "surface", "panel", "scrollbar-background", "boost")
"""Variables of a theme that are grounds to write on; any other background means something."""
_NEAR = 9.0
"""Steps (of 255) within which a background counts as a ground, or as one seen through another."""

_FIRST_16: tuple[RGB, ...] = (
    (0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0),
    (0, 0, 170), (170, 0, 170), (0, 170, 170), (170, 170, 170),
    (85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85),
    (85, 85, 255), (255, 85, 255), (85, 255, 255), (255, 255, 255),
)  # fmt: skip
"""The 16 colours as the first of these terminals had them; others are near."""
_STEPS = (0, 95, 135, 175, 215, 255)
_PALETTE: tuple[RGB, ...] = (
    *_FIRST_16,
    *product(_STEPS, repeat=3),  # type: ignore[arg-type]
    *((grey, grey, grey) for grey in range(8, 248, 10)),
)
"""xterm's 256 colours."""
_BACKGROUNDS, _TEXTS, _MANY = (*range(8), 15), tuple(range(16)), tuple(range(16, 256))
"""Bright backgrounds are not everywhere; but a light theme is written on white."""
_READABLE = 3.0


class _ByGround(LineFilter):
    """Knows which backgrounds are only grounds, and remembers what it made of each style."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__()
        self._grounds = tuple(colour.rgb for colour in _colours(variables, _GROUNDS))
        self._pairs = tuple(combinations_with_replacement(self._grounds, 2))
        self._known: dict[Style, Style] = {}

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in styles that this terminal has."""
        return [
            segment if segment.style is None else Segment(segment.text, self._of(segment.style))
            for segment in segments
        ]

    def _of(self, style: Style) -> Style:
        found = self._known.get(style)
        if found is None:
            if len(self._known) > 2000:
                self._known.clear()
            found = self._known[style] = self.shown(style)
        return found

    def shown(self, style: Style) -> Style:
        """What stands for a style."""
        raise NotImplementedError

    def is_ground(self, colour: RichColor | None) -> bool:
        """Whether a background carries no meaning."""
        if colour is None or colour.is_default:
            return True
        red, green, blue = colour.get_truecolor()
        return any(_aside((red, green, blue), *pair) <= _NEAR for pair in self._pairs)


class NoColours(_ByGround):
    """Bold, dim, underlined and reverse only: what lies on a meaningful background is reverse."""

    def shown(self, style: Style) -> Style:
        """The style without colours."""
        plain = style.without_color
        if self.is_ground(style.bgcolor):
            return plain
        return plain + Style(reverse=True)


class ManyColours(_ByGround):
    """The nearest of the 240 colours that are the same on every terminal that has 256."""

    def shown(self, style: Style) -> Style:
        """The style in colours 16 to 255."""
        text, back = style.color, style.bgcolor
        if text is not None and not text.is_default:
            style += Style(color=RichColor.from_ansi(_nearest(_rgb(text), _MANY)))
        if back is None or back.is_default:
            return style
        behind = _nearest(_rgb(back), _MANY)
        lost = not self.is_ground(back) and behind in {_nearest(g, _MANY) for g in self._grounds}
        return style + Style(bgcolor=RichColor.from_ansi(behind), reverse=lost or style.reverse)


class SixteenColours(_ByGround):
    """The nearest of 16 colours that can be read; a background that gets lost turns reverse."""

    def shown(self, style: Style) -> Style:
        """The style in ANSI colours."""
        ground = _nearest(self._grounds[0], _BACKGROUNDS) if self._grounds else 0
        plain = style.without_color
        text, back = style.color, style.bgcolor
        behind = (
            ground if back is None or self.is_ground(back) else _nearest(_rgb(back), _BACKGROUNDS)
        )
        if behind == ground and not self.is_ground(back):
            plain += Style(reverse=not style.reverse)
        front = _readable(_rgb(text) if text is not None else None, behind)
        return plain + Style(
            color=RichColor.from_ansi(front),
            bgcolor=RichColor.from_ansi(behind),
        )


def _colours(variables: Mapping[str, str], names: Iterable[str]) -> Iterable[Color]:
    for name in names:
        value = variables.get(name)
        if value:
            colour = Color.parse(value)
            if colour.a == 1:
                yield colour


def _rgb(colour: RichColor) -> RGB:
    red, green, blue = colour.get_truecolor()
    return red, green, blue


@lru_cache(maxsize=4096)
def _nearest(rgb: RGB, among: tuple[int, ...]) -> int:
    return min(among, key=lambda number: _far(rgb, _PALETTE[number]))


def _readable(rgb: RGB | None, behind: int) -> int:
    """The nearest colour for a text that can be read on the background."""
    back = Color(*_PALETTE[behind])
    fit = [n for n in _TEXTS if contrast(back, Color(*_PALETTE[n])) >= _READABLE]
    wanted = (170, 170, 170) if rgb is None else rgb
    if behind == 0 and 0 < max(wanted) < 170:
        # What was dimmed into the dark would else become whatever colour is darkest.
        red, green, blue = (part * 170 // max(wanted) for part in wanted)
        wanted = (red, green, blue)
    return min(fit, key=lambda number: _far(wanted, _PALETTE[number]))


def _aside(rgb: RGB, one: RGB, other: RGB) -> float:
    """How far a colour is from the mixtures of two others."""
    length = dist(one, other)
    along = 0.0
    if length:
        dots = sum((c - a) * (b - a) for a, b, c in zip(one, other, rgb, strict=True))
        along = min(1.0, max(0.0, dots / length**2))
    return dist(rgb, [a + along * (b - a) for a, b in zip(one, other, strict=True)])


def _far(one: RGB, other: RGB) -> float:
    """How different two colours look: weighted by how much red there is."""
    mean = (one[0] + other[0]) / 2
    red, green, blue = (a - b for a, b in zip(one, other, strict=True))
    return (2 + mean / 256) * red**2 + 4 * green**2 + (2 + (255 - mean) / 256) * blue**2
