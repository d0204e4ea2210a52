"""Two clusters that are dictionaries, and a run between them: what generations are tried on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import cast

from elysiadash.jobs import folder, queue, ranges
from elysiadash.jobs.claims import Claim
from elysiadash.jobs.database import Database
from elysiadash.jobs.keyspace import evenly
from elysiadash.jobs.work import Work
from elysiadash.migrate import ledgers
from elysiadash.migrate.checkpoint import Checkpoint, checkpoint_of
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import Spec, Wanted
from elysiadash.scan.errors import OwnersAway
from elysiadash.scan.ledger import READ_AGAIN, Entry, LedgerWriter
from elysiadash.scan.rows import IdTime
from tests.unit.jobs.given import running

PART = Part(collection="Doc", target="DocCopy")


class Killed(BaseException):
    """The process ends here: nothing after it is done."""


class TwoEnds:
    """Source and target; ``happens`` is called before everything that is asked of them."""

    def __init__(self, *, page: int = 2) -> None:
        self.source: dict[bytes, tuple[int, str]] = {}
        """Update time and value."""
        self.target: dict[bytes, str] = {}
        self.now = 1_000
        self.hidden: set[bytes] = set()
        """Ids that scans do not see: a replica that lags, a shard whose owner is away."""
        self.away = False
        """An owner is away: a single object of its shard is not found, either."""
        self.asked_gone: set[bytes] = set()
        self.copied = 0
        self.happens: Callable[[str], None] = lambda what: None
        self._page = page

    def put(self, key: bytes, value: str) -> None:
        self.now += 1
        self.source[key] = (self.now, value)

    def scan(self, part: Part, lower: bytes, upper: bytes) -> AsyncIterator[list[IdTime]]:
        return self._scan(lower, upper)

    async def _scan(self, lower: bytes, upper: bytes) -> AsyncIterator[list[IdTime]]:
        self._all_there()
        after: bytes | None = None
        while True:
            self.happens("page")
            rows = [
                IdTime(key, known[0])
                for key, known in sorted(self.source.items())
                if lower <= key <= upper
                and (after is None or key > after)
                and key not in self.hidden
            ][: self._page]
            if not rows:
                break
            after = rows[-1].id
            yield rows
        self._all_there()

    async def vouch(self, part: Part, witnesses: Sequence[bytes]) -> None:
        self.happens("vouch")
        self._all_there()

    async def ask(self, part: Part, key: bytes) -> int | None:
        self.happens("ask")
        found = self.source.get(key)
        if self.away and key in self.hidden:
            found = None
        if found is None:
            self.asked_gone.add(key)
            return None
        return found[0]

    async def delete(self, part: Part, keys: Sequence[bytes]) -> None:
        assert set(keys) <= self.asked_gone
        for key in keys:
            self.happens("delete")
            self.target.pop(key, None)
        self.asked_gone.clear()

    async def copy(self, part: Part, keys: Sequence[bytes]) -> list[Entry]:
        assert list(keys) == sorted(set(keys))
        read = {key: self.source[key] for key in keys if key in self.source}
        entries = []
        for key, (updated, value) in read.items():
            self.happens("write")
            self.target[key] = value
            self.copied += 1
            # What was read within a moment of its change is read again.
            trusted = updated if updated + 1 < self.now else READ_AGAIN
            entries.append(Entry(key, trusted, target_time=self.now))
        self.happens("written")
        return entries

    async def stored(self, part: Part, keys: Sequence[bytes]) -> list[Entry]:
        return [Entry(key, READ_AGAIN) for key in sorted(keys) if key in self.target]

    def _all_there(self) -> None:
        self.happens("owners")
        if self.away:
            raise OwnersAway("weaviate-1 is away")


def spec() -> Spec:
    return Spec(
        source={}, target={"other": True}, collections=(Wanted(name="Doc", target="DocCopy"),)
    )


def a_run(
    database: Database, claim: Claim | None = None, *, parts: Iterable[Part] = (PART,)
) -> Run:
    """A run of a job, which is made where none is given."""
    claim = claim or running(database)[1]
    with database.reading() as read:
        kept = queue.get(read, claim.job).checkpoint
    checkpoint = checkpoint_of(kept) if kept else Checkpoint()
    nowhere = cast(Site, None)
    run = Run(Work(database, claim), spec(), nowhere, nowhere, checkpoint)
    run.parts = list(parts)
    return run


def copied(run: Run, entries: Iterable[Entry] = (), *, pieces: int = 1) -> None:
    """The part was copied, in so many pieces, and this is in its ledgers."""
    known = sorted(entries)
    with run.work.held() as tx:
        ranges.add(tx, run.job, evenly(pieces), tenant=PART.key)
    where = run.work.folder()
    for _ in range(pieces):
        with run.work.held() as tx:
            taken = ranges.take(tx, 0, generation=0)
            assert taken is not None
            name = ledgers.name_of(taken.id, 0)
            with LedgerWriter(where / name) as writer:
                writer.extend(one for one in known if taken.lower <= one.id <= taken.upper)
                writer.commit()
            folder.commit(tx, name, (where / name).stat().st_size)
            ranges.finish(tx, taken)


def in_ledger(run: Run) -> dict[bytes, Entry]:
    with ledgers.PartLedger.of(run.work, PART) as ledger:
        return {entry.id: entry for entry in ledger}


def beside(run: Run) -> list[str]:
    """Files of the job's folder that are no ledger."""
    here: list[Path] = list(run.work.folder().iterdir())
    return sorted(one.name for one in here if not one.name.startswith("ledger-"))


def key(number: int) -> bytes:
    """One of sixteen ids spread over the key space."""
    return bytes([number * 16]) + bytes(15)
