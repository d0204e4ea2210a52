"""The keymap file: action id = keys. What is wrong in it is left out and told, by file and line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from elysiadash.config.document import Document, read_document
from elysiadash.config.mistake import Mistake, nearest
from elysiadash.config.paths import user_file
from elysiadash.tui.actions import ACTIONS, BY_ID, Action
from elysiadash.tui.keymap.names import KeyNameError, canonical, shown

FILE_NAME = "keys.toml"
WAY_OUT = "app.interrupt"
NO_KEY = "none"
"""What a person writes to take an action's key away."""

_SHARED = ("app", "screen", "replay", "list", "table")
_OVER = (
    ("prompt",),
    ("picker",),
    ("sheet", "row-sheet"),
    ("table", "dialog", "columns"),
    ("table", "dialog", "copy"),
)
"""Scopes in force together on what lies over a screen, where the screen's own keys rest."""
_LIKELY_TAKEN = {
    "ctrl+a": "tmux and screen take it as their prefix",
    "ctrl+b": "tmux takes it as its prefix",
    "ctrl+s": "terminals stop their output at it",
    "ctrl+q": "terminals start their output again at it",
    "ctrl+z": "shells suspend programs with it",
}


class Keymap(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The keys that differ from the usual ones. An action with () has no key any more."""

    path: Path | None = None
    changes: dict[str, tuple[str, ...]] = {}
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[Mistake, ...] = ()
    """What works but will surprise."""

    def keys(self, action: Action) -> tuple[str, ...]:
        """The keys of an action."""
        return self.changes.get(action.id, usual_keys(action))


def usual_keys(action: Action) -> tuple[str, ...]:
    """The keys of an action without a keymap."""
    return tuple(key for key in action.keys.split(",") if key)


def keymap_file(env: Mapping[str, str]) -> Path:
    """Where the user's keys are, whether or not the file exists: beside the settings."""
    return user_file(env).parent / FILE_NAME


def read_keymap(path: Path) -> Keymap:
    """Read and check a keymap; a file that does not exist changes nothing. Never raises."""
    if not path.expanduser().exists():
        return Keymap(path=path)
    document = read_document(path.expanduser(), "user")
    mistakes = list(document.mistakes)
    changes: dict[str, tuple[str, ...]] = {}
    for name, value in document.data.items():
        fault = _fault_of_id(name)
        if fault is not None:
            mistakes.append(_mistake(document, name, *fault))
            continue
        try:
            keys = _keys_of(value)
        except KeyNameError as error:
            mistakes.append(_mistake(document, name, str(error)))
            continue
        fault = _fault_of_keys(name, keys)
        if fault is not None:
            mistakes.append(_mistake(document, name, *fault))
            continue
        changes[name] = keys
    changes, refused = _without_collisions(changes)
    mistakes += [_mistake(document, name, words) for name, words in refused]
    mistakes.sort(key=lambda mistake: mistake.line or 0)
    notes = [
        _mistake(document, name, f"{shown(key)}: {_LIKELY_TAKEN[key]}")
        for name, keys in changes.items()
        for key in keys
        if key in _LIKELY_TAKEN
    ]
    return Keymap(path=path, changes=changes, mistakes=tuple(mistakes), notes=tuple(notes))


def fault_of_change(keymap: Keymap, name: str, keys: tuple[str, ...]) -> str | None:
    """Why an action cannot be given these keys beside what the keymap says; None when it can."""
    fault = _fault_of_id(name) or _fault_of_keys(name, keys)
    if fault is not None:
        words, likely = fault
        return f"{words}; did you mean {likely}?" if likely else words
    _, refused = _without_collisions({**keymap.changes, name: keys})
    if not refused:
        return None
    # The keymap alone has no collision: whoever is refused now, it is for this change.
    culprit, words = refused[0]
    if culprit == name:
        return words
    both = sorted(set(keys) & set(keymap.changes[culprit]))
    return f"{' '.join(map(shown, both))} is the key of {culprit} ({BY_ID[culprit].label}) already"


def collisions(keys: Mapping[str, tuple[str, ...]]) -> list[tuple[str, str, str]]:
    """(id, id, key) of every two actions that would be on one key in the same place.

    ``keys`` are those of every action by its id.
    """
    found: dict[tuple[str, str, str], None] = {}
    for scopes in places():
        owner: dict[str, str] = {}
        for action in ACTIONS:
            if action.scope not in scopes:
                continue
            for key in keys[action.id]:
                other = owner.setdefault(key, action.id)
                if other != action.id:
                    found[(other, action.id, key)] = None
    return list(found)


def places() -> list[tuple[str, ...]]:
    """The scopes that are in force together, for each kind of screen."""
    over = {scope for scopes in _OVER for scope in scopes}
    own = {action.scope for action in ACTIONS} - {*_SHARED, *over}
    return [_SHARED, *((*_SHARED, scope) for scope in sorted(own)), *_OVER]


def _without_collisions(
    changes: dict[str, tuple[str, ...]],
) -> tuple[dict[str, tuple[str, ...]], list[tuple[str, str]]]:
    """The changes that can be used together, and why the others cannot."""
    refused: dict[str, str] = {}
    for name, keys in changes.items():
        taken = _taken_from_reading(name, keys)
        if taken is not None:
            refused[name] = taken
    while True:
        used = {name: keys for name, keys in changes.items() if name not in refused}
        every = {action.id: used.get(action.id, usual_keys(action)) for action in ACTIONS}
        # One refusal can bring back a usual key, and with it another collision.
        clash = next(iter(collisions(every)), None)
        if clash is None:
            return used, list(refused.items())
        first, second, key = clash
        culprit, other = (second, first) if second in used else (first, second)
        refused[culprit] = f"{shown(key)} is the key of {other} ({BY_ID[other].label}) already"


def _taken_from_reading(name: str, keys: tuple[str, ...]) -> str | None:
    """A key that hands know as harmless must not begin to change a cluster."""
    if not BY_ID[name].writes:
        return None
    for action in ACTIONS:
        if action.writes:
            continue
        both = set(keys) & set(usual_keys(action))
        if both:
            whose = f"the usual key of {action.id}, which reads"
            return f"changes a cluster, and {shown(min(both))} is {whose}"
    return None


def _fault_of_id(name: str) -> tuple[str, str | None] | None:
    action = BY_ID.get(name)
    if action is None:
        words = "there is no such action; elysiadash keys lists them"
        return words, nearest(name, list(BY_ID))
    if action.needs_argument:
        return f"needs {action.takes}, which a key cannot say: it is :{action.command}", None
    return None


def _fault_of_keys(name: str, keys: tuple[str, ...]) -> tuple[str, str | None] | None:
    return ("the way out needs a key", None) if not keys and name == WAY_OUT else None


def _keys_of(value: object) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) and value.strip() != "," else value
    if words == [NO_KEY]:
        return ()
    if not isinstance(words, list) or not words or not all(isinstance(w, str) for w in words):
        raise KeyNameError('must be a key in quotes, several with commas, or "none"')
    return tuple(dict.fromkeys(canonical(word) for word in words))


def _mistake(document: Document, name: str, words: str, likely: str | None = None) -> Mistake:
    return Mistake(
        file=str(document.path),
        key=f'"{name[:60]}"' if name.isprintable() else ascii(name[:60]),
        line=document.line((name,)),
        message=words,
        nearest=likely,
    )
