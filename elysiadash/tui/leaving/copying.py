"""What of the chosen rows can be copied, and as what."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from elysiadash.tui.leaving.rows import as_json, raw_value, shown_text
from elysiadash.tui.widgets.table import Column

_NAMED = 8
"""Names of hidden rows that are listed; the others are counted."""
ROW, JSON, CURL, CLI = "row", "json", "curl", "weaviate-cli"


class Copyable(NamedTuple):
    """Something that can be copied: ``name`` is what ``:copy`` calls it."""

    name: str
    title: str
    text: str

    @property
    def preview(self) -> str:
        """The beginning, on one line."""
        return " ".join(self.text[:400].split())


def copyables(
    rows: Sequence[Any],
    columns: Sequence[Column[Any]],
    as_data: Callable[[Any], Mapping[str, object]],
    requests: Callable[[Any], Mapping[str, str]],
) -> tuple[Copyable, ...]:
    """Everything that can be copied of these rows, the usual first.

    Cells and lines are as shown. Of several rows one line each; whole rows then get titles above.
    """
    data = [dict(as_data(row)) for row in rows]
    cells = [_cells(row, columns, each) for row, each in zip(rows, data, strict=True)]
    lines = ["\t".join(line) for line in cells]
    if len(rows) > 1:
        lines.insert(0, "\t".join(column.title for column in columns))
    asked = [requests(row) for row in rows]
    found = [
        Copyable(
            ROW, "the row, with tabs" if len(rows) == 1 else "the rows, with tabs", _all(lines)
        ),
        Copyable(JSON, "JSON", as_json(data[0] if len(data) == 1 else data)),
    ]
    names = dict.fromkeys(name for each in asked for name in each)
    for name in names:
        # The same question for several rows is asked once.
        text = _all(dict.fromkeys(each[name] for each in asked if name in each))
        found.append(Copyable(name, f"as {name}", text))
    for place, column in enumerate(columns):
        text = _all([line[place] for line in cells])
        if text.strip():
            found.append(Copyable(column.key, f"cell: {column.title}", text))
    return tuple(found)


def marked_words(many: int, things: tuple[str, str], hidden: Sequence[str]) -> str:
    """How many marked rows there are; those that a filter hides are named."""
    words = f"{many} marked {things[0 if many == 1 else 1]}"
    if not hidden:
        return words
    more = f" and {len(hidden) - _NAMED} more" if len(hidden) > _NAMED else ""
    return f"{words}, {len(hidden)} hidden by the filter: {', '.join(hidden[:_NAMED])}{more}"


def _cells(row: Any, columns: Sequence[Column[Any]], data: Mapping[str, object]) -> list[str]:
    """Cells as shown; the first is the row's name as the server has it."""
    texts = [shown_text(column.render(row)) for column in columns]
    if columns:
        name = raw_value(columns[0], row, data)
        texts[0] = " ".join(name.split()) if isinstance(name, str) else texts[0]
    return texts


def _all(lines: Any) -> str:
    return "\n".join(lines)
