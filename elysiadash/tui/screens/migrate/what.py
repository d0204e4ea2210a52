"""Step 1: which collections go along, and which of their tenants."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import msgspec

from elysiadash.cluster.stats import CollectionStats
from elysiadash.migrate.drafts import ChosenCollection, Draft
from elysiadash.tui import numbers, values
from elysiadash.tui.emptiness import Note
from elysiadash.tui.filtering import Fields
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.migrate.pane import StepPane
from elysiadash.tui.widgets.about import Words
from elysiadash.tui.widgets.table import Cell, Column, SortBy, VirtualTable


class CollectionRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A collection of the source; ``chosen`` None: it does not go along."""

    name: str
    stats: CollectionStats | None
    """None: it was chosen, and is not in the schema now."""
    chosen: ChosenCollection | None = None


def collection_rows(stats: Sequence[CollectionStats], draft: Draft) -> list[CollectionRow]:
    """Every collection of the cluster, and those that were chosen and are gone."""
    known = {row.collection: row for row in stats}
    gone = [one.name for one in draft.collections if one.name not in known]
    return [
        CollectionRow(name=name, stats=known.get(name), chosen=draft.chosen(name))
        for name in (*known, *gone)
    ]


class _Choosing(VirtualTable[CollectionRow]):
    """The key that marks rows chooses them here."""

    def action_mark(self) -> None:
        """Choose the row under the cursor, or leave it out; then on to the next."""
        self.action_select()


class WhatPane(StepPane[CollectionRow]):
    """The collections of the cluster that is shown; enter and space choose."""

    NAME = "what"
    NUMBER = "1"
    THINGS = ("collection", "collections")
    TABLE = _Choosing

    def __init__(self, toggle: Callable[[str], Any]) -> None:
        super().__init__()
        self._toggle = toggle
        self.draft: Draft | None = None
        self.trouble = ""
        """Why the collections are not shown."""

    def columns(self) -> Sequence[Column[CollectionRow]]:
        """What is chosen, and what it weighs."""
        return _COLUMNS

    def row_key(self, row: CollectionRow) -> Hashable:
        """Its name."""
        return row.name

    def fields(self) -> Fields[CollectionRow]:
        """Names and numbers."""
        return Fields(
            lambda row: (row.name,),
            {
                "chosen": lambda row: "yes" if row.chosen else "no",
                "objects": _stat("objects"),
                "size": _stat("lsm_bytes"),
                "tenants": _stat("tenants"),
                "rf": _stat("replication_factor"),
            },
        )

    def first_sort(self) -> SortBy:
        """By name."""
        return SortBy("name")

    async def open_row(self, key: Hashable) -> None:
        """Choose it, or leave it out."""
        self._toggle(str(key))

    def why_empty(self) -> Note | None:
        """Why there is nothing to choose from."""
        if self.trouble:
            return "The source's collections are not known here", [self.trouble]
        return "No collections", ["The cluster has none, or has not answered yet."]

    def lines(self) -> list[Words]:
        """How much is chosen."""
        draft = self.draft
        if draft is None:
            return []
        if not draft.collections:
            return [["Choose with space or enter what goes along; tab goes on."]]
        rows = [self.table.row(one.name) for one in draft.collections]
        counts = [row.stats.objects for row in rows if row is not None and row.stats is not None]
        known = [count for count in counts if count is not None]
        sizes = [
            row.stats.lsm_bytes
            for row in rows
            if row is not None and row.stats is not None and row.stats.lsm_bytes is not None
        ]
        many = len(draft.collections)
        least = "" if len(known) == many else "at least "
        words: Words = [
            (f"{many} chosen", "bold"),
            f": {least}~{numbers.count(sum(known))} objects" if known else ": objects not known",
        ]
        if sizes:
            more = "" if len(sizes) == many else "at least "
            words.append(f", {more}{numbers.size(sum(sizes))} of objects and indexes on disk")
        return [words]

    def words(self) -> str:
        """What goes along of the one under the cursor."""
        row = self.table.current()
        if row is None:
            return ""
        if row.stats is None:
            return f"{row.name} is not in the schema any more: enter leaves it out"
        if row.chosen is None:
            return f"{row.name}: space takes it along"
        if not row.stats.multi_tenant:
            return f"{row.name} goes along; space leaves it out"
        return f"{row.name} goes along with {_tenants_words(row)}; i chooses tenants"


def _stat(field: str) -> Callable[[CollectionRow], Any]:
    return lambda row: None if row.stats is None else getattr(row.stats, field)


def _tenants_words(row: CollectionRow) -> str:
    if row.chosen is not None and row.chosen.tenants is not None:
        many = len(row.chosen.tenants)
        of = f" of {numbers.count(row.stats.tenants)}" if row.stats and row.stats.tenants else ""
        return f"{numbers.count(many)}{of} tenants"
    if row.stats is None or row.stats.tenants is None:
        return "all its tenants"
    return f"all {numbers.count(row.stats.tenants)} tenants"


def _chosen(row: CollectionRow) -> Cell:
    return Cell("✓", "ok") if row.chosen else Cell("·", "muted")


def _name(row: CollectionRow) -> Cell:
    return Cell(plain(row.name), "strong" if row.chosen else "")


def _objects(row: CollectionRow) -> Cell:
    if row.stats is None:
        return Cell("gone", "warning")
    return Cell(values.objects(row.stats))


def _size(row: CollectionRow) -> Cell:
    stats = row.stats
    return Cell(numbers.size(stats.lsm_bytes if stats else None))


def _tenants(row: CollectionRow) -> Cell:
    if row.stats is None or not row.stats.multi_tenant:
        return Cell("")
    if row.chosen is not None and row.chosen.tenants is not None:
        return Cell(f"{len(row.chosen.tenants):,} of {numbers.count(row.stats.tenants)}", "accent")
    return Cell(numbers.count(row.stats.tenants))


def _factor(row: CollectionRow) -> Cell:
    return Cell(numbers.count(row.stats.replication_factor if row.stats else None))


def _writes(row: CollectionRow) -> Cell:
    return Cell(numbers.rate(row.stats.imports_per_s if row.stats else None))


def _aliases(row: CollectionRow) -> Cell:
    return Cell(plain(", ".join(row.stats.aliases)) if row.stats else "", "muted")


_COLUMNS: Sequence[Column[CollectionRow]] = (
    Column("name", "Collection", _name, (14, 40), "left", 100, lambda row: row.name.casefold(),
           letter="c"),
    Column("chosen", "Go", _chosen, 2, "center", 99, lambda row: row.chosen is None, letter="g"),
    Column("objects", "Objects", _objects, (7, 15), "right", 95, _stat("objects"), True, "o"),
    Column("size", "Size", _size, (6, 9), "right", 90, _stat("lsm_bytes"), True, "s"),
    Column("tenants", "Tenants", _tenants, (7, 16), "right", 85, _stat("tenants"), True, "t"),
    Column("factor", "RF", _factor, 3, "right", 70, _stat("replication_factor"), True, "r"),
    Column("writes", "Import/s", _writes, (8, 9), "right", 75, _stat("imports_per_s"), True, "i"),
    Column("aliases", "Aliases", _aliases, (7, 40), "left", 40),
)  # fmt: skip
