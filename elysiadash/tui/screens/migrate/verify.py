"""Step 6: what was compared, what was not, and every object that differs, field by field."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import msgspec

from elysiadash.migrate.checkpoint import Proof
from elysiadash.tui import numbers
from elysiadash.tui.description import Entry, Section
from elysiadash.tui.emptiness import Note
from elysiadash.tui.filtering import Fields
from elysiadash.tui.jobs_seen import Detail
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.migrate.job_pane import READING, JobPane
from elysiadash.tui.widgets.about import Words
from elysiadash.tui.widgets.table import Cell, Column, StyleName

_KINDS: dict[str, tuple[str, StyleName]] = {
    "missing": ("✖ missing", "critical"),
    "different": ("✖ different", "critical"),
    "extra": ("▲ extra", "warning"),
}


class MismatchRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One object that is not the same on both sides."""

    kind: str
    id: str
    part: str = ""
    fields: tuple[dict[str, Any], ...] = ()
    """``field``, ``source``, ``target``: both values shortened."""
    dead_letter: str = ""
    ours: bool = False
    source_time: int | None = None
    target_time: int | None = None

    @property
    def names(self) -> str:
        """The fields that differ."""
        return ", ".join(str(each.get("field", "")) for each in self.fields)


def mismatch_rows(detail: Detail) -> list[MismatchRow]:
    """As the proof noted them; a line of a later release is left out."""
    found = []
    for line in detail.mismatches:
        try:
            found.append(msgspec.convert(line, MismatchRow))
        except msgspec.ValidationError:
            continue
    return found


class VerifyPane(JobPane[MismatchRow]):
    """The proof, and the browser of what differs."""

    NAME = "verify"
    NUMBER = "6"
    THINGS = ("difference", "differences")

    def columns(self) -> Sequence[Column[MismatchRow]]:
        """Kind, object, part, fields."""
        return (
            Column("kind", "What", _kind, (10, 12), "left", 100, lambda row: row.kind,
                   letter="w"),
            Column("id", "Object", _id, (36, 36), "left", 95, lambda row: row.id, letter="i"),
            Column("part", "Part", _part, (8, 40), "left", 80, lambda row: row.part, letter="p"),
            Column("fields", "Fields", _fields, (12, 120), "left", 90, lambda row: row.names,
                   letter="f", whole=True),
        )  # fmt: skip

    def row_key(self, row: MismatchRow) -> Hashable:
        """The object."""
        return row.part, row.id

    def fields(self) -> Fields[MismatchRow]:
        """Id, part, kind and fields."""
        return Fields(
            lambda row: (row.id, row.names),
            {
                "what": lambda row: row.kind,
                "part": lambda row: row.part,
                "field": lambda row: row.names,
            },
        )

    def name_of(self, row: MismatchRow) -> str:
        """The object's id."""
        return row.id

    def describe(self, row: MismatchRow) -> Sequence[Section]:
        """Both values of every field that differs."""
        lines = [("what", _kind(row).text), ("object", row.id), ("part", row.part)]
        if row.dead_letter:
            lines.append(("dead letter", row.dead_letter))
        if row.kind == "extra":
            words = "the job wrote it" if row.ours else "the job did not write it: never touched"
            lines.append(("whose", words))
        sections = [Section("Object", tuple(_entry(*line) for line in lines))]
        for each in row.fields:
            sides = (
                _entry("source", str(each.get("source", ""))),
                _entry("target", str(each.get("target", ""))),
            )
            sections.append(Section(str(each.get("field", "")), sides))
        return tuple(sections)

    def rows_of(self, detail: Detail) -> Sequence[MismatchRow]:
        """What differs."""
        return mismatch_rows(detail)

    def why_empty(self) -> Note | None:
        """That nothing differs, or that nothing was compared."""
        detail = self.detail
        if detail is None:
            return READING, []
        proof = detail.checkpoint.proof if detail.checkpoint is not None else None
        if proof is None:
            asked = detail.spec.verify if detail.spec is not None else None
            words = "was not asked for" if asked == "none" else "comes once the copy is done"
            return "Nothing was compared yet", [f"Verification {words}."]
        if _differ(proof):
            return "The list of differences is not there", [detail.unread or "It was not kept."]
        return "No differences", ["No object that was compared differs."]

    def lines(self) -> list[Words]:
        """What was not checked first, then the counts."""
        detail = self.detail
        proof = detail.checkpoint.proof if detail and detail.checkpoint else None
        return [] if proof is None else proof_lines(proof)

    def words(self) -> str:
        """The object under the cursor, with its first difference."""
        row = self.table.current()
        if row is None:
            return ""
        if not row.fields:
            return f"{row.kind}: {row.id} of {row.part}"
        first = row.fields[0]
        sides = f"{first.get('source', '')} in the source, {first.get('target', '')} in the target"
        return f"{first.get('field', '')}: {sides}   enter shows every field"


def proof_lines(proof: Proof) -> list[Words]:
    """First what was not checked: nobody may take it for proven."""
    lines: list[Words] = []
    not_checked = proof.not_checked
    lines += [[(f"▲ not checked: {plain(words)}", "$health-warn")] for words in not_checked[:3]]
    if len(not_checked) > 3:
        lines.append([(f"  and {len(not_checked) - 3} more: see the report", "$health-warn")])
    differ = _differ(proof)
    if differ:
        verdict, look = "✖ different", "$health-crit"
    elif proof.pending or _faults(proof):
        verdict, look = "▲ not proven yet", "$health-warn"
    else:
        verdict, look = "✓ equal", "$health-ok"
    lines.append(
        [
            (verdict, f"bold {look}"),
            f"  level {plain(proof.level)}   source {numbers.count(proof.source)}, "
            f"target {numbers.count(proof.target)}, same {numbers.count(proof.same)}",
        ]
    )
    parts = [
        (proof.missing, "missing"),
        (proof.extra, "extra"),
        (proof.different, "different"),
        (proof.pending, "changed meanwhile"),
    ]
    counted = ", ".join(f"{many:,} {word}" for many, word in parts)
    rounds = f"   {proof.rounds} rounds of repair" if proof.rounds else ""
    lines.append([(f"{counted}{rounds}", "$health-crit" if differ else "$health-unknown")])
    for fault in _faults(proof)[:2]:
        lines.append([(f"▲ {plain(fault)}", "$health-warn")])
    return lines


def _faults(proof: Proof) -> tuple[str, ...]:
    """Why it proves nothing, whatever the counts."""
    found: tuple[str, ...] = getattr(proof, "faults", ())
    return found


def _differ(proof: Proof) -> bool:
    return bool(proof.missing or proof.extra or proof.different)


def _entry(name: str, value: str) -> Entry:
    return Entry(what=name, value=value)


def _kind(row: MismatchRow) -> Cell:
    text, style = _KINDS.get(row.kind, (row.kind, ""))
    return Cell(plain(text), style)


def _id(row: MismatchRow) -> Cell:
    return Cell(plain(row.id), "strong")


def _part(row: MismatchRow) -> Cell:
    return Cell(plain(row.part))


def _fields(row: MismatchRow) -> Cell:
    return Cell(plain(row.names or row.dead_letter), "" if row.names else "muted")
