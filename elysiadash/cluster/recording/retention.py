"""What a recording forgets, and how it gets coarser with age. The oldest goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from elysiadash.cluster.recording.points import Matrix, block_matrix, blocks, joined, thinned

if TYPE_CHECKING:
    from sqlite3 import Connection

_STEP_S = 3600.0
"""At most this much is forgotten for its age at once: a clock that jumps ahead for a moment must
not cost the whole past."""
_FORGOTTEN_AT_ONCE = 64
_PAGES_AT_ONCE = 4096
_SPARE = 0.95


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

    def thin(self, connection: Connection, now: float) -> None:
        """Make one block of old points thinner, in each tier."""
        for number, tier in enumerate(TIERS):
            _thin_oldest(connection, number, tier, now)

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
        oldest = _oldest_keyframe(connection)
        if oldest is not None and _last_of(connection, oldest) < before:
            _drop_frames(connection, oldest)
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


def _oldest_keyframe(connection: Connection) -> int | None:
    """The first keyframe; None while it is the only one, which is being written."""
    rows = connection.execute(
        "SELECT id FROM frames WHERE keyframe = id ORDER BY id LIMIT 2"
    ).fetchall()
    return int(rows[0][0]) if len(rows) == 2 else None


def _last_of(connection: Connection, keyframe: int) -> float:
    row = connection.execute(
        "SELECT at FROM frames WHERE keyframe = ? ORDER BY id DESC LIMIT 1", (keyframe,)
    ).fetchone()
    return float(row[0])


def _drop_frames(connection: Connection, keyframe: int) -> None:
    connection.execute("DELETE FROM frames WHERE keyframe = ?", (keyframe,))
    connection.execute("DELETE FROM keyframe_blobs WHERE frame = ?", (keyframe,))
    connection.execute("DELETE FROM blobs WHERE id NOT IN (SELECT blob FROM keyframe_blobs)")


def _drop_oldest(connection: Connection) -> bool:
    """Drop the oldest keyframe with its deltas, or the oldest points; False when only the newest
    are left."""
    keyframe = _oldest_keyframe(connection)
    began = float("inf")
    if keyframe is not None:
        row = connection.execute("SELECT at FROM frames WHERE id = ?", (keyframe,)).fetchone()
        began = float(row[0])
    block = connection.execute("SELECT min(last) FROM blocks").fetchone()[0]
    if block is not None and block < began:
        connection.execute("DELETE FROM blocks WHERE last = ?", (block,))
        return True
    if keyframe is None:
        return False
    _drop_frames(connection, keyframe)
    connection.execute("DELETE FROM events WHERE at < (SELECT min(at) FROM frames)")
    return True


def _thin_oldest(connection: Connection, number: int, tier: Tier, now: float) -> None:
    """Join and thin the oldest blocks of a tier, once enough of them are old."""
    row = connection.execute("SELECT min(first) FROM blocks WHERE tier = ?", (number,)).fetchone()
    if row[0] is None or row[0] + tier.span > now - tier.after:
        return
    end = row[0] + tier.span
    found = connection.execute(
        "SELECT id, metric, body FROM blocks WHERE tier = ? AND last <= ? ORDER BY first, id",
        (number, end),
    ).fetchall()
    if not found:
        # One block alone is longer than the span: it is taken as it is.
        found = connection.execute(
            "SELECT id, metric, body FROM blocks WHERE tier = ? AND first = ?", (number, row[0])
        ).fetchall()
    parts: dict[str, list[Matrix]] = {}
    for _, metric, body in found:
        parts.setdefault(metric, []).append(block_matrix(metric, body))
    for metric, pieces in parts.items():
        matrix = thinned(joined(pieces), tier.step)
        first, last = matrix.times[0], matrix.times[-1]
        connection.executemany(
            "INSERT INTO blocks (tier, first, last, metric, bucket, buckets, body)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(number + 1, first, last, metric, *block) for block in blocks(metric, matrix)],
        )
    connection.executemany("DELETE FROM blocks WHERE id = ?", [(row[0],) for row in found])
