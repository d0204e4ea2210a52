"""A job's work in pieces of the key space, each with a watermark behind which it is done.

Boundaries are rows, not arithmetic: a piece that turns out crowded is split where it stands. The
pieces of one generation and tenant never overlap, and together stay what was added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from elysiadash.jobs import keyspace
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.database import Reading, Transaction
from elysiadash.jobs.errors import RangeNotHeld
from elysiadash.jobs.keyspace import Interval
from elysiadash.jobs.specs import Json, canonical, decode

_COLUMNS = (
    "id, job, generation, tenant, lower, upper, watermark, state, token, slot,"
    " objects, bytes, seconds, extra"
)


class RangeState(StrEnum):
    """Where a piece stands."""

    WAITING = "WAITING"
    TAKEN = "TAKEN"
    DONE = "DONE"


class KeyRange(msgspec.Struct, frozen=True, gc=False):
    """One piece of the key space of one generation and tenant."""

    id: int
    job: str
    generation: int
    tenant: str
    """Empty where the collection has none."""
    lower: bytes
    """First key, 16 bytes."""
    upper: bytes
    """Last key, 16 bytes; it belongs to the piece."""
    watermark: bytes | None
    """Last key that is done; None before the first."""
    state: RangeState
    token: int | None
    """The claim under which it was taken last; older than the job's, it is free."""
    slot: int | None
    objects: int
    bytes: int
    seconds: float
    """Time spent on it, of one slot."""
    extra: Json

    @property
    def interval(self) -> Interval:
        """Both ends."""
        return self.lower, self.upper

    @property
    def rest(self) -> Interval | None:
        """What is still to do; None when nothing."""
        if self.watermark is None:
            return self.interval
        start = keyspace.after(self.watermark)
        return None if start is None or start > self.upper else (start, self.upper)


def add(
    tx: Transaction,
    job: str,
    intervals: Iterable[Interval],
    *,
    generation: int = 0,
    tenant: str = "",
    extra: Mapping[str, Any] | None = None,
) -> int:
    """Add pieces; how many. Raises ``ValueError`` where one overlaps another."""
    new = list(intervals)
    for lower, upper in new:
        keyspace.check(lower)
        keyspace.check(upper)
        if lower > upper:
            raise ValueError(f"a range ends at {upper.hex()} before it begins at {lower.hex()}")
    known = [one.interval for one in of(tx, job, generation=generation, tenant=tenant)]
    twice = keyspace.overlap([*known, *new])
    if twice is not None:
        raise ValueError(f"two ranges would hold {twice[0].hex()}")
    for lower, upper in new:
        _insert(tx, job, generation, tenant, lower, upper, extra or {})
    return len(new)


def take(
    tx: Claimed, slot: int, *, generation: int | None = None, tenant: str | None = None
) -> KeyRange | None:
    """Take the next piece for a worker's slot; None when none is left.

    A slot that has one gets the same again. Then come those of dead workers, where they stood,
    then those that wait, in the order in which they were added.
    """
    where, values = "job = ?", list[Any]([tx.job])
    for column, wanted in (("generation", generation), ("tenant", tenant)):
        if wanted is not None:
            where += f" AND {column} = ?"
            values.append(wanted)
    mine = (*values, tx.claim.token)
    own = _ranges(tx, f"{where} AND state = 'TAKEN' AND token = ? AND slot = ?", *mine, slot)
    if own:
        return own[0]
    orphaned = f"{where} AND state = 'TAKEN' AND token != ? ORDER BY id LIMIT 1"
    waiting = f"{where} AND state = 'WAITING' ORDER BY id LIMIT 1"
    free = _ranges(tx, orphaned, *mine) or _ranges(tx, waiting, *values)
    if not free:
        return None
    tx.run(
        "UPDATE ranges SET state = 'TAKEN', token = ?, slot = ?, touched = ? WHERE id = ?",
        tx.claim.token, slot, tx.now, free[0].id,
    )  # fmt: skip
    return get(tx, free[0].id)


def advance(
    tx: Claimed,
    range: KeyRange,
    watermark: bytes,
    *,
    objects: int = 0,
    bytes: int = 0,
    seconds: float = 0.0,
    extra: Mapping[str, Any] | None = None,
) -> KeyRange:
    """Move the watermark on, after what lies behind it was read back; the piece as it is now.

    ``objects``, ``bytes`` and ``seconds`` are added. Raises ``RangeNotHeld``, and ``ValueError``
    for a watermark that does not move on, or leaves the piece.
    """
    now = _held(tx, range)
    keyspace.check(watermark)
    behind = now.watermark is not None and watermark <= now.watermark
    if behind or not now.lower <= watermark <= now.upper:
        raise ValueError(
            f"the watermark of range {now.id} cannot move to {watermark.hex()}: it is at "
            f"{now.watermark.hex() if now.watermark else 'the beginning'}, "
            f"and the range goes from {now.lower.hex()} to {now.upper.hex()}"
        )
    tx.run(
        "UPDATE ranges SET watermark = ?, objects = objects + ?, bytes = bytes + ?,"
        " seconds = seconds + ?, extra = coalesce(?, extra), touched = ? WHERE id = ?",
        watermark, objects, bytes, seconds, _extra(extra), tx.now, now.id,
    )  # fmt: skip
    tx.got_on()
    return get(tx, now.id)


def finish(
    tx: Claimed,
    range: KeyRange,
    *,
    objects: int = 0,
    bytes: int = 0,
    seconds: float = 0.0,
    extra: Mapping[str, Any] | None = None,
) -> None:
    """The piece is done to its end. Raises ``RangeNotHeld``."""
    now = _held(tx, range)
    tx.run(
        "UPDATE ranges SET watermark = upper, state = 'DONE', slot = NULL, objects = objects + ?,"
        " bytes = bytes + ?, seconds = seconds + ?, extra = coalesce(?, extra), touched = ?"
        " WHERE id = ?",
        objects, bytes, seconds, _extra(extra), tx.now, now.id,
    )  # fmt: skip
    tx.got_on()


