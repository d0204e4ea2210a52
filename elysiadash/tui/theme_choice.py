"""Which theme is used: at the start, while one is being typed, and from then on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from elysiadash.tui.themes import DEFAULT_THEME, LoadedThemes

if TYPE_CHECKING:
    from textual.app import App

_COMMAND = "theme "


class ThemeChoice:
    """The app's themes. ``wanted`` are names, the most wanted first; empty ones are no wish."""

    def __init__(self, loaded: LoadedThemes, wanted: Iterable[str | None] = ()) -> None:
        self._loaded = loaded
        self._wanted = [name for name in wanted if name]
        self._unknown: list[str] = []
        self._before: str | None = None

    @property
    def names(self) -> list[str]:
        """Our themes and the user's."""
        return sorted(self._loaded.themes)

    def begin(self, app: App[None]) -> None:
        """Make the themes known to the app and use the first wanted one that there is."""
        for theme in self._loaded.themes.values():
            app.register_theme(theme)
        for name in (*self._wanted, DEFAULT_THEME):
            if name in app.available_themes:
                app.theme = name
                return
            self._unknown.append(name)

    def news(self) -> list[str]:
        """What the user should know about the theme files, each in one line."""
        return [
            *(f"no theme {name!r}; there are {', '.join(self.names)}" for name in self._unknown),
            *(f"theme left out: {fault}" for fault in self._loaded.faults),
            *self._loaded.notes,
        ]

    def use(self, app: App[None], name: str) -> str | None:
        """Use a theme from now on; returns what is wrong with its name."""
        if name not in app.available_themes:
            return "; ".join(
                [f"no theme {name!r}; there are {', '.join(self.names)}", *self._left()]
            )
        self._before = None
        app.theme = name
        return None

    def after(self, name: str) -> str:
        """The next of our themes."""
        names = self.names
        at = names.index(name) + 1 if name in names else 0
        return names[at % len(names)] if names else name

    def preview(self, app: App[None], line: str) -> None:
        """Show the theme that a command line names so far; without one, what was there before."""
        name = line.removeprefix(_COMMAND).strip()
        if line.startswith(_COMMAND) and name in app.available_themes:
            self._before = self._before or app.theme
            app.theme = name
        else:
            self.end_preview(app)

    def end_preview(self, app: App[None]) -> None:
        """Back to the theme that was used, unless the shown one was chosen."""
        before, self._before = self._before, None
        if before is not None:
            app.theme = before

    def _left(self) -> list[str]:
        return [f"left out: {fault}" for fault in self._loaded.faults]
