"""What every part of a main screen knows: the app, and where to say what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.screen import Screen

from elysiadash.tui.widgets.lines import StatusLine

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp


class ScreenPart(Screen[None]):
    """A part of ``LiveScreen``."""

    @property
    def dash(self) -> ElysiadashApp:
        """The app, as ours."""
        return cast("ElysiadashApp", self.app)

    @property
    def status(self) -> StatusLine:
        """The status line."""
        return self.query_one(StatusLine)
