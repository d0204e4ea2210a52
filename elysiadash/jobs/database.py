"""The file ``jobs.db``: opened, brought to the newest version, read and written in transactions.

SQLite is loaded by the functions here only, so that a face can import this room for free.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from elysiadash.jobs.clock import Clock, SystemClock
from elysiadash.jobs.errors import (
    Busy,
    CannotWrite,
    DamagedJobs,
    JobsError,
    NewerJobs,
    NotJobs,
)
from elysiadash.jobs.tables import APPLICATION_ID, MIGRATIONS, VERSION

if TYPE_CHECKING:
    from sqlite3 import Connection, Cursor

FILE_NAME = "jobs.db"
BUSY_MS = 5000
"""How long a transaction waits for another process's; ours take milliseconds."""
_MAGIC = b"SQLite format 3\x00"
_HEADER = 100
_VERSION_AT = 60
_APPLICATION_AT = 68


class Reading:
    """One consistent view of all rows, for the length of a ``with``."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection
        self.now = database.clock.wall()
        """Wall time of the transaction, the same for all it writes."""

    @property
    def clock(self) -> Clock:
        """The database's clock."""
        return self._database.clock

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._fetched(sql, values, None)

    def one(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query."""
        return next(iter(self._fetched(sql, values, 1)), None)

    def number(self, sql: str, *values: Any) -> int:
        """The one whole number that a query gives; 0 for NULL."""
        found = self.one(sql, *values)
        return int(found[0] or 0) if found is not None else 0

    def _fetched(
        self, sql: str, values: tuple[Any, ...], most: int | None
    ) -> list[tuple[Any, ...]]:
        import sqlite3

        try:
            cursor = self._connection.execute(sql, values)
            return cursor.fetchall() if most is None else cursor.fetchmany(most)
        except sqlite3.DatabaseError as error:
            _tell(self._database.path, error)


class Transaction(Reading):
    """A view that can be changed: all of it is kept at the end of the ``with``, or nothing."""

    def _execute(self, sql: str, values: tuple[Any, ...]) -> Cursor:
        import sqlite3

        try:
            return self._connection.execute(sql, values)
        except sqlite3.DatabaseError as error:
            _tell(self._database.path, error)

    def run(self, sql: str, *values: Any) -> int:
        """Change rows; how many."""
        return self._execute(sql, values).rowcount

    def insert(self, sql: str, *values: Any) -> int:
        """Add one row; its number."""
        return self._execute(sql, values).lastrowid or 0


class Database:
    """``jobs.db``, open. One per process; threads may share it and take turns."""

    def __init__(self, path: Path, connection: Connection, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self._connection = connection
        self._turn = threading.RLock()
        self._opened_by = os.getpid()
        self._identity = _identity(path)
        self._inside = False

    @classmethod
    def open(cls, folder: Path, *, check: bool = False, clock: Clock | None = None) -> Database:
        """Open the jobs in a state folder, or begin them.

        ``check`` reads the whole file for damage first: for a worker's start. Raises
        ``NewerJobs`` (and leaves the file untouched), ``DamagedJobs``, ``NotJobs``,
        ``CannotWrite``, ``Busy``.
        """
        import sqlite3

        path = folder / FILE_NAME
        _prepare_file(path)
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(path.absolute()))}?mode=rw",
                uri=True,
                timeout=BUSY_MS / 1000,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.DatabaseError as error:
            _tell(path, error)
        try:
            _set_up(connection, path, check)
        except sqlite3.DatabaseError as error:
            connection.close()
            _tell(path, error)
        except JobsError:
            connection.close()
            raise
        return cls(path, connection, clock or SystemClock())

    @property
    def folder(self) -> Path:
        """The state folder."""
        return self.path.parent

    def close(self) -> None:
        """Close the file. May be called twice."""
        with self._turn:
            self._connection.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Read; what others commit meanwhile is not seen. Keep it short: the log grows."""
        with self._begun("BEGIN"):
            yield Reading(self, self._connection)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Write, alone among all processes. On any error nothing is kept.

        Raises ``CannotWrite`` (disk full, read-only), ``Busy``, ``DamagedJobs``.
        """
        with self._begun("BEGIN IMMEDIATE"):
            yield Transaction(self, self._connection)

    @contextmanager
    def _begun(self, how: str) -> Iterator[None]:
        if os.getpid() != self._opened_by:
            # SQLite's locks do not survive a fork: the file would be damaged.
            raise RuntimeError(f"{self.path} was opened by the parent process; open it again")
        with self._turn:
            if self._inside:
                raise RuntimeError("a transaction is open in this thread already")
            self._check_identity()
            self._statement(how)
            self._inside = True
            try:
                yield
                self._statement("COMMIT")
            finally:
                self._inside = False
                if self._connection.in_transaction:
                    self._statement("ROLLBACK")

    def _statement(self, sql: str) -> None:
        import sqlite3

        try:
            self._connection.execute(sql)
        except sqlite3.DatabaseError as error:
            _tell(self.path, error)

    def _check_identity(self) -> None:
        """Where the file was removed, another may have been begun: two would rule."""
        if _identity(self.path) != self._identity:
            raise DamagedJobs(
                f"{self.path} was removed or replaced while it was in use; "
                "put it back, or end this process and start again"
            )


def _prepare_file(path: Path) -> None:
    """Make folder and file for their owner only; look at what is there without touching it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite would make it readable for everybody.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o600))
        if not path.is_file():
            raise NotJobs(f"{path} is not a file; move it away")
        with path.open("rb") as file:
            header = file.read(_HEADER)
    except OSError as error:
        raise CannotWrite(
            f"{path} cannot be written ({error.strerror or 'unknown error'}); "
            "give access to its folder, or name another state folder"
        ) from None
    if not header:
        return
    if not header.startswith(_MAGIC):
        raise DamagedJobs(_damaged(path, "it does not begin like a database"))
    if len(header) == _HEADER:
        (application,) = struct.unpack_from(">I", header, _APPLICATION_AT)
        (version,) = struct.unpack_from(">I", header, _VERSION_AT)
        # Both are 0 while the first transaction is still in the log.
        if application or version:
            _check_version(path, application, version)


