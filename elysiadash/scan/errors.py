"""Why a scan cannot vouch for what it read."""

from __future__ import annotations

from collections.abc import Iterable

from elysiadash.scan import keys

_SHOWN = 3


class ScanFailed(Exception):
    """What was read so far proves nothing; the range must be scanned again."""


class OutOfOrder(ScanFailed):
    """Ids do not rise strictly, so that a cursor would skip some."""

    def __init__(self, where: str, earlier: bytes, later: bytes) -> None:
        super().__init__(
            f"{where}: after {keys.as_text(earlier)} came {keys.as_text(later)},"
            " though ids must rise"
        )


class OwnersAway(ScanFailed):
    """A node that owns shards was away: a list without its shard is HTTP 200 all the same."""


class CoordinatorsDisagree(ScanFailed):
    """Two nodes, or two doors of one, tell different ids, also when asked again.

    ``ids`` are those that ``asked`` does not know and ``other`` does.
    """

    def __init__(self, asked: str, other: str, ids: Iterable[bytes]) -> None:
        self.asked = asked
        self.other = other
        self.ids = tuple(sorted(ids))
        shown = ", ".join(keys.as_text(key) for key in self.ids[:_SHOWN])
        more = ", ..." if len(self.ids) > _SHOWN else ""
        super().__init__(
            f"{other} knows {len(self.ids)} ids that {asked} does not, also when asked again:"
            f" {shown}{more}; compare the replicas first"
        )


class RowTooLarge(ScanFailed):
    """One object alone is larger than the largest message."""
