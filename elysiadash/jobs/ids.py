"""Names of jobs: ``20261130-7f3k`` is the day (UTC) and the time of day, in 32 signs that cannot
be mistaken for each other; later jobs sort later. A child begins with its parent's name:
``20261130-7f3k.001``.
"""

from __future__ import annotations

import datetime
import re

_SIGNS = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 4
_ALL = 32**_LENGTH
_PER_SECOND = _ALL / 86_400

_SHAPE = re.compile(rf"\d{{8}}-[{_SIGNS}]{{{_LENGTH}}}(?:\.\d{{3,}})*")


def is_id(text: str) -> bool:
    """Whether a text has the shape of a job's name; such a text is safe as a folder's name."""
    return _SHAPE.fullmatch(text) is not None


def day_of(now: float) -> str:
    """The first part of a name given at wall time ``now``."""
    return f"{datetime.datetime.fromtimestamp(now, datetime.UTC):%Y%m%d}"


def next_id(now: float, last_of_day: str | None) -> str:
    """A name for a job begun at ``now``, behind the last one of the same day.

    Raises ``OverflowError`` where the day has no name left behind the last one.
    """
    seconds = now % 86_400
    number = int(seconds * _PER_SECOND)
    if last_of_day is not None:
        number = max(number, _number(last_of_day) + 1)
    if number >= _ALL:
        raise OverflowError("no name is left for a job of this day")
    return f"{day_of(now)}-{_signs(number)}"


def child_id(parent: str, number: int) -> str:
    """The name of a parent's child, counted from 1."""
    return f"{parent}.{number:03d}"


def _signs(number: int) -> str:
    signs = ""
    for _ in range(_LENGTH):
        number, place = divmod(number, len(_SIGNS))
        signs = _SIGNS[place] + signs
    return signs


def _number(name: str) -> int:
    number = 0
    for sign in name.partition("-")[2][:_LENGTH]:
        number = number * len(_SIGNS) + _SIGNS.index(sign)
    return number
