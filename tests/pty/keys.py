"""What a terminal sends for a key, by Textual's name of it."""

from __future__ import annotations

_NAMED = {
    "slash": "/",
    "exclamation_mark": "!",
    "question_mark": "?",
    "colon": ":",
    "minus": "-",
    "plus": "+",
    "underscore": "_",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "comma": ",",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_parenthesis": "(",
    "right_parenthesis": ")",
    "space": " ",
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "shift+up": "\x1b[1;2A",
    "shift+down": "\x1b[1;2B",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
}


def sent(key: str) -> str:
    """The characters of a key; raises ``ValueError`` for one that is not known here."""
    if key in _NAMED:
        return _NAMED[key]
    if len(key) == 1:
        return key
    if key.startswith("ctrl+") and len(key) == 6:
        return chr(ord(key[-1]) - 96)
    raise ValueError(f"what does a terminal send for {key!r}? add it here")
