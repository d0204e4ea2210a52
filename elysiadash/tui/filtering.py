"""The filter line's grammar, for rows of any kind.

Words are separated by blanks and must all hold:

* ``doc`` - a regular expression found in a name; without capitals, capitals do not matter;
* ``!doc`` - not found;
* ``-f dcs`` - these letters in this order;
* ``objects:>10k`` - a comparison with ``>``, ``>=``, ``<``, ``<=``, ``=``, ``!=``; what is not
  known holds no comparison. Values may carry ``k M G T``, ``kB MB GB TB``, ``%``, ``ms``, ``s``;
* ``index:flat`` - a regular expression found in that field's text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Generic, TypeVar

from elysiadash.config.patterns import Pattern, PatternError, PatternTooSlow

R = TypeVar("R")
Value = float | int | str | None
Test = Callable[[R], bool]

_COMPARISON = re.compile(r"(>=|<=|!=|>|<|=)(.*)", re.DOTALL)
_NUMBER = re.compile(r"([+-]?\d[\d_,]*\.?\d*(?:e[+-]?\d+)?)\s*([a-zA-Z%]*)")
_UNITS = {
    "": 1.0,
    "k": 1e3,
    "m": 1e6,
    "g": 1e9,
    "t": 1e12,
    "b": 1.0,
    "kb": 1e3,
    "mb": 1e6,
    "gb": 1e9,
    "tb": 1e12,
    "%": 1.0,
    "ms": 1.0,
    "s": 1e3,
}


class FilterError(ValueError):
    """The line cannot be read as a filter; the text says which word and why."""


class Fields(Generic[R]):
    """What rows can be filtered by. ``names`` gives the texts a bare word is looked for in.

    ``also`` are other words for a field, as a column's title says it: ``lsm size`` for ``size``.
    """

    def __init__(
        self,
        names: Callable[[R], Iterable[str]],
        by_name: Mapping[str, Callable[[R], Value]],
        also: Mapping[str, str] | None = None,
    ) -> None:
        self.names = names
        self.by_name = dict(by_name)
        self._also = dict(also or {})
        titles = sorted((each for each in self._also if " " in each), key=len, reverse=True)
        self._titles = re.compile(
            rf"(?<!\S)(!?)({'|'.join(map(re.escape, titles))}):", re.IGNORECASE
        )
        self._has_titles = bool(titles)

    def find(self, word: str) -> str | None:
        """The field of that name; None where there is none."""
        name = word.casefold()
        return name if name in self.by_name else self._also.get(name)

    def in_one_word(self, line: str) -> str:
        """The line with the field's name for each title that has blanks."""
        if not self._has_titles:
            return line
        return self._titles.sub(lambda found: f"{found[1]}{self._also[found[2].casefold()]}:", line)

    def why_none(self, word: str) -> str:
        """That there is no such field, with the one that was meant first."""
        known = (*self.by_name, *self._also)
        name = word.casefold()
        begun = [each for each in known if len(name) > 1 and each.startswith(name)]
        near = begun or get_close_matches(name, known, 1, 0.6)
        rest = f"there are {', '.join(self.by_name)}"
        if not near:
            return f"no field {word!r}; {rest}"
        return f"no field {word!r}; did you mean {self.find(near[0])}? {rest}"


class Filter(Generic[R]):
    """A filter that was understood. ``text`` is the line as it was typed."""

    def __init__(self, text: str, tests: Iterable[Test[R]]) -> None:
        self.text = text
        self.too_slow: str | None = None
        """Why it is applied no longer: one of its patterns takes too long."""
        self._tests = tuple(tests)

    def __call__(self, row: R) -> bool:
        """Whether the row is to be shown; all are, once the filter is too slow."""
        if self.too_slow is not None:
            return True
        try:
            return all(test(row) for test in self._tests)
        except PatternTooSlow as slow:
            self.too_slow = str(slow)
            return True

    def __bool__(self) -> bool:
        return bool(self._tests)


def parse_filter(line: str, fields: Fields[R]) -> Filter[R]:
    """Read a filter line; an empty one shows everything. Raises ``FilterError``."""
    words = iter(fields.in_one_word(line).split())
    tests: list[Test[R]] = []
    for word in words:
        if word == "-f":
            tests.append(_fuzzy(next(words, ""), fields))
        else:
            tests.append(_word(word, fields))
    return Filter(line.strip(), tests)


def _word(word: str, fields: Fields[R]) -> Test[R]:
    if word.startswith("!") and len(word) > 1:
        inner = _word(word[1:], fields)
        return lambda row: not inner(row)
    name, colon, rest = word.partition(":")
    field = fields.find(name) if colon else None
    if field is not None:
        return _on_field(field, rest, fields.by_name[field])
    # Names can have a colon inside; one at the end of a bare word is the start of a field.
    half_typed = not rest and name.isidentifier()
    if colon and (half_typed or _COMPARISON.fullmatch(rest)):
        raise FilterError(fields.why_none(name))
    pattern = _pattern(word)
    return lambda row: any(pattern.found_in(text) for text in fields.names(row))


def _on_field(name: str, rest: str, value_of: Callable[[R], Value]) -> Test[R]:
    if not rest:
        raise FilterError(f"{name}: needs a value, such as {name}:>10 or {name}:text")
    comparison = _COMPARISON.fullmatch(rest)
    if comparison is None:
        pattern = _pattern(rest)
        return lambda row: _found(pattern, value_of(row))
    operator, wanted = comparison[1], comparison[2]
    if not wanted:
        raise FilterError(f"{name}:{operator} needs a value, such as {name}:{operator}10")
    return _comparison(name, operator, wanted, value_of)


def _comparison(name: str, operator: str, wanted: str, value_of: Callable[[R], Value]) -> Test[R]:
    number = _number(wanted)
    if number is None and operator not in ("=", "!="):
        raise FilterError(f"{wanted!r} is not a number, so {name}:{operator} cannot compare it")

    def holds(row: R) -> bool:
        value = value_of(row)
        if value is None:
            return False
        if isinstance(value, str) or number is None:
            same = str(value).casefold() == wanted.casefold()
            return same if operator == "=" else not same if operator == "!=" else False
        return _compare(operator, float(value), number)

    return holds


def _compare(operator: str, value: float, wanted: float) -> bool:
    if operator == ">":
        return value > wanted
    if operator == ">=":
        return value >= wanted
    if operator == "<":
        return value < wanted
    if operator == "<=":
        return value <= wanted
    return (value == wanted) is (operator == "=")


def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text.strip())
    if match is None or match[2].lower() not in _UNITS:
        return None
    digits = match[1].replace(",", "").replace("_", "")
    return float(digits) * _UNITS[match[2].lower()]


def _found(pattern: Pattern, value: Value) -> bool:
    if value is None:
        return False
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return pattern.found_in(text)


def _pattern(text: str) -> Pattern:
    try:
        return Pattern(text)
    except PatternError as error:
        raise FilterError(str(error)) from None


def _fuzzy(letters: str, fields: Fields[R]) -> Test[R]:
    if not letters:
        raise FilterError("-f needs letters, such as -f dcs")
    smart = letters == letters.lower()

    def in_order(text: str) -> bool:
        rest = iter(text.lower() if smart else text)
        return all(letter in rest for letter in letters)

    return lambda row: any(in_order(text) for text in fields.names(row))
