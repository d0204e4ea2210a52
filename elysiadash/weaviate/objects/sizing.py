"""How many objects a page asks for, learnt from the bytes of those before it."""

from __future__ import annotations

from typing import Final

FEWEST: Final = 100
MOST: Final = 2_000
WANTED_BYTES: Final = 12 << 20
_SLOWNESS: Final = 0.5


class PageSize:
    """Between 100 and 2,000 objects that weigh 12 MiB together, or as much as is allowed.

    ``max_message`` is ``grpcMaxMessageSize`` of ``/v1/meta``; no page is meant to pass half of
    it. Where even 100 objects weigh more, or an answer was refused for its size, pages get
    smaller, down to single objects.
    """

    def __init__(self, max_message: int, *, most: int = MOST) -> None:
        self._wanted = min(WANTED_BYTES, max_message // 2)
        self._most = most
        self._per_object: float | None = None
        self._ceiling = most

    @property
    def limit(self) -> int:
        """How many objects to ask for next."""
        if self._per_object is None:
            return min(FEWEST, self._ceiling)
        fitting = int(self._wanted / max(1.0, self._per_object))
        # Heavy objects are few, whatever the least is: a page must stay within the message.
        least = FEWEST if fitting >= FEWEST else max(1, fitting)
        return max(1, min(self._ceiling, max(least, fitting)))

    def took(self, objects: int, size: int) -> None:
        """Learn from a page of that many objects and bytes; a heavier one counts at once."""
        if not objects:
            return
        now = size / objects
        before = self._per_object
        if before is None or now > before:
            self._per_object = now
        else:
            self._per_object = before + (now - before) * _SLOWNESS

    def too_large(self, asked: int) -> bool:
        """An answer of ``asked`` objects was refused for its size; False when one is too many."""
        if asked <= 1:
            return False
        self._ceiling = max(1, asked // 2)
        return True
