"""Changing one line of a keymap file, so that everything else in it stays as its owner wrote it."""

from __future__ import annotations

import tomllib
from pathlib import Path

from elysiadash.config import files
from elysiadash.config.document import read_document
from elysiadash.tui.keymap.keymap import NO_KEY
from elysiadash.tui.keymap.names import shown

_HEADING = """\
# Keys of elysiadash: "action" = "key", several with commas, "none" for no key.
# elysiadash keys lists the actions; elysiadash keys check finds mistakes.

"""


class CannotEdit(Exception):
    """The file cannot be changed by us; it is as it was. The text says why and what to do."""


def set_keys(path: Path, name: str, keys: tuple[str, ...]) -> None:
    """Give an action these keys, () for none. Raises ``CannotEdit``."""
    words = ",".join(_written(key) for key in keys) or NO_KEY
    _rewrite(path, name, f'"{name}" = "{words}"')


def forget_keys(path: Path, name: str) -> bool:
    """Give an action its usual keys again; False when the file did not change them.

    Raises ``CannotEdit``.
    """
    if name not in _read(path)[1]:
        return False
    _rewrite(path, name, None)
    return True


def _written(key: str) -> str:
    """As people write it, where that can stand between commas and quotes."""
    sign = shown(key)
    return key if sign.endswith((",", '"', "\\")) else sign


def _rewrite(path: Path, name: str, line: str | None) -> None:
    text, data = _read(path)
    lines = text.splitlines(keepends=True)
    wanted = {key: value for key, value in data.items() if key != name}
    if line is not None:
        wanted[name] = tomllib.loads(line)[name]
    at = read_document(path, "user").lines.get((name,)) if name in data else None
    if at is not None:
        lines[at - 1 : at] = [f"{line}\n"] if line is not None else []
    elif line is not None:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += "\n"
        lines = [*(lines or [_HEADING]), f"{line}\n"]
    changed = "".join(lines)
    # A value over several lines, or a table above the last line: then our line is wrong there.
    try:
        same = tomllib.loads(changed) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise CannotEdit(f"{path}: {name} is written in a way that only its owner can change")
    _write(path, changed)


def _read(path: Path) -> tuple[str, dict[str, object]]:
    if not path.exists():
        return "", {}
    document = read_document(path, "user")
    if not document.is_readable:
        raise CannotEdit("; ".join(str(mistake) for mistake in document.mistakes))
    return path.read_text("utf-8-sig"), document.data


def _write(link: Path, text: str) -> None:
    """As a whole or not at all; where the file is a link, as many keep them, what it leads to."""
    path = link.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.replace(path, text.encode(), mode=None)
    except OSError as error:
        raise CannotEdit(f"{link} cannot be written: {error.strerror or error}") from None
