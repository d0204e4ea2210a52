"""Tables: aligned text for pipes, drawn by rich on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import msgspec

from elysiadash.cli.output import is_terminal, printable, write

_GAP = 2


class Column(msgspec.Struct, frozen=True, gc=False):
    """One column; numbers stand right. On a narrow terminal the highest ``spare`` goes first."""

    header: str
    right: bool = False
    spare: int = 0


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
        screen = console()
        screen.print(drawn(table, screen.width))
    else:
        write(plain(table))


def plain(table: Table) -> str:
    """Aligned text of full width: nothing is cut or wrapped."""
    lines = [printable(table.title)] if table.title else []
    if not table.rows:
        return "\n".join([*lines, table.empty]) + "\n"
    cells = [tuple(column.header for column in table.columns)]
    cells += [tuple(printable(cell) for cell in row) for row in table.rows]
    widths = _widths(cells)
    for row in cells:
        parts = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(row, widths, table.columns, strict=True)
        ]
        lines.append((" " * _GAP).join(parts).rstrip())
    return "\n".join(lines) + "\n"


def drawn(table: Table, width: int) -> Any:
    """The table for a rich console of ``width``; columns that do not fit are named below."""
    from rich.console import Group
    from rich.table import Table as RichTable
    from rich.text import Text

    title = Text(printable(table.title), style="bold", no_wrap=True, overflow="ellipsis")
    if not table.rows:
        return Group(title, Text(table.empty))
    kept = _fitting(table, width)
    grid = RichTable(box=None, pad_edge=False, header_style="dim", expand=False)
    for at in kept:
        column = table.columns[at]
        justify: Any = "right" if column.right else "left"
        grid.add_column(Text(column.header), justify=justify, no_wrap=True, overflow="ellipsis")
    for row in table.rows:
        grid.add_row(*(_styled(row[at]) for at in kept))
    left_out = [column.header for at, column in enumerate(table.columns) if at not in kept]
    if not left_out:
        return Group(title, grid)
    return Group(title, grid, Text(f"too narrow for: {', '.join(left_out)}", style="dim"))


def _fitting(table: Table, width: int) -> list[int]:
    """Places of the columns that fit beside each other."""
    headers = tuple(column.header for column in table.columns)
    widths = _widths([headers, *(tuple(map(printable, row)) for row in table.rows)])
    kept = list(range(len(headers)))
    while sum(widths[at] + _GAP for at in kept) - _GAP > width:
        spare = max(kept, key=lambda at: table.columns[at].spare)
        if table.columns[spare].spare == 0:
            break
        kept.remove(spare)
    return kept


def _widths(cells: Sequence[tuple[str, ...]]) -> list[int]:
    return [max(len(row[at]) for row in cells) for at in range(len(cells[0]))]


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
