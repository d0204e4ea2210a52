"""A range's proof, kept: its next ledger, what differs, and its counts, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.jobs import folder, outcomes, ranges
from elysiadash.jobs.database import Reading
from elysiadash.jobs.keyspace import Interval
from elysiadash.jobs.ranges import KeyRange, RangeState
from elysiadash.jobs.work import Work
from elysiadash.migrate import ledgers
from elysiadash.migrate.errors import NotProven
from elysiadash.migrate.verify import mismatches
from elysiadash.migrate.verify.judging import Tally
from elysiadash.migrate.verify.mismatches import Mismatch, MismatchFile
from elysiadash.migrate.verify.pieces import Outcome
from elysiadash.migrate.verify.settling import Differing
from elysiadash.scan.keys import as_text
from elysiadash.scan.ledger import LedgerWriter, entries_in

PROOFS = 1_000_000
"""Proof n is generation ``PROOFS + n`` of the job's ranges: never one of a delta's."""


def keep(
    work: Work,
    taken: KeyRange,
    copied: KeyRange,
    outcome: Outcome,
    file: MismatchFile,
    seconds: float,
) -> None:
    """Keep the outcome of a range (``taken``, of a proof) whose copy was ``copied``."""
    where = work.folder()
    with work.reading() as read:
        generation, old = ledgers.committed(read, work.claim.job)[copied.id]
        letters = _letters(read, work.claim.job, taken.tenant)
    new = old
    if not outcome.unchanged:
        new = ledgers.name_of(copied.id, generation + 1)
        with LedgerWriter(where / new, generation=generation + 1) as writer:
            writer.extend(outcome.entries)
            writer.commit()
    with work.held() as tx:
        if new != old:
            folder.commit(tx, new, (where / new).stat().st_size)
            folder.uncommit(tx, old)
        if outcome.differing:
            file.add(tx, _told(outcome.differing, taken.tenant, letters))
        ranges.finish(
            tx,
            taken,
            objects=outcome.tally.source,
            seconds=seconds,
            extra={**taken.extra, "ledger": new, "tally": msgspec.to_builtins(outcome.tally)},
        )
    if new != old:
        (where / old).unlink(missing_ok=True)


class Begun(msgspec.Struct, frozen=True):
    """A proof that is under way or done: its number and its ranges."""

    number: int
    ranges: list[KeyRange]

    @property
    def done(self) -> bool:
        """Every range was proven."""
        return all(one.state is RangeState.DONE for one in self.ranges)

    def tallies(self) -> dict[str, Tally]:
        """What was counted, by part; of all its ranges that are done together."""
        found: dict[str, Tally] = {}
        for one in self.ranges:
            if one.state is RangeState.DONE:
                tally = msgspec.convert(one.extra["tally"], Tally)
                found.setdefault(one.tenant, Tally()).add(tally)
        return found


def latest(read: Reading, job: str) -> Begun | None:
    """The latest proof that was begun; None before the first."""
    number = read.number(
        "SELECT coalesce(max(generation), 0) FROM ranges WHERE job = ? AND generation > ?",
        job, PROOFS,
    )  # fmt: skip
    return of_number(read, job, number - PROOFS) if number else None


def of_number(read: Reading, job: str, number: int) -> Begun:
    """The proof of that number."""
    return Begun(number, ranges.of(read, job, generation=PROOFS + number))


def reread(work: Work, begun: Begun) -> Begun:
    """The same proof as it stands now."""
    with work.reading() as read:
        return of_number(read, work.claim.job, begun.number)


def begin(work: Work, keys: list[str], how: dict[str, Any]) -> Begun:
    """Begin the next proof of these parts, over the ranges of their copy.

    Raises ``NotProven`` where those are not done, or leave ids between them.
    """
    job, where = work.claim.job, work.folder()
    with work.reading() as read:
        intervals = {key: _whole(read, job, key) for key in keys}
        before, old = latest(read, job), _superseded(read, job, keys)
        # One of no part has a file and no ranges.
        number = max([0 if before is None else before.number, *mismatches.numbers(read, job)]) + 1
        expected = _expected(read, job, keys)
    # The file is there before a transaction says so.
    MismatchFile(where, number, 0).close()
    with work.held() as tx:
        for key, mine in intervals.items():
            ranges.add(tx, job, mine, generation=PROOFS + number, tenant=key, extra=how)
        folder.commit(tx, mismatches.name_of(number), 0)
        for name in old:
            folder.uncommit(tx, name)
        outcomes.expect(tx, expected)
        begun = of_number(tx, job, number)
    for name in old:
        (where / name).unlink(missing_ok=True)
    return begun


def ledger_of(work: Work, piece: KeyRange) -> Path:
    """The newest ledger of a range of the copy."""
    with work.reading() as read:
        _, name = ledgers.committed(read, work.claim.job)[piece.id]
    return work.folder() / name


def copied(work: Work) -> dict[tuple[str, bytes], KeyRange]:
    """The ranges of the copy by part and first key."""
    with work.reading() as read:
        found = ranges.of(read, work.claim.job, generation=ledgers.COPIED)
    return {(one.tenant, one.lower): one for one in found}


def mismatches_of(work: Work, number: int) -> MismatchFile:
    """The file of a proof that goes on."""
    with work.reading() as read:
        length = folder.committed(read, work.claim.job)[mismatches.name_of(number)]
    return MismatchFile(work.folder(), number, length)


def still_stands(read: Reading, job: str, begun: Begun) -> bool:
    """Whether the ledgers that its ranges left are still the newest: none was copied since."""
    newest = {name for _, name in ledgers.committed(read, job).values()}
    return all(
        one.extra["ledger"] in newest for one in begun.ranges if one.state is RangeState.DONE
    )


def _whole(read: Reading, job: str, key: str) -> list[Interval]:
    """The ranges of a part's copy, which hold every id there can be."""
    left = ranges.unfinished(read, job, generation=ledgers.COPIED, tenant=key)
    if left:
        raise NotProven(
            f"{key} is not copied whole (ids from {as_text(left[0][0])} on are left): resume the "
            "copy first"
        )
    return [one.interval for one in ranges.of(read, job, generation=ledgers.COPIED, tenant=key)]


