"""Lists of settings and of checks: what was chosen and why, what was found and the way out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import msgspec

from elysiadash.migrate.checkpoint import Check
from elysiadash.tui.filtering import Fields
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.migrate.pane import StepPane
from elysiadash.tui.widgets.table import Cell, Column, StyleName


class Setting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One choice: what it is now, and why or what it means."""

    key: str
    name: str
    value: str
    why: str = ""
    style: str = ""
    """How the value looks: ``warning`` where it needs thought, ``unknown`` where nothing is set."""
    options: tuple[str, ...] = ()
    """What enter goes through; empty: it is typed, or shown only."""
    typed: bool = False
    text: str = ""
    """What the line for typing begins with."""


class SettingsPane(StepPane[Setting]):
    """Rows of settings; what enter does with one is the screen's."""

    THINGS = ("setting", "settings")

    def columns(self) -> Sequence[Column[Setting]]:
        """Name, value, why."""
        return _SETTING_COLUMNS

    def row_key(self, row: Setting) -> Hashable:
        """Its key."""
        return row.key

    def fields(self) -> Fields[Setting]:
        """Name and value."""
        return Fields(
            lambda row: (row.name, row.value),
            {"value": lambda row: row.value, "why": lambda row: row.why},
        )

    def words(self) -> str:
        """The row under the cursor, whole."""
        row = self.table.current()
        if row is None:
            return ""
        return f"{row.name}: {row.why}" if row.why else row.name

    def can(self, does: str) -> bool:
        """Settings stand in their order."""
        return does not in ("sort", "reverse") and super().can(does)


def _name(row: Setting) -> Cell:
    return Cell(plain(row.name), "strong")


def _value(row: Setting) -> Cell:
    return Cell(plain(row.value), row.style)  # type: ignore[arg-type]


def _why(row: Setting) -> Cell:
    return Cell(plain(row.why), "muted")


_SETTING_COLUMNS: Sequence[Column[Setting]] = (
    Column("name", "Setting", _name, (12, 28), "left", 100),
    Column("value", "Value", _value, (10, 36), "left", 95),
    Column("why", "Why", _why, (16, 160), "left", 50, whole=True),
)

_RESULTS: dict[str, tuple[str, StyleName, int]] = {
    "blocks": ("✖ blocks", "critical", 3),
    "unknown": ("? unknown", "unknown", 2),
    "warns": ("▲ warns", "warning", 1),
    "ok": ("✓ ok", "ok", 0),
}
LIFTED = "lifted"


class CheckRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of a preflight; ``lifted``: its block was taken away by typing its code."""

    code: str
    result: str
    about: str
    text: str
    way_out: str = ""
    liftable: bool = False
    lifted: bool = False

    @property
    def stops(self) -> bool:
        """Whether it keeps the job from starting."""
        return self.result == "blocks" and not self.lifted


def check_rows(checks: Sequence[Check], accepted: Sequence[str]) -> list[CheckRow]:
    """The worst first, each kind in the order in which they were made."""
    rows = [
        CheckRow(
            code=check.code,
            result=check.result,
            about=check.about,
            text=check.text,
            way_out=check.way_out,
            liftable=check.liftable,
            lifted=check.liftable and check.result == "blocks" and check.code in accepted,
        )
        for check in checks
    ]
    return sorted(rows, key=lambda row: (not row.stops, -_RESULTS[row.result][2]))


def sums(rows: Sequence[CheckRow]) -> str:
    """``2 block · 1 warns · 14 ok``."""
    parts = [
        (sum(row.stops for row in rows), "block"),
        (sum(row.lifted for row in rows), "lifted"),
        (sum(row.result == "unknown" for row in rows), "unknown"),
        (sum(row.result == "warns" for row in rows), "warn"),
        (sum(row.result == "ok" for row in rows), "ok"),
    ]
    return " · ".join(f"{many} {word}" for many, word in parts if many)


class ChecksPane(StepPane[CheckRow]):
    """Rows of checks."""

    NAME = "preflight"
    NUMBER = "4"
    THINGS = ("check", "checks")
    FINDS_PROBLEMS = True

    def columns(self) -> Sequence[Column[CheckRow]]:
        """Result, what was looked at, what was found, the way out."""
        return _CHECK_COLUMNS

    def row_key(self, row: CheckRow) -> Hashable:
        """What was looked at, of what."""
        return row.code, row.about

    def fields(self) -> Fields[CheckRow]:
        """Everything of a line."""
        return Fields(
            lambda row: (row.code, row.about, row.text),
            {
                "result": lambda row: LIFTED if row.lifted else row.result,
                "code": lambda row: row.code,
                "about": lambda row: row.about,
            },
        )

    def is_problem(self, row: CheckRow) -> bool:
        """Whether somebody has to look at it."""
        return row.result != "ok"

    def words(self) -> str:
        """The line under the cursor, with the way out."""
        row = self.table.current()
        if row is None:
            return ""
        lift = " Enter lifts it, after its code was typed." if row.stops and row.liftable else ""
        out = f" → {row.way_out}" if row.way_out else ""
        return f"{row.code}: {row.text}{out}{lift}"


def _result(row: CheckRow) -> Cell:
    if row.lifted:
        return Cell("▲ lifted", "warning")
    sign, style, _ = _RESULTS[row.result]
    return Cell(sign, style)


def _plain(field: str, style: StyleName = "") -> Any:
    return lambda row: Cell(plain(getattr(row, field)), style)


_CHECK_COLUMNS: Sequence[Column[CheckRow]] = (
    Column("result", "Result", _result, (9, 10), "left", 100,
           lambda row: (row.stops, _RESULTS[row.result][2]), True, "r"),
    Column("code", "Check", _plain("code", "strong"), (10, 24), "left", 95,
           lambda row: row.code, letter="c"),
    Column("about", "About", _plain("about"), (8, 30), "left", 70, lambda row: row.about,
           letter="a"),
    Column("text", "Found", _plain("text"), (20, 90), "left", 90, whole=True),
    Column("way_out", "Way out", _plain("way_out", "muted"), (16, 90), "left", 60),
)  # fmt: skip
