"""Migrations that are being planned: one JSON file each, so that a wizard can be closed anywhere.

Every step that is saved replaces the file as a whole. Two terminals may have the same draft open:
the second to save learns that the file has moved on, and loses nothing of the first.
All functions wait for the disk: call them in threads.
"""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from elysiadash.config import files
from elysiadash.config.redaction import redact
from elysiadash.jobs.processes import user_name
from elysiadash.migrate.phases import Freeze, Strategy, Verify

FOLDER: Final = "drafts"
_VERSION = 1
_MOST_BYTES = 16_000_000
_NAME = re.compile(r"d-[0-9a-f]{8}")

StepName = Literal["what", "where", "how", "preflight"]
STEPS: Final[tuple[StepName, ...]] = ("what", "where", "how", "preflight")


class DraftError(Exception):
    """A draft cannot be read or written; the text says which, why, and what to do."""


class DraftMoved(DraftError):
    """Another terminal has saved it meanwhile."""


class ChosenCollection(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One collection of the source; ``target`` empty: the same name; ``tenants`` None: all."""

    name: str
    target: str = ""
    tenants: tuple[str, ...] | None = None
    replaces: bool = False
    """The target's collection of that name is replaced: its name was typed."""

    @property
    def target_name(self) -> str:
        """Its name in the target."""
        return self.target or self.name


class Draft(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was chosen so far. Profiles are names only: no address and no credential is kept.

    ``strategy`` and ``freeze`` None: as recommended. ``revision`` counts the saves.
    """

    id: str
    source: str
    """Profile of the cluster that is read."""
    source_url: str = ""
    """Its address when the draft began, to notice another cluster under the same name."""
    created: float = 0.0
    created_by: str = ""
    saved: float = 0.0
    revision: int = 0
    version: int = _VERSION
    step: StepName = "what"
    """The step that was open last."""
    collections: tuple[ChosenCollection, ...] = ()
    target: str | None = None
    """Profile of the cluster that is written; None: not chosen yet."""
    strategy: Strategy | None = None
    freeze: Freeze | None = None
    freeze_limit_s: float = 60.0
    hold_limit_s: float = 900.0
    after: Literal["hold", "thaw"] = "hold"
    verify: Verify = Verify.V2
    schema_only: bool = False
    settings: tuple[str, ...] = ()
    transform: str = ""
    """Path of the Python file; empty: none."""
    alias: str = ""
    rate: float | None = None
    """Objects a second at most; None: no limit."""
    processes: int | None = None
    window: tuple[str, str] | None = None
    backend: str = ""
    many_writes: bool | None = None
    """Whether applications write to the source, as the operator says; None: as measured."""
    accepted: tuple[str, ...] = ()
    """Codes of blocks that were lifted by typing them."""
    preflight: str | None = None
    """The job that checked it last."""
    checked_as: str = ""
    """``fingerprint`` of what that job checked."""
    rehearsal: str | None = None

    @property
    def title(self) -> str:
        """One line for lists."""
        names = [
            one.name if one.target_name == one.name else f"{one.name} to {one.target_name}"
            for one in self.collections
        ]
        what = ", ".join(names) if names else "nothing chosen yet"
        where = f" → {self.target}" if self.target else ""
        return f"{what}{where}"

    def chosen(self, name: str) -> ChosenCollection | None:
        """The collection of that name, where it is chosen."""
        return next((one for one in self.collections if one.name == name), None)

    def fingerprint(self) -> str:
        """What a preflight rests on: a change of it makes the checks those of another plan."""
        asked = {
            name: value
            for name, value in msgspec.to_builtins(self).items()
            if name not in _NOT_ASKED
        }
        return msgspec.json.encode(asked, order="deterministic").decode()


_NOT_ASKED = frozenset(
    {"id", "created", "created_by", "saved", "revision", "version", "step", "preflight",
     "checked_as", "rehearsal", "rate", "accepted"}
)  # fmt: skip


def begin(source: str, source_url: str, now: float, *, who: str | None = None) -> Draft:
    """A new draft; it is on disk once it is saved."""
    return Draft(
        id=f"d-{secrets.token_hex(4)}",
        source=source,
        source_url=redact(source_url),
        created=now,
        created_by=who or user_name(),
    )


def save(state: Path, draft: Draft, now: float) -> Draft:
    """Keep it; the draft as it is kept. Raises ``DraftMoved``, ``DraftError``."""
    path = path_of(state, draft.id)
    try:
        kept = _read(path).revision
    except FileNotFoundError:
        kept = 0
        if draft.revision:
            raise DraftMoved(f"{draft.id} was discarded or started in another terminal") from None
    if kept != draft.revision:
        raise DraftMoved(f"{draft.id} was changed in another terminal; its version is shown now")
    new = msgspec.structs.replace(draft, revision=draft.revision + 1, saved=now)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.replace(path, msgspec.json.format(msgspec.json.encode(new)))
    except OSError as error:
        raise DraftError(_cannot("kept", path, error)) from None
    return new


def load(state: Path, name: str) -> Draft:
    """The draft of that name. Raises ``DraftError``."""
    path = path_of(state, name)
    try:
        return _read(path)
    except FileNotFoundError:
        raise DraftError(f"there is no draft {name} (any more)") from None


def every(state: Path) -> tuple[list[Draft], list[str]]:
    """All drafts, the newest first, and what is wrong with those that cannot be read."""
    found, faults = [], []
    try:
        paths = sorted((state / FOLDER).glob("d-*.json"))
    except OSError as error:
        return [], [_cannot("listed", state / FOLDER, error)]
    for path in paths:
        try:
            found.append(_read(path))
        except FileNotFoundError:
            continue
        except DraftError as error:
            faults.append(str(error))
    return sorted(found, key=lambda each: (-each.saved, each.id)), faults


def discard(state: Path, name: str) -> None:
    """Forget it; one that is gone already is forgotten. Raises ``DraftError``."""
    path = path_of(state, name)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise DraftError(_cannot("removed", path, error)) from None


def path_of(state: Path, name: str) -> Path:
    """Where it is kept. Raises ``DraftError`` for what is no draft's name."""
    if not _NAME.fullmatch(name):
        raise DraftError(f"{name!r} is no name of a draft")
    return state / FOLDER / f"{name}.json"


def _read(path: Path) -> Draft:
    try:
        data, _ = files.read(path, _MOST_BYTES)
        raw: dict[str, Any] = msgspec.json.decode(data)
        version = raw.get("version")
        if isinstance(version, int) and version > _VERSION:
            raise DraftError(
                f"{path} was written by a later release of elysiadash; it is left as it is"
            )
        draft = msgspec.convert(raw, Draft)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DraftError(_cannot("read", path, error)) from None
    except (
        msgspec.DecodeError,
        msgspec.ValidationError,
        AttributeError,
        UnicodeDecodeError,
    ) as error:
        raise DraftError(f"{path} is no draft ({error}); remove it, or put back a copy") from None
    if draft.id != path.stem:
        raise DraftError(f"{path} holds the draft {draft.id}: rename or remove it")
    return draft


def _cannot(what: str, path: Path, error: OSError) -> str:
    return f"{path} cannot be {what}: {error.strerror or os.strerror(error.errno or 0)}"
