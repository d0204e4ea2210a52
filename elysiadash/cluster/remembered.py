"""What is kept on disk between runs: who belongs to the cluster, and how it last looked.

A dead node is forgotten by the servers after 5 s; a console started later must still miss it.
"""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from elysiadash.cluster.profile_file import profile_file
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.view import ClusterView
from elysiadash.config import files

log = logging.getLogger(__name__)

_VERSION = 1


class Remembered(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The last state of one cluster. ``saved_at`` is wall-clock seconds."""

    version: int = _VERSION
    url: str = ""
    saved_at: float = 0.0
    expected: tuple[str, ...] = ()
    """Members of the raft configuration when it was last seen."""
    learned: dict[str, str] = {}
    """Address -> node name."""
    cluster: ClusterView | None = None
    rows: tuple[CollectionStats, ...] = ()
    rows_at: float | None = None


class Memory:
    """The file of one profile; without a usable directory it remembers nothing, and says so once.

    A file of another address (the profile was pointed elsewhere) or version is ignored.
    """

    def __init__(self, directory: Path | None, profile_name: str, url: str) -> None:
        self._url = url
        self._path = (
            profile_file(directory / "clusters", profile_name, url, ".json") if directory else None
        )
        self._complained = False

    def load(self) -> Remembered:
        """The last state, empty when there is none or the file is not readable."""
        if self._path is None:
            return Remembered(url=self._url)
        try:
            found = msgspec.json.decode(self._path.read_bytes(), type=Remembered)
        except FileNotFoundError:
            return Remembered(url=self._url)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            log.warning("the remembered state of the cluster is not readable: %s", error)
            return Remembered(url=self._url)
        if found.version != _VERSION or found.url != self._url:
            return Remembered(url=self._url)
        return found

    def save(self, state: Remembered) -> bool:
        """Write the state in one step; False (and one log line) where it cannot be written."""
        if self._path is None:
            return False
        content = msgspec.json.encode(msgspec.structs.replace(state, url=self._url))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            files.replace(self._path, content)
        except OSError as error:
            if not self._complained:
                self._complained = True
                log.warning("the state of the cluster cannot be kept on disk: %s", error)
            return False
        return True
