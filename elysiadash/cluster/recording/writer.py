"""Writes a recording. Runs in one thread; every call is one transaction or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.encoder import Encoder
from elysiadash.cluster.recording.file import open_to_write, size_of
from elysiadash.cluster.recording.frames import (
    Naming,
    compressed,
    dictionary_of,
    keyframe_blocks,
)
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.points import Frame, blocks, bytes_frame, frame_bytes, matrices
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.rows import Rows

if TYPE_CHECKING:
    from sqlite3 import Connection

_KEYFRAME_EVERY_S = 900.0
_KEYFRAME_LEAST_BYTES = 64 * 1024
_TAIL_S = 900.0
_TAIL_ROWS = 60
_BACK_S = 2.0


class Batch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is written at once; ``points`` are (wall-clock seconds, frame)."""

    moment: Moment | None = None
    points: tuple[tuple[float, Frame], ...] = ()
    events: tuple[Event, ...] = ()


class Writer:
    """The writing end of one recording.

    ``about`` is what the recording says of its cluster. Raises what ``open_to_write`` raises;
    every method may raise ``sqlite3.Error`` and ``OSError``. After an error the next moment is
    written whole.
    """

    def __init__(self, path: Path, about: Mapping[str, str], retention: Retention) -> None:
        self.path = path
        self.left_out: str | None = None
        """In words, what could not be read of what was to be kept in another way, and is gone."""
        self._retention = retention
        self._connection: Connection = open_to_write(path)
        self._encoder = Encoder()
        self._naming: Naming | None = None
        self._dictionary = b""
        self._keyframe = 0
        self._keyframe_at = 0.0
        self._keyframe_bytes = 0
        self._delta_bytes = 0
        self._last_at = 0.0
        with self._transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", about.items())

    def write(self, batch: Batch) -> int:
        """Write all of the batch or nothing; returns the bytes of its content."""
        try:
            with self._transaction() as connection:
                size = self._put_events(connection, batch.events)
                size += self._put_points(connection, batch.points)
                if batch.moment is not None:
                    size += self._put_moment(connection, batch.moment)
        except BaseException:
            # What the encoder takes for known was not kept.
            self._naming = None
            raise
        return size

    def sweep(self, now: float) -> None:
        """Thin what is old, forget what is too old or too much, and give the room back."""
        with self._transaction() as connection:
            self._retention.thin(connection, now)
        with self._transaction() as connection:
            self._retention.forget(connection, now)
        self._retention.shrink(self._connection)

    def size(self) -> int:
        """Bytes on disk."""
        return size_of(self.path)

    def oldest(self) -> float | None:
        """When the recording begins."""
        row = self._connection.execute("SELECT at FROM frames ORDER BY id LIMIT 1").fetchone()
        return None if row is None else float(row[0])

    def close(self) -> None:
        """The file is complete at any time; this only moves it into one piece."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk has ended the transaction already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _put_moment(self, connection: Connection, moment: Moment) -> int:
        at = moment.at
        if self._last_at - _BACK_S <= at <= self._last_at:
            # A clock that is set by a little must not make two moments one.
            at = self._last_at + 0.001
        whole = self._naming is None or self._is_keyframe_due(at)
        size = self._put_keyframe(connection, at, moment) if whole else 0
        if not whole:
            size = self._put_delta(connection, at, moment)
        self._last_at = at
        return size

    def _is_keyframe_due(self, at: float) -> bool:
        limit = max(_KEYFRAME_LEAST_BYTES, self._keyframe_bytes)
        passed = at - self._keyframe_at
        return not 0 <= passed < _KEYFRAME_EVERY_S or self._delta_bytes > limit

    def _put_keyframe(self, connection: Connection, at: float, moment: Moment) -> int:
        parts = self._encoder.everything(moment)
        content = keyframe_blocks(parts)
        row = (at, len(moment.rows))
        cursor = connection.execute(
            "INSERT INTO frames (at, keyframe, collections) VALUES (?, 0, ?)", row
        )
        frame = cursor.lastrowid or 0
        connection.execute("UPDATE frames SET keyframe = id WHERE id = ?", (frame,))
        written = self._keyframe_bytes = 0
        names: list[str] = []
        for place, block in enumerate(content):
            blob, size, is_new = _put_blob(connection, block)
            connection.execute("INSERT INTO keyframe_blobs VALUES (?, ?, ?)", (frame, place, blob))
            self._keyframe_bytes += size
            written += size if is_new else 0
            names += msgspec.msgpack.decode(block)[0]
        self._naming = Naming(names)
        self._dictionary = dictionary_of(content[0])
        self._keyframe, self._keyframe_at, self._delta_bytes = frame, at, 0
        return written

    def _put_delta(self, connection: Connection, at: float, moment: Moment) -> int:
        changes = self._encoder.changes(moment)
        if self._naming is None:
            raise ValueError("a delta needs a keyframe before it")
        body = self._naming.encode(changes, self._dictionary)
        connection.execute(
            "INSERT INTO frames (at, keyframe, collections, body) VALUES (?, ?, ?, ?)",
            (at, self._keyframe, len(moment.rows), body),
        )
        self._delta_bytes += len(body)
        return len(body)

    def _put_points(self, connection: Connection, points: Sequence[tuple[float, Frame]]) -> int:
        if not points:
            return 0
        rows = [(at, frame_bytes(frame)) for at, frame in points]
        count, first = connection.execute("SELECT count(*), min(at) FROM samples").fetchone()
        # Before the new ones, so that a pause or a clock set back makes no block of a wide span.
        if count and (count >= _TAIL_ROWS or not 0 <= points[-1][0] - first < _TAIL_S):
            self.left_out = _roll(connection) or self.left_out
        connection.executemany("INSERT INTO samples (at, body) VALUES (?, ?)", rows)
        return sum(len(body) for _, body in rows)

    def _put_events(self, connection: Connection, events: Sequence[Event]) -> int:
        rows = [(event.at, msgspec.msgpack.encode(event)) for event in events]
        connection.executemany("INSERT INTO events (at, body) VALUES (?, ?)", rows)
        return sum(len(body) for _, body in rows)


def _put_blob(connection: Connection, block: bytes) -> tuple[int, int, bool]:
    """(id, bytes as stored, whether it is new)."""
    mark = hashlib.sha256(block).digest()
    known = connection.execute(
        "SELECT id, length(body) FROM blobs WHERE hash = ?", (mark,)
    ).fetchone()
    if known is not None:
        return int(known[0]), int(known[1]), False
    body = compressed(block)
    cursor = connection.execute("INSERT INTO blobs (hash, body) VALUES (?, ?)", (mark, body))
    return cursor.lastrowid or 0, len(body), True


def _roll(connection: Connection) -> str | None:
    """Turn the rows of single moments into blocks of series; in words, which could not be read."""
    # By time, since a clock may have been set back between them.
    rows = connection.execute("SELECT at, body FROM samples ORDER BY at, id").fetchall()
    moments = Rows("moments of points")
    frames = (moments.unpack(bytes_frame, body) or {} for _, body in rows)
    for metric, matrix in matrices([at for at, _ in rows], frames).items():
        first, last = matrix.times[0], matrix.times[-1]
        connection.executemany(
            "INSERT INTO blocks (tier, first, last, metric, bucket, buckets, body)"
            " VALUES (0, ?, ?, ?, ?, ?, ?)",
            [(first, last, metric, *block) for block in blocks(metric, matrix)],
        )
    connection.execute("DELETE FROM samples")
    return moments.words