def give_back(tx: Claimed, range: KeyRange) -> None:
    """Leave the piece where it stands, for another slot. Raises ``RangeNotHeld``."""
    now = _held(tx, range)
    tx.run("UPDATE ranges SET state = 'WAITING', token = NULL, slot = NULL WHERE id = ?", now.id)


def split(tx: Claimed, range: KeyRange, cuts: Sequence[bytes]) -> KeyRange:
    """Cut off what lies behind the first cut, as pieces that wait; the piece that stays.

    Each cut is the first key of a new piece, and lies behind the watermark. Raises
    ``RangeNotHeld``, ``ValueError``.
    """
    now = _held(tx, range)
    pieces = keyspace.cut(now.interval, cuts)
    if cuts and now.watermark is not None and cuts[0] <= now.watermark:
        raise ValueError(f"range {now.id} is done beyond {cuts[0].hex()} already")
    tx.run("UPDATE ranges SET upper = ? WHERE id = ?", pieces[0][1], now.id)
    for lower, upper in pieces[1:]:
        _insert(tx, now.job, now.generation, now.tenant, lower, upper, {})
    return get(tx, now.id)


def split_at_watermark(tx: Claimed, range: KeyRange, cuts: Sequence[bytes] = ()) -> KeyRange | None:
    """End a crowded piece where it stands; what is left waits as new pieces, cut further at
    ``cuts``. The first of them, None when nothing is left. Raises ``RangeNotHeld``, ``ValueError``.
    """
    now = _held(tx, range)
    if now.watermark is None:
        raise ValueError(f"range {now.id} has no watermark yet; give it back, or cut it")
    rest = now.rest
    if rest is None:
        finish(tx, now)
        return None
    split(tx, now, [rest[0], *cuts])
    finish(tx, now)
    found = _ranges(
        tx,
        "job = ? AND generation = ? AND tenant = ? AND lower = ?",
        now.job, now.generation, now.tenant, rest[0],
    )  # fmt: skip
    return found[0]


def get(read: Reading, id: int) -> KeyRange:
    """The piece of that number; raises ``RangeNotHeld`` when it is gone with its job."""
    found = _ranges(read, "id = ?", id)
    if not found:
        raise RangeNotHeld(f"there is no range {id}")
    return found[0]


def of(
    read: Reading, job: str, *, generation: int | None = None, tenant: str | None = None
) -> list[KeyRange]:
    """A job's pieces in key order, of one generation or tenant only where given."""
    where, values = "job = ?", list[Any]([job])
    for column, wanted in (("generation", generation), ("tenant", tenant)):
        if wanted is not None:
            where += f" AND {column} = ?"
            values.append(wanted)
    return _ranges(read, f"{where} ORDER BY generation, tenant, lower", *values)


def left(read: Reading, job: str, *, generation: int | None = None) -> int:
    """How many pieces are not done, of all tenants: quick, for any number of them."""
    where = "" if generation is None else " AND generation = ?"
    values = () if generation is None else (generation,)
    return read.number(
        f"SELECT count(*) FROM ranges WHERE job = ? AND state != 'DONE'{where}",  # noqa: S608
        job,
        *values,
    )


def unfinished(read: Reading, job: str, *, generation: int, tenant: str = "") -> list[Interval]:
    """What of the whole key space is not done in a generation: empty when it is complete."""
    done = []
    for one in of(read, job, generation=generation, tenant=tenant):
        if one.state is RangeState.DONE:
            done.append(one.interval)
        elif one.watermark is not None:
            done.append((one.lower, one.watermark))
    return keyspace.gaps(done)


def _held(tx: Claimed, range: KeyRange) -> KeyRange:
    """The piece as it is now, when the slot that took it still has it."""
    now = get(tx, range.id)
    mine = (now.job, now.state, now.token, now.slot)
    if mine != (tx.job, RangeState.TAKEN, tx.claim.token, range.slot):
        raise RangeNotHeld(f"range {range.id} of job {now.job} is not in slot {range.slot}'s hands")
    return now


def _insert(
    tx: Transaction,
    job: str,
    generation: int,
    tenant: str,
    lower: bytes,
    upper: bytes,
    extra: Mapping[str, Any],
) -> None:
    tx.insert(
        "INSERT INTO ranges (job, generation, tenant, lower, upper, extra, touched)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        job, generation, tenant, lower, upper, canonical(extra), tx.now,
    )  # fmt: skip


def _extra(extra: Mapping[str, Any] | None) -> str | None:
    return None if extra is None else canonical(extra)


def _ranges(read: Reading, where: str, *values: Any) -> list[KeyRange]:
    rows = read.rows(f"SELECT {_COLUMNS} FROM ranges WHERE {where}", *values)  # noqa: S608
    return [_range(*row) for row in rows]


def _range(
    id: int,
    job: str,
    generation: int,
    tenant: str,
    lower: bytes,
    upper: bytes,
    watermark: bytes | None,
    state: str,
    token: int | None,
    slot: int | None,
    objects: int,
    size: int,
    seconds: float,
    extra: str,
) -> KeyRange:
    return KeyRange(
        id=id,
        job=job,
        generation=generation,
        tenant=tenant,
        lower=lower,
        upper=upper,
        watermark=watermark,
        state=RangeState(state),
        token=token,
        slot=slot,
        objects=objects,
        bytes=size,
        seconds=seconds,
        extra=decode(extra),
    )
