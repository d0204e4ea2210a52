"""Whether every node that owns shards is there: asked before, inside and after each range."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable

import msgspec

from elysiadash.scan.errors import OwnersAway


class Owners(msgspec.Struct, frozen=True, gc=False):
    """Who is away now, and a mark that differs when somebody went and came back in between."""

    away: frozenset[str] = frozenset()
    mark: Hashable = None
    """Such as the start times of all processes."""


OwnersCheck = Callable[[], Awaitable[Owners]]


async def all_there(check: OwnersCheck, *, since: Owners | None = None) -> Owners:
    """Raise ``OwnersAway`` unless all are there, and were all the time since ``since``."""
    now = await check()
    if now.away:
        raise OwnersAway(
            f"{', '.join(sorted(now.away))} is away, and lists leave out its shards without a word"
        )
    if since is not None and now.mark != since.mark:
        raise OwnersAway("a node that owns shards went away and came back during the scan")
    return now
