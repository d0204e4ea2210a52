"""The files of one piece of a part while a generation goes through it.

``ledger-N.G`` is what counts. Beside it, while the piece is worked on: ``changes-N`` holds what was
stored since, in order of ids, and ``intent-N.K`` the new ids of the batch that is on its way: an
object that was written by a worker that died then is known to be the job's own, and its delete in
the source is replayed. ``gone-N.G`` keeps the ids that the scan of a generation no longer saw.

Nothing here asks a server. All calls wait for the disk: never on an event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from elysiadash.jobs import folder, ranges
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.folder import Appended
from elysiadash.jobs.keyspace import FIRST, KEY_BYTES, LAST
from elysiadash.jobs.ranges import KeyRange
from elysiadash.jobs.work import Work
from elysiadash.migrate import ledgers
from elysiadash.migrate.ledgers import COPIED
from elysiadash.scan.ledger import (
    NOT_KNOWN,
    READ_AGAIN,
    RECORD_BYTES,
    Entry,
    Gone,
    Ledger,
    LedgerWriter,
    packed,
    unpacked,
    updated,
)

_SLOT = 1_000_000
"""No slot of those that copy: where a new part is given its empty ledger."""

MAYBE_STORED = 1
"""The target's time of an object that a worker may have written before it died."""

_BESIDE = ("changes-", "intent-", "gone-")

Also = Callable[[Claimed], None]
"""What belongs into the same transaction."""


def _nothing(tx: Claimed) -> None:
    """Nothing else belongs to it."""


