"""Catching up without a change feed: a scan of ids and times, merged with the ledger.

A generation goes through all pieces of all parts, several side by side. What is new, was changed
or was read too close to a change is copied again; what is missing is only noted, and settled by
``deletes`` once all was scanned. Each step is durable before the next: after a crash, what was
stored is in the ledger, a piece that was half done is scanned again, and nothing is copied twice
that was noted as stored.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from elysiadash.jobs import outcomes, ranges
from elysiadash.jobs.ranges import KeyRange, RangeState
from elysiadash.migrate import deletes, ids
from elysiadash.migrate.both_ends import CopyIds, Ends, Live, shards_of
from elysiadash.migrate.checkpoint import Generation
from elysiadash.migrate.errors import SourceChanged
from elysiadash.migrate.ledgers import COPIED
from elysiadash.migrate.parts import Part
from elysiadash.migrate.piece_files import PieceFiles
from elysiadash.migrate.run import Run
from elysiadash.migrate.to_the_end import to_the_end
from elysiadash.migrate.transformed_ends import TransformedEnds
from elysiadash.migrate.trying import trying
from elysiadash.scan.ledger import Entry
from elysiadash.scan.rows import IdTime

_SLOTS: Final = 4
_BATCH: Final = 2_000
_BREATH_S: Final = 1.0
_PARTS_AT_ONCE: Final = 500


async def catch_up(
    run: Run,
    number: int,
    *,
    final: bool = False,
    copy_ids: CopyIds | None = None,
    ends: Ends | None = None,
) -> Generation:
    """Go through generation ``number`` (1 and up): copy what changed, replay deletes.

    Called again with the same number after a crash it goes on, and pieces that were scanned then
    are not scanned again; a part without a ledger is new, and all of it is copied. ``final``: the
    source is frozen, so what two nodes tell must agree, and what was scanned under an earlier
    freeze does not count: the generation gets a higher number then.
    Raises ``Waits`` before too many deletes, ``SourceChanged``, ``Interrupted``; ``ScanFailed``
    or a ``WeaviateError`` where asking again did not help. The generation is in the checkpoint.
    """
    if number <= COPIED:
        raise ValueError("generation 0 is the copy itself")
    started = time.monotonic()
    if ends is None:
        await know_shards(run)
        ends = _ends_of(run, copy_ids or ids.copy_ids, final=final)
    frozen = run.checkpoint.frozen
    since = frozen.since if final and frozen is not None else None
    if since is not None:
        number = await asyncio.to_thread(_of_this_freeze, run, number, since)
    files = await to_the_end(PieceFiles, run.work)
    catching = _CatchingUp(
        run, number, ends, files, patience_s=15.0 if final else 600.0, extra={"frozen": since}
    )
    await catching.scan_all()
    await deletes.replay(
        run, number, ends, catching.files, catching.parts, patience_s=catching.patience_s
    )
    await deletes.settle_letters(run, ends, catching.parts, patience_s=catching.patience_s)
    seen = await asyncio.to_thread(catching.counts)
    generation = Generation(
        number=number,
        seconds=time.monotonic() - started,
        scanned=seen["scanned"],
        changed=seen["changed"],
        deleted=deletes.deleted_in(run.checkpoint, number),
    )
    await run.save(generations=deletes.with_generation(run.checkpoint, generation))
    return generation


def worth_another(generations: Sequence[Generation]) -> bool:
    """Whether a further generation will find fewer changes: each shrank, the last found some."""
    if not generations:
        return True
    work = [one.changed + one.deleted for one in generations]
    if not work[-1]:
        return False
    return len(work) == 1 or work[-1] < work[-2]


class Merge:
    """Rows of a scan against the entries of a ledger, both in order of their ids.

    After the scan's end, ``rest`` gives what lies behind its last row. ``gone`` is what the
    ledger knows and the scan did not tell, packed; it counts once the scan was vouched for.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.gone = bytearray()
        self.scanned = 0
        self.new: set[bytes] = set()
        """Of what ``take`` gave since it was last emptied: ids that the ledger does not know."""
        self.witness: bytes | None = None
        """An id that is there, as the scan and the ledger agree."""
        self._entries: Iterator[Entry] = iter(entries)
        self._next = next(self._entries, None)

    def take(self, rows: Sequence[IdTime]) -> list[bytes]:
        """Ids of a page that have to be copied, in order."""
        wanted: list[bytes] = []
        entry, gone = self._next, self.gone
        for key, updated in rows:
            while entry is not None and entry[0] < key:
                gone += entry[0]
                entry = next(self._entries, None)
            if entry is None or entry[0] != key:
                wanted.append(key)
                self.new.add(key)
                continue
            # Also where the ledger has 0, for what was read too close to a change.
            if entry[1] != updated:
                wanted.append(key)
            entry = next(self._entries, None)
        self._next = entry
        self.scanned += len(rows)
        if rows:
            self.witness = rows[-1][0]
        return wanted

    def rest(self) -> None:
        """The scan is at its end: whatever entries are left were not in it."""
        if self._next is not None:
            self.gone += self._next[0]
            self._next = None
        for entry in self._entries:
            self.gone += entry[0]


