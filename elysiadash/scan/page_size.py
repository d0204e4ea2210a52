"""How many rows to ask for at once, so that a page has about as many bytes as wanted."""

from __future__ import annotations

from elysiadash.scan.errors import RowTooLarge

MIB = 1 << 20
_GROWTH = 4


class PageSize:
    """Learns the size of rows from the pages seen.

    ``target`` and ``ceiling`` are bytes of a page; the ceiling is half of the server's
    ``grpcMaxMessageSize``, which pages are planned to stay below.
    """

    def __init__(
        self, *, first: int, most: int, target: int = 8 * MIB, ceiling: int | None = None
    ) -> None:
        self._most = most
        self._budget = min(target, ceiling) if ceiling else target
        self._limit = max(1, min(first, most))

    @property
    def limit(self) -> int:
        """Rows to ask for now."""
        return self._limit

    def saw(self, rows: int, size: int) -> None:
        """Learn from a page: how many rows of how many bytes together."""
        if rows < 1:
            return
        fitting = int(self._budget * rows / max(size, 1))
        self._limit = max(1, min(fitting, self._limit * _GROWTH, self._most))

    def refused(self, asked: int) -> None:
        """The page was too large for the server or for us: ask for half.

        The half is the most from now on. Raises ``RowTooLarge`` where it was one row.
        """
        if asked <= 1:
            raise RowTooLarge(
                "a single object is larger than the largest message"
                " (raise GRPC_MAX_MESSAGE_SIZE of the server, or limits.answer_bytes)"
            )
        self._most = min(self._most, asked // 2)
        self._limit = min(self._limit, self._most)