class PieceFiles:
    """The ledgers of a job and what lies beside them; one for the whole of a generation.

    Only the worker that holds the claim makes one, and it alone writes ledgers meanwhile.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._where = work.folder()
        self._job = work.claim.job
        with work.reading() as read:
            self._ledgers = ledgers.committed(read, self._job)
            self._beside = {
                name: length
                for name, length in folder.committed(read, self._job).items()
                if name.startswith(_BESIDE)
            }
        # What a worker that died wrote and no transaction counted.
        for stray in self._where.iterdir():
            if stray.name.startswith(_BESIDE) and stray.name not in self._beside:
                stray.unlink()

    def has(self, piece: int) -> bool:
        """Whether the piece has a ledger."""
        return piece in self._ledgers

    def ledger(self, piece: int) -> Ledger:
        """The piece's newest ledger; close it."""
        return Ledger(self._where / self._ledgers[piece][1])

    def begin_part(self, key: str) -> None:
        """Give a part that was never copied one piece with an empty ledger: all of it is new."""
        with self._work.held() as tx:
            mine = ranges.of(tx, self._job, generation=COPIED, tenant=key)
            if not mine:
                ranges.add(tx, self._job, [(FIRST, LAST)], generation=COPIED, tenant=key)
                mine = ranges.of(tx, self._job, generation=COPIED, tenant=key)
        if [one.interval for one in mine] != [(FIRST, LAST)] or self.has(mine[0].id):
            raise ValueError(f"{key} is being copied already")
        name = ledgers.name_of(mine[0].id, COPIED)
        with LedgerWriter(self._where / name) as writer:
            writer.commit()
        with self._work.held() as tx:
            folder.commit(tx, name, (self._where / name).stat().st_size)
            taken = ranges.take(tx, _SLOT, generation=COPIED, tenant=key)
            if taken is None:
                raise ValueError(f"{key} is being copied already")
            ranges.finish(tx, taken)
        self._ledgers[mine[0].id] = (COPIED, name)

    def put_in_order(self, piece: int) -> None:
        """Bring into the ledger what a worker that died stored, or may have stored.

        What was on its way is read again (time 0): it is there, or its delete is replayed.
        """
        changes, intents = self._changes(piece), self._intents(piece)
        if not changes and not intents:
            return
        with self.ledger(piece) as ledger:

            def intended() -> Iterator[Entry]:
                for name in intents:
                    for key in _keys((self._where / name).read_bytes()[: self._beside[name]]):
                        known = ledger.get(key)
                        stored = known.target_time if known else 0
                        yield Entry(key, READ_AGAIN, NOT_KNOWN, stored or MAYBE_STORED)

            self._replace(piece, ledger, chain(self._stored(changes), intended()), _nothing)

    def changing(self, piece: int) -> Changing:
        """Begin to note what is stored in a piece; it must be in order."""
        return Changing(self, piece)

    def finish(self, piece: KeyRange, of: int, absent: bytes, counts: dict[str, Any]) -> None:
        """The generation went through the piece: its next ledger counts, and who is missing."""
        name = f"gone-{of}.{piece.generation}"
        if absent:
            folder.place(self._where, name, absent)

        def also(tx: Claimed) -> None:
            if absent:
                folder.commit(tx, name, len(absent))
            ranges.finish(tx, piece, objects=counts["scanned"], extra=counts)

        if self._changes(of):
            with self.ledger(of) as ledger:
                self._replace(of, ledger, self._stored(self._changes(of)), also)
        else:
            with self._work.held() as tx:
                also(tx)
        if absent:
            self._beside[name] = len(absent)

    def absent(self) -> dict[int, list[str]]:
        """Files of ids that scans no longer saw and that are not settled, by piece."""
        found: dict[int, list[str]] = {}
        for name in self._beside:
            head, _, _ = name.partition(".")
            if head.startswith("gone-"):
                found.setdefault(int(head.removeprefix("gone-")), []).append(name)
        return {piece: sorted(names) for piece, names in sorted(found.items())}

    def absent_ids(self, piece: int) -> list[bytes]:
        """The ids of such files of a piece, each once, in order."""
        found: set[bytes] = set()
        for name in self.absent().get(piece, ()):
            found.update(_keys((self._where / name).read_bytes()[: self._beside[name]]))
        return sorted(found)

    def absent_count(self) -> int:
        """How many ids are in such files, of all pieces."""
        names = [name for names in self.absent().values() for name in names]
        return sum(self._beside[name] for name in names) // KEY_BYTES

    def settle_absent(self, piece: int, changes: Iterable[Entry | Gone], also: Also) -> None:
        """What became of the ids that were missing in a piece: deleted, or copied after all."""
        settled = self.absent().get(piece, [])

        def both(tx: Claimed) -> None:
            for name in settled:
                folder.uncommit(tx, name)
            also(tx)

        with self.ledger(piece) as ledger:
            self._replace(piece, ledger, changes, both)
        for name in settled:
            self._forget(name)

    def leave_absent(self, piece: int) -> None:
        """Forget who was missing; the next generation finds them again."""
        settled = self.absent().get(piece, [])
        with self._work.held() as tx:
            for name in settled:
                folder.uncommit(tx, name)
        for name in settled:
            self._forget(name)

    def _replace(
        self, piece: int, ledger: Ledger, changes: Iterable[Entry | Gone], also: Also
    ) -> None:
        """The next ledger of a piece; what lies beside it and is in it now goes in one with it."""
        before, old = self._ledgers[piece]
        name = ledgers.name_of(piece, before + 1)
        beside = [*self._changes(piece), *self._intents(piece)]
        with LedgerWriter(self._where / name, generation=before + 1) as writer:
            writer.extend(updated(ledger, changes))
            writer.commit()
        with self._work.held() as tx:
            folder.commit(tx, name, (self._where / name).stat().st_size)
            for one in (old, *beside):
                folder.uncommit(tx, one)
            also(tx)
        self._ledgers[piece] = (before + 1, name)
        (self._where / old).unlink(missing_ok=True)
        for one in beside:
            self._forget(one)

    def _stored(self, names: list[str]) -> Iterator[Entry]:
        for name in names:
            length = self._beside[name]
            with (self._where / name).open("rb") as file:
                while length:
                    data = file.read(min(length, RECORD_BYTES * 4096))
                    if not data:
                        raise ValueError(f"{name} is shorter than what is committed of it")
                    length -= len(data)
                    yield from unpacked(data)

    def _changes(self, piece: int) -> list[str]:
        name = f"changes-{piece}"
        return [name] if name in self._beside else []

    def _intents(self, piece: int) -> list[str]:
        return [name for name in self._beside if name.startswith(f"intent-{piece}.")]

    def _forget(self, name: str) -> None:
        del self._beside[name]
        (self._where / name).unlink(missing_ok=True)

    # What follows is for ``Changing`` alone.

    def _opened(self, piece: int) -> Appended:
        return Appended(self._where, f"changes-{piece}", 0)

    def _intend(self, name: str, ids: bytes) -> None:
        folder.place(self._where, name, ids)
        with self._work.held() as tx:
            folder.commit(tx, name, len(ids))
        self._beside[name] = len(ids)

    def _store(self, file: Appended, intent: str | None) -> None:
        length = file.sync()
        with self._work.held() as tx:
            folder.commit(tx, file.name, length)
            if intent is not None:
                folder.uncommit(tx, intent)
        self._beside[file.name] = length
        if intent is not None:
            self._forget(intent)


class Changing:
    """Notes batch by batch what is stored in one piece. A context manager."""

    def __init__(self, files: PieceFiles, piece: int) -> None:
        self._files = files
        self._piece = piece
        self._file: Appended | None = None
        self._batch = 0
        self._intent: str | None = None

    def __enter__(self) -> Changing:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def intend(self, new: list[bytes]) -> None:
        """Before a batch is written: the ids that the ledger does not know yet."""
        if new:
            self._batch += 1
            self._intent = f"intent-{self._piece}.{self._batch}"
            self._files._intend(self._intent, b"".join(new))

    def store(self, entries: list[Entry]) -> None:
        """What of the batch is stored, in order of ids and behind the batches before."""
        if self._file is None:
            self._file = self._files._opened(self._piece)
        self._file.append(packed(entries))
        self._files._store(self._file, self._intent)
        self._intent = None


def _keys(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), KEY_BYTES):
        yield data[start : start + KEY_BYTES]
