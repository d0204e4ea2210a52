"""Whether an object's time says for sure that nothing changed since it was read.

Times have milliseconds: an object that was written twice in the one in which it was read looks
as if it were not written again, and a write that was on its way may carry an older time. So what
changed less than 5 s before its reading is read again. The clocks are those of the servers.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import parsedate_to_datetime

from elysiadash.migrate.site import Site
from elysiadash.scan.ledger import READ_AGAIN
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.transport import Call

MARGIN_S = 5.0
_NOT_MEASURED_S = 60.0
_FRESH_S = 30.0
_ASKED = 3


class Clocks:
    """How far the servers' clocks are behind ours at most, measured again every 30 s.

    ``Date`` of an answer has whole seconds, so the bound is up to a second too large, and never
    too small.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._behind = _NOT_MEASURED_S
        self._at: float | None = None

    async def behind(self) -> float:
        """Seconds."""
        if self._at is None or time.monotonic() - self._at > _FRESH_S:
            nodes = self._site.profile.nodes
            addresses = {None, *(url for _, url in nodes.known())}
            found = await asyncio.gather(*(self._behind_of(base) for base in addresses))
            known = [one for one in found if one is not None]
            self._behind = max(known, default=_NOT_MEASURED_S)
            self._at = time.monotonic()
        return self._behind

    async def trusted_before(self) -> int:
        """Milliseconds of the servers' time: what changed before, and is read now, is settled."""
        behind = await self.behind()
        return int((time.time() - behind - MARGIN_S) * 1000)

    async def _behind_of(self, base: str | None) -> float | None:
        call = Call(method="GET", path="/v1/.well-known/live", base=base, timeout=2.0, lane="probe")
        bounds = []
        for _ in range(_ASKED):
            try:
                answer = await self._site.transport.send(call)
                moment = parsedate_to_datetime(answer.date).timestamp()
            except (WeaviateError, ValueError):
                break
            bounds.append(time.time() - moment)
        return min(bounds, default=None)


def settled(updated_ms: int, trusted_before: int) -> int:
    """The time for the ledger: the object's own, or the mark that it has to be read again."""
    return updated_ms if updated_ms < trusted_before else READ_AGAIN
