"""One range of a part, proven: both sides are read and compared, beside what was copied."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from elysiadash.migrate.clocks import Clocks
from elysiadash.migrate.pacing import Pacing
from elysiadash.migrate.verify import packed
from elysiadash.migrate.verify.judging import Row, Suspect, Tally, judged, judged_again
from elysiadash.migrate.verify.packed import Packed
from elysiadash.migrate.verify.settling import Differing, settle
from elysiadash.migrate.verify.sides import Sides
from elysiadash.migrate.verify.transformed import Expected, ExpectedSide
from elysiadash.scan.extent import Extent
from elysiadash.scan.ledger import Entry, Ledger, updated

MOST_SINGLES = 2_000
"""Objects of a range that are read one by one; more, and the whole range is read."""

Judge = Callable[
    [Iterable[Row], Iterable[Row], Iterable[Entry], Tally, Callable[[Suspect], None]],
    Iterator[Entry],
]


class Paces(NamedTuple):
    """How fast each side is read."""

    source: Pacing
    target: Pacing


class Outcome(NamedTuple):
    """What a range's proof found."""

    tally: Tally
    differing: list[Differing]
    entries: Iterable[Entry]
    """The range's next ledger."""
    unchanged: bool
    """The next ledger would be the present one."""


class Piece(NamedTuple):
    """A range to prove, with the ledger of its copy."""

    sides: Sides
    tenant: str
    lower: bytes
    upper: bytes
    ledger: Path
    paces: Paces
    excuse_from_ms: float | None
    """See ``settle``; None: nothing is excused."""
    clocks: Clocks
    """The source's."""
    expected: Expected | None = None
    """What a transform makes of the source; None without one."""
    times: Callable[[Mapping[bytes, bytes | None]], dict[bytes, int]] = lambda made_of: {}
    """The source's times that were copied, by target id: see ``times_copied``."""

    @property
    def extents(self) -> tuple[Extent, Extent]:
        """The range in the source and in the target."""
        return (
            self.sides.source.extent(self.tenant, self.lower, self.upper),
            self.sides.target.extent(self.tenant, self.lower, self.upper),
        )


async def prove_whole(piece: Piece) -> Outcome:
    """Read every object of a range on both sides, and compare their digests.

    Raises what the scans raise, and ``DamagedLedger``.
    """
    (one, other), sides, paces = piece.extents, piece.sides, piece.paces
    trusted = await piece.clocks.trusted_before()
    source, target = packed.digests(), packed.digests()
    await _together(
        _collect(sides.source.digests(one, paces.source).pages(), source),
        _collect(sides.target.digests(other, paces.target).pages(), target),
    )
    judge = partial(judged, trusted_before=trusted)
    outcome = await _outcome(piece, judge, source, target, trusted)
    assert outcome is not None  # noqa: S101 - no limit was given
    return outcome


async def prove_what_changed(piece: Piece) -> Outcome:
    """Read ids and times of a range on both sides, and objects only where either side changed
    since it was proven, or was never proven.

    Raises what the scans raise, and ``DamagedLedger``.
    """
    (one, other), sides, paces = piece.extents, piece.sides, piece.paces
    trusted = await piece.clocks.trusted_before()
    source, target = packed.ids(), packed.ids()
    await _together(
        _collect(sides.source.ids(one, paces.source).pages(), source),
        _collect(sides.target.ids(other, paces.target).pages(), target),
    )
    outcome = await _outcome(piece, judged_again, source, target, trusted, most=MOST_SINGLES)
    return outcome or await prove_whole(piece)


async def prove_transformed(piece: Piece) -> Outcome:
    """Compare every object of a range of the target with what the transform makes of the source.

    Raises what the scans raise.
    """
    expected, sides = piece.expected, piece.sides
    assert expected is not None  # noqa: S101 - chosen only with a transform
    extents, target = piece.extents, packed.digests()
    source, origins = await asyncio.to_thread(expected.rows, piece.lower)
    await _collect(sides.target.digests(extents[1], piece.paces.target).pages(), target)
    tally, suspects = Tally(), list[Suspect]()

    def look() -> None:
        for _ in judged(source, target, (), tally, suspects.append):
            pass

    await asyncio.to_thread(look)
    made_of = {one.id: origins.get(one.id) for one in suspects}
    times = await asyncio.to_thread(piece.times, made_of)
    known = [one._replace(ledger_time=times.get(one.id)) for one in suspects]
    settled = await settle(
        Sides(ExpectedSide(expected, origins), sides.target),
        extents,
        known,
        excuse_from_ms=piece.excuse_from_ms,
        breathe=partial(piece.paces.source, 0),
    )
    tally.add(settled.tally)
    differing = [one._replace(made_of=origins.get(one.suspect.id)) for one in settled.differing]
    return Outcome(tally, differing, (), unchanged=True)


async def _outcome(
    piece: Piece,
    judge: Judge,
    source: Iterable[Row],
    target: Iterable[Row],
    trusted_before: int,
    *,
    most: int | None = None,
) -> Outcome | None:
    """The outcome; None where there are more suspects than ``most``."""
    tally, suspects, entries = Tally(), list[Suspect](), packed.entries()

    def look() -> None:
        with Ledger(piece.ledger) as known:
            known.verify()
            entries.extend(judge(source, target, known, tally, suspects.append))

    await asyncio.to_thread(look)
    if most is not None and len(suspects) > most:
        return None
    settled = await settle(
        piece.sides,
        piece.extents,
        suspects,
        excuse_from_ms=piece.excuse_from_ms,
        breathe=partial(piece.paces.source, 0),
        trusted_before=trusted_before,
    )
    tally.add(settled.tally)
    return Outcome(
        tally,
        settled.differing,
        updated(entries, settled.proven),
        unchanged=judge is judged_again and not suspects,
    )


async def _collect(pages: AsyncIterator[Sequence[Row]], rows: Packed[Any]) -> None:
    async for page in pages:
        rows.extend(page)


async def _together(*reading: Any) -> None:
    """Both sides at the same time; where one fails the other is ended."""
    tasks = [asyncio.ensure_future(one) for one in reading]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
