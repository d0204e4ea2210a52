"""What a suspect is: both of its sides are read again, whole, and compared field by field.

A scan of a collection that is written can see an object in two states, so no object is called
different before it was read by itself; nor is one called the same because time went by.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import NamedTuple

from elysiadash.migrate.verify.judging import Suspect, Tally, is_as_copied, is_excused
from elysiadash.migrate.verify.sides import Sides
from elysiadash.scan.canonical import WholeObject
from elysiadash.scan.compare import Kind
from elysiadash.scan.extent import Extent
from elysiadash.scan.fields import FieldDifference, field_differences
from elysiadash.scan.keys import as_text
from elysiadash.scan.ledger import Entry
from elysiadash.weaviate.errors import BadAnswer

SIDE_BY_SIDE = 16
MOST_SETTLED = 20_000
"""Suspects of one range that are read again; those behind count as the scans saw them."""
MOST_FIELDS = 100
"""Fields of one object that are noted."""


class Differing(NamedTuple):
    """A suspect that is not the same, and what of it differs."""

    suspect: Suspect
    fields: tuple[FieldDifference, ...]
    made_of: bytes | None = None
    """The source's id where a transform gave another."""


class Settled(NamedTuple):
    """What became of a range's suspects; ``proven`` are entries of those that are the same."""

    tally: Tally
    differing: list[Differing]
    proven: list[Entry]


async def settle(
    sides: Sides,
    extents: tuple[Extent, Extent],
    suspects: Iterable[Suspect],
    *,
    excuse_from_ms: float | None,
    breathe: Callable[[], Awaitable[None]],
    trusted_before: int = 0,
) -> Settled:
    """Decide about every suspect.

    ``excuse_from_ms``: what changed since it was copied is pending (``is_excused``); None: nothing
    is excused. ``trusted_before``: see ``is_as_copied``. Raises ``ScanFailed`` or the
    ``WeaviateError`` that outlasted all tries.
    """
    settled = Settled(Tally(), [], [])
    asked: list[Suspect] = []
    unread: list[Suspect] = []
    for one in suspects:
        expired = one.kind is Kind.EXTRA and extents[0].expires
        if not expired and excuse_from_ms is not None and is_excused(one, begun_ms=excuse_from_ms):
            settled.tally.seen(*_where(one))
            settled.tally.pending += 1
        elif len(asked) < MOST_SETTLED:
            asked.append(one)
        else:
            unread.append(one)
    decide = partial(_decide, sides, extents, settled, excuse_from_ms, trusted_before)
    for start in range(0, len(asked), SIDE_BY_SIDE):
        await breathe()
        chunk = asked[start : start + SIDE_BY_SIDE]
        await asyncio.gather(*map(decide, chunk))
    for one in unread:
        settled.tally.seen(*_where(one))
        settled.tally.count(one.kind)
        settled.differing.append(Differing(one, ()))
    settled.differing.sort(key=lambda one: one.suspect.id)
    settled.proven.sort(key=lambda entry: entry.id)
    return settled


async def _decide(
    sides: Sides,
    extents: tuple[Extent, Extent],
    settled: Settled,
    excuse_from_ms: float | None,
    trusted_before: int,
    suspect: Suspect,
) -> None:
    source, target = await asyncio.gather(
        sides.source.read(extents[0], suspect.id), sides.target.read(extents[1], suspect.id)
    )
    tally = settled.tally
    if source.hidden and target.whole is not None:
        tally.target += 1
        tally.expired += 1
        return
    if source.whole is None and target.whole is None:
        return
    now = _as_read(suspect, source.whole, target.whole)
    tally.seen(*_where(now))
    fields: list[FieldDifference] = []
    if source.whole is not None and target.whole is not None:
        try:
            one = sides.source.form.digest(source.whole)
            other = sides.target.form.digest(target.whole)
        except ValueError as error:
            raise BadAnswer(f"{as_text(suspect.id)} has properties that are {error}") from None
        if one == other:
            tally.same += 1
            if is_as_copied(now.ledger_time, source.whole.time, trusted_before):
                settled.proven.append(Entry(now.id, source.whole.time, one, target.whole.time))
            return
        fields = field_differences(source.whole, target.whole, sides.source.form, sides.target.form)
    if excuse_from_ms is not None and is_excused(now, begun_ms=excuse_from_ms):
        tally.pending += 1
        return
    tally.count(now.kind)
    settled.differing.append(Differing(now, tuple(fields[:MOST_FIELDS])))


def _as_read(suspect: Suspect, source: WholeObject | None, target: WholeObject | None) -> Suspect:
    kind = Kind.DIFFERENT
    if source is None:
        kind = Kind.EXTRA
    elif target is None:
        kind = Kind.MISSING
    return Suspect(
        suspect.id,
        kind,
        None if source is None else source.time,
        None if target is None else target.time,
        suspect.ledger_time,
    )


def _where(suspect: Suspect) -> tuple[bool, bool]:
    """On which sides the object is."""
    return suspect.source_time is not None, suspect.target_time is not None
