"""What a person chose on the screen and wants to find again: columns, order, theme."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import msgspec

from elysiadash.config import files

log = logging.getLogger(__name__)

_VERSION = 1
_MOST_BYTES = 1_000_000


class Choices(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is written to disk. ``columns`` is by the list's name."""

    version: int = _VERSION
    columns: dict[str, tuple[str, ...]] = {}
    theme: str | None = None


class Kept:
    """The choices of this user, in one file; without a folder they last for this run only.

    A file that cannot be read or is of another version counts as empty, and is not an error.
    ``keep_columns`` and ``keep_theme`` read and write the file: call them in a thread; they may be
    called from several at once.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._path = folder / "choices.json" if folder is not None else None
        self._lock = threading.Lock()
        self.choices = self._read()

    @property
    def lasts(self) -> bool:
        """Whether choices outlive this run."""
        return self._path is not None

    def columns(self, name: str) -> tuple[str, ...]:
        """Keys of the columns chosen for a list, in their order; empty: as the list has them."""
        return self.choices.columns.get(name, ())

    def keep_columns(self, name: str, keys: tuple[str, ...]) -> str | None:
        """Keep the columns of a list, () forgets them; returns why they could not be kept."""
        with self._lock:
            columns = {**self.choices.columns, name: keys}
            if not keys:
                del columns[name]
            return self._keep(msgspec.structs.replace(self._read(), columns=columns))

    def keep_theme(self, theme: str) -> str | None:
        """Keep the theme; returns why it could not be kept."""
        with self._lock:
            return self._keep(msgspec.structs.replace(self._read(), theme=theme))

    def _read(self) -> Choices:
        if self._path is None:
            return getattr(self, "choices", Choices())
        try:
            content, _ = files.read(self._path, _MOST_BYTES)
            found = msgspec.json.decode(content, type=Choices)
        except FileNotFoundError:
            return Choices()
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("what was chosen on the screen cannot be read: %s", error)
            return Choices()
        return found if found.version == _VERSION else Choices()

    def _keep(self, choices: Choices) -> str | None:
        self.choices = choices
        if self._path is None:
            return None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            files.replace(self._path, msgspec.json.format(msgspec.json.encode(choices)))
        except OSError as error:
            return f"kept for this run only: {self._path}: {error.strerror or error}"
        return None
