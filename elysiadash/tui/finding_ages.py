"""Since when each finding is known: from the check itself, else since this session has seen it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from elysiadash.health.finding import Finding
from elysiadash.tui import numbers

_FIRST_ANSWERS_S = 30.0
"""The first answers come in one after the other: what they show was there before."""

Identity = tuple[str, str | None, str | None, str | None, str | None]


class Since(msgspec.Struct, frozen=True, gc=False):
    """``at`` is wall-clock seconds; ``at_least``: it was so already when this session began."""

    at: float
    at_least: bool = False

    def words(self, now: float) -> str:
        """``4m10s``; ``>4m10s`` where it began before anybody looked."""
        return f"{'>' if self.at_least else ''}{numbers.span(now - self.at)}"


class FindingAges:
    """Remembers when a finding was first there; one that goes and comes back begins anew."""

    def __init__(self) -> None:
        self._known: dict[Identity, Since] = {}
        self._began: float | None = None
        self._leaps = 0

    def look(self, findings: Iterable[Finding], now: float, leaps: int = 0) -> None:
        """Take what the checks found at ``now`` (wall-clock seconds).

        Other ``leaps`` of a recording than before: what was seen until then is of another time.
        """
        if leaps != self._leaps:
            self._known, self._began, self._leaps = {}, None, leaps
        before = self._known
        self._began = now if self._began is None else self._began
        first = now - self._began < _FIRST_ANSWERS_S
        self._known = {
            key: before.get(key) or Since(now, at_least=first) for key in map(identity, findings)
        }

    def since(self, finding: Finding) -> Since | None:
        """Since when; None for one that was in no look."""
        if finding.since is not None:
            return Since(finding.since)
        return self._known.get(identity(finding))


def identity(finding: Finding) -> Identity:
    """The same code with the same place is the same finding, whatever its message says."""
    return (finding.code, finding.node, finding.collection, finding.shard, finding.tenant)
