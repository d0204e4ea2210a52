"""Clusters to choose one of: name, environment in its colour, address; and why one cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from rich.cells import cell_len
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from elysiadash.config.profile import Profile
from elysiadash.tui.clusters import Clusters
from elysiadash.tui.environment import chip, colour_of
from elysiadash.tui.plain import plain

_MOST_NAME, _MOST_ENVIRONMENT = 32, 14
"""Cells from which on a longer one pushes the rest of its line aside."""


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
    named = (*clusters.profiles, *clusters.broken)
    width = min(_MOST_NAME, _widest(named))
    environments = {
        name: plain("demo" if name in clusters.simulated else profile.environment or "")
        for name, profile in clusters.profiles.items()
    }
    chip_width = min(_MOST_ENVIRONMENT, _widest(environments.values()))
    return [
        *(
            _usable(
                profile,
                environments[name],
                variables,
                (width, chip_width),
                here=name == current,
                demo=name in clusters.simulated,
            )
            for name, profile in clusters.profiles.items()
        ),
        *(
            Choice(
                None,
                Content.assemble(("✖ ", "$health-warn"), _filled(name, width), f"  {plain(why)}"),
                name.casefold(),
            )
            for name, why in broken
        ),
    ]


def _usable(
    profile: Profile,
    environment: str,
    variables: dict[str, str],
    widths: tuple[int, int],
    *,
    here: bool,
    demo: bool,
) -> Choice:
    """``widths`` are the cells of the names and of the environments."""
    host = urlsplit(profile.url).netloc.rsplit("@", 1)[-1]
    words = Content.assemble(
        ("● " if here else "  ", "$accent"), (_filled(profile.name, widths[0]), "bold"), "  "
    )
    if environment or profile.colour:
        look = chip(colour_of(profile.colour, variables, demo=demo))
        chipped = f" {environment or ' '} "
        words += Content.assemble(
            (chipped, look), " " * (max(2, widths[1] + 4 - cell_len(chipped)))
        )
    elif widths[1]:
        words += Content(" " * (widths[1] + 4))
    words += Content.styled(plain(host), "$health-unknown")
    text = f"{profile.name} {environment} {host}".casefold()
    return Choice(profile.name, words, text)


def _filled(name: str, width: int) -> str:
    """A name with blanks behind it, up to that many cells."""
    text = plain(name)
    return text + " " * max(0, width - cell_len(text))


def _widest(texts: Iterable[str]) -> int:
    return max((cell_len(plain(text)) for text in texts), default=0)
