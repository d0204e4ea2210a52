"""Whether all replicas of the source tell the same, so that nothing is missed that one lacks.

A scan sees one replica of each shard. So ids and times are scanned through each node that holds
replicas, side by side; what differs also when asked again is settled by a read of all replicas,
which brings to each what it lacks (or has to forget). A union would bring deleted objects back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import msgspec

from elysiadash.jobs import ranges
from elysiadash.jobs.keyspace import FIRST, LAST, Interval
from elysiadash.migrate.both_ends import Live, Undecided, expires
from elysiadash.migrate.errors import NotFrozen, Waits
from elysiadash.migrate.ledgers import COPIED
from elysiadash.migrate.pacing import Pacing
from elysiadash.migrate.parts import Part
from elysiadash.migrate.replica_reads import ANSWER, Replication, objection
from elysiadash.migrate.run import Run
from elysiadash.migrate.trying import trying
from elysiadash.scan import keys
from elysiadash.scan.asking import ids_page
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.errors import CoordinatorsDisagree
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.ledger import Entry
from elysiadash.scan.rows import IdTime
from elysiadash.weaviate.errors import Forbidden, NotFound, NotSupported

DIFFERENT: Final = "replicas-differ"
"""The key of the answer to objects that stay different: ``accept``, or ``again``."""
_LOOKS_S: Final = (0.2, 0.5, 1.0, 2.0)
"""Pauses before what differs is asked for again: a write reaches all replicas, or it does not."""
_AT_ONCE: Final = 8
_NAMED: Final = 20
_PATIENCE_S: Final = 600.0


class Agreement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the replicas told."""

    parts: int = 0
    """Parts with more than one replica that were compared."""
    objects: int = 0
    """Rows that all of their nodes told alike."""
    disagreed: int = 0
    """Objects on which they did not, also when asked again."""
    settled: int = 0
    """Of these: all tell the same since all replicas were read."""
    unsettled: tuple[str, ...] = ()
    """The first of those that still differ, as ``Doc/tenant id``."""
    not_checked: tuple[str, ...] = ()
    """In words: replicas that could not be asked one by one."""

    @property
    def agrees(self) -> bool:
        """Whether nothing is known to differ."""
        return self.disagreed == self.settled


async def agree(run: Run, *, repair: bool = True, patience_s: float = _PATIENCE_S) -> Agreement:
    """Compare the replicas of all parts, and settle what differs.

    ``repair=False``: only compare. What was not checked is added to the checkpoint's notes.
    Raises ``Waits`` where a person has to allow reads that repair, or has to accept that some
    objects still differ; then that is in the notes too.
    """
    checking = _Checking(run, repair=repair, patience_s=patience_s)
    found = Agreement()
    for part in run.parts:
        await run.breathe()
        found = await checking.part(part, found)
    await _add_notes(run, found.not_checked)
    if repair and not found.agrees:
        text = (
            f"{found.disagreed - found.settled:,} objects differ between replicas of the source,"
            f" such as {found.unsettled[0]}"
        )
        if run.checkpoint.answers.get(DIFFERENT) != "accept":
            raise Waits(
                f"{text}, and reading all replicas did not settle it (or the source's profile is"
                " read-only: then set write = true). Which state is copied would be chance. Repair"
                " them and resume, or say accept to go on as they are",
                key=DIFFERENT,
                choices=("accept", "again"),
            )
        await _add_notes(run, (text,))
    return found


async def hold_together(run: Run, *, patience_s: float = 15.0) -> None:
    """Under a freeze: all replicas tell the same, so that one scan sees what all hold.

    Only compares, since what is frozen cannot be repaired. Raises ``NotFrozen`` where they
    differ: thaw, wait and try again. What was accepted before is accepted here.
    """
    found = await agree(run, repair=False, patience_s=patience_s)
    if not found.agrees and run.checkpoint.answers.get(DIFFERENT) != "accept":
        raise NotFrozen(
            f"{found.disagreed:,} objects differ between replicas of the source under the freeze,"
            f" such as {found.unsettled[0]}"
        )


async def _add_notes(run: Run, notes: Sequence[str]) -> None:
    known = run.checkpoint.notes
    new = tuple(note for note in notes if note not in known)
    if new:
        await run.save(notes=(*known, *new))


