"""Names of keys: what a person writes, what Textual calls it, and how it is shown.

Textual takes any word for a key and never complains, so that what is written is checked here.
"""

from __future__ import annotations

import unicodedata

from elysiadash.config.mistake import nearest

_NAMED = (
    "escape",
    "enter",
    "tab",
    "backspace",
    "delete",
    "insert",
    "home",
    "end",
    "pageup",
    "pagedown",
    "up",
    "down",
    "left",
    "right",
    "space",
    *(f"f{number}" for number in range(1, 25)),
)
_ALSO = {
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "page_up": "pageup",
    "page_down": "pagedown",
}
_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
# Where Textual's name is not the one of Unicode.
_OWN_NAMES = {
    "/": "slash",
    "\\": "backslash",
    "@": "at",
    "-": "minus",
    "+": "plus",
    "_": "underscore",
    " ": "space",
}
_SIGNS = {
    name: char
    for char in map(chr, range(33, 127))
    if not char.isalnum()
    for name in [_OWN_NAMES.get(char) or unicodedata.name(char).lower().translate({32: 95, 45: 95})]
}
"""Textual's name -> the sign it stands for."""
_SAME_AS = {"i": "tab", "m": "enter", "h": "backspace", "left_square_bracket": "escape"}
_SHOWN = {"escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}


class KeyNameError(ValueError):
    """No key is called so, or no terminal can send it; the text says which and why."""


def canonical(text: str) -> str:
    """Textual's name of a key written as ``?``, ``F5``, ``ctrl+r`` or ``question_mark``.

    Raises ``KeyNameError``.
    """
    *modifiers, key = _parts(text)
    key = _plain(key, text)
    for modifier in modifiers:
        if modifier not in _MODIFIERS:
            raise KeyNameError(_unknown(modifier, _MODIFIERS, "modifier"))
    if "shift" in modifiers and (len(key) == 1 or key in _SIGNS):
        raise KeyNameError(f"{text!r}: write the character that shift makes, such as A or ?")
    if "ctrl" in modifiers and len(key) == 1:
        key = key.lower()
    if modifiers == ["ctrl"] and key in _SAME_AS:
        raise KeyNameError(f"{text!r}: terminals send the same for {_SAME_AS[key]}")
    return "+".join([*sorted(set(modifiers)), key])


def shown(key: str) -> str:
    """How a key is written for people: ``?``, ``ctrl+r``, ``esc``."""
    *modifiers, name = key.split("+")
    return "+".join([*modifiers, _SIGNS.get(name) or _SHOWN.get(name, name)])


def _parts(text: str) -> list[str]:
    """Modifiers and the key; a plus at the end is the key itself."""
    word = text.strip()
    if not word:
        raise KeyNameError("a key's name is empty")
    if word == "+":
        return ["+"]
    if word.endswith("++"):
        return [*word[:-2].lower().split("+"), "+"]
    *modifiers, key = word.split("+")
    return [*(each.strip().lower() for each in modifiers), key.strip()]


def _plain(key: str, text: str) -> str:
    if len(key) == 1:
        if key.isalnum():
            return key
        named = _OWN_NAMES.get(key) or next((n for n, sign in _SIGNS.items() if sign == key), None)
        if named is None:
            raise KeyNameError(f"{text!r}: not a key that can be bound")
        return named
    lower = key.lower()
    name = _ALSO.get(lower, lower)
    if name in _NAMED or name in _SIGNS:
        return name
    raise KeyNameError(_unknown(key, (*_NAMED, *_SIGNS), "key"))


def _unknown(word: str, options: tuple[str, ...], what: str) -> str:
    likely = nearest(word, options)
    hint = f"; did you mean {likely}?" if likely else ""
    return f"there is no {what} {word[:40]!r}{hint}"
