"""Every action of the app, once: from here come bindings, footer, help, palette and commands."""

from __future__ import annotations

import msgspec
from textual.binding import Binding


class Action(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something a person can do.

    ``scope`` is where: ``app`` (everywhere), ``screen`` (every main screen) or one screen's
    name. ``footer`` orders the actions in the last line; None keeps it out. ``takes`` names the
    argument of the ``:`` command; an action without ``keys`` is a command only.
    """

    id: str
    keys: str = ""
    does: str
    label: str
    help: str
    scope: str
    footer: int | None = None
    command: str | None = None
    takes: str | None = None


ACTIONS: tuple[Action, ...] = (
    Action(
        id="app.interrupt",
        keys="ctrl+c",
        does="interrupt",
        label="Quit",
        help="Twice: leave the app. What runs on the servers goes on.",
        scope="app",
    ),
    Action(
        id="app.quit",
        does="leave",
        label="Quit",
        help="Leave the app.",
        scope="app",
        command="q",
    ),
    Action(
        id="app.theme",
        does="theme",
        label="Theme",
        help="Use another theme.",
        scope="app",
        command="theme",
        takes="NAME",
    ),
    Action(
        id="screen.help",
        keys="question_mark",
        does="help",
        label="Help",
        help="Every key of this screen, and why the values of this row are missing.",
        scope="screen",
        footer=90,
        command="help",
    ),
    Action(
        id="screen.back",
        keys="q",
        does="back",
        label="Back",
        help="Back to where you came from; twice on the first screen: leave the app.",
        scope="screen",
        footer=95,
        command="back",
    ),
    Action(
        id="screen.clear",
        keys="escape",
        does="clear",
        label="Clear",
        help="Clear the filter; where there is none, back.",
        scope="screen",
    ),
    Action(
        id="screen.command",
        keys="colon",
        does="command",
        label="Command",
        help="Type a command; tab completes it.",
        scope="screen",
    ),
    Action(
        id="screen.refresh",
        keys="r",
        does="refresh_now",
        label="Refresh",
        help="Ask the cluster now instead of at the end of the wait.",
        scope="screen",
        footer=60,
        command="refresh",
    ),
    Action(
        id="screen.freeze",
        keys="F",
        does="freeze",
        label="Freeze",
        help="Hold rows and values still; collecting goes on. Again: jump to now.",
        scope="screen",
        footer=50,
        command="freeze",
    ),
    Action(
        id="screen.stats",
        keys="1",
        does="show_mode('stats')",
        label="Stats",
        help="The collections.",
        scope="screen",
        command="stats",
    ),
    Action(
        id="stats.filter",
        keys="slash",
        does="filter",
        label="Filter",
        help="Show some rows: text, !text, -f letters, field:>10.",
        scope="stats",
        footer=20,
        command="filter",
        takes="TEXT",
    ),
    Action(
        id="stats.sort",
        keys="o",
        does="sort",
        label="Sort",
        help="Sort by the column whose letter comes next; again: the other way round.",
        scope="stats",
        footer=30,
        command="sort",
        takes="COLUMN",
    ),
    Action(
        id="stats.reverse",
        keys="O",
        does="reverse",
        label="Reverse",
        help="Turn the order around.",
        scope="stats",
        command="reverse",
    ),
    Action(
        id="stats.problems",
        keys="exclamation_mark",
        does="problems",
        label="Problems",
        help="Only the collections that have a problem.",
        scope="stats",
        footer=40,
        command="problems",
    ),
    Action(
        id="stats.open",
        does="open",
        label="Open",
        help="Open a collection.",
        scope="stats",
        command="open",
        takes="COLLECTION",
    ),
    Action(
        id="collection.pane",
        keys="tab",
        does="next_pane",
        label="Pane",
        help="The other pane.",
        scope="collection",
        footer=10,
    ),
    Action(
        id="collection.zoom",
        keys="f",
        does="zoom",
        label="Zoom",
        help="This pane alone; again: both.",
        scope="collection",
        footer=30,
        command="zoom",
    ),
)

BY_ID = {action.id: action for action in ACTIONS}


def bindings(*scopes: str) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """The bindings of these scopes, for a ``BINDINGS`` list."""
    return [
        Binding(
            action.keys,
            action.does,
            action.label,
            show=action.footer is not None,
            tooltip=action.help,
            id=action.id,
            # An input would take ctrl+c for copying.
            priority=action.id == "app.interrupt",
        )
        for action in ACTIONS
        if action.keys and action.scope in scopes
    ]


def commands(*scopes: str) -> dict[str, Action]:
    """The ``:`` commands of these scopes by name."""
    return {
        action.command: action for action in ACTIONS if action.command and action.scope in scopes
    }