class _CatchingUp:
    """One generation."""

    def __init__(
        self,
        run: Run,
        number: int,
        ends: Ends,
        files: PieceFiles,
        *,
        patience_s: float,
        extra: dict[str, Any],
    ) -> None:
        self.files = files
        self.parts = {part.key: part for part in run.parts}
        self._run = run
        self._number = number
        self._ends = ends
        self.patience_s = patience_s
        self._extra = extra
        self._pieces: dict[tuple[str, bytes], int] = {}
        self._failed: BaseException | None = None
        self._breathed = time.monotonic()

    async def scan_all(self) -> None:
        """Scan every piece that the generation has not done yet."""
        await to_the_end(self._plan)
        slots = [asyncio.ensure_future(self._work_in(slot)) for slot in range(_SLOTS)]
        # Nobody is cancelled in the middle of a write: each comes to a stop by itself.
        await asyncio.gather(*slots, return_exceptions=True)
        if self._failed is not None:
            raise self._failed

    def counts(self) -> dict[str, int]:
        """What the generation has seen so far, also before a crash."""
        total = {"scanned": 0, "changed": 0}
        with self._run.work.reading() as read:
            for row in ranges.of(read, self._run.job, generation=self._number):
                for name in total:
                    total[name] += int(row.extra.get(name, 0))
        return total

    def _plan(self) -> None:
        """A row for each piece of each part; a part that is new gets its first piece."""
        work, job = self._run.work, self._run.job
        with work.reading() as read:
            copied = ranges.of(read, job, generation=COPIED)
            planned = {one.tenant for one in ranges.of(read, job, generation=self._number)}
        known = {one.tenant for one in copied}
        new = [key for key in self.parts if key not in known]
        for key in new:
            self.files.begin_part(key)
        if new:
            with work.reading() as read:
                copied = ranges.of(read, job, generation=COPIED)
        intervals: dict[str, list[tuple[bytes, bytes]]] = {}
        for one in copied:
            if one.tenant not in self.parts:
                continue
            if one.state is not RangeState.DONE or not self.files.has(one.id):
                raise ValueError(f"{one.tenant} is not copied yet, so it cannot be caught up with")
            self._pieces[one.tenant, one.lower] = one.id
            intervals.setdefault(one.tenant, []).append(one.interval)
        missing = [key for key in self.parts if key not in planned]
        if missing:
            with work.held() as tx:
                outcomes.expect(tx, sum(one.objects for one in copied if one.tenant in self.parts))
        for start in range(0, len(missing), _PARTS_AT_ONCE):
            with work.held() as tx:
                for key in missing[start : start + _PARTS_AT_ONCE]:
                    ranges.add(tx, job, intervals[key], generation=self._number, tenant=key)

    async def _work_in(self, slot: int) -> None:
        while self._failed is None:
            try:
                piece = await to_the_end(self._take, slot)
                if piece is None:
                    return
                await trying(
                    self._run,
                    lambda: self._go_through(piece),  # noqa: B023 - awaited here
                    patience_s=self.patience_s,
                    stopped=lambda: self._failed is not None,
                )
            except BaseException as error:
                self._failed = self._failed or error
                if isinstance(error, asyncio.CancelledError):
                    raise
                return

    def _take(self, slot: int) -> KeyRange | None:
        with self._run.work.held() as tx:
            return ranges.take(tx, slot, generation=self._number)

    async def _go_through(self, piece: KeyRange) -> None:
        """Scan a piece, copy what it lacks, and make its next ledger count."""
        of = self._pieces[piece.tenant, piece.lower]
        part = self.parts[piece.tenant]
        await to_the_end(self.files.put_in_order, of)
        changed = 0
        with self.files.ledger(of) as ledger, self.files.changing(of) as changing:
            merge = Merge(ledger)
            pending: list[bytes] = []

            async def copy(ids: list[bytes]) -> int:
                new = [key for key in ids if key in merge.new]
                await to_the_end(changing.intend, new)
                entries = await self._copied(part, ids, new)
                await to_the_end(changing.store, entries)
                merge.new.difference_update(ids)
                return len(entries)

            async for page in self._ends.scan(part, piece.lower, piece.upper):
                pending += merge.take(page)
                while len(pending) >= _BATCH:
                    ids, pending = pending[:_BATCH], pending[_BATCH:]
                    changed += await copy(ids)
                    await self._breathe()
                await self._breathe()
            merge.rest()
            if pending:
                changed += await copy(pending)
        counts = {**self._extra, "scanned": merge.scanned, "changed": changed}
        if merge.witness is not None:
            counts["witness"] = merge.witness.hex()
        await to_the_end(self.files.finish, piece, of, bytes(merge.gone), counts)

    async def _copied(self, part: Part, ids: list[bytes], new: list[bytes]) -> list[Entry]:
        """Copy ids; the entries of all that are stored, also where nobody said so of a new one."""
        entries = await self._ends.copy(part, ids)
        told = {entry.id for entry in entries}
        if not told <= set(ids):
            raise ValueError("objects were copied that nobody asked for")
        untold = [key for key in new if key not in told]
        if untold:
            entries = sorted([*entries, *await self._ends.stored(part, untold)])
        return entries

    async def _breathe(self) -> None:
        if self._failed is not None:
            raise _Stopped
        now = time.monotonic()
        if now - self._breathed >= _BREATH_S:
            self._breathed = now
            await self._run.breathe()


