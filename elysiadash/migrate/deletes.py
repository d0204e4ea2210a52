"""Replaying deletes without inventing one.

An id that a scan no longer told is only missing. It is deleted in the target when the source was
whole before and after, and every replica says that the object is not there. Many deletes in one
generation, or a part that is suddenly empty, are asked about first. Only ids of the ledger, which
the job wrote itself, are ever deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from elysiadash.jobs import dead_letters, ranges
from elysiadash.jobs.claims import Claimed
from elysiadash.migrate.both_ends import Ends, Undecided
from elysiadash.migrate.checkpoint import Checkpoint, Generation
from elysiadash.migrate.errors import Waits
from elysiadash.migrate.ledgers import COPIED
from elysiadash.migrate.parts import Part
from elysiadash.migrate.piece_files import PieceFiles
from elysiadash.migrate.run import Run
from elysiadash.migrate.to_the_end import to_the_end
from elysiadash.migrate.trying import trying
from elysiadash.scan.ledger import Entry, Gone

T = TypeVar("T")

FEW: Final = 1_000
"""So many deletes in one generation are replayed unasked, or one in ``ONE_IN`` objects."""
ONE_IN: Final = 100
_EMPTIED: Final = 100
_CHUNK: Final = 500
_WITNESSES: Final = 3
_NAMED: Final = 3


def answer_key(number: int) -> str:
    """Where the answer to generation ``number``'s question is looked for in the checkpoint.

    ``yes`` deletes in the target too, ``keep`` leaves the objects there.
    """
    return f"deletes-{number}"


def deleted_in(checkpoint: Checkpoint, number: int) -> int:
    """Deletes that were replayed and belong to no other generation that came to its end."""
    others = [one.deleted for one in checkpoint.generations if one.number != number]
    return checkpoint.deleted - sum(others)


def with_generation(checkpoint: Checkpoint, generation: Generation) -> tuple[Generation, ...]:
    """All generations, this one in its place."""
    others = [one for one in checkpoint.generations if one.number != generation.number]
    return tuple(sorted((*others, generation), key=lambda one: one.number))


async def replay(
    run: Run,
    number: int,
    ends: Ends,
    files: PieceFiles,
    parts: dict[str, Part],
    *,
    patience_s: float,
) -> None:
    """Settle the ids that the scans of a generation, or of one before, no longer saw.

    Raises ``Waits`` before too many are deleted. What was done is in the ledgers and the
    checkpoint before the next piece begins; called again it goes on.
    """
    replaying = _Replaying(run, number, ends, files, parts, patience_s)
    await asyncio.to_thread(replaying.look)
    if not replaying.pieces:
        return
    answer = run.checkpoint.answers.get(answer_key(number))
    if answer == "keep":
        await replaying.keep()
        return
    if answer != "yes":
        question = await replaying.question()
        if question is not None:
            raise Waits(question, key=answer_key(number), choices=("yes", "keep"))
    for piece in replaying.pieces:
        await replaying.settle(piece)


async def settle_letters(
    run: Run, ends: Ends, parts: dict[str, Part], *, patience_s: float
) -> None:
    """Settle the dead letters of objects that are no more: what the source does not have cannot be
    lost. They were never stored, so that no scan misses them."""

    def waiting() -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        with run.work.reading() as read:
            for key, letter in dead_letters.open_ones(read, run.job):
                found.setdefault(key, []).append(letter)
        return found

    for key, letters in (await asyncio.to_thread(waiting)).items():
        if key not in parts:
            continue
        for start in range(0, len(letters), _CHUNK):
            await run.breathe()
            some = letters[start : start + _CHUNK]
            gone, _, _ = await trying(
                run,
                lambda: _verdicts(ends, parts[key], some, ()),  # noqa: B023 - awaited here
                patience_s=patience_s,
            )
            if gone:
                await asyncio.to_thread(_settle, run, key, gone)


def _settle(run: Run, key: str, gone: Sequence[bytes]) -> None:
    with run.work.held() as tx:
        for letter in gone:
            dead_letters.settle(tx, letter, tenant=key)


_Verdicts = tuple[list[bytes], dict[bytes, int], int]
"""Gone for certain; update times of those that are there; how many are unclear."""


class _Replaying:
    """The missing ids of all pieces."""

    def __init__(
        self,
        run: Run,
        number: int,
        ends: Ends,
        files: PieceFiles,
        parts: dict[str, Part],
        patience_s: float,
    ) -> None:
        self.pieces: list[int] = []
        self._run = run
        self._number = number
        self._ends = ends
        self._files = files
        self._parts = parts
        self._patience_s = patience_s
        self._of: dict[int, Part] = {}
        self._scanned: dict[str, int] = {}
        self._witnesses: dict[str, list[bytes]] = {}

    def look(self) -> None:
        """Read which ids are missing, and what the generation saw of their parts."""
        absent = self._files.absent()
        if not absent:
            return
        with self._run.work.reading() as read:
            for row in ranges.of(read, self._run.job, generation=COPIED):
                if row.id in absent and row.tenant in self._parts:
                    self._of[row.id] = self._parts[row.tenant]
            for row in ranges.of(read, self._run.job, generation=self._number):
                scanned = int(row.extra.get("scanned", 0))
                self._scanned[row.tenant] = self._scanned.get(row.tenant, 0) + scanned
                seen = self._witnesses.setdefault(row.tenant, [])
                if "witness" in row.extra and len(seen) < _WITNESSES:
                    seen.append(bytes.fromhex(row.extra["witness"]))
        self.pieces = [piece for piece in absent if piece in self._of]

    async def question(self) -> str | None:
        """What a person has to decide before anything is deleted; None where nothing."""
        missing: dict[str, int] = {}
        for piece in self.pieces:
            ids = await asyncio.to_thread(self._files.absent_ids, piece)
            key = self._of[piece].key
            missing[key] = missing.get(key, 0) + len(ids)
        emptied = [
            key
            for key, count in missing.items()
            if count > _EMPTIED and not self._scanned.get(key, 0)
        ]
        total = sum(missing.values())
        limit = max(FEW, (sum(self._scanned.values()) + total) // ONE_IN)
        if total > limit and await self._more_than(limit):
            why = f"more than {limit:,} of them are deleted on every replica that was asked"
        elif emptied and await self._more_than(0, emptied):
            why = f"nothing is left in the source of {_named(emptied)}"
        else:
            return None
        return (
            f"{total:,} objects of {_named(list(missing))} were copied and are no longer listed in"
            f" the source, and {why}. Say yes to delete those that are deleted there in the target"
            " too, keep to leave them in the target"
        )

    async def keep(self) -> None:
        """Leave everything in the target, as was asked, and say so in the report."""
        count = 0
        for piece in self.pieces:
            count += len(await asyncio.to_thread(self._files.absent_ids, piece))
            await to_the_end(self._files.leave_absent, piece)
        text = (
            f"{count:,} objects that the source no longer lists were left in the target,"
            f" as was asked in generation {self._number}"
        )
        await self._run.save(notes=(*self._run.checkpoint.notes, text))
        await self._run.note("deletes", text, severity="warning")

    async def settle(self, piece: int) -> None:
        """Delete in the target what is deleted in the source, and copy what is there after all."""
        part = self._of[piece]
        changes: list[Entry | Gone] = []
        undecided = 0
        ids = await asyncio.to_thread(self._files.absent_ids, piece)
        for start in range(0, len(ids), _CHUNK):
            await self._run.breathe()
            done, unclear = await self._settle_some(part, piece, ids[start : start + _CHUNK])
            changes += done
            undecided += unclear
        deleted = sum(isinstance(one, Gone) for one in changes)
        await self._count(piece, changes, deleted)
        if undecided:
            await self._run.note(
                "deletes",
                f"{undecided:,} objects of {part.key} are deleted on one replica of the source and"
                " not on another, and nobody decides it: they stay in the target",
                severity="warning",
            )

    async def _settle_some(
        self, part: Part, piece: int, keys: list[bytes]
    ) -> tuple[list[Entry | Gone], int]:
        """What became of some missing ids, in their order, and how many are unclear."""
        gone, there, unclear = await self._try(part, keys)
        again = await asyncio.to_thread(self._changed, piece, there)
        await self._patiently(lambda: self._ends.delete(part, gone))
        stored: list[Entry] = []
        if again:
            stored = await self._patiently(lambda: self._ends.copy(part, again))
        changes: list[Entry | Gone] = [*(Gone(key) for key in gone), *stored]
        return sorted(changes, key=lambda one: one[0]), unclear

    async def _patiently(self, do: Callable[[], Awaitable[T]]) -> T:
        return await trying(self._run, do, patience_s=self._patience_s)

    async def _try(self, part: Part, keys: list[bytes]) -> _Verdicts:
        witnesses = self._witnesses.get(part.key, ())
        return await self._patiently(lambda: _verdicts(self._ends, part, keys, witnesses))

    async def _more_than(self, limit: int, only: Sequence[str] | None = None) -> bool:
        """Whether more than ``limit`` of the missing are gone for certain; nothing is deleted."""
        found = 0
        for piece in self.pieces:
            part = self._of[piece]
            if only is not None and part.key not in only:
                continue
            ids = await asyncio.to_thread(self._files.absent_ids, piece)
            for start in range(0, len(ids), _CHUNK):
                await self._run.breathe()
                gone, _, _ = await self._try(part, ids[start : start + _CHUNK])
                found += len(gone)
                if found > limit:
                    return True
        return False

    def _changed(self, piece: int, there: dict[bytes, int]) -> list[bytes]:
        """Of objects that are there, those that the ledger knows in another state."""
        if not there:
            return []
        with self._files.ledger(piece) as ledger:
            known = {key: ledger.get(key) for key in there}
        return sorted(
            key
            for key, updated in there.items()
            if (entry := known[key]) is None or entry.time != updated
        )

    async def _count(self, piece: int, changes: list[Entry | Gone], deleted: int) -> None:
        """Bring it into the ledger, counted in the same transaction."""
        run = self._run
        run.checkpoint = msgspec.structs.replace(
            run.checkpoint, deleted=run.checkpoint.deleted + deleted
        )

        def also(tx: Claimed) -> None:
            run.keep(tx)

        await to_the_end(self._files.settle_absent, piece, changes, also)


async def _verdicts(
    ends: Ends, part: Part, keys: Sequence[bytes], witnesses: Sequence[bytes]
) -> _Verdicts:
    """Which are gone for certain; update times of those that are there; how many are unclear.

    The source is whole before and after, else none of it counts.
    """
    await ends.vouch(part, witnesses)
    gone: list[bytes] = []
    there: dict[bytes, int] = {}
    unclear = 0
    answers = await asyncio.gather(*(ends.ask(part, key) for key in keys), return_exceptions=True)
    for key, answer in zip(keys, answers, strict=True):
        if isinstance(answer, Undecided):
            unclear += 1
        elif isinstance(answer, BaseException):
            raise answer
        elif answer is None:
            gone.append(key)
        else:
            there[key] = answer
    await ends.vouch(part, witnesses)
    return gone, there, unclear


def _named(keys: Sequence[Any]) -> str:
    """Some names, and how many more."""
    more = len(keys) - _NAMED
    return ", ".join(keys[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
