"""Rows on their way: transformed, converted, written, read back, noted for the ledger."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from elysiadash.migrate.clocks import settled
from elysiadash.migrate.opened import Desk, on
from elysiadash.migrate.tasks import Failure, Letter, Moved
from elysiadash.scan.ledger import NOT_KNOWN
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.objects import Converted, Lost, Row
from elysiadash.weaviate.objects.outcome import Outcome
from elysiadash.weaviate.objects.referencing import NOT_THERE

_VALUES: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|'[^']*'|\"[^\"]*\"|\d[\d.,e+-]*", re.IGNORECASE
)
_REASON_CHARS: Final = 160
_TWICE: Final = "the transform gave this id to two objects"
NOTHING_STORED: Final = 0
"""The target time of an object that a transform dropped: it is known, and nothing stands for it."""


class Ready(msgspec.Struct, gc=False):
    """Rows of one page, ready to be written."""

    rows: Sequence[Row]
    """Of the source."""
    objects: list[Converted]
    lost: list[Lost]
    origins: dict[str, str]
    dropped: int
    added: int
    trusted_before: int
    transformed: bool = False


async def prepare(desk: Desk, rows: Sequence[Row], trusted_before: int) -> Ready:
    """Transform and convert rows; other lanes go on while a transform is at work."""
    if desk.applying is None:
        objects, lost = desk.converter.convert(rows)
        return Ready(rows, objects, lost, {}, 0, 0, trusted_before)
    applied = await asyncio.to_thread(desk.applying.apply, rows)
    objects, lost = desk.converter.convert(applied.rows)
    counts = Counter(one.id for one in objects)
    twice = [Lost(one.id, _TWICE) for one in objects if counts[one.id] > 1]
    sources = [Lost(applied.origins.get(one.id, one.id), one.reason) for one in [*lost, *twice]]
    return Ready(
        rows,
        [one for one in objects if counts[one.id] == 1],
        [*applied.lost, *sources],
        applied.origins,
        applied.dropped,
        applied.added,
        trusted_before,
        transformed=True,
    )


async def write(desk: Desk, ready: Ready, *, references: bool = False) -> Moved:
    """Write them, and their references where asked; what was not settled is its ``failure``.

    Raises ``Failed`` where nothing is known of any of them.
    """
    started = time.perf_counter()
    try:
        outcome = await desk.writer.write(ready.objects) if ready.objects else Outcome()
        later = Outcome()
        if references and desk.written.references:
            stored = [one for one in ready.objects if one.id in outcome.stored]
            later = await desk.references.write(stored)
    except (WeaviateError, ExceptionGroup) as error:
        raise on("target", error) from None
    times = outcome.stored | later.stored
    moved = _noted(ready, times, [*outcome.refused, *later.refused])
    moved.requests = outcome.requests + later.requests
    unsettled = outcome.unsettled or later.unsettled
    if unsettled:
        cause = outcome.cause or later.cause or "the target did not store it"
        moved.failure = Failure(side="target", kind="unsettled", words=cause, passing=True)
    moved.spent.seconds = time.perf_counter() - started
    return moved


async def write_references(desk: Desk, ready: Ready) -> Moved:
    """Give objects that are there their references. One that is not there was made since its
    range was copied: the next generation brings it with its references."""
    try:
        outcome = await desk.references.write(ready.objects)
    except (WeaviateError, ExceptionGroup) as error:
        raise on("target", error) from None
    refused = [one for one in outcome.refused if one.reason != NOT_THERE]
    ready.lost, ready.dropped, ready.added = [], 0, 0
    moved = _noted(ready, outcome.stored, refused)
    moved.stored = len(outcome.stored)
    moved.requests = outcome.requests
    if outcome.unsettled:
        words = outcome.cause or "the target did not keep references"
        moved.failure = Failure(side="target", kind="unsettled", words=words, passing=True)
    return moved


def _noted(ready: Ready, times: dict[str, int], refused: Sequence[Lost]) -> Moved:
    """Records by source id: of an object that became several, the latest of their times; 0 where
    it became nothing; and none where one of them was refused."""
    lost = [*ready.lost]
    if not ready.transformed:
        bad = {one.id for one in lost} | {one.id for one in refused}
        found = times
        lost += refused
    else:
        origins = ready.origins
        made = {origins.get(one.id, one.id) for one in ready.objects}
        found = {row.id: NOTHING_STORED for row in ready.rows if row.id not in made}
        for identity, moment in times.items():
            source = origins.get(identity, identity)
            found[source] = max(found.get(source, 0), moment)
        lost += [Lost(origins.get(one.id, one.id), one.reason) for one in refused]
        bad = {one.id for one in lost}
    records = bytearray()
    for row in ready.rows:
        known = found.get(row.id)
        if known is None or (bad and row.id in bad):
            continue
        records += UUID(row.id).bytes
        records += settled(row.updated_ms, ready.trusted_before).to_bytes(8, signed=True)
        records += NOT_KNOWN
        records += known.to_bytes(8, signed=True)
    return Moved(
        records=bytes(records),
        origins=_origins(ready, times),
        letters=[_letter(one) for one in lost],
        read=len(ready.rows),
        stored=len(times),
        dropped=ready.dropped,
        added=ready.added,
    )


def _origins(ready: Ready, times: dict[str, int]) -> bytes:
    if not ready.origins:
        return b""
    return b"".join(
        UUID(identity).bytes + UUID(source).bytes
        for identity, source in ready.origins.items()
        if identity in times
    )


def _letter(lost: Lost) -> Letter:
    first = lost.reason.partition("\n")[0]
    return Letter(UUID(lost.id).bytes, _VALUES.sub("…", first)[:_REASON_CHARS], lost.reason)


def joined(into: Moved, more: Moved) -> None:
    """Add what a later page brought; the first failure stays."""
    into.records += more.records
    into.origins += more.origins
    into.letters += more.letters
    into.read += more.read
    into.stored += more.stored
    into.dropped += more.dropped
    into.added += more.added
    into.requests += more.requests
    into.failure = into.failure or more.failure
