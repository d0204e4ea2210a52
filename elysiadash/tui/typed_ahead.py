"""Keys that come behind the enter of a typed line, as when two commands are pasted in one burst."""

from __future__ import annotations

from collections import deque
from typing import Any

from textual.app import App
from textual.events import Key

from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.widgets.prompt import Prompt, prompt_of

_TAKING_MAY_LAST_S = 2.0


class TypedAhead:
    """Holds them until it is known what comes of the line; then each goes where it belongs.

    Sent at once, they would be typed into the line that is about to close.
    """

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._keys: deque[Key] = deque()
        self._line: Prompt | None = None
        self._lines = 0
        self._releasing = False

    def holds(self, event: Key) -> bool:
        """Whether the key is kept for later."""
        if self._line is not None or (self._keys and not self._releasing):
            self._keys.append(event)
            return True
        prompt = prompt_of(self._app.focused)
        if prompt is not None and event.key == "enter":
            self._lines += 1
            self._line, line = prompt, self._lines
            prompt.enter_comes(lambda: self._app.call_later(self._taken, line))
            self._app.set_timer(_TAKING_MAY_LAST_S, lambda: self._taken(line))
        return False

    async def _taken(self, line: int) -> None:
        if self._line is None or line != self._lines:
            return
        prompt, self._line = self._line, None
        if self._keys and prompt.is_attached:
            self._begin_anew(prompt)
        self._releasing = True
        try:
            while self._keys and self._line is None:
                await self._app.on_event(self._keys.popleft())
        finally:
            self._releasing = False

    def _begin_anew(self, prompt: Prompt) -> None:
        """Behind a faulty line, its mark opens another one; the fault is said below."""
        fault = prompt.begin_anew(self._keys[0].character)
        if fault is not None:
            self._keys.popleft()
            if isinstance(self._app.screen, LiveScreen):
                self._app.screen.status.flash(fault)
