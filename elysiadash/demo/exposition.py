"""Prometheus text as a Go server writes it: number format, label escapes, families and pieces.

A family is a list of pieces: bytes that stay as they are, and functions that render what moves.
Neighbouring bytes are joined when the family is made, so that a scrape of 20 MB copies instead of
formats.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

Moving = Callable[[float], bytes]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

#: Above this, and below 0.0001, Go's shortest format takes an exponent.
_PLAIN_BELOW = 1e6


def number(value: float) -> str:
    """A sample's value in the shortest form that reads back the same: `12`, `1.5e+06`, `+Inf`."""
    if value == 0:
        return "0"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    whole = int(value)
    if whole == value and -_PLAIN_BELOW < whole < _PLAIN_BELOW:
        return str(whole)
    text = repr(float(value))
    if "e" not in text:
        return text if abs(value) < _PLAIN_BELOW else _with_exponent(text)
    mantissa, exponent = text.split("e")
    power = int(exponent)
    return f"{mantissa.removesuffix('.0')}e{'-' if power < 0 else '+'}{abs(power):02d}"


def _with_exponent(text: str) -> str:
    sign, digits = ("-", text[1:]) if text[0] == "-" else ("", text)
    whole, _, fraction = digits.partition(".")
    power = len(whole) - 1
    rest = (whole[1:] + fraction).rstrip("0")
    return f"{sign}{whole[0]}{'.' + rest if rest else ''}e+{power:02d}"


def escaped(value: str) -> str:
    """A label's value between its quotes."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def labels(pairs: Iterable[tuple[str, str]]) -> str:
    """`{a="1",b="2"}`, or nothing."""
    inner = ",".join(f'{name}="{escaped(value)}"' for name, value in pairs)
    return f"{{{inner}}}" if inner else ""


def histogram(
    name: str, inner: str, bounds: Sequence[str], counts: Sequence[int], total: float
) -> str:
    """The lines of one histogram; `inner` is its labels without braces, `total` its sum."""
    comma = "," if inner else ""
    braces = f"{{{inner}}}" if inner else ""
    lines = [
        f'{name}_bucket{{{inner}{comma}le="{bound}"}} {count}\n'
        for bound, count in zip(bounds, counts, strict=True)
    ]
    lines.append(f"{name}_sum{braces} {number(total)}\n{name}_count{braces} {counts[-1]}\n")
    return "".join(lines)


@dataclass(slots=True)
class Family:
    """One metric family."""

    name: str
    kind: str
    pieces: list[bytes | Moving] = field(default_factory=list)
    _still: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """A line, or several, that never change; with the newline."""
        self._still.append(line)

    def add_moving(self, moving: Moving) -> None:
        """Lines that are rendered at each scrape."""
        self._settle()
        self.pieces.append(moving)

    def render(self, at: float) -> list[bytes]:
        """The family's bytes at the unix time `at`, with its head."""
        self._settle()
        about = self.name.replace("_", " ")
        head = f"# HELP {self.name} {about}\n# TYPE {self.name} {self.kind}\n".encode()
        return [head, *(piece if isinstance(piece, bytes) else piece(at) for piece in self.pieces)]

    def _settle(self) -> None:
        if self._still:
            self.pieces.append("".join(self._still).encode())
            self._still.clear()


class Exposition:
    """All families of one node, in the order of their names."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}

    def family(self, name: str, kind: str) -> Family:
        """The family of that name, made when it is first asked for."""
        found = self._families.get(name)
        if found is None:
            found = self._families[name] = Family(name, kind)
        return found

    def render(self, at: float) -> list[bytes]:
        """Everything, in pieces."""
        pieces: list[bytes] = []
        for name in sorted(self._families):
            pieces.extend(self._families[name].render(at))
        return pieces
