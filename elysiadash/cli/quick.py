"""A plain command line, parsed in no time.

The full parser takes as long to load as a cluster to answer, and commands are run every minute
on many machines. What is not plain here (help, options before the command, abbreviations,
anything wrong) is left to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from elysiadash.cli.command_list import APP, COMMANDS, GROUPS, Command
from elysiadash.cli.flags import Option


def quickly_found(arguments: Sequence[str]) -> tuple[Command, dict[str, Any]] | None:
    """The command and its options; None when the full parser has to look."""
    # A word without one of the commands below it is looked for after these.
    alone = [group.alone for group in GROUPS.values() if group.alone is not None]
    for command in (*COMMANDS, *alone):
        length = len(command.path)
        if tuple(arguments[:length]) == command.path:
            given = quickly_parsed(arguments[length:], command)
            return None if given is None else (command, given)
    given = quickly_parsed(arguments, APP)
    return None if given is None else (APP, given)


def quickly_parsed(arguments: Sequence[str], command: Command) -> dict[str, Any] | None:
    """Name -> value of every option; None when the full parser has to look."""
    options = command.all_options()
    by_word = {word: option for option in options for word in option.words}
    turned_off = {option.off: option for option in options if option.off}
    values = {option.name: option.default for option in options}
    free = list(command.arguments())
    values.update({option.name: None for option in free})
    words = iter(arguments)
    for word in words:
        if not word.startswith("-"):
            # Several of one are for the full parser.
            if not free or free[0].kind == "texts":
                return None
            values[free.pop(0).name] = word
            continue
        name, equals, value = word.partition("=")
        if name in turned_off and not equals:
            values[turned_off[name].name] = False
            continue
        option = by_word.get(name)
        if option is None or (equals and not name.startswith("--")):
            return None
        if option.kind == "switch":
            if equals:
                return None
            values[option.name] = True
            continue
        given = value if equals else next(words, None)
        # A word that looks like an option is more likely one than a value.
        if given is None or (given.startswith("-") and not equals):
            return None
        if not _take(values, option, given):
            return None
    return values


def _take(values: dict[str, Any], option: Option, given: str) -> bool:
    """Put the value in; False when the full parser has to say what is wrong with it."""
    if option.kind == "texts":
        values[option.name] = [*(values[option.name] or ()), given]
    elif option.kind == "path":
        values[option.name] = Path(given)
    elif option.kind == "choice":
        values[option.name] = given
        return given in option.choices
    elif option.kind == "text":
        values[option.name] = given
    else:
        return _take_number(values, option, given)
    return True


def _take_number(values: dict[str, Any], option: Option, given: str) -> bool:
    # Other spellings of numbers are the full parser's business.
    if not given.replace(".", "", option.kind == "seconds").isdecimal() or not given.isascii():
        return False
    number = float(given) if option.kind == "seconds" else int(given)
    values[option.name] = number
    low, high = option.least, option.most
    return (low is None or low <= number) and (high is None or number <= high)
