"""Typed commands: from a line to the action it means, on the screen or the app.

An action that takes an argument is done by ``take_<does>(argument)``, which returns what is wrong
with the argument, or None; without an argument, where that is allowed, by its usual method.
``offer_<does>()`` gives the arguments that a completion offers.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from textual.actions import parse

from elysiadash.tui.actions import ACTIONS, Action, commands

_MOST_OFFERED = 1000


async def run_line(line: str, screen: Any) -> str | None:
    """Run a command line; returns what is wrong with it, None when it ran."""
    name, _, argument = line.strip().partition(" ")
    if not name:
        return None
    found = _find(name, screen)
    return found if isinstance(found, str) else await run_action(found, argument.strip(), screen)


async def run_action(action: Action, argument: str, screen: Any) -> str | None:
    """Do an action with its argument; returns what is wrong with that."""
    target = _target(action, screen)
    if action.writes and not screen.writable:
        return "read-only"
    if action.takes is None and argument:
        return f":{action.command} takes nothing after it"
    if argument:
        done = getattr(target, f"take_{action.method}")(argument)
        fault = await done if inspect.isawaitable(done) else done
        return None if fault is None else str(fault)
    if action.needs_argument:
        return f":{action.command} needs {action.takes}"
    # Not by way of the key: while a line is being typed, screens let no key act.
    _, name, given = parse(action.does)
    done = getattr(target, f"action_{name}")(*given)
    if inspect.isawaitable(done):
        await done
    return None


def completions(line: str, screen: Any) -> list[str]:
    """The lines that a typed line can become: commands, then what they can be about."""
    name, blank, start = line.partition(" ")
    known = _known(screen)
    if not blank:
        named = sorted(each for each in known if each.startswith(name))
        return [f"{each} " if known[each].needs_argument else each for each in named]
    action = _find(name, screen)
    if isinstance(action, str) or action.takes is None:
        return []
    offer = getattr(_target(action, screen), f"offer_{action.method}", None)
    wanted = start.casefold()
    offered = [each for each in (offer() if offer else ()) if each.casefold().startswith(wanted)]
    return [f"{name} {each}" for each in offered[:_MOST_OFFERED]]


def last_word(line: str, words: Iterable[str]) -> list[str]:
    """The lines that end in one of ``words`` instead of the word being typed."""
    head, blank, start = line.rpartition(" ")
    return [f"{head}{blank}{word}" for word in words if start and word.startswith(start)]


def _find(name: str, screen: Any) -> Action | str:
    """The command of that name, or the only one that starts so; else what is wrong."""
    known = _known(screen)
    if name in known:
        return known[name]
    alike = sorted(each for each in known if each.startswith(name))
    if len(alike) == 1:
        return known[alike[0]]
    if alike:
        return f"{name!r} can be {', '.join(alike)}"
    # What writes is not there at all while read-only.
    if any(each.command == name and not each.writes for each in ACTIONS):
        return f":{name} means nothing on this screen; :help lists what does"
    return f"no command {name!r}; :help lists them"


def _known(screen: Any) -> dict[str, Action]:
    return commands(*screen.scopes(), writable=screen.writable)


def _target(action: Action, screen: Any) -> Any:
    return screen.app if action.scope == "app" else screen
