"""Asking again where the network or the server failed, and giving up in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from elysiadash.weaviate.errors import (
    AnswerTooLarge,
    BadAnswer,
    ConnectionLost,
    NoAnswer,
    ServerFault,
    Unreachable,
    WeaviateError,
)

T = TypeVar("T")

_PASSING = (BadAnswer, ConnectionLost, NoAnswer, ServerFault, Unreachable)
_TOO_LARGE = ("larger than max", "maximum results exceeded")


class Patience(msgspec.Struct, frozen=True, gc=False):
    """How long to go on asking; each wait is twice the one before."""

    tries: int = 5
    """How often a page is asked for where the network or the server fails."""
    first_wait_s: float = 0.2
    """Seconds before the second of them."""
    settling_s: float = 0.05
    """Seconds before two nodes that disagree are asked again: writes arrive, deletes too."""


async def persist(ask: Callable[[], Awaitable[T]], patience: Patience) -> T:
    """The answer; raises the last error where no try brought one, and others at once."""
    for number in range(1, patience.tries):
        try:
            return await ask()
        except _PASSING as error:
            if is_too_large(error):
                raise
            await asyncio.sleep(patience.first_wait_s * 2 ** (number - 1))
    return await ask()


def is_too_large(error: WeaviateError) -> bool:
    """Whether a smaller page would be answered."""
    if isinstance(error, AnswerTooLarge):
        return True
    words = error.detail or ""
    return any(sign in words for sign in _TOO_LARGE)