class SideBySide:
    """Streams of rows of several nodes, compared as their pages come; memory holds some pages.

    ``differing`` gives the ids on which they are not one, ``same`` counts the rows that are.
    """

    def __init__(self, streams: Mapping[str, AsyncIterator[list[IdTime]]]) -> None:
        self.same = 0
        self._streams = dict(streams)
        self._rows: dict[str, list[IdTime]] = {name: [] for name in streams}
        self._ended: set[str] = set()

    async def differing(self) -> AsyncIterator[list[bytes]]:
        """Ids in order, some at a time."""
        while True:
            wanted = [
                name for name, rows in self._rows.items() if not rows and name not in self._ended
            ]
            await asyncio.gather(*(self._fetch(name) for name in wanted))
            going = [name for name in self._rows if name not in self._ended]
            if any(not self._rows[name] for name in going):
                continue
            upto = min((self._rows[name][-1].id for name in going), default=LAST)
            if found := self._compare(upto):
                yield found
            if not going:
                return

    async def _fetch(self, name: str) -> None:
        try:
            self._rows[name] = list(await anext(self._streams[name]))
        except StopAsyncIteration:
            self._ended.add(name)

    def _compare(self, upto: bytes) -> list[bytes]:
        """Compare and drop the rows up to an id up to which all streams are known."""
        taken = []
        for name, rows in self._rows.items():
            if rows and rows[-1].id <= upto:
                taken.append(rows)
                self._rows[name] = []
            else:
                count = sum(1 for row in rows if row.id <= upto)
                taken.append(rows[:count])
                self._rows[name] = rows[count:]
        if all(rows == taken[0] for rows in taken):
            self.same += len(taken[0])
            return []
        sets = [set(rows) for rows in taken]
        common = set.intersection(*sets)
        self.same += len(common)
        return sorted({row.id for rows in sets for row in rows - common})


