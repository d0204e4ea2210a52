"""``keys``: every key of the app, the user's own among them; check and change those."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from elysiadash.cli.documents import KeyItem, KeysCheckDocument, KeysDocument, MistakeItem
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.output import say, write_json, write_line
from elysiadash.cli.tables import Column, Table, write_table
from elysiadash.cli.words import plural

# The app's actions are data; nothing of Textual is loaded for them.
from elysiadash.config.mistake import nearest
from elysiadash.config.moments import rfc3339
from elysiadash.tui.actions import ACTIONS, BY_ID
from elysiadash.tui.keymap import Keymap, KeyNameError, canonical, keymap_file, read_keymap, shown
from elysiadash.tui.keymap.editing import CannotEdit, forget_keys, set_keys
from elysiadash.tui.keymap.keymap import NO_KEY, fault_of_change, usual_keys


def keys_list(as_json: bool) -> int:
    """Every action with its keys, and whether they are the usual ones."""
    keymap = read_keymap(_path())
    items = tuple(
        KeyItem(
            action=action.id,
            keys=keymap.keys(action),
            usual=usual_keys(action),
            command=action.command,
            takes=action.takes,
            where=action.scope,
            writes=action.writes,
            help=action.help,
        )
        for action in ACTIONS
    )
    if as_json:
        write_json(KeysDocument(at=rfc3339(time.time()), file=str(_path()), items=items))
        return Exit.OK
    rows = tuple(
        (
            item.action,
            _words(item.keys) + ("" if item.keys == item.usual else " *"),
            f":{item.command} {item.takes or ''}".rstrip() if item.command else "",
            item.where,
            item.help,
        )
        for item in items
    )
    columns = ("ACTION", "KEYS", "COMMAND", "WHERE", "WHAT IT DOES")
    write_table(Table(title="", columns=tuple(map(Column, columns)), rows=rows))
    if keymap.changes:
        say(f"* {plural(len(keymap.changes), 'change')} in {_path()}")
    _tell(keymap)
    return Exit.OK


def keys_check(as_json: bool) -> int:
    """List every mistake of the keymap by file and line; the exit code is 1 when there are any."""
    path = _path()
    keymap = read_keymap(path)
    if as_json:
        items = tuple(
            MistakeItem(
                file=mistake.file,
                line=mistake.line,
                key=mistake.key,
                message=mistake.message,
                nearest=mistake.nearest,
            )
            for mistake in keymap.mistakes
        )
        write_json(KeysCheckDocument(at=rfc3339(time.time()), file=str(path), items=items))
    else:
        for mistake in keymap.mistakes:
            write_line(str(mistake))
        for note in keymap.notes:
            say(f"note: {note}")
        found = plural(len(keymap.mistakes), "mistake") if keymap.mistakes else "no mistake"
        say(f"{found} ({path if path.exists() else f'no file {path}: the usual keys hold'})")
    return Exit.FAILED if keymap.mistakes else Exit.OK


def keys_set(change: str) -> int:
    """Give an action other keys: ``ACTION=KEYS``; what collides is refused and changes nothing."""
    name, equals, words = change.partition("=")
    name = name.strip()
    if not equals or not words.strip():
        raise CommandFailed(
            f"{change!r} is not ACTION=KEYS",
            "such as: elysiadash keys set screen.refresh=f5,r",
            Exit.USAGE,
        )
    _known(name)
    try:
        keys = () if words.strip() == NO_KEY else _keys(words)
    except KeyNameError as error:
        raise CommandFailed(str(error), code=Exit.USAGE) from None
    path = _path()
    keymap = read_keymap(path)
    fault = fault_of_change(keymap, name, keys)
    if fault is not None:
        raise CommandFailed(f"{name}: {fault}", "nothing was changed", Exit.USAGE)
    _edit(lambda: set_keys(path, name, keys))
    say(f"{name}: {_words(keys)} (was {_words(keymap.keys(BY_ID[name]))}); apps read it at start")
    for note in read_keymap(path).notes:
        if note.key == f'"{name}"':
            say(f"note: {note.message}")
    return Exit.OK


def keys_unset(name: str) -> int:
    """Give an action its usual keys again."""
    path = _path()
    done: list[bool] = []
    _edit(lambda: done.append(forget_keys(path, name)))
    if not done[0]:
        _known(name)
        say(f"{name} has its usual keys already")
    else:
        say(f"{name} has its usual keys again")
    _tell(read_keymap(path))
    return Exit.OK


def keys_path() -> int:
    """Where the keymap is, whether or not it exists."""
    if not _path().exists():
        say("there is no such file yet; elysiadash keys set writes one")
    write_line(str(_path()))
    return Exit.OK


def _path() -> Path:
    return keymap_file(os.environ).expanduser()


def _known(name: str) -> None:
    if name in BY_ID:
        return
    likely = nearest(name, list(BY_ID))
    hint = f"did you mean {likely}?" if likely else "elysiadash keys list shows them"
    raise CommandFailed(f"there is no action {name!r}", hint, Exit.USAGE)


def _keys(words: str) -> tuple[str, ...]:
    parts = [","] if words.strip() == "," else words.split(",")
    return tuple(dict.fromkeys(canonical(part) for part in parts))


def _edit(change: Callable[[], object]) -> None:
    try:
        change()
    except CannotEdit as error:
        raise CommandFailed(str(error), "change it with an editor") from None


def _words(keys: tuple[str, ...]) -> str:
    return " ".join(map(shown, keys)) or "–"


def _tell(keymap: Keymap) -> None:
    if keymap.mistakes:
        say(f"{plural(len(keymap.mistakes), 'mistake')}: elysiadash keys check")
