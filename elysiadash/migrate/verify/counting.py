"""The shallow levels: what the servers count themselves (V0), and which ids there are (V1)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec

from elysiadash.migrate.checkpoint import Proof
from elysiadash.migrate.pacing import Pacing
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.verify.covering import Parts, caveats, readable
from elysiadash.migrate.verify.judging import Tally
from elysiadash.migrate.verify.lanes import persistently
from elysiadash.migrate.verify.sides import OpenSides, Side, Sides
from elysiadash.scan.compare import Comparison
from elysiadash.scan.owners import all_there

_SIDE_BY_SIDE = 8


class Counted(NamedTuple):
    """What the counts say against a proof, and which of them say nothing."""

    faults: list[str]
    not_checked: list[str]


async def count_beside(
    run: Run, parts: Parts, tallies: Mapping[str, Tally], *, final: bool
) -> Counted:
    """Compare the servers' own counts with what was read of each part.

    The source's counts only if ``final``: while it is written they say nothing.
    """
    found = Counted([], [])
    limit = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def look(part: Part, side: Side, role: str, read: int) -> None:
        async with limit:
            await run.breathe()
            count = await _count(run, part, side, role)
        if count != read:
            found.faults.append(
                f"the {role} counts {count:,} objects of {part.key} and {read:,} were read"
            )

    asks = []
    for key, (part, sides) in parts.items():
        asks.append(look(part, sides.target, "target", tallies[key].target))
        if sides.source.expires:
            found.not_checked.append(
                f"the source's own count of {key}: it includes objects that expired"
            )
        elif final:
            asks.append(look(part, sides.source, "source", tallies[key].source))
    await asyncio.gather(*asks)
    if not final:
        found.not_checked.append("the source's own counts, since it is being written")
    found.faults.sort()
    return found


async def count_only(run: Run, opened: OpenSides) -> Proof:
    """V0: the counts of both sides, and nothing of what the objects hold."""
    faults, parts = await readable(run, opened)
    source = target = 0
    for key, (part, sides) in parts.items():
        await run.breathe()
        one = await _count(run, part, sides.source, "source")
        other = await _count(run, part, sides.target, "target")
        source, target = source + one, target + other
        if one != other:
            faults.append(f"{key} has {one:,} objects in the source and {other:,} in the target")
    return Proof(
        level="V0",
        source=source,
        target=target,
        expected=source,
        faults=tuple(faults),
        not_checked=("ids, properties, vectors and references: only objects were counted",),
    )


async def ids_only(run: Run, opened: OpenSides) -> Proof:
    """V1: the ids of both sides, and nothing of what the objects hold."""
    faults, parts = await readable(run, opened)
    paces = Pacing(run), Pacing(run)
    tallies: dict[str, Tally] = {}
    for key, (part, sides) in parts.items():
        tallies[key] = await persistently(run, key, partial(_ids_of, part.tenant, sides, paces))
    counted = await count_beside(run, parts, tallies, final=False)
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    return Proof(
        level="V1",
        faults=(*faults, *counted.faults),
        not_checked=(
            "properties, vectors and references: only ids were compared",
            *caveats(run, parts, final=False),
        ),
        **msgspec.to_builtins(total),
    )


async def _ids_of(tenant: str, sides: Sides, paces: tuple[Pacing, Pacing]) -> Tally:
    compared: Comparison[Any, Any] = Comparison(lambda source, target: True)
    source = sides.source.ids(sides.source.extent(tenant), paces[0])
    target = sides.target.ids(sides.target.extent(tenant), paces[1])
    async for _ in compared.of_pages(source.pages(), target.pages()):
        pass
    totals = compared.totals
    return Tally(
        source=totals.source,
        target=totals.target,
        expected=totals.source,
        same=totals.same,
        missing=totals.missing,
        extra=totals.extra,
    )


async def _count(run: Run, part: Part, side: Side, role: str) -> int:
    async def ask() -> int:
        # A count leaves out shards of nodes that are away, without a word.
        there = await all_there(side.site.owners)
        count = await side.site.client.exact_count(
            side.collection, part.tenant or None, tenant_is_hot=bool(part.tenant)
        )
        await all_there(side.site.owners, since=there)
        return count

    return await persistently(run, f"the {role}'s count of {part.key}", ask)
