"""Everything known of one thing, for people: what it is, what it means, where it comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from textual.content import Content

from elysiadash.config.moments import local_moment
from elysiadash.tui import numbers
from elysiadash.tui.leaving.rows import shown_text
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import Column

_NOTE_INDENT = 4
_TIMES = frozenset({"at", "since", "known_since"})
"""Names of wall-clock seconds, beside those that end in ``_at``."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One value. ``why`` says why there is none; ``age`` is seconds since it was answered."""

    what: str
    value: str
    meaning: str = ""
    source: str = ""
    age: float | None = None
    why: str = ""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about the value."""
        return tuple(note for note in (self.meaning, self.why, self._origin()) if note)

    def _origin(self) -> str:
        old = "" if self.age is None else f"{numbers.span(self.age)} old"
        source = f"from {self.source}" if self.source else ""
        return ", ".join(part for part in (source, old) if part)


class Section(msgspec.Struct, frozen=True, gc=False):
    """Entries that belong together."""

    title: str
    entries: tuple[Entry, ...]


def of_columns(
    row: Any, columns: Iterable[Column[Any]], data: Mapping[str, object]
) -> tuple[Section, ...]:
    """What the cells of a row say, then what else is known of it."""
    shown = tuple(columns)
    cells = [
        Entry(what=column.title, value=text or numbers.UNKNOWN)
        for column in shown
        if (text := shown_text(column.render(row))) or column.key in data
    ]
    keys = {column.key for column in shown}
    rest = [
        Entry(what=name.replace("_", " "), value=_words(value, name))
        for name, value in data.items()
        if name not in keys and value not in (None, "", [], {}, ())
    ]
    return _filled(Section("Shown in the list", tuple(cells)), Section("Also known", tuple(rest)))


def of_requests(requests: Mapping[str, str]) -> tuple[Section, ...]:
    """How to ask the same of the server from a shell."""
    asked = tuple(Entry(what=name, value=line) for name, line in requests.items())
    return _filled(Section("Ask the server yourself", asked))


def lines_of(sections: Sequence[Section], width: int) -> list[Content]:
    """The sections as lines of at most ``width`` cells."""
    lines: list[Content] = []
    label = min(22, max(12, width // 4))
    for section in sections:
        if lines:
            lines.append(Content(""))
        lines.append(Content.styled(plain(section.title), "bold $accent"))
        for entry in section.entries:
            lines += _entry_lines(entry, width, label)
    return lines


def text_of(sections: Sequence[Section]) -> str:
    """The sections as plain text, for a ticket."""
    return "\n".join(line.plain.rstrip() for line in lines_of(sections, 100))


def _entry_lines(entry: Entry, width: int, label: int) -> list[Content]:
    what, value = plain(entry.what), plain(entry.value)
    style = "$health-unknown" if entry.value == numbers.UNKNOWN else "bold"
    blanks = " " * (label + 1)
    texts = _wrapped(value, max(10, width - label - 1)) or [""]
    if len(what) <= label:
        lines = [Content.assemble(f"{what:<{label}} ", (texts.pop(0), style))]
    else:
        lines = [Content(line) for line in _wrapped(what, width)]
    lines += [Content.styled(blanks + line, style) for line in texts]
    for note in entry.notes:
        blanks = " " * _NOTE_INDENT
        lines += [
            Content.styled(blanks + line, "$health-unknown")
            for line in _wrapped(plain(note), max(10, width - _NOTE_INDENT))
        ]
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _words(value: object, name: str = "") -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and (name in _TIMES or name.endswith("_at")):
        return local_moment(value)
    if isinstance(value, float):
        return f"{value:,.6g}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_words(part, str(name))}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_words(part) for part in value)
    return numbers.UNKNOWN if value is None else str(value)


def _filled(*sections: Section) -> tuple[Section, ...]:
    return tuple(section for section in sections if section.entries)
