"""A settings file as read: its values, the lines they stand on, and what is wrong with the file."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any, Literal

import msgspec

from elysiadash.config import files
from elysiadash.config.credentials import holds_clear_secret
from elysiadash.config.locate import KeyPath, key_lines, line_of
from elysiadash.config.mistake import Mistake

Layer = Literal["flag", "env", "project", "user", "default"]

PROJECT_FILE_NAME = "elysiadash.toml"

_LARGEST_FILE_BYTES = 1024 * 1024
_LINE_IN_MESSAGE = re.compile(r"\s*\(at line (\d+), column \d+\)")
_READABLE_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH


class Document(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One file of one layer; empty when it could not be read."""

    layer: Layer
    """``user`` or ``project``."""
    path: Path
    """Absolute."""
    data: dict[str, Any]
    """What TOML says; unchecked."""
    lines: dict[KeyPath, int]
    """Key path -> line, from 1."""
    mistakes: tuple[Mistake, ...]
    """What is wrong with the file as a whole."""
    is_readable: bool
    """False when nothing of it could be used."""

    def line(self, path: KeyPath) -> int | None:
        """The line of ``path`` or of the table it belongs to."""
        return line_of(self.lines, path)


def project_file(cwd: Path) -> Path | None:
    """The nearest ``elysiadash.toml`` in ``cwd`` or a folder above it."""
    start = cwd.absolute()
    for folder in (start, *start.parents):
        candidate = folder / PROJECT_FILE_NAME
        # os.path: a folder that may not be searched is one without the file.
        if os.path.isfile(candidate):  # noqa: PTH113
            return candidate
    return None


def read_document(path: Path, layer: Layer) -> Document:
    """Read and parse one file. Never raises; what is wrong is in ``mistakes``."""
    try:
        content, mode = files.read(path, _LARGEST_FILE_BYTES + 1)
    except files.NotAFile:
        return _unusable(path, layer, "is not a file")
    except OSError as error:
        return _unusable(path, layer, f"cannot be read: {error.strerror or 'unknown error'}")
    if len(content) > _LARGEST_FILE_BYTES:
        return _unusable(path, layer, f"is larger than {_LARGEST_FILE_BYTES // 1024} KiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _unusable(path, layer, "is not UTF-8 text", line)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, line_found = _message_and_line(str(error), text)
        return _unusable(path, layer, f"is no valid TOML: {message}", line_found)
    except (ValueError, RecursionError):
        # Numbers of thousands of digits and lists nested a thousand deep.
        return _unusable(path, layer, "holds a value that is too long or nested too deeply")
    return Document(
        layer=layer,
        path=path,
        data=data,
        lines=key_lines(text.replace("\r\n", "\n")),
        # A project file may hold no clear secret at all, whoever can read it.
        mistakes=_readable_by_others(path, mode, data) if layer == "user" else (),
        is_readable=True,
    )


def _readable_by_others(path: Path, mode: int, data: dict[str, Any]) -> tuple[Mistake, ...]:
    if not mode & _READABLE_BY_OTHERS or not holds_clear_secret(data):
        return ()
    message = f"holds a secret in clear text and others can read it; run: chmod 600 {path}"
    return (Mistake(file=str(path), key="", line=None, message=message),)


def _unusable(path: Path, layer: Layer, message: str, line: int | None = None) -> Document:
    mistake = Mistake(file=str(path), key="", line=line, message=message)
    return Document(
        layer=layer, path=path, data={}, lines={}, mistakes=(mistake,), is_readable=False
    )


def _message_and_line(message: str, text: str) -> tuple[str, int]:
    """``tomllib`` puts the place into its message, in words."""
    match = _LINE_IN_MESSAGE.search(message)
    if match is None:
        return message.removesuffix(" (at end of document)"), text.count("\n") + 1
    return message.replace(match[0], ""), int(match[1])
