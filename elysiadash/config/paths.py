"""Where we keep things: settings, state, cache, logs; and what happens when nothing can be kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

USER_FILE_NAME = "config.toml"
CONFIG_DIR_VARIABLE = "ELYSIADASH_CONFIG_DIR"
STATE_DIR_VARIABLE = "ELYSIADASH_STATE_DIR"
CACHE_DIR_VARIABLE = "ELYSIADASH_CACHE_DIR"


class Places(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The folders of one user. Those that are not None exist and can be written."""

    config_file: Path
    """The user's settings, whether or not the file exists."""
    state: Path | None
    """Jobs, recordings, audit: kept until the user deletes it. None: nothing is kept."""
    cache: Path | None
    """What can be fetched again. None: nothing is cached."""
    logs: Path | None
    """The log files' folder, inside ``state``."""
    message: str | None
    """What cannot be kept, why, and what to do; None when all is well."""


def user_file(env: Mapping[str, str]) -> Path:
    """Where the user's own settings are, whether or not the file exists. Never raises.

    Begins with ``~`` where no home folder is known.
    """
    return _folder(env, CONFIG_DIR_VARIABLE, "config") / USER_FILE_NAME


def find_places(env: Mapping[str, str]) -> Places:
    """Find the folders and make those that are missing. Never raises.

    Linux: ``~/.local/state/elysiadash`` and ``~/.cache/elysiadash``; elsewhere as the system has
    it. ``ELYSIADASH_STATE_DIR`` and ``ELYSIADASH_CACHE_DIR`` go before.
    """
    state = _folder(env, STATE_DIR_VARIABLE, "state")
    cache = _folder(env, CACHE_DIR_VARIABLE, "cache")
    state_problem = _make_writable(state)
    cache_problem = _make_writable(cache)
    logs = state / "log"
    logs_problem = state_problem or _make_writable(logs)
    return Places(
        config_file=user_file(env),
        state=None if state_problem else state,
        cache=None if cache_problem else cache,
        logs=None if logs_problem else logs,
        message=_message(state_problem or logs_problem, cache_problem),
    )


def _folder(
    env: Mapping[str, str], variable: str, kind: Literal["config", "state", "cache"]
) -> Path:
    given = env.get(variable)
    if given:
        # os.path leaves "~" as it is where no home folder is known; pathlib would raise.
        folder = Path(os.path.expanduser(given))  # noqa: PTH111
        return folder if folder.parts[:1] == ("~",) else folder.absolute()
    # Only needed without the variable, and not for free.
    from platformdirs import PlatformDirs

    places = PlatformDirs("elysiadash", appauthor=False)
    try:
        return Path(getattr(places, f"user_{kind}_dir"))
    except RuntimeError:
        # No home folder is known: a user without an entry in the password file and no HOME.
        return Path("~") / "elysiadash" / kind


def _make_writable(folder: Path) -> str | None:
    """Make the folder, for its owner only; why it cannot be used, or None."""
    if folder.parts[:1] == ("~",):
        return f"{folder} cannot be written (no home folder is known)"
    # Only commands that keep something need it.
    import tempfile

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Permissions lie on network and read-only file systems; a file does not.
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return f"{folder} cannot be written ({error.strerror or 'unknown error'})"


def _message(state_problem: str | None, cache_problem: str | None) -> str | None:
    if state_problem is not None:
        return (
            f"{state_problem}: jobs, recordings and logs are not kept; "
            f"name a folder with {STATE_DIR_VARIABLE}"
        )
    if cache_problem is not None:
        return f"{cache_problem}: nothing is cached; name a folder with {CACHE_DIR_VARIABLE}"
    return None
