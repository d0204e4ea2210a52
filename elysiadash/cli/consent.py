"""A person's leave for what a command is about to change."""

from __future__ import annotations

import sys
from collections.abc import Collection

from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.output import is_terminal, say


def agreed(question: str, *, yes: bool) -> bool:
    """Whether a person says yes to it, on the terminal or by ``--yes``.

    Raises ``CommandFailed`` where there is nobody to ask.
    """
    if yes:
        return True
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise CommandFailed(
            f"not done without a yes: {question}",
            "there is no terminal to ask at; --yes answers it",
            Exit.USAGE,
        )
    say(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def typed(what: str, name: str, *, confirm: Collection[str]) -> bool:
    """Whether a person typed the name of what cannot be undone, or gave it by ``--confirm``.

    Raises ``CommandFailed`` where there is nobody to ask.
    """
    if name in confirm:
        return True
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        raise CommandFailed(
            f"not done without its name: {what}",
            f"there is no terminal to ask at; --confirm {name} answers it",
            Exit.USAGE,
        )
    say(f"{what}; type {name} to agree:")
    return sys.stdin.readline().strip() == name
