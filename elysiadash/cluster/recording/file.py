"""The file of a recording: its tables, its version, and how it is opened.

SQLite is loaded by the functions here only: what starts the app must not wait for it.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from elysiadash.cluster.profile_file import profile_file

if TYPE_CHECKING:
    from sqlite3 import Connection

APPLICATION_ID = 0x656C7964
VERSION = 1
BUSY_MS = 2000
CANNOT_UNPACK = (zlib.error, msgspec.MsgspecError, LookupError, ValueError, TypeError)
"""A bit that fell over, or what a later release wrote into the same format."""
_ASIDE_KEPT = 2
"""Damaged recordings that are kept; each may be as large as a recording."""

_TABLES = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
    # The same content is kept once, however many keyframes hold it.
    "CREATE TABLE blobs (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body BLOB NOT NULL)",
    # A delta has the keyframe before it and a body; a keyframe has itself and blobs.
    "CREATE TABLE frames (id INTEGER PRIMARY KEY, at REAL NOT NULL, keyframe INTEGER NOT NULL,"
    " collections INTEGER NOT NULL, body BLOB)",
    "CREATE INDEX frames_by_time ON frames (at)",
    "CREATE INDEX frames_by_keyframe ON frames (keyframe)",
    "CREATE TABLE keyframe_blobs (frame INTEGER NOT NULL, place INTEGER NOT NULL,"
    " blob INTEGER NOT NULL, PRIMARY KEY (frame, place)) WITHOUT ROWID",
    "CREATE TABLE samples (id INTEGER PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE blocks (id INTEGER PRIMARY KEY, tier INTEGER NOT NULL, first REAL NOT NULL,"
    " last REAL NOT NULL, metric TEXT NOT NULL, bucket INTEGER NOT NULL,"
    " buckets INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE INDEX blocks_by_metric ON blocks (metric, last, first, bucket, buckets)",
    "CREATE INDEX blocks_by_tier ON blocks (tier, first)",
    "CREATE INDEX blocks_by_end ON blocks (last)",
    "CREATE TABLE events (id INTEGER PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL)",
    "CREATE INDEX events_by_time ON events (at)",
)


class NotARecording(Exception):
    """The file cannot be used as a recording; says which file and why."""


class NewerRecording(NotARecording):
    """A later release wrote the file."""


class DamagedRecording(NotARecording):
    """The file is a recording, but parts of it cannot be read."""


class UnreadablePart(DamagedRecording):
    """What one place of the file holds cannot be unpacked; the file itself is right."""


class MomentGone(NotARecording):
    """The moment was forgotten meanwhile, by whoever records."""


def recording_path(state_dir: Path, profile_name: str, url: str) -> Path:
    """Where the past of one profile is kept."""
    return profile_file(state_dir / "recordings", profile_name, url, ".sqlite")


def open_to_write(path: Path) -> Connection:
    """Open the recording, or begin one.

    Raises ``NotARecording`` for another kind of file, ``NewerRecording``, ``DamagedRecording``,
    ``OSError`` and ``sqlite3.DatabaseError`` (locked, disk full).
    """
    import sqlite3

    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # SQLite would make it readable for everybody.
    path.touch(mode=0o600, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
    connection.text_factory = _text
    try:
        _prepare(connection, path)
    except UnicodeDecodeError as error:
        connection.close()
        raise _broken_names(path, error) from None
    except sqlite3.DatabaseError as error:
        connection.close()
        if not is_damage(error):
            raise
        raise _unreadable(path, error) from None
    except NotARecording:
        connection.close()
        raise
    return connection


def open_to_read(path: Path) -> Connection:
    """Open a recording, which another process may be writing, for reading.

    Raises ``NotARecording``, ``NewerRecording``, ``DamagedRecording``, ``FileNotFoundError``.
    """
    import sqlite3

    if path.exists() and not path.is_file():
        raise NotARecording(f"{path} is not a file")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    try:
        return _opened(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if os.access(path.parent, os.W_OK):
            raise NotARecording(f"{path} cannot be read now: {error}") from None
    except sqlite3.DatabaseError as error:
        raise _unreadable(path, error) from None
    # In a folder that cannot be written, SQLite has no place for what it shares with a writer:
    # there is none.
    try:
        return _opened(path, "mode=ro&immutable=1")
    except sqlite3.DatabaseError as error:
        raise _unreadable(path, error) from None


@contextmanager
def unpacking(path: Path) -> Iterator[None]:
    """What is stored in the file is unpacked in here: what cannot be is ``UnreadablePart``."""
    try:
        yield
    except CANNOT_UNPACK as error:
        raise UnreadablePart(f"{path} is damaged: {type(error).__name__}: {error}") from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """The file is read in here: where SQLite finds it broken it is ``DamagedRecording``, where a
    part of it cannot be unpacked ``UnreadablePart``, and ``NotARecording`` where it may be read
    another time."""
    import sqlite3

    try:
        with unpacking(path):
            yield
    except sqlite3.ProgrammingError:
        # A fault of ours, such as asking a file that was closed.
        raise
    except sqlite3.DatabaseError as error:
        raise _unreadable(path, error) from error


def about(connection: Connection) -> dict[str, str]:
    """What the recording says of itself: name, url, environment, colour."""
    return dict(connection.execute("SELECT name, value FROM about"))


def size_of(path: Path) -> int:
    """Bytes on disk, with what was not yet moved into the file itself."""
    beside = path.with_name(path.name + "-wal")
    return sum(found.stat().st_size for found in (path, beside) if found.exists())


def set_aside(path: Path, now: float) -> Path:
    """Give a damaged recording another name, so that a new one can be begun.

    Only the newest of such files are kept.
    """
    earlier = sorted(path.parent.glob(f"{path.stem}.damaged-*.sqlite"))
    for old in earlier[: max(0, len(earlier) + 1 - _ASIDE_KEPT)]:
        for end in ("", "-wal", "-shm"):
            old.with_name(old.name + end).unlink(missing_ok=True)
    aside = path.with_name(f"{path.stem}.damaged-{int(now)}.sqlite")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.stem}.damaged-{int(now)}-{number}.sqlite")
    for end in ("-wal", "-shm"):
        beside = path.with_name(path.name + end)
        if beside.exists():
            beside.replace(aside.with_name(aside.name + end))
    path.replace(aside)
    return aside


def is_damage(error: Exception) -> bool:
    """Whether an error of SQLite says that the file itself is broken."""
    name = getattr(error, "sqlite_errorname", None) or ""
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def _opened(path: Path, how: str) -> Connection:
    import sqlite3

    # "?" and "#" have a meaning in the address of a file.
    address = f"file:{quote(str(path.absolute()))}?{how}"
    connection = sqlite3.connect(
        address, uri=True, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = _text
    try:
        _check_version(connection, path)
    except UnicodeDecodeError as error:
        connection.close()
        raise _broken_names(path, error) from None
    except (sqlite3.DatabaseError, NotARecording):
        connection.close()
        raise
    return connection


def _prepare(connection: Connection, path: Path) -> None:
    # Looked at first: what is not ours to write must stay as it is.
    if _has_tables(connection):
        _check_version(connection, path)
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise DamagedRecording(f"{path} is damaged: {found}")
    else:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL")
    # A power cut may lose the last seconds, never the file.
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA journal_size_limit=4194304")
    if not _has_tables(connection):
        _begin(connection)


def _begin(connection: Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in _TABLES:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def _text(stored: bytes) -> str:
    """A byte that fell over costs its own character."""
    return stored.decode("utf-8", "replace")


def _broken_names(path: Path, error: UnicodeDecodeError) -> DamagedRecording:
    """What SQLite says of a broken table quotes its name, which Python cannot read."""
    return DamagedRecording(f"{path} is damaged: the names of its tables cannot be read ({error})")


def _has_tables(connection: Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _check_version(connection: Connection, path: Path) -> None:
    if _number(connection, "application_id") != APPLICATION_ID:
        raise NotARecording(f"{path} is not a recording of elysiadash")
    version = _number(connection, "user_version")
    if version > VERSION:
        raise NewerRecording(
            f"{path} was written by a later release (format {version}, this one reads {VERSION})"
        )
    connection.execute("SELECT count(*) FROM about").fetchone()


def _number(connection: Connection, pragma: str) -> int:
    found: Any = connection.execute(f"PRAGMA {pragma}").fetchone()[0]
    return int(found)


def _unreadable(path: Path, error: Exception) -> NotARecording:
    if "not a database" in str(error):
        return NotARecording(f"{path} is not a recording of elysiadash")
    if is_damage(error):
        return DamagedRecording(f"{path} is damaged: {error}")
    return NotARecording(f"{path} cannot be read now: {error}")
