"""The way out to the terminal: the last place that all that is drawn passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import LineFilter

from elysiadash.tui.appearance import Appearance, Colours
from elysiadash.tui.ascii_signs import in_ascii
from elysiadash.tui.few_colours import ManyColours, NoColours, SixteenColours

_KINDS: dict[Colours, type[NoColours | SixteenColours | ManyColours]] = {
    "none": NoColours,
    "16": SixteenColours,
    "256": ManyColours,
}


class AsciiDriver(LinuxDriver):
    """Writes ASCII, and letters of the server's."""

    letters = True

    def write(self, data: str) -> None:
        """Write what stands for the data."""
        super().write(in_ascii(data, letters=self.letters))


class PureAsciiDriver(AsciiDriver):
    """Writes ASCII only."""

    letters = False


def driver_for(appearance: Appearance) -> type[Driver] | None:
    """The driver that draws so; None for Textual's choice."""
    if not appearance.ascii:
        return None
    return AsciiDriver if appearance.letters else PureAsciiDriver


class LineFilters:
    """What every line passes, made anew when the theme changes."""

    def __init__(self, appearance: Appearance) -> None:
        self._kind = _KINDS.get(appearance.colours)
        self._variables: Mapping[str, str] | None = None
        self._own: LineFilter | None = None

    def filters(
        self, variables: Mapping[str, str], usual: Sequence[LineFilter]
    ) -> Sequence[LineFilter]:
        """The usual filters, and ours for few colours.

        With 16 or none dimming stays an attribute: no colour lies between text and ground.
        """
        if self._kind is None:
            return usual
        if self._own is None or variables is not self._variables:
            # Textual makes a new mapping for each theme; lines are kept by filter.
            self._variables, self._own = variables, self._kind(variables)
        return [*usual, self._own] if self._kind is ManyColours else [self._own]