class _Stopped(Exception):
    """Another piece failed; this one is left where it stands."""


def _of_this_freeze(run: Run, number: int, since: float) -> int:
    """The first number from there on of which nothing was scanned before this freeze."""
    with run.work.reading() as read:
        while any(
            row.state is RangeState.DONE and row.extra.get("frozen") != since
            for row in ranges.of(read, run.job, generation=number)
        ):
            number += 1
    return number


def _ends_of(run: Run, copy_ids: CopyIds, *, final: bool) -> Ends:
    """The two clusters; with a transform ids of the source stand for others in the target."""
    if run.transform is None:
        return Live(run, copy_ids, final=final)
    return TransformedEnds(run, final=final)


async def know_shards(run: Run) -> None:
    """Note which shards the collections have, so that one that is made anew, or that another
    cluster has at the same address, is not taken for it. Raises ``SourceChanged`` (promise P6)."""
    known = dict(run.checkpoint.shards)
    found = {}
    for name in sorted({part.collection for part in run.parts if not part.tenant}):
        shards = await shards_of(run, name)
        if shards is None:
            continue
        if known.get(name, shards) != shards:
            raise SourceChanged(
                f"{name} of the source is not the one the job began with: it was deleted and made "
                "anew, or another cluster answers at the source's address. Nothing is deleted in "
                "the target; bring the old one back and resume, or begin a new job"
            )
        found[name] = shards
    if found.keys() - known:
        await run.save(shards=tuple(sorted((known | found).items())))
