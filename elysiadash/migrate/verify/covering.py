"""Which parts a proof can read, and what it does not look at even where it reads all."""

from __future__ import annotations

from elysiadash.migrate.parts import Part
from elysiadash.migrate.phases import Strategy
from elysiadash.migrate.run import Run
from elysiadash.migrate.verify.sides import OpenSides, Side, Sides

Parts = dict[str, tuple[Part, Sides]]
"""Parts that are read, by key."""


async def readable(run: Run, opened: OpenSides) -> tuple[list[str], Parts]:
    """Why some parts cannot be read, and the others. Raises ``NotProven``."""
    faults, parts = list[str](), Parts()
    for part in run.parts:
        sides = await opened.of(part)
        why = sides.source.why_unread(part.tenant) or sides.target.why_unread(part.tenant)
        if why:
            faults.append(f"{part.key} was not proven: {why}")
        else:
            parts[part.key] = part, sides
    if not run.parts:
        faults.append("there was nothing to prove: no collection and no tenant")
    return faults, parts


def caveats(run: Run, parts: Parts, *, final: bool) -> list[str]:
    """What holds of every such proof, in words."""
    found = ["creation and update times, which every write sets anew"]
    frozen, offline = run.checkpoint.frozen, run.spec.strategy is Strategy.OFFLINE
    if final and offline:
        found.append(
            "that nobody wrote meanwhile: the operator says so, and no freeze was asked for"
        )
    elif final and (frozen is None or frozen.thawed is not None):
        found.append("what was written to the source since it was read: nobody was kept out")
    found += [
        f"{', '.join(names)} of {collection}, but for presence and type: the transform makes them "
        "anew each time it runs"
        for collection, names in run.checkpoint.volatile
    ]
    seen = set[tuple[bool, str]]()
    for _, sides in parts.values():
        for is_source, side in ((True, sides.source), (False, sides.target)):
            if (is_source, side.collection) in seen:
                continue
            seen.add((is_source, side.collection))
            found += _replicas(side, "source" if is_source else "target")
            if side.expires:
                found.append(f"objects of {side.collection} that had expired (TTL)")
    return found


def _replicas(side: Side, role: str) -> list[str]:
    if side.replicas == 1:
        return []
    return [
        f"all {side.replicas} replicas of {side.collection} in the {role}: of each shard one "
        "replica was read whole"
    ]
