"""One line of a benchmark's report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """What was measured, ours, the other's, and how many times ours the other is."""

    name: str
    ours: str
    other: str
    ratio: str
    note: str


def print_rows(title: str, rows: Iterable[Row]) -> None:
    """Print the rows as a table on stdout."""
    lines = [Row(title, "ours", "other", "ratio", "note"), *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(Row._fields))]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)))
