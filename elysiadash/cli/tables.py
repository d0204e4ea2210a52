"""Tables: aligned text for pipes, drawn by rich on a terminal."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

from elysiadash.cli.output import is_terminal, printable, write


class Column(msgspec.Struct, frozen=True, gc=False):
    """One column; numbers stand right."""

    header: str
    right: bool = False


class Table(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """``title`` is the line above; cells are plain text."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str = "nothing"
    """What to say where there are no rows."""


def write_table(table: Table) -> None:
    """Write the table to stdout in the form that fits it."""
    if is_terminal(sys.stdout):
        console().print(drawn(table))
    else:
        write(plain(table))


def plain(table: Table) -> str:
    """Aligned text of full width: nothing is cut or wrapped."""
    lines = [printable(table.title)] if table.title else []
    if not table.rows:
        return "\n".join([*lines, table.empty]) + "\n"
    cells = [tuple(column.header for column in table.columns)]
    cells += [tuple(printable(cell) for cell in row) for row in table.rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(table.columns))]
    for row in cells:
        parts = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(row, widths, table.columns, strict=True)
        ]
        lines.append("  ".join(parts).rstrip())
    return "\n".join(lines) + "\n"


def drawn(table: Table) -> Any:
    """The table for a rich console."""
    from rich.console import Group
    from rich.table import Table as RichTable
    from rich.text import Text

    title = Text(printable(table.title), style="bold", no_wrap=True, overflow="ellipsis")
    if not table.rows:
        return Group(title, Text(table.empty))
    grid = RichTable(box=None, pad_edge=False, header_style="dim", expand=False)
    for column in table.columns:
        grid.add_column(
            Text(column.header),
            justify="right" if column.right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in table.rows:
        grid.add_row(*(_styled(cell) for cell in row))
    return Group(title, grid)


def console() -> Any:
    """A console on stdout that parses neither markup nor emoji nor highlights."""
    from rich.console import Console

    return Console(file=sys.stdout, markup=False, emoji=False, highlight=False)


_STYLES = {
    "critical": "bold red",
    "hung": "bold red",
    "missing": "bold red",
    "unavailable": "bold red",
    "not ready": "bold red",
    "warning": "yellow",
    "unhealthy": "yellow",
    "unreachable": "yellow",
    "unknown": "magenta",
    "ok": "green",
    "healthy": "green",
    "-": "dim",
}
"""State words by colour; the word itself always stands there too."""


def _styled(cell: str) -> Any:
    from rich.text import Text

    return Text(printable(cell), style=_STYLES.get(cell, ""))
