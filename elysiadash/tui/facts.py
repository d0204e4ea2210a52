"""What the header and the small summary say, gathered once for both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import APPROXIMATE, EXACT, CollectionStats
from elysiadash.cluster.view import LIVE_STATES
from elysiadash.health.finding import Finding, Severity
from elysiadash.tui import numbers
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.replay_words import Played, played
from elysiadash.tui.source import Watched

_IN_FULL = 1_000_000


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The cluster in a few words. ``leader`` and ``leader_was`` as in ``ClusterView``; sizes are
    counts."""

    name: str
    environment: str | None
    colour: str | None
    writable: bool
    demo: bool
    versions: tuple[str, ...]
    live: int
    expected: int | None
    leader: str | None
    leader_was: str | None = None
    probed: int
    contact: str | None
    """The address asked now, when it is not the profile's url."""
    missing: tuple[str, ...]
    """Expected nodes that do not take part, with their state."""
    objects: int | None
    objects_sign: str
    """``~`` approximate, ``≥`` a part did not answer, "" exact."""
    collections: int
    requests_per_minute: int
    p95_ms: float | None
    fresh: Freshness
    critical: int = 0
    """Findings that are critical, as far as the checks have run."""
    warnings: int = 0
    jobs: int = 0
    """Jobs of ours that run on this cluster now."""
    played: Played | None = None
    """Where in a recording this is; None: it is now."""

    @property
    def alerts(self) -> int:
        """Findings that are warnings or worse; what cannot be seen is no alert."""
        return self.critical + self.warnings

    @property
    def alert_sign(self) -> str:
        """``✖2`` where one of two alerts is critical, ``▲2`` where none is, "" without any."""
        return f"{'✖' if self.critical else '▲'}{self.alerts:,}" if self.alerts else ""

    @property
    def title(self) -> str:
        """What the terminal's title says: which cluster, and the worst of it."""
        worst = "✖ no answer" if not self.fresh.connected else self.alert_sign
        past = "REPLAY " if self.played is not None else ""
        return f"elysiadash · {past}{self.name}{' ' if worst else ''}{worst}"

    @property
    def nodes(self) -> str:
        """``2/3``: live and expected nodes."""
        return f"{self.live}/{self.expected if self.expected is not None else '?'}"

    @property
    def nodes_lost(self) -> bool:
        """Whether an expected node does not take part."""
        return self.expected is not None and self.live < self.expected

    @property
    def total(self) -> str:
        """All objects, in short where they are many."""
        few = self.objects is None or self.objects < _IN_FULL
        text = numbers.count(self.objects) if few else numbers.short(self.objects)
        return f"{self.objects_sign}{text}"


def gather(
    watch: Watched,
    rows: Sequence[CollectionStats],
    fresh: Freshness,
    *,
    demo: bool,
    findings: Sequence[Finding] = (),
    jobs: int = 0,
) -> Facts:
    """The facts right now; cheap enough for once a second."""
    severities = Counter(finding.severity for finding in findings)
    cluster, profile, load = watch.cluster(), watch.profile, watch.own_load()
    empty = not rows and watch.store.get(Kind.SCHEMA).value is not None
    objects, sign = (0, "") if empty else _objects(rows)
    return Facts(
        name=profile.name,
        environment=profile.environment,
        colour=profile.colour,
        writable=profile.write,
        demo=demo,
        versions=cluster.versions,
        live=cluster.live,
        expected=cluster.expected,
        leader=cluster.leader,
        leader_was=cluster.leader_was,
        probed=cluster.probed,
        contact=cluster.contact,
        missing=tuple(
            f"{node.node} {node.status}"
            for node in cluster.nodes
            if node.expected and node.status not in LIVE_STATES
        ),
        objects=objects,
        objects_sign=sign,
        collections=len(rows),
        requests_per_minute=load.requests_per_minute,
        p95_ms=load.p95_ms,
        fresh=fresh,
        critical=severities[Severity.CRITICAL],
        warnings=severities[Severity.WARNING],
        jobs=jobs,
        played=played(watch),
    )


def _objects(rows: Sequence[CollectionStats]) -> tuple[int | None, str]:
    """The sum of what is known, and how well that is known."""
    known = [row.objects for row in rows if row.objects is not None]
    if not known:
        return None, ""
    states = {row.objects_are for row in rows}
    if states == {EXACT}:
        return sum(known), ""
    return sum(known), "~" if states <= {EXACT, APPROXIMATE} else "≥"
