"""What became of a write, by id, after reading back."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from elysiadash.weaviate.objects.convert import Lost

# Words of errors that pass by themselves, or need a person's hand on the server, not on the object.
_PASSING_WORDS: Final = (
    "read-only",
    "read only",
    "cannot reach enough replicas",
    "leader not found",
    "no leader",
    "connection refused",
    "connection reset",
    "connection is closing",
    "transport is closing",
    "deadline exceeded",
    "context canceled",
    "timeout",
    "too many requests",
    "memory pressure",
    "not enough memory",
    "no space left",
    "disk usage",
    "shutting down",
    "shutdown",
    "unavailable",
    "tenant not active",
    "insufficient permissions",
    "not present in schema",
    "not found in schema",
)
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
# Of the object after all, although replicas are spoken of.
_OBJECT_WORDS: Final = ("parse as time array",)


class Outcome(msgspec.Struct, gc=False):
    """Every id that was given is in exactly one of the three.

    ``stored`` has the target's update time in ms, as read back; ``refused`` are objects that the
    target does not take, alone and by every way there is, with its words; ``unsettled`` were not
    stored for a reason that is not theirs (``cause``), and can be given again as they are.
    """

    stored: dict[str, int] = {}
    refused: list[Lost] = []
    unsettled: list[str] = []
    cause: str | None = None
    requests: int = 0
    """Writing requests that were sent."""

    def unsettle(self, identity: str, cause: str) -> None:
        """Note an object that may yet be stored, and why it is not; the first reason stays."""
        self.unsettled.append(identity)
        self.cause = self.cause or cause


def is_passing_word(words: str) -> bool:
    """Whether a server's words about an object say nothing against the object itself."""
    # What is quoted is often a value of the object, and may say anything.
    said = _QUOTED.sub("", words.lower())
    if any(sign in said for sign in _OBJECT_WORDS):
        return False
    return any(sign in said for sign in _PASSING_WORDS)
