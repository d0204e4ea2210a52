"""Rows as text that programs and people read elsewhere: raw values, cells as shown, JSON."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import AnyCell, Cell, Column

_FORMULA = "=+-@\t\r"
"""What a spreadsheet takes for the beginning of a formula; the full-width forms too."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Rows as they were at one moment. ``cells`` has the values of ``columns``, row by row."""

    columns: tuple[str, ...]
    cells: tuple[tuple[Any, ...], ...]
    items: tuple[dict[str, object], ...]


def raw_value(column: Column[Any], row: Any, data: Mapping[str, object]) -> object:
    """The value behind a cell: the row's own of that name, else what the cell says."""
    if column.key in data:
        return data[column.key]
    cell = column.render(row)
    return cell.text if isinstance(cell, Cell) else cell.values


def raw_names(columns: Sequence[Column[Any]]) -> tuple[str, ...]:
    """The columns of a file: those shown, each with what its cells show besides, none twice."""
    return tuple(dict.fromkeys(name for column in columns for name in _names(column)))


def _names(column: Column[Any]) -> tuple[str, ...]:
    return (*((column.key,) if column.in_file is None else column.in_file), *column.beside)


def raw_values(
    columns: Sequence[Column[Any]], row: Any, data: Mapping[str, object]
) -> tuple[object, ...]:
    """The values of ``raw_names``."""
    found: dict[str, object] = {}
    for column in columns:
        if column.in_file is None:
            found[column.key] = raw_value(column, row, data)
        else:
            found |= {name: raw(row) for name, raw in column.in_file.items()}
    return tuple(found[name] if name in found else data.get(name) for name in raw_names(columns))


def shown_text(cell: AnyCell) -> str:
    """What a cell says, on one line; a small chart says nothing."""
    return plain(cell.text).strip() if isinstance(cell, Cell) else ""


def as_json(value: object) -> str:
    """JSON for people: two blanks a level."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def as_csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Comma-separated values; unknown is empty, numbers are plain, truth is true or false.

    Texts that a spreadsheet would run as a formula get an apostrophe in front.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_csv_value(name) for name in header])
    writer.writerows([_csv_value(value) for value in row] for row in rows)
    return text.getvalue()


def _csv_value(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    return _harmless(_csv_text(value))


def _csv_text(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{plain(str(name))}={_part(part)}" for name, part in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return " ".join(_part(part) for part in value)
    return plain(str(value))


def _part(value: object) -> str:
    return "" if value is None else plain(str(value))


def _harmless(text: str) -> str:
    begin = unicodedata.normalize("NFKC", text[:1])
    return f"'{text}" if begin and begin in _FORMULA else text
