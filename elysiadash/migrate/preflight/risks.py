"""Which known faults of a release matter to this job, and how it lives with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal

import msgspec

from elysiadash.migrate.phases import Freeze
from elysiadash.migrate.preflight.facts import Facts
from elysiadash.weaviate.versions import Effect, known_faults

Role = Literal["source", "target"]


class Risk(msgspec.Struct, frozen=True, gc=False):
    """One fault as it meets this job."""

    text: str
    way_out: str


class _Meets(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """When a fault of ``weaviate.versions`` meets a job, and what the job does about it."""

    fault: str
    role: Role | None
    """None: on either side."""
    when: Callable[[Facts], bool]
    text: str
    way_out: str


def _replicated(facts: Facts) -> bool:
    return any(_factor(one.translation.source) > 1 for one in facts.collections)


def _freezes(facts: Facts) -> bool:
    return facts.spec.freezes and facts.spec.freeze in (Freeze.AUTO, Freeze.READONLY)


def _activates(facts: Facts) -> bool:
    return any(
        state != "HOT" for one in facts.collections for state in (one.tenants or {}).values()
    )


MEETS: Final = (
    _Meets(
        fault="partial-objects",
        role="source",
        when=_replicated,
        text="repairing reads can leave objects without vectors or properties, and replicas are "
        "settled by such reads",
        way_out="update the source first; before it repairs anything the job asks",
    ),
    _Meets(
        fault="partial-objects",
        role="target",
        when=lambda facts: True,
        text="replication can leave objects without vectors or properties after they were written",
        way_out="update the target first; full verification (V2) finds it and repairs it",
    ),
    _Meets(
        fault="readonly-batch-lies",
        role="source",
        when=_freezes,
        text="a READONLY shard with one replica tells writers that it stored what it did not",
        way_out="freeze by stopping the writers or by their roles: the job never freezes such a "
        "shard by READONLY",
    ),
    _Meets(
        fault="readonly-batch-lies",
        role="target",
        when=lambda facts: True,
        text="a READONLY shard with one replica says of a batch that it was stored, and it is not",
        way_out="nothing to do: the job believes only what it reads back",
    ),
    _Meets(
        fault="shard-status-deadlocks-raft",
        role="source",
        when=lambda facts: _freezes(facts) and _activates(facts),
        text="setting the state of an inactive tenant's shard can stop the whole cluster",
        way_out="update the source first, or freeze by roles or by stopping the writers",
    ),
)
"""Faults that matter to a copy; the faults themselves, with ranges and sources, are in
``weaviate.versions``."""


def risks_of(facts: Facts, role: str, version: str) -> Iterator[Risk]:
    """What to know about a release in this role; a fault of data that no line is about as well."""
    for fault in known_faults(version):
        lines = [one for one in MEETS if one.fault == fault.id]
        if not lines and fault.effect is Effect.DATA_RISK:
            yield Risk(f"{fault.what} ({fault.source})", fault.advice)
        roles = ("source", "target") if facts.spec.same_cluster else (role,)
        for one in lines:
            if one.role in (None, *roles) and one.when(facts):
                yield Risk(f"{one.text} ({fault.source})", one.way_out)


def _factor(definition: dict[str, object]) -> int:
    said = definition.get("replicationConfig")
    factor = said.get("factor") if isinstance(said, dict) else None
    return factor if isinstance(factor, int) else 1