def _superseded(read: Reading, job: str, keys: list[str]) -> list[str]:
    """Files of mismatches of which a proof of these parts says everything anew."""
    found = []
    for number in mismatches.numbers(read, job):
        rows = read.rows(
            "SELECT DISTINCT tenant FROM ranges WHERE job = ? AND generation = ?",
            job, PROOFS + number,
        )  # fmt: skip
        if {key for (key,) in rows} <= set(keys):
            found.append(mismatches.name_of(number))
    return found


def _expected(read: Reading, job: str, keys: list[str]) -> int:
    """Objects that the ranges of the proof will have done once these parts are proven."""
    lengths, newest = folder.committed(read, job), ledgers.committed(read, job)
    entries = 0
    for key in keys:
        for one in ranges.of(read, job, generation=ledgers.COPIED, tenant=key):
            entries += entries_in(lengths[newest[one.id][1]])
    return entries


def _letters(read: Reading, job: str, part: str) -> dict[bytes, str]:
    rows = read.rows(
        "SELECT object, reason FROM dead_letters"
        " WHERE job = ? AND tenant = ? AND settled IS NULL ORDER BY id",
        job, part,
    )  # fmt: skip
    return dict(rows)


def _told(differing: list[Differing], part: str, letters: dict[bytes, str]) -> Iterator[Mismatch]:
    for suspect, fields, made_of in differing:
        yield Mismatch(
            kind=suspect.kind.value,
            id=as_text(suspect.id),
            part=part,
            source_time=suspect.source_time,
            target_time=suspect.target_time,
            made_of=as_text(made_of) if made_of else "",
            ours=suspect.ledger_time is not None,
            dead_letter=letters.get(made_of or suspect.id, ""),
            fields=fields,
        )
