"""Step 3b: what a transform does to samples of the source, each field before and after."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from elysiadash.tui.emptiness import Note
from elysiadash.tui.filtering import Fields
from elysiadash.tui.jobs_seen import Detail
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.migrate.pane import StepPane
from elysiadash.tui.widgets.about import Words
from elysiadash.tui.widgets.table import Cell, Column

_WHAT = {"lost": "✖ fails", "dropped": "– dropped", "split": "▲ split", "changed": "changed"}
_COUNTS = ("changed", "same", "dropped", "split", "lost")


class ChangeRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One field of one sample."""

    number: int
    part: str
    object: str
    what: str
    field: str = ""
    before: str = ""
    after: str = ""
    volatile: bool = False


def change_rows(previews: Sequence[Mapping[str, Any]]) -> list[ChangeRow]:
    """Every change that was kept; a sample that is dropped or fails is one row."""
    return [ChangeRow(number=at, **row) for at, row in enumerate(_rows(previews))]


def _rows(previews: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for preview in previews:
        for sample in preview.get("shown", ()):
            base = {
                "part": str(preview.get("part", "")),
                "object": str(sample.get("id", "")),
                "what": str(sample.get("what", "")),
            }
            if sample.get("reason"):
                yield {**base, "after": str(sample["reason"]).strip().splitlines()[-1]}
            elif base["what"] == "dropped":
                yield {**base, "after": "(does not go along)"}
            for became in sample.get("became", ()):
                for change in became.get("changes", ()):
                    yield {
                        **base,
                        "field": str(change.get("field", "")),
                        "before": str(change.get("before", "")),
                        "after": str(change.get("after", "")),
                        "volatile": bool(change.get("volatile")),
                    }


class DiffPane(StepPane[ChangeRow]):
    """Before and after, as the last preflight tried it on samples."""

    NAME = "diff"
    NUMBER = "3b"
    THINGS = ("change", "changes")

    def __init__(self) -> None:
        super().__init__()
        self._previews: Sequence[Mapping[str, Any]] = ()
        self._changed = False

    def columns(self) -> Sequence[Column[ChangeRow]]:
        """Object, field, before, after."""
        return _COLUMNS

    def row_key(self, row: ChangeRow) -> Hashable:
        """Its place."""
        return row.number

    def fields(self) -> Fields[ChangeRow]:
        """Field, object and what becomes of it."""
        return Fields(
            lambda row: (row.field, row.object),
            {"field": lambda row: row.field, "what": lambda row: row.what},
        )

    def show(self, detail: Detail | None, *, changed: bool) -> None:
        """Show what the last preflight tried."""
        self._previews = detail.previews if detail is not None else ()
        self._changed = changed
        self.put(change_rows(self._previews))

    def why_empty(self) -> Note | None:
        """That it was not tried yet, or changes nothing."""
        if not self._previews:
            return "Not tried yet", ["b tries the transform on samples; nothing is written."]
        return "It changes nothing", ["No sample differs before and after."]

    def lines(self) -> list[Words]:
        """Counts of each collection's samples, and what makes it unfit."""
        lines: list[Words] = []
        if self._changed and self._previews:
            lines.append([("▲ the plan was changed since: b tries it again", "$health-warn")])
        for preview in self._previews[:4]:
            counts = [f"{preview.get(word, 0):,} {word}" for word in _COUNTS if preview.get(word)]
            of = f"{plain(str(preview.get('part', '')))}: {preview.get('samples', 0):,} samples"
            lines.append([(of, "bold"), f"   {', '.join(counts)}"])
            volatile = preview.get("volatile") or ()
            if volatile:
                words = f"  differ each time it runs: {plain(', '.join(volatile))}"
                lines.append([(words, "$health-warn")])
            for word, look in (("blocks", "$health-crit"), ("warns", "$health-warn")):
                lines += [[(f"  {plain(text)}", look)] for text in (preview.get(word) or ())[:2]]
        return lines

    def words(self) -> str:
        """The change under the cursor, whole."""
        row = self.table.current()
        if row is None:
            return ""
        return f"{row.object} {row.field}: {row.before} → {row.after}"


def _what(row: ChangeRow) -> Cell:
    style = "critical" if row.what == "lost" else ""
    words = "volatile" if row.volatile else _WHAT.get(row.what, row.what)
    return Cell(words, style or ("warning" if row.volatile else ""))  # type: ignore[arg-type]


def _field(row: ChangeRow) -> Cell:
    return Cell(plain(row.field), "strong")


def _before(row: ChangeRow) -> Cell:
    return Cell(plain(row.before), "muted")


def _after(row: ChangeRow) -> Cell:
    return Cell(plain(row.after))


def _object(row: ChangeRow) -> Cell:
    return Cell(plain(row.object[:8]), "muted")


_COLUMNS: Sequence[Column[ChangeRow]] = (
    Column("object", "Object", _object, (8, 8), "left", 100, lambda row: row.object, letter="o"),
    Column("what", "What", _what, (9, 10), "left", 80, lambda row: row.what, letter="w"),
    Column("field", "Field", _field, (10, 30), "left", 95, lambda row: row.field, letter="f"),
    Column("before", "Before", _before, (10, 60), "left", 85),
    Column("after", "After", _after, (10, 90), "left", 90, whole=True),
)
