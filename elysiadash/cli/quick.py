"""A plain command line, parsed in no time.

``check`` is run every minute on many machines, and the full parser takes as long to load as the
cluster to answer. What is not plain here (help, abbreviations, anything wrong) is left to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from elysiadash.cli.flags import Option


def quickly_parsed(arguments: Sequence[str], options: Iterable[Option]) -> dict[str, Any] | None:
    """Name -> value of every option; None when the full parser has to look."""
    known = list(options)
    by_word = {word: option for option in known for word in option.words}
    turned_off = {option.off: option for option in known if option.off}
    values = {option.name: _default(option) for option in known}
    words = iter(arguments)
    for word in words:
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
        values[option.name].append(given)
        return True
    if option.kind == "path":
        values[option.name] = Path(given)
        return True
    if option.kind == "text":
        values[option.name] = given
        return True
    try:
        number = float(given)
    except ValueError:
        return False
    values[option.name] = number
    low, high = option.least, option.most
    return (low is None or low <= number) and (high is None or number <= high)


def _default(option: Option) -> Any:
    return [] if option.kind == "texts" else option.default
