"""The two ends of a part whose objects go through a transform, as a generation needs them.

Ids here are the source's; what stands for an object in the target is in ``origins``. Objects that
were copied again and no longer make a part have that part deleted, and an object that is gone
from the source takes along all that it made.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from uuid import UUID

from elysiadash.jobs import ranges
from elysiadash.migrate import ids, ledgers, origins
from elysiadash.migrate.both_ends import Live
from elysiadash.migrate.ids import Copied
from elysiadash.migrate.ledgers import COPIED
from elysiadash.migrate.origins import Origins, Pair, TwoSources
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.scan.ledger import Entry, Ledger

CopyWithPairs = Callable[[Run, Part, Sequence[bytes]], Awaitable[Copied]]
_TRIES = 5


class TransformedEnds(Live):
    """See ``both_ends.Live``."""

    def __init__(
        self, run: Run, *, final: bool = False, copy: CopyWithPairs = ids.copy_with_pairs
    ) -> None:
        super().__init__(run, ids.copy_ids, final=final)
        self._copy = copy
        self._turns: dict[str, asyncio.Lock] = {}

    async def copy(self, part: Part, keys: Sequence[bytes]) -> list[Entry]:
        """See ``Ends``; what these objects made before and no longer make is deleted."""
        before = await asyncio.to_thread(self._entries, part, keys)
        copied = await self._copy(self._run, part, keys)
        after = {entry.id: entry for entry in copied.entries}
        # Pieces of a part go on side by side, and share its one file of origins.
        async with self._turn(part):
            gone = await asyncio.to_thread(self._no_longer_made, part, before, after, copied.pairs)
            await super().delete(part, gone)
            await asyncio.to_thread(
                origins.replace, self._run.work, part, list(after), copied.pairs, 1
            )
        return sorted(copied.entries)

    async def delete(self, part: Part, keys: Sequence[bytes]) -> None:
        """See ``Ends``: all that these objects of the source made."""
        known = await asyncio.to_thread(self._entries, part, keys)
        async with self._turn(part):
            targets = await asyncio.to_thread(self._made_of, part, known)
            await super().delete(part, targets)
            await asyncio.to_thread(origins.replace, self._run.work, part, list(keys), [], 1)

    async def stored(self, part: Part, keys: Sequence[bytes]) -> list[Entry]:
        """See ``Ends``; what stands there under a new id may be another object's."""
        found = await super().stored(part, keys)
        return await asyncio.to_thread(self._own, part, found)

    def _turn(self, part: Part) -> asyncio.Lock:
        return self._turns.setdefault(part.key, asyncio.Lock())

    def _no_longer_made(
        self,
        part: Part,
        before: Mapping[bytes, Entry | None],
        after: Mapping[bytes, Entry],
        pairs: Sequence[Pair],
    ) -> list[bytes]:
        with Origins.of(self._run.work, part) as known:
            self._refuse_taken(part, known, after, pairs)
            gone = origins.no_longer_made(known, before, after, pairs)
            recorded = {source for _, source in pairs}
            # Objects of this batch that became themselves, whoever had their id before.
            own = {one.id for one in after.values() if one.target_time} - recorded
            return [key for key in gone if key not in own and self._is_of(known, key, after)]

    def _is_of(self, known: Origins, target: bytes, sources: Mapping[bytes, object]) -> bool:
        """Whether nobody else has made the object under this id since."""
        source = known.get(target)
        return source is None or source in sources

    def _refuse_taken(
        self, part: Part, known: Origins, after: Mapping[bytes, Entry], pairs: Sequence[Pair]
    ) -> None:
        """Raise ``TwoSources`` where an object took the id of another that has kept it."""
        foreign = {target: source for target, source in pairs if target != source}
        if not foreign:
            return
        renamed = {source for _, source in pairs} | set(known.of_sources(foreign))
        entries = self._entries(part, list(foreign))
        for target, source in foreign.items():
            entry = after.get(target) or entries.get(target)
            if entry is not None and entry.target_time and target not in renamed:
                raise TwoSources(
                    f"the transform made {UUID(bytes=target)} of {UUID(bytes=source)}, and "
                    f"{UUID(bytes=target)} of the source is there under its own id: one has "
                    "overwritten the other in the target. Give them ids that differ, and begin a "
                    "new job"
                )

    def _made_of(self, part: Part, known: Mapping[bytes, Entry | None]) -> list[bytes]:
        with Origins.of(self._run.work, part) as recorded:
            made = origins.targets_of(recorded, known)
            targets = {target for some in made.values() for target in some}
            return sorted(key for key in targets if self._is_of(recorded, key, known))

    def _own(self, part: Part, found: Iterable[Entry]) -> list[Entry]:
        with Origins.of(self._run.work, part) as known:
            return [one for one in found if known.get(one.id) in (None, one.id)]

    def _entries(self, part: Part, keys: Sequence[bytes]) -> dict[bytes, Entry | None]:
        """The ledger's entries of some ids. Another piece's ledger may be replaced meanwhile."""
        for left in reversed(range(_TRIES)):
            try:
                return self._entries_now(part, keys)
            except FileNotFoundError:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _entries_now(self, part: Part, keys: Sequence[bytes]) -> dict[bytes, Entry | None]:
        work = self._run.work
        with work.reading() as read:
            files = ledgers.committed(read, work.claim.job)
            pieces = ranges.of(read, work.claim.job, generation=COPIED, tenant=part.key)
        found: dict[bytes, Entry | None] = dict.fromkeys(keys)
        for piece in pieces:
            mine = [key for key in keys if piece.lower <= key <= piece.upper]
            if mine and piece.id in files:
                with Ledger(work.folder() / files[piece.id][1]) as ledger:
                    found |= {key: ledger.get(key) for key in mine}
        return found