def _set_up(connection: Connection, path: Path, check: bool) -> None:
    if _begun_before(connection):
        _check_version(
            path, _number(connection, "application_id"), _number(connection, "user_version")
        )
    if check:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise DamagedJobs(_damaged(path, found))
    _use_log(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA journal_size_limit=8388608")
    if sys.platform == "darwin":
        # There fsync alone does not reach the disk.
        connection.execute("PRAGMA fullfsync=ON")
    if _number(connection, "user_version") < VERSION:
        _migrate(connection, path)


def _use_log(connection: Connection) -> None:
    """Switch to WAL. SQLite does not wait here where two processes begin the file at once."""
    import sqlite3

    give_up = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _migrate(connection: Connection, path: Path) -> None:
    """Bring the file to the newest version, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been faster.
        version = _number(connection, "user_version")
        if version:
            _check_version(path, _number(connection, "application_id"), version)
        for step in MIGRATIONS[version:]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={max(version, VERSION)}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _begun_before(connection: Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _check_version(path: Path, application: int, version: int) -> None:
    if application != APPLICATION_ID:
        raise NotJobs(f"{path} belongs to another program; move it away")
    if version > VERSION:
        raise NewerJobs(
            f"{path} was written by a later release (format {version}, this one knows {VERSION}); "
            "it was left untouched: use that release, or name another state folder"
        )


def _number(connection: Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _damaged(path: Path, what: object) -> str:
    return (
        f"{path} is damaged: {what}. Move it away together with its -wal and -shm files; "
        "new jobs then begin an empty one, and the jobs' folders keep their files"
    )


def _tell(path: Path, error: Exception) -> NoReturn:
    """SQLite's error as one of ours, in words; a fault of our own code stays what it is."""
    import sqlite3

    if isinstance(error, sqlite3.ProgrammingError | sqlite3.IntegrityError):
        raise error
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        raise DamagedJobs(_damaged(path, error)) from error
    if name == "SQLITE_FULL":
        raise CannotWrite(
            f"the disk is full: {path} could not be written and nothing was changed; "
            f"free space in {path.parent}, then resume the job"
        ) from error
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        raise CannotWrite(
            f"{path} cannot be written and nothing was changed ({error}); "
            f"give write access to it and to {path.parent}"
        ) from error
    if name.startswith("SQLITE_IOERR"):
        raise CannotWrite(
            f"the disk under {path} answers with an error ({name}) and nothing was changed; "
            "look at the disk, then resume the job"
        ) from error
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        raise Busy(
            f"another process held {path} for more than {BUSY_MS / 1000:g} s and nothing was "
            "changed; try again"
        ) from error
    raise JobsError(f"{path}: {error}") from error
