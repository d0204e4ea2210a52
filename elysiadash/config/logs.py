"""The log of our own work: JSON lines in a rotating file, without secrets, never on the screen."""

from __future__ import annotations

import datetime
import logging
import os
import sys
import traceback
from collections.abc import Mapping
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

import msgspec

from elysiadash.config.redaction import MASK, redact, register_secret
from elysiadash.config.tuning import LogLevel, LogSettings

__all__ = ["JsonLines", "LogSetup", "RotatingFile", "register_secret", "set_up"]

OWN_LOGGER = "elysiadash"
LOG_FILE_NAME = "elysiadash.log"

_LEVELS: dict[LogLevel, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_LONGEST_TEXT = 16 * 1024
"""Characters of one field of a line; a server's whole answer does not belong into a log."""
_DEEPEST = 4
_MOST_PARTS = 100
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET_FIELDS = ("authorization", "api_key", "apikey", "password", "secret", "token", "cookie")


class LogSetup:
    """Logging as ``set_up`` left it. ``close()`` flushes and takes it down again."""

    def __init__(self, handler: logging.Handler, file: Path | None, message: str | None) -> None:
        self.file = file
        """Where the log is written; None when to stderr or nowhere."""
        self.message = message
        """Why there is no log file, once, for the user; None when all is well."""
        self._handler = handler

    def close(self) -> None:
        """Flush and remove our handler. May be called twice."""
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(self._handler)
        self._handler.close()


def set_up(settings: LogSettings, log_dir: Path | None, *, full_screen: bool) -> LogSetup:
    """Log to ``settings.file``, else to ``elysiadash.log`` in ``log_dir``. Never raises.

    Our own entries are kept from ``settings.level`` on, other libraries' from warnings on. While a
    full-screen app runs nothing goes to stderr, not even when there is no file; a command without
    a file logs to stderr.
    """
    path = Path(settings.file) if settings.file else None
    if path is None and log_dir is not None:
        path = log_dir / LOG_FILE_NAME
    handler, message = _handler(path, settings, full_screen)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(OWN_LOGGER).setLevel(_LEVELS[settings.level])
    # A warning printed to stderr would tear a hole into the screen.
    logging.captureWarnings(True)
    return LogSetup(handler, path if isinstance(handler, RotatingFile) else None, message)


def _handler(
    path: Path | None, settings: LogSettings, full_screen: bool
) -> tuple[logging.Handler, str | None]:
    message = None
    if path is not None:
        try:
            return RotatingFile(path, settings.max_bytes, settings.backups), None
        except OSError as error:
            message = (
                f"the log file {path} cannot be written ({error.strerror or 'unknown error'}); "
                "name another with log.file"
            )
    # With no handler at all Python would print warnings to stderr by itself.
    return (logging.NullHandler() if full_screen else _Stderr()), message


class RotatingFile(RotatingFileHandler):
    """A file for its owner only that several processes may share; a full disk is borne in silence.

    When another process has rotated the file, this one follows to the new file instead of
    rotating once more.
    """

    def __init__(self, path: Path, max_bytes: int, backups: int) -> None:
        super().__init__(
            path, maxBytes=max_bytes, backupCount=backups, encoding="utf-8", errors="replace"
        )
        self.lost = 0
        """Entries that could not be written."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._follow()
        except OSError:
            self.handleError(record)
            return
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Count what was lost; the inherited one prints to stderr."""
        self.lost += 1

    def flush(self) -> None:
        """What a full disk does not take is lost, and no command fails for it."""
        try:
            super().flush()
        except OSError:
            self.lost += 1

    def close(self) -> None:
        """Close in any case; the last entries may be lost on a full disk."""
        try:
            super().close()
        except OSError:
            self.lost += 1
            self.stream = None

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802
        """Whether the file is full; the inherited one formats each entry a second time."""
        return self.stream is not None and os.fstat(self.stream.fileno()).st_size >= self.maxBytes

    def doRollover(self) -> None:  # noqa: N802
        """Begin a new file; the inherited one lets it grow for ever where none are kept."""
        if self.backupCount == 0 and self.stream is not None:
            self.stream.truncate(0)
        else:
            super().doRollover()

    def _follow(self) -> None:
        """Reopen the file where the one we hold has been moved away or deleted."""
        if self.stream is None:
            return
        ours = os.fstat(self.stream.fileno())
        try:
            current = os.stat(self.baseFilename)  # noqa: PTH116
        except FileNotFoundError:
            current = None
        if current is None or (current.st_dev, current.st_ino) != (ours.st_dev, ours.st_ino):
            self.stream.close()
            self.stream = self._open()

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="replace")


class _Stderr(logging.StreamHandler[TextIO]):
    """Stderr as it is at that moment; a closed one is borne in silence."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Nothing is left to write to."""


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at`` (RFC 3339, UTC), ``level``, ``logger``, ``process``,
    ``message``, whatever was given as ``extra``, and ``error`` with the traceback, without locals.

    Every text is redacted; a field named like a credential is masked as a whole.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        entry: dict[str, Any] = {
            "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": _text(_message_of(record)),
        }
        for name, value in vars(record).items():
            if name not in _OF_EVERY_RECORD and name not in entry:
                entry[name] = _named(name, value)
        if record.exc_info and record.exc_info[1] is not None:
            entry["error"] = _text("".join(traceback.format_exception(record.exc_info[1])))
        elif record.exc_text:
            entry["error"] = _text(record.exc_text)
        if record.stack_info:
            entry["stack"] = _text(record.stack_info)
        return msgspec.json.encode(entry).decode()


def _message_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # The arguments do not fit the text; the entry is worth more than the complaint.
        return f"{record.msg} {record.args!r}"


def _named(name: str, value: object, depth: int = 0) -> Any:
    """A value under its name; numbers, such as a count of tokens, are no credentials."""
    plain = name.lower().replace("-", "_")
    if any(word in plain for word in _SECRET_FIELDS) and not isinstance(value, int | float):
        return MASK
    return _plain(value, depth)


def _plain(value: object, depth: int = 0) -> Any:
    """Something JSON can hold, of bounded size, every text in it redacted."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**63 else _text(str(value))
    if isinstance(value, Mapping) and depth < _DEEPEST:
        pairs = list(value.items())[:_MOST_PARTS]
        return {_text(str(key)): _named(str(key), part, depth + 1) for key, part in pairs}
    if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
        return [_plain(part, depth + 1) for part in list(value)[:_MOST_PARTS]]
    return _text(value if isinstance(value, str) else repr(value))


def _text(text: str) -> str:
    # Cut after redaction: half a secret would no longer be recognised.
    clean = redact(text)
    if len(clean) > _LONGEST_TEXT:
        clean = f"{clean[:_LONGEST_TEXT]}… ({len(clean)} characters)"
    # Lone surrogates, from odd file names, are no UTF-8.
    return clean.encode("utf-8", "backslashreplace").decode()
