"""``diag``: one archive for a bug report, without secrets."""

from __future__ import annotations

import io
import os
import platform
import sys
import tarfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from elysiadash import __version__
from elysiadash.cli.choosing import load_settings
from elysiadash.cli.documents import DiagDocument, PackedItem
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.output import say, write_json, write_line
from elysiadash.config.logs import LOG_FILE_NAME
from elysiadash.config.moments import file_stamp, rfc3339
from elysiadash.config.paths import find_places
from elysiadash.config.redaction import redact

_LOG_BYTES = 256 * 1024
_STATE_BYTES = 8 * 1024 * 1024
_LIBRARIES = (
    "textual",
    "rich",
    "httpx",
    "httpcore",
    "msgspec",
    "typer",
    "platformdirs",
    "protobuf",
    "grpcio",
    "uvicorn",
)
_VARIABLES = ("TERM", "COLORTERM", "LANG", "LC_ALL", "NO_COLOR", "TMUX", "SSH_TTY")


def diag(flags: ClusterFlags, as_json: bool) -> int:
    """Write the archive into the working folder, never over another, and say what is in it."""
    parts = dict(_parts(flags))
    path = Path.cwd() / f"elysiadash-diag-{file_stamp(time.time())}.tar.gz"
    try:
        _pack(path, parts)
    except FileExistsError:
        raise CommandFailed(f"{path} exists already", "try again in a second") from None
    except OSError as error:
        raise CommandFailed(
            f"{path} cannot be written: {error.strerror or 'unknown error'}",
            "change into a folder where you may write",
        ) from None
    if as_json:
        items = tuple(PackedItem(name=n, bytes=len(content)) for n, content in parts.items())
        write_json(DiagDocument(at=rfc3339(time.time()), archive=str(path), items=items))
        return Exit.OK
    for name, content in parts.items():
        say(f"  {name}  {len(content):,} bytes")
    say("addresses and names of collections and nodes are in it; look before you send it")
    write_line(str(path))
    return Exit.OK


def _parts(flags: ClusterFlags) -> Iterator[tuple[str, bytes]]:
    """(name in the archive, content) of everything worth sending, redacted."""
    places = find_places(os.environ)
    yield "versions.txt", _clean("\n".join(_versions()) + "\n")
    settings = load_settings(flags)
    shown = "".join(f"{key} = {value}    # {origin}\n" for key, value, origin in settings.show())
    yield "settings.txt", _clean(shown)
    mistakes = "".join(f"{mistake}\n" for mistake in settings.check())
    yield "mistakes.txt", _clean(mistakes or "none\n")
    log = Path(settings.log.file) if settings.log.file else None
    if log is None and places.logs is not None:
        log = places.logs / LOG_FILE_NAME
    if log is not None and (tail := _tail(log)) is not None:
        yield "log.jsonl", tail
    if places.state is not None:
        for file in sorted((places.state / "clusters").glob("*.json")):
            if (content := _state(file)) is not None:
                yield f"clusters/{file.name}", content


def _versions() -> Iterator[str]:
    yield f"elysiadash {__version__}"
    yield f"python {platform.python_version()} ({platform.python_implementation()})"
    yield f"system {platform.system()} {platform.release()} {platform.machine()}"
    for name in _LIBRARIES:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            yield f"{name} is not installed"
    for name in _VARIABLES:
        if name in os.environ:
            yield f"{name}={os.environ[name]}"
    yield f"encoding {sys.getfilesystemencoding()}"


def _tail(path: Path) -> bytes | None:
    """The last lines of the log; None where there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LOG_BYTES))
            content = file.read()
    except OSError:
        return None
    if size > _LOG_BYTES:
        # The first line is cut in the middle: half a secret would not be recognised.
        content = content.partition(b"\n")[2]
    return _clean(content.decode("utf-8", "replace"))


def _state(path: Path) -> bytes | None:
    try:
        if path.stat().st_size > _STATE_BYTES:
            return _clean(f"left out: {path.stat().st_size:,} bytes\n")
        return _clean(path.read_text("utf-8", "replace"))
    except OSError:
        return None


def _clean(text: str) -> bytes:
    return redact(text).encode("utf-8", "backslashreplace")


def _pack(path: Path, parts: dict[str, bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in parts.items():
            entry = tarfile.TarInfo(f"elysiadash-diag/{name}")
            entry.size, entry.mtime, entry.mode = len(content), int(time.time()), 0o600
            archive.addfile(entry, io.BytesIO(content))