class _Checking:
    def __init__(self, run: Run, *, repair: bool, patience_s: float) -> None:
        self._run = run
        self._repair = repair
        self._patience_s = patience_s
        self._replication = Replication(run)
        self._pace = Pacing(run)
        self._live = Live(run, _copies_nothing)
        self._coordinators: dict[str, Coordinator] | None = None

    async def part(self, part: Part, found: Agreement) -> Agreement:
        """One part's replicas."""
        if not await self._replication.several(part.collection):
            return found
        if self._coordinators is None:
            self._coordinators = await self._run.source.coordinators()
        holders = await self._holders(part)
        asked = {name: one for name, one in self._coordinators.items() if name in holders}
        unasked = sorted(holders - set(asked))
        if unasked or len(asked) < 2:
            where = ", ".join(unasked) or "all nodes"
            note = (
                f"replicas of {part.collection} on {where} were not compared: the profile has no"
                " address for each of these nodes"
            )
            if note not in found.not_checked:
                found = msgspec.structs.replace(found, not_checked=(*found.not_checked, note))
        if len(asked) < 2:
            return found
        found = msgspec.structs.replace(found, parts=found.parts + 1)
        for interval in await asyncio.to_thread(self._intervals, part):
            await self._run.breathe()
            same, suspects = await trying(
                self._run,
                lambda: self._scanned(part, interval, asked),  # noqa: B023 - awaited here
                patience_s=self._patience_s,
            )
            found = msgspec.structs.replace(found, objects=found.objects + same)
            if suspects:
                found = await self._settle(part, asked, suspects, found)
        return found

    async def _holders(self, part: Part) -> set[str]:
        """The nodes that hold replicas of a part; all that are expected, where nobody tells."""
        try:
            state = await self._run.source.client.sharding_state(part.collection)
        except (NotSupported, NotFound, Forbidden):
            return set(await self._run.source.names())
        shards = [
            shard for shard in state.shards or () if not part.tenant or shard.shard == part.tenant
        ]
        found = {name for shard in shards for name in shard.replicas or ()}
        return found or set(await self._run.source.names())

    def _intervals(self, part: Part) -> Sequence[Interval]:
        with self._run.work.reading() as read:
            rows = ranges.of(read, self._run.job, generation=COPIED, tenant=part.key)
        return [row.interval for row in rows] or [(FIRST, LAST)]

    async def _scanned(
        self, part: Part, interval: Interval, asked: Mapping[str, Coordinator]
    ) -> tuple[int, list[bytes]]:
        """Rows that are the same through all nodes, and ids that are not."""
        doubted: set[bytes] = set()

        async def note(disagreement: CoordinatorsDisagree) -> bool:
            doubted.update(disagreement.ids)
            return False

        extent = self._extent(part, *interval)
        streams = {
            name: IdTimeScan(
                node, extent, owners=self._live.owners, settle=note, pace=self._pace,
                max_message=self._run.source.meta.grpc_max_message_size,
            ).pages()
            for name, node in asked.items()
        }  # fmt: skip
        both = SideBySide(streams)
        async for differing in both.differing():
            doubted.update(differing)
            await self._run.breathe()
        return both.same, sorted(doubted)

    async def _settle(
        self, part: Part, asked: Mapping[str, Coordinator], suspects: list[bytes], found: Agreement
    ) -> Agreement:
        """Ask for what differs until all nodes agree, and then all replicas together."""
        left = await self._still_differ(part, asked, suspects)
        if not left:
            return found
        disagreed = len(left)
        if self._repair and await self._may_repair(part):
            for start in range(0, len(left), _AT_ONCE):
                chunk = left[start : start + _AT_ONCE]
                answers = await asyncio.gather(
                    *(self._live.ask(part, key) for key in chunk), return_exceptions=True
                )
                for answer in answers:
                    if isinstance(answer, BaseException) and not isinstance(answer, Undecided):
                        raise answer
                await self._run.breathe()
            left = await self._still_differ(part, asked, left)
        named = [f"{part.key} {keys.as_text(key)}" for key in left]
        await self._run.note(
            "replicas",
            f"{disagreed:,} objects of {part.key} differed between replicas,"
            f" {disagreed - len(left):,} of them are settled",
            severity="warning" if left else "info",
        )
        return msgspec.structs.replace(
            found,
            disagreed=found.disagreed + disagreed,
            settled=found.settled + disagreed - len(left),
            unsettled=(*found.unsettled, *named)[:_NAMED],
        )

    async def _may_repair(self, part: Part) -> bool:
        """Whether all replicas may be read; raises ``Waits`` to ask."""
        if not self._run.source.profile.write:
            note = (
                f"replicas of {part.collection} differ, and the source's profile is read-only:"
                " reading all replicas, which repairs, was not done"
            )
            if note not in self._run.checkpoint.notes:
                await self._run.save(notes=(*self._run.checkpoint.notes, note))
            return False
        why = objection(self._run, part.collection)
        if why is None:
            return True
        answer = self._run.checkpoint.answers.get(ANSWER)
        if answer is None:
            raise Waits(
                f"replicas of {part.key} differ, and {why}. Say yes to settle them by reading all"
                " replicas, no to leave them as they are",
                key=ANSWER,
                choices=("yes", "no"),
            )
        return bool(answer == "yes")

    async def _still_differ(
        self, part: Part, asked: Mapping[str, Coordinator], suspects: list[bytes]
    ) -> list[bytes]:
        """Those on which the nodes never told the same in several looks, with pauses."""
        left = suspects
        for pause in _LOOKS_S:
            await asyncio.sleep(pause)
            await self._run.breathe()
            differing = []
            for start in range(0, len(left), _AT_ONCE):
                some = left[start : start + _AT_ONCE]
                alike = await asyncio.gather(*(self._alike(part, asked, key) for key in some))
                differing += [key for key, same in zip(some, alike, strict=True) if not same]
            left = differing
            if not left:
                break
        return left

    async def _alike(self, part: Part, asked: Mapping[str, Coordinator], key: bytes) -> bool:
        extent = self._extent(part, key, key)

        async def time_at(node: Coordinator) -> int | None:
            rows = await ids_page(node, extent, keys.before(key), 1)
            return rows[0].time if rows and rows[0].id == key else None

        async def ask() -> list[int | None]:
            return await asyncio.gather(*(time_at(node) for node in asked.values()))

        return len(set(await trying(self._run, ask, patience_s=self._patience_s))) == 1

    def _extent(self, part: Part, lower: bytes, upper: bytes) -> Extent:
        return Extent(
            collection=part.collection,
            tenant=part.tenant,
            tenant_is_hot=bool(part.tenant),
            lower=lower,
            upper=upper,
            expires=expires(self._run.definitions.get(part.collection, {})),
        )


async def _copies_nothing(run: Run, part: Part, ids: Sequence[bytes]) -> list[Entry]:
    raise AssertionError("comparing replicas copies nothing")
