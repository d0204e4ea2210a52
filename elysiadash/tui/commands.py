"""Typed commands: from a line to the action it means, on the screen or the app.

An action that takes an argument is done by ``take_<does>(argument)``, which returns what is wrong
with the argument, or None; without an argument, where that is allowed, by its usual method.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from elysiadash.tui.actions import Action, commands


async def run_line(line: str, screen: Any, scopes: Iterable[str]) -> str | None:
    """Run a command line; returns what is wrong with it, None when it ran."""
    name, _, argument = line.strip().partition(" ")
    if not name:
        return None
    known = commands(*scopes)
    action = known.get(name)
    if action is None:
        alike = sorted(each for each in known if each.startswith(name))
        if len(alike) != 1:
            which = f": {', '.join(alike)}" if alike else "; :help lists them"
            return f"{'more than one' if alike else 'no'} command {name!r}{which}"
        action = known[alike[0]]
    return await run_action(action, argument.strip(), screen)


async def run_action(action: Action, argument: str, screen: Any) -> str | None:
    """Do an action with its argument; returns what is wrong with that."""
    target = screen.app if action.scope == "app" else screen
    if action.takes is None:
        if argument:
            return f":{action.command} takes nothing after it"
        await target.run_action(action.does)
        return None
    if not argument and not action.needs_argument:
        await target.run_action(action.does)
        return None
    if not argument:
        return f":{action.command} needs {action.takes}"
    done = getattr(target, f"take_{action.does.partition('(')[0]}")(argument)
    fault = await done if inspect.isawaitable(done) else done
    return None if fault is None else str(fault)


def completions(scopes: Iterable[str]) -> list[str]:
    """The words that a command line can start with."""
    return [
        f"{name} " if action.needs_argument else name
        for name, action in sorted(commands(*scopes).items())
    ]
