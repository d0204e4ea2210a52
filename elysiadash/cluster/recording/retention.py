"""What a recording forgets, and how it gets coarser with age. The oldest goes first."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from elysiadash.cluster.recording.points import Matrix, block, block_matrix, joined, thinned
from elysiadash.cluster.recording.rows import Rows

if TYPE_CHECKING:
    from sqlite3 import Connection

_STEP_S = 3600.0
"""At most this much is forgotten for its age at once: a clock that jumps ahead for a moment must
not cost the whole past."""
_FORGOTTEN_AT_ONCE = 64
_EVENTS_AT_ONCE = 1000
_PAGES_AT_ONCE = 4096
_SPARE = 0.95
_THINNING_S = 0.2
"""Seconds of work in one sweep: thousands of series are thinned little by little."""


class Tier(msgspec.Struct, frozen=True, gc=False):
    """Blocks older than ``after`` seconds have one point each ``step`` seconds; ``span`` is how
    long a block of them is, at least."""

    after: float
    step: float
    span: float


TIERS = (Tier(86_400.0, 60.0, 7_200.0), Tier(3 * 86_400.0, 300.0, 43_200.0))
"""From tier 0 (all points) to 1, and from 1 to 2."""


class Retention(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``max_age`` in seconds, ``max_bytes`` of the file."""

    max_age: float = 7 * 86_400.0
    max_bytes: int = 256 * 1024 * 1024

    def thin(self, connection: Connection, now: float, seconds: float = _THINNING_S) -> None:
        """Make old points thinner, tier by tier, for about ``seconds``."""
        until = time.monotonic() + seconds
        for number, tier in enumerate(TIERS):
            while _thin_oldest(connection, number, tier, now) and time.monotonic() < until:
                pass

    def forget(self, connection: Connection, now: float) -> None:
        """Drop what is too old, a little at a time, then the oldest until the rest fits."""
        self._forget_old(connection, now - self.max_age)
        if _used(connection) <= self.max_bytes:
            return
        for _ in range(_FORGOTTEN_AT_ONCE):
            if not _drop_oldest(connection) or _used(connection) <= self.max_bytes * _SPARE:
                return

    def shrink(self, connection: Connection) -> None:
        """Give free pages back to the disk."""
        if connection.execute("PRAGMA freelist_count").fetchone()[0] == 0:
            return
        connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
        # The file itself gets shorter only here; with a reader at work, another time.
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _forget_old(self, connection: Connection, before: float) -> None:
        old = connection.execute(
            "SELECT id, at FROM frames WHERE keyframe = id AND at < ?"
            " AND id < (SELECT max(keyframe) FROM frames) ORDER BY at",
            (before,),
        ).fetchall()
        for keyframe, at in old:
            if at > old[0][1] + _STEP_S:
                break
            if _last_of(connection, keyframe) < before:
                _drop_frames(connection, keyframe)
        if old:
            _drop_orphans(connection)
        for table, column in (("blocks", "last"), ("events", "at"), ("samples", "at")):
            connection.execute(
                # Names of our own, no text from outside.
                f"DELETE FROM {table} WHERE {column} < ? AND {column} <= "  # noqa: S608
                f"(SELECT min({column}) FROM {table}) + ?",
                (before, _STEP_S),
            )


def _used(connection: Connection) -> int:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    return int((pages - free) * connection.execute("PRAGMA page_size").fetchone()[0])


def _last_of(connection: Connection, keyframe: int) -> float:
    row = connection.execute(
        "SELECT max(at) FROM frames WHERE keyframe = ?", (keyframe,)
    ).fetchone()
    return float(row[0])


def _drop_frames(connection: Connection, keyframe: int) -> None:
    connection.execute("DELETE FROM frames WHERE keyframe = ?", (keyframe,))
    connection.execute("DELETE FROM keyframe_blobs WHERE frame = ?", (keyframe,))


def _drop_orphans(connection: Connection) -> None:
    connection.execute("DELETE FROM blobs WHERE id NOT IN (SELECT blob FROM keyframe_blobs)")


def _drop_oldest(connection: Connection) -> bool:
    """Drop the oldest of what there is: a keyframe with its deltas, points or events; False when
    only the newest is left."""
    oldest: list[tuple[float, Callable[[], None]]] = []

    def offer(query: str, drop: Callable[[float], None]) -> None:
        at = connection.execute(query).fetchone()[0]
        if at is not None:
            oldest.append((float(at), lambda: drop(at)))

    # The newest keyframe is being written.
    keyframe = connection.execute(
        "SELECT id, at FROM frames WHERE keyframe = id"
        " AND id < (SELECT max(keyframe) FROM frames) ORDER BY id LIMIT 1"
    ).fetchone()
    if keyframe is not None:
        oldest.append((float(keyframe[1]), lambda: _drop_moments(connection, keyframe[0])))
    offer("SELECT min(last) FROM blocks", lambda at: _delete(connection, "blocks", "last", at))
    offer("SELECT min(at) FROM events", lambda _: _drop_events(connection))
    if not oldest:
        return False
    min(oldest, key=lambda one: one[0])[1]()
    return True


def _drop_moments(connection: Connection, keyframe: int) -> None:
    _drop_frames(connection, keyframe)
    _drop_orphans(connection)


def _delete(connection: Connection, table: str, column: str, at: float) -> None:
    connection.execute(f"DELETE FROM {table} WHERE {column} <= ?", (at,))  # noqa: S608


def _drop_events(connection: Connection) -> None:
    connection.execute(
        "DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY at, id LIMIT ?)",
        (_EVENTS_AT_ONCE,),
    )


def _thin_oldest(connection: Connection, number: int, tier: Tier, now: float) -> bool:
    """Join and thin some series of the oldest blocks of a tier, once enough of them are old;
    False where there is nothing to thin."""
    row = connection.execute(
        "SELECT first, metric, bucket, buckets FROM blocks WHERE tier = ? ORDER BY first LIMIT 1",
        (number,),
    ).fetchone()
    if row is None or row[0] + tier.span > now - tier.after:
        return False
    first, *place = row
    found = connection.execute(
        "SELECT id, body FROM blocks WHERE tier = ? AND metric = ? AND bucket = ? AND buckets = ?"
        # One block alone may be longer than the span: it is taken as it is.
        " AND (last <= ? OR first = ?) ORDER BY first, id",
        (number, *place, first + tier.span, first),
    ).fetchall()
    whole: list[tuple[int, Matrix]] = []
    rows = Rows("blocks of points")
    for one, body in found:
        part = rows.unpack(block_matrix, place[0], body)
        if part is not None:
            whole.append((one, part))
        else:
            # It stays as it is, out of the way: another release may be able to read it.
            connection.execute("UPDATE blocks SET tier = ? WHERE id = ?", (number + 1, one))
    if not whole:
        return True
    matrix = thinned(joined([part for _, part in whole]), tier.step)
    connection.execute(
        "INSERT INTO blocks (tier, first, last, metric, bucket, buckets, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            number + 1,
            min(matrix.times),
            max(matrix.times),
            *place,
            block(place[0], matrix),
        ),
    )
    connection.executemany("DELETE FROM blocks WHERE id = ?", [(one,) for one, _ in whole])
    return True
