"""Releases of Weaviate that lie, harm or lose data, as data with their source.

A range is half open: from its first release up to, not including, its second. ``None`` is
"no fixed release known".
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

import msgspec


class Version(NamedTuple):
    """A release number; pre-release marks are dropped."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse_version(text: str | None) -> Version | None:
    """``"1.38.11"`` or ``"v1.39.0-rc.1"`` as numbers; None when it is not a release number."""
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", text or "")
    return Version(int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


class Effect(StrEnum):
    """What a known fault means for us."""

    DATA_RISK = "data risk"
    WATCHING_HARMS = "watching harms"
    ANSWERS_MISLEAD = "answers mislead"


class KnownFault(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One fault of some releases: what happens, what to do, and where that is known from."""

    id: str
    effect: Effect
    ranges: tuple[tuple[Version, Version | None], ...]
    what: str
    advice: str
    source: str

    def hits(self, version: Version) -> bool:
        """Whether ``version`` has the fault."""
        return any(
            first <= version and (fixed is None or version < fixed) for first, fixed in self.ranges
        )


def _span(first: str, fixed: str | None) -> tuple[Version, Version | None]:
    start = parse_version(first)
    if start is None:
        raise ValueError(first)
    return start, parse_version(fixed)


VERBOSE_LOADS_LAZY_SHARDS = "verbose-loads-lazy-shards"
DEAD_PEER_FAILS_NODES = "dead-peer-fails-nodes"

KNOWN_FAULTS: tuple[KnownFault, ...] = (
    KnownFault(
        id=VERBOSE_LOADS_LAZY_SHARDS,
        effect=Effect.WATCHING_HARMS,
        ranges=(_span("1.28.0", "1.30.14"), _span("1.31.0", "1.31.9"), _span("1.32.0", "1.32.2")),
        what="reading nodes with output=verbose loads every lazy shard into memory",
        advice="shard details are not polled on this release; update to 1.32.2 or later",
        source="release comparison of the shard status code; weaviate/weaviate#8810",
    ),
    KnownFault(
        id="verbose-holds-index-lock",
        effect=Effect.WATCHING_HARMS,
        ranges=(_span("1.28.0", "1.38.9"),),
        what="reading nodes with output=verbose holds the index lock and can stall raft",
        advice="shard details are polled rarely; update to 1.38.9 or later",
        source="weaviate/weaviate#12375",
    ),
    KnownFault(
        id=DEAD_PEER_FAILS_NODES,
        effect=Effect.ANSWERS_MISLEAD,
        ranges=(_span("1.28.4", "1.38.9"),),
        what="nodes and statistics answer 500 for the whole cluster while one peer is dead",
        advice="the dead peer's name is read from the error; update to 1.38.9 or later",
        source="source of 1.28.4 to 1.38.8, fixed by bd88b1f20e",
    ),
    KnownFault(
        id="partial-objects",
        effect=Effect.DATA_RISK,
        ranges=(_span("1.28.0", "1.37.14"), _span("1.38.0", "1.38.7")),
        what="repairing reads and replication can leave objects without vectors or properties",
        advice="avoid reads above ONE and update to 1.37.14, 1.38.7 or later",
        source="catalogue of known faults, partial objects",
    ),
    KnownFault(
        id="readonly-batch-lies",
        effect=Effect.DATA_RISK,
        ranges=(_span("1.28.0", "1.38.10"), _span("1.39.0", "1.39.1")),
        what="a batch to a READONLY shard with one replica reports success and stores nothing",
        advice="do not write while a shard is READONLY; stop the writers first",
        source="measured on 1.39.0",
    ),
    KnownFault(
        id="shard-status-deadlocks-raft",
        effect=Effect.DATA_RISK,
        ranges=(
            _span("1.33.0", "1.35.19"),
            _span("1.36.0", "1.36.13"),
            _span("1.37.0", "1.37.3"),
        ),
        what="setting the status of a COLD tenant's shard with auto activation deadlocks raft",
        advice="never set shard states of COLD tenants; update to 1.35.19, 1.36.13, 1.37.3",
        source="weaviate/weaviate#11186",
    ),
)


def known_faults(version_text: str | None) -> tuple[KnownFault, ...]:
    """The known faults of a release; none for a version that cannot be read."""
    version = parse_version(version_text)
    return tuple(fault for fault in KNOWN_FAULTS if version is not None and fault.hits(version))


def has_fault(version_text: str | None, fault_id: str) -> bool:
    """Whether a release has the fault ``fault_id``; False for a version that cannot be read."""
    return any(fault.id == fault_id for fault in known_faults(version_text))
