"""The terminal's clipboard, by OSC 52: sent, never known to have arrived."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol

MOST_BYTES = 74_994
"""Bytes of text that are sent at most.

Terminals read an OSC of up to 100,000 bytes; without ``ESC ]52;c;`` and its end, base64 has room
for this much. More is cut or dropped without a word, so it is not sent at all.
"""


class Clipboard(Protocol):
    """What sends; Textual's app."""

    def copy_to_clipboard(self, text: str) -> None:
        """Write the OSC 52 sequence to the terminal."""


def send(clipboard: Clipboard, what: str, text: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Send ``text``, called ``what``; returns what happened, and what to do if it did not.

    Nobody can know whether the terminal took it: OSC 52 has no answer.
    """
    text = printable(text)
    size = len(text.encode())
    if not text:
        return (f"not copied: {what} is empty",)
    if size > MOST_BYTES:
        return (
            f"not copied: {what} is {size:,} bytes, terminals take {MOST_BYTES:,}",
            "e writes it to a file instead",
        )
    clipboard.copy_to_clipboard(text)
    where = f"sent to the terminal's clipboard (OSC 52), {size:,} bytes: {what}"
    return where, f"if nothing arrives: {_advice(environ)}"


def printable(text: str) -> str:
    """``text`` without control characters, which could act where it is pasted; lines and tabs stay.

    Lone surrogates, which no terminal can be sent, become question marks.
    """
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(char for char in text if char in "\n\t" or _harmless(char))


def _harmless(char: str) -> bool:
    return char.isprintable() or char in "\u200c\u200d\u00a0\u3000"


def _advice(environ: Mapping[str, str]) -> str:
    if environ.get("TMUX"):
        return "tmux needs: set -s set-clipboard on"
    if environ.get("STY"):
        return "screen holds it back; e writes a file"
    return "the terminal does not take it; e writes a file"


def terminal_environment() -> Mapping[str, str]:
    """The variables that say what stands between us and the terminal."""
    return os.environ
