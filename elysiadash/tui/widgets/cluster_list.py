"""Clusters to choose one of: name, environment in its colour, address; and why one cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from elysiadash.config.profile import Profile
from elysiadash.tui.clusters import Clusters
from elysiadash.tui.environment import chip, colour_of
from elysiadash.tui.plain import plain


class Choice(msgspec.Struct, frozen=True, gc=False):
    """One line. ``key`` is what choosing it gives; None where it cannot be chosen."""

    key: str | None
    words: Content
    text: str
    """What a filter is looked for in."""


class ClusterList(OptionList, can_focus=False, inherit_bindings=False):
    """The choices that a filter leaves, with a cursor that stays on one that can be chosen."""

    DEFAULT_CSS = """
    ClusterList {
        height: auto;
        max-height: 100%;
        border: none;
        padding: 0;
        background: $surface;
        scrollbar-size-vertical: 1;
        & > .option-list--option { padding: 0 1; }
        & > .option-list--option-highlighted {
            background: $primary 35%; color: $foreground; text-style: bold;
        }
    }
    """

    def __init__(self, choices: Iterable[Choice], first: str | None = None) -> None:
        super().__init__(markup=False)
        self._choices = tuple(choices)
        self._first = first
        self.narrow("")

    @property
    def chosen(self) -> str | None:
        """What the cursor is on."""
        return None if self.highlighted is None else self.get_option_at_index(self.highlighted).id

    def narrow(self, text: str) -> None:
        """Show only what has these words in it."""
        before = self.chosen or self._first
        words = text.casefold().split()
        left = [each for each in self._choices if all(word in each.text for word in words)]
        self.clear_options()
        self.add_options(
            Option(each.words, id=each.key, disabled=each.key is None) for each in left
        )
        keys = [each.key for each in left]
        can = [place for place, key in enumerate(keys) if key is not None]
        self.highlighted = keys.index(before) if before in keys else next(iter(can), None)

    def move(self, lines: int) -> None:
        """Move the cursor."""
        (self.action_cursor_down if lines > 0 else self.action_cursor_up)()


def choices_of(clusters: Clusters, current: str | None, variables: dict[str, str]) -> list[Choice]:
    """Every profile in the settings' order, then those that cannot be used, with the reason."""
    broken = clusters.broken.items()
    width = max((len(name) for name in (*clusters.profiles, *clusters.broken)), default=0)
    width = min(width, 32)
    return [
        *(
            _usable(
                profile, variables, width, here=name == current, demo=name in clusters.simulated
            )
            for name, profile in clusters.profiles.items()
        ),
        *(
            Choice(
                None,
                Content.assemble(
                    ("✖ ", "$health-warn"), plain(name).ljust(width), f"  {plain(why)}"
                ),
                name.casefold(),
            )
            for name, why in broken
        ),
    ]


def _usable(
    profile: Profile, variables: dict[str, str], width: int, *, here: bool, demo: bool
) -> Choice:
    environment = "demo" if demo else profile.environment or ""
    host = urlsplit(profile.url).netloc.rsplit("@", 1)[-1]
    words = Content.assemble(
        ("● " if here else "  ", "$accent"), (plain(profile.name).ljust(width), "bold"), "  "
    )
    if environment or profile.colour:
        look = chip(colour_of(profile.colour, variables, demo=demo))
        words += Content.assemble((f" {plain(environment) or ' '} ", look), "  ")
    words += Content.styled(plain(host), "$health-unknown")
    text = f"{profile.name} {environment} {host}".casefold()
    return Choice(profile.name, words, text)
