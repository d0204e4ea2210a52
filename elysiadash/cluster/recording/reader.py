"""Reads a recording, also while another process writes it. For a thread, not for the loop."""

from __future__ import annotations

import math
import zlib
from array import array
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.file import (
    MomentGone,
    UnreadablePart,
    about,
    open_to_read,
    reading,
    size_of,
)
from elysiadash.cluster.recording.frames import Naming, apply, block_parts, dictionary_of
from elysiadash.cluster.recording.parts import Parts
from elysiadash.cluster.recording.points import (
    Frame,
    Matrix,
    block_matrix,
    block_samples,
    bucket_of,
    bytes_frame,
)
from elysiadash.cluster.recording.rows import Rows
from elysiadash.cluster.series import Sample

if TYPE_CHECKING:
    from sqlite3 import Connection

_CRC_OF_ALL = 1 << 32
"""A number of buckets of which each checksum has one of its own."""
_BLOBS_KEPT = 16
_POINTS = "parts of this chart"
_EVENT = msgspec.msgpack.Decoder(Event)


class Contents(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is in a recording. Times are wall-clock seconds, None while there is nothing."""

    about: dict[str, str]
    first: float | None
    last: float | None
    moments: int
    collections: int
    events: int
    bytes: int


class Reader:
    """The reading end of one recording.

    Raises what ``open_to_read`` raises, ``UnreadablePart`` for a moment that cannot be unpacked,
    and nothing of SQLite's. Points and events are read as far as they can be: what is left out is
    in ``unread``; only where none of them can be read it is ``UnreadablePart``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unread: str | None = None
        """In words, which points or events of the last question cannot be read."""
        self._connection: Connection = open_to_read(path)
        self._blobs: dict[int, tuple[bytes, Parts]] = {}
        """Id -> (what deltas are compressed with where it is the state, its parts)."""

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The file may be removed after this."""
        self._connection.close()

    def contents(self) -> Contents:
        """What is in the recording."""
        with self._snapshot():
            first, last = self._edge("ASC"), self._edge("DESC")
            return Contents(
                about=about(self._connection),
                first=None if first is None else first[0],
                last=None if last is None else last[0],
                moments=self._count("frames"),
                collections=0 if last is None else last[1],
                events=self._count("events"),
                bytes=size_of(self.path),
            )

    def samples(self, metric: str, name: str, start: float, end: float) -> list[Sample]:
        """One series from ``start`` to ``end`` with its breaks, oldest first."""
        points = Rows(_POINTS)
        with self._snapshot():
            mark = bucket_of(name, _CRC_OF_ALL)
            rows = self._connection.execute(
                "SELECT body FROM blocks WHERE metric = ? AND last >= ? AND first <= ?"
                " AND bucket = ? % buckets ORDER BY first, id",
                (metric, start, end, mark),
            )
            found: list[Sample] = []
            for (body,) in rows:
                found += points.unpack(block_samples, metric, body, name) or ()
            for at, body in self._tail(start, end):
                frame = points.unpack(bytes_frame, body) or {}
                if frame.get(metric):
                    found.append(Sample(at, frame[metric].get(name)))
        self._take_note(points)
        kept = (sample for sample in found if start <= sample.at <= end)
        return sorted(kept, key=lambda sample: sample.at)

    def frames_of_points(self, start: float, end: float) -> Iterator[tuple[float, Frame]]:
        """All series from ``start`` to ``end`` as moments, oldest first, made one at a time:
        all at once they would take ten times the memory of what is stored."""
        points = Rows(_POINTS)
        where: dict[float, list[tuple[str, Matrix, int]]] = {}
        tail: dict[float, list[bytes]] = {}
        with self._snapshot():
            blocks = self._connection.execute(
                "SELECT metric, body FROM blocks WHERE last >= ? AND first <= ? ORDER BY first, id",
                (start, end),
            )
            for metric, body in blocks:
                matrix = points.unpack(block_matrix, metric, body)
                if matrix is None:
                    continue
                for place, at in enumerate(matrix.times):
                    if start <= at <= end:
                        where.setdefault(at, []).append((metric, matrix, place))
            for at, body in self._tail(start, end):
                tail.setdefault(at, []).append(body)
        for at in sorted(where.keys() | tail.keys()):
            if at in where:
                yield at, _frame_of(where.pop(at))
            for body in tail.pop(at, ()):
                frame = points.unpack(bytes_frame, body)
                if frame is not None:
                    yield at, frame
        self._take_note(points)

    def events(self, since: float | None, until: float | None, limit: int) -> tuple[Event, ...]:
        """The newest events in that time, newest first; both ends count."""
        events = Rows("events of that time")
        with reading(self.path):
            rows = self._connection.execute(
                "SELECT body FROM events WHERE at >= ? AND at <= ? ORDER BY at DESC, id DESC",
                (-math.inf if since is None else since, math.inf if until is None else until),
            )
            with closing(rows):
                read = (events.unpack(_EVENT.decode, body) for (body,) in rows)
                found = tuple(islice((one for one in read if one is not None), limit))
        self._take_note(events)
        return found

    def index(self) -> Index:
        """Every moment that can be replayed."""
        with reading(self.path):
            ids, times, keyframes = array("q"), array("d"), array("q")
            for number, at, keyframe in self._connection.execute(
                "SELECT id, at, keyframe FROM frames ORDER BY id"
            ):
                ids.append(number)
                times.append(at)
                keyframes.append(keyframe)
            return Index(ids, times, keyframes)

    def cursor(self) -> Cursor:
        """A place to step from moment to moment."""
        return Cursor(self)

    def keyframe(self, frame: int) -> tuple[list[str], bytes, Parts]:
        """(names in their order, dictionary for the deltas, parts) of a keyframe."""
        with self._snapshot():
            rows = self._connection.execute(
                "SELECT blob FROM keyframe_blobs WHERE frame = ? ORDER BY place", (frame,)
            ).fetchall()
            if not rows:
                raise MomentGone(f"this moment is no longer in {self.path}")
            blocks = [self._blob(blob) for (blob,) in rows]
            parts: Parts = {}
            for _, found in blocks:
                parts.update(found)
            return list(parts), blocks[0][0], parts

    def deltas(self, keyframe: int, after: int, until: int) -> list[bytes]:
        """The deltas of a keyframe behind frame ``after`` up to ``until``, that one included.

        Raises ``MomentGone`` where the recorder has dropped them: no delta would say that nothing
        changed.
        """
        with reading(self.path):
            rows = self._connection.execute(
                "SELECT id, body FROM frames WHERE keyframe = ? AND id > ? AND id <= ?"
                " AND id != keyframe ORDER BY id",
                (keyframe, after, until),
            ).fetchall()
            if not rows or rows[-1][0] != until:
                raise MomentGone(f"this moment is no longer in {self.path}")
            return [body for _, body in rows]

    def _blob(self, blob: int) -> tuple[bytes, Parts]:
        known = self._blobs.get(blob)
        if known is not None:
            return known
        row = self._connection.execute("SELECT body FROM blobs WHERE id = ?", (blob,)).fetchone()
        if row is None:
            raise MomentGone(f"this moment is no longer in {self.path}")
        content = zlib.decompress(row[0])
        found = dictionary_of(content), block_parts(content)
        while len(self._blobs) >= _BLOBS_KEPT:
            del self._blobs[next(iter(self._blobs))]
        self._blobs[blob] = found
        return found

    def _take_note(self, rows: Rows) -> None:
        self.unread = rows.words
        if rows.unread and not rows.read:
            raise UnreadablePart(f"{self.path} is damaged: {rows.words}")

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """The questions in here are about one state of the file: between two of them whoever
        records moves rows from one table to another."""
        with reading(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("COMMIT")

    def _tail(self, start: float, end: float) -> Iterator[tuple[float, bytes]]:
        return self._connection.execute(
            "SELECT at, body FROM samples WHERE at >= ? AND at <= ? ORDER BY id", (start, end)
        )

    def _edge(self, order: str) -> tuple[float, int] | None:
        row = self._connection.execute(
            f"SELECT at, collections FROM frames ORDER BY id {order} LIMIT 1"  # noqa: S608
        ).fetchone()
        return None if row is None else (float(row[0]), int(row[1]))

    def _count(self, table: str) -> int:
        row = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(row[0])


def _frame_of(pieces: list[tuple[str, Matrix, int]]) -> Frame:
    frame: dict[str, dict[str, float | None]] = {}
    for metric, matrix, place in pieces:
        row = frame.setdefault(metric, {})
        for name, values in matrix.series.items():
            value = values[place]
            if value == value:
                row[name] = value
            elif matrix.all_looked_at:
                row[name] = None
    return frame


class Index(msgspec.Struct, frozen=True, gc=False):
    """The moments of a recording in the order of writing: ids, wall-clock seconds, keyframes."""

    ids: array[int]
    times: array[float]
    keyframes: array[int]

    @property
    def first(self) -> float:
        """The earliest second, which need not be the first moment's: clocks are set back."""
        return min(self.times)

    @property
    def last(self) -> float:
        """The latest second."""
        return max(self.times)

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, when: float) -> int:
        """The place of the last moment not after ``when``; 0 before the first.

        Where the clock was set back, the later run counts.
        """
        for place in range(len(self.times) - 1, -1, -1):
            if self.times[place] <= when:
                return place
        return 0


class Cursor:
    """The parts at one moment; forward steps within a keyframe cost one delta each."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._keyframe = 0
        self._frame = 0
        self._naming = Naming(())
        self._dictionary = b""
        self._parts: Parts = {}

    def move(self, frame: int, keyframe: int) -> Parts:
        """Go to a frame and return its parts; they belong to the cursor."""
        if keyframe != self._keyframe or frame < self._frame:
            names, self._dictionary, self._parts = self._reader.keyframe(keyframe)
            self._naming = Naming(names)
            self._keyframe = self._frame = keyframe
        if frame == self._frame:
            return self._parts
        bodies = self._reader.deltas(keyframe, self._frame, frame)
        # A delta that cannot be read leaves parts half changed: the next move begins anew.
        self._keyframe = 0
        with reading(self._reader.path):
            for body in bodies:
                apply(self._parts, self._naming.decode(body, self._dictionary))
        self._keyframe, self._frame = keyframe, frame
        return self._parts
