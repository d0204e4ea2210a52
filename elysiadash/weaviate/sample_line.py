"""One line of Prometheus text (format 0.0.4): a sample's name, labels and value."""

from __future__ import annotations

import re
from typing import Final

#: ``(name, value)`` pairs in the order of the text; an empty value means the same as no label.
Labels = tuple[tuple[str, str], ...]

NAME: Final = re.compile(rb"[a-zA-Z_:][a-zA-Z0-9_:]*+")

_SAMPLE: Final = re.compile(
    rb"([a-zA-Z_:][a-zA-Z0-9_:]*+)[ \t]*+"
    rb'(?:\{((?:[^"{}]|"(?:[^"\\]|\\.)*+")*+)\})?+[ \t]*+'
    rb'([^\s{}"]++)(?:[ \t]++[-+]?[0-9]++)?'
)
_PAIR: Final = re.compile(
    rb'[ \t]*+([a-zA-Z_]\w*+)[ \t]*+=[ \t]*+"((?:[^"\\]|\\.)*+)"[ \t]*+(?:,|$)'
)
_ESCAPE: Final = re.compile(rb'\\[\\n"]')
_ESCAPED: Final = {b"\\\\": b"\\", b'\\"': b'"', b"\\n": b"\n"}


def split_sample(line: bytes) -> tuple[bytes, bytes, float] | None:
    """Name, raw text between the braces, and value; None where the line is no sample.

    A timestamp is allowed and dropped: Weaviate writes none, and the time of the scrape is ours.
    """
    match = _SAMPLE.fullmatch(line)
    if match is None:
        return None
    name, raw_labels, raw_value = match.groups()
    value = _number(raw_value)
    return None if value is None else (name, raw_labels or b"", value)


def parse_labels(raw: bytes) -> Labels | None:
    """The labels in the text between the braces; None where it is malformed."""
    labels: list[tuple[str, str]] = []
    at = 0
    while at < len(raw):
        match = _PAIR.match(raw, at)
        if match is None:
            if raw[at:].strip():
                return None
            break
        name, value = match.groups()
        labels.append((text(name), text(_ESCAPE.sub(_unescaped, value))))
        at = match.end()
    return tuple(labels) if len(dict(labels)) == len(labels) else None


def label_of(labels: Labels, name: str) -> str:
    for label, value in labels:
        if label == name:
            return value
    return ""


def raw_label(series: bytes, name: bytes) -> bytes:
    """A label's value in text known to hold no escape; empty where the label is absent."""
    for before in (b",", b"{"):
        found, rest = series.partition(before + name + b'="')[1:]
        if found:
            return rest.partition(b'"')[0]
    return b""


def text(raw: bytes) -> str:
    """Bytes of a server as text; what is no UTF-8 shows as the replacement character."""
    return raw.decode("utf-8", "replace")


def _unescaped(match: re.Match[bytes]) -> bytes:
    return _ESCAPED[match.group()]


def _number(raw: bytes) -> float | None:
    """As Go reads a float: decimal, exponent, hexadecimal, NaN, signed Inf; no underscores."""
    if b"_" in raw:
        return None
    try:
        return float(raw)
    except ValueError:
        if b"x" not in raw.lower():
            return None
    try:
        return float.fromhex(raw.decode("ascii"))
    except (ValueError, OverflowError):
        return None
