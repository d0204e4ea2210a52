"""The dialogs and sheets over a list at each size; as for ``test_screens``, look at them."""

from __future__ import annotations

import pytest

from tests.snapshots.test_screens import SIZES, Compare, compare
from tests.tui.still import still_cluster


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM", "TMUX", "STY"):
        monkeypatch.delenv(name, raising=False)


@SIZES
def test_columns(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, still_cluster(), size, "C", "j", "j", "space", "J")


@SIZES
def test_description(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, still_cluster(), size, "j", "j", "j", "d")


@SIZES
def test_json(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, still_cluster(), size, "y", "slash", *"queue", "enter")


@SIZES
def test_copy(snap_compare: Compare, size: tuple[int, int]) -> None:
    keys = ("space", "j", "space", "slash", *"cust", "enter", "c")
    assert compare(snap_compare, still_cluster(), size, *keys)


@SIZES
def test_copied(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, still_cluster(), size, "c", "u")


@SIZES
def test_export_line(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, still_cluster(), size, "e")
