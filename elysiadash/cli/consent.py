"""A person's leave for what a command is about to change."""

from __future__ import annotations

import sys

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
