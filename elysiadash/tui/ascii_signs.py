"""Everything that is drawn, for terminals that show ASCII only: each sign keeps its width.

Screens draw with any sign; the terminal's driver translates what leaves the app. A sign that has
no entry here becomes a question mark, and a test over the sources tells of it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rich.cells import cell_len

SIGNS: dict[str, str] = {
    **dict.fromkeys("–—−‐‑―─━┄┅┈┉╌╍═╴╶╸╺", "-"),
    **dict.fromkeys("│┃┆┇┊┋╎╏║╵╷╹╻▏▎▍▌▋▊▉▐▕", "|"),
    **dict.fromkeys("›»→⇒▸▶▷►⟩", ">"),
    **dict.fromkeys("‹«←⇐◂◀◁◄⟨", "<"),
    **dict.fromkeys("↑⇑△▴", "^"),
    **dict.fromkeys("↓⇓▽▼▾", "v"),
    **dict.fromkeys("●•◉⬤★◆∙⋆", "*"),
    **dict.fromkeys("○◌◯◇□☐☆", "o"),
    **dict.fromkeys("✖✗✘✕⨯☒╳", "X"),
    **dict.fromkeys("✓✔☑", "+"),
    **dict.fromkeys("▲⚠", "!"),
    **dict.fromkeys("…≈∼⁓", "~"),
    **dict.fromkeys("·‧⋅⋯", "."),
    **dict.fromkeys("“”„″", '"'),
    **dict.fromkeys("‘’‚′°▔▀", "'"),
    **dict.fromkeys("■▪█▮⬛▚▞▛▜▙▟", "#"),
    **dict.fromkeys("▖▗▘▝", "."),
    "×": "x",
    "≥": "+",
    "≤": "?",
    "≠": "?",
    "⋮": ":",
    "↕": "|",
    "↔": "-",
    "↵": "<",
    "⏎": "<",
    "⏸": "=",
    "⏵": ">",
    "Σ": "S",
    "Δ": "d",
    "∆": "d",
    "µ": "u",
    "μ": "u",
    "σ": "s",
    "Ø": "O",
    "§": "S",
    "░": ".",
    "▒": ":",
    "▓": "#",
    "🔒": "RO",
    "🔓": "RW",
    "�": "?",
    **dict(zip("▁▂▃▄▅▆▇", "_.:-=+*", strict=True)),
}
"""Sign -> what stands for it, as many cells wide as the sign.

None may say something else than the sign does: ``≥`` alone is a ``+`` and no ``>``, for "at least
0" is no "more than 0". With a blank beside them some say it better: see ``_IN_TEXT``.
"""

_TWO_CELLS = {"≥": ">=", "≤": "<=", "≠": "!=", "→": "->", "⇒": "=>", "←": "<-", "⇐": "<-"}
_IN_TEXT = re.compile(
    r"(?<= ) (?P<before>[≥≤≠])"
    r"|(?P<after>[≥≤≠→⇒←⇐]) "
    r"|≥(?P<number>[0-9][0-9.,]*(?:[kMGTP](?![^\W_]))?)"
    r"|(?<=[0-9])…(?=[0-9])"
    r"|(?P<cut>…)(?=[^\W_])"
)
"""What is told by what is beside a sign: a blank to take, a number, a word that is cut."""

_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_NO_WIDTH = re.compile("[\u200b-\u200f\u2060\ufe0e\ufe0f]")
_BRAILLE = range(0x2801, 0x2900)
_FILLED = " .-+#"
"""Heights of a column of braille dots that starts at the bottom, 0 to 4."""
_LEFT_ROWS, _RIGHT_ROWS = (0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08)


def in_ascii(text: str, *, letters: bool) -> str:
    """``text`` with ASCII for every sign, as wide as before.

    ``letters`` says whether letters and digits of any script stay what they are; else they are
    question marks too. Escape codes are ASCII and stay.
    """
    if text.isascii():
        return text
    return _FOREIGN.sub(_with_letters if letters else _without, _IN_TEXT.sub(_beside, text))


def _beside(found: re.Match[str]) -> str:
    """As wide as before: a sign takes the blank beside it, ``≥812`` is ``812+``, ``0…9`` a range.

    A name without its beginning has a dot before it: ``~`` is for numbers that are about so.
    """
    if sign := found["before"] or found["after"]:
        return _TWO_CELLS[sign]
    if found["number"]:
        return f"{found['number']}+"
    return "." if found["cut"] else "-"


def _with_letters(run: re.Match[str]) -> str:
    return _translated(run[0], True)


def _without(run: re.Match[str]) -> str:
    return _translated(run[0], False)


@lru_cache(maxsize=4096)
def _translated(run: str, letters: bool) -> str:
    shown = "".join([_of_char(char, letters) for char in run])
    # Signs that join into one are narrower together than one by one.
    spare = cell_len(run) - cell_len(shown)
    if spare < 0 and shown.isascii():
        return shown[:spare]
    return shown + " " * max(0, spare)


def _of_char(char: str, letters: bool) -> str:
    known = SIGNS.get(char)
    if known is not None:
        # Some signs are two cells wide with some fonts; the width is what the app counted on.
        return known.ljust(cell_len(char))[: cell_len(char)]
    if ord(char) in _BRAILLE:
        return _of_dots(ord(char) - 0x2800)
    if _NO_WIDTH.match(char):
        return char if letters and char in "\u200c\u200e\u200f" else ""
    kind = unicodedata.category(char)
    if kind == "Zs":
        return " " * cell_len(char)
    if letters and kind[0] in "LMN":
        return char
    if "BOX DRAWINGS" in unicodedata.name(char, ""):
        return "+"
    return "?" * cell_len(char)


def _of_dots(dots: int) -> str:
    """A cell of 2 x 4 dots: how high it is filled, or about where its dots are."""
    left, right = (
        sum(1 << row for row, dot in enumerate(column) if dots & dot)
        for column in (_LEFT_ROWS, _RIGHT_ROWS)
    )
    both = left | right
    if left & (left + 1) == 0 and right & (right + 1) == 0:
        return _FILLED[both.bit_length()]
    if both.bit_length() < 4:
        return "-"
    return ":" if both & 0b0011 else "'"


def has_own_sign(char: str) -> bool:
    """Whether a sign of ours has something better than a question mark."""
    return char == "�" or "?" not in _of_char(char, True)
