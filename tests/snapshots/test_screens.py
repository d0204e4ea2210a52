"""The screens over a still watch: 60x18, 100x30 and 200x50.

After a wanted change: ``pytest tests/snapshots --snapshot-update``, and look at the pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from elysiadash.cluster.stats import CollectionStats
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.widgets.table import VirtualTable
from tests.tui.reading import answered, settled
from tests.tui.recorded import replay_of_still
from tests.tui.still import NODES, START, StillWatch, five_rows, lost, still_cluster, three_nodes


def sized(*sizes: tuple[int, int]) -> pytest.MarkDecorator:
    """One test for each size, named by it."""
    return pytest.mark.parametrize("size", sizes, ids=[f"{w}x{h}" for w, h in sizes])


SIZES = sized((60, 18), (100, 30), (200, 50))
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)


def compare(
    snap_compare: Compare,
    watch: StillWatch,
    size: tuple[int, int],
    *keys: str,
    theme: str = "dark",
    anew: bool = False,
    **app: Any,
) -> bool:
    """Whether the app, after these keys, looks as it did."""

    async def before(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        await answered(pilot)
        if anew:
            # Columns never get narrower: their widths tell what was painted before.
            for table in pilot.app.screen.query(VirtualTable):
                table.view.forget_widths()
                table.refresh_values()
            await settled(pilot)

    shown = ElysiadashApp(watch, clock=getattr(watch, "clock", watch.store.clock), **app)
    return snap_compare(shown, terminal_size=size, run_before=before)


@SIZES
def test_stats(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, still_cluster(), size)


@SIZES
def test_lost_connection(snap_compare: Compare, size: tuple[int, int]) -> None:
    watch = still_cluster()
    watch.clock.now += 134
    watch.lose(lost())
    assert compare(snap_compare, watch, size)


def test_a_dead_node_and_the_demo(snap_compare: Compare) -> None:
    watch = still_cluster()
    watch.view = msgspec.structs.replace(three_nodes(missing=NODES[2]), probed=1, leader="")
    assert compare(snap_compare, watch, (120, 20), demo=True)


def test_filter_and_its_fault(snap_compare: Compare) -> None:
    assert compare(snap_compare, still_cluster(), (100, 20), "slash", "d", "o", "c", "[")


def test_sort_choice(snap_compare: Compare) -> None:
    assert compare(snap_compare, still_cluster(), (100, 20), "o")


def test_frozen_problems(snap_compare: Compare) -> None:
    assert compare(snap_compare, still_cluster(), (100, 20), "exclamation_mark", "F")


def test_no_server(snap_compare: Compare) -> None:
    watch = StillWatch()
    watch.lose(lost())
    assert compare(snap_compare, watch, (100, 24))


@sized((50, 8), (40, 3), (120, 12))
def test_too_small_for_tables(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, still_cluster(), size)


def test_names_of_all_kinds(snap_compare: Compare) -> None:
    names = ["[/x]", "日本語コレクション", "עברית", "👩‍👩‍👧‍👦Family", "a\u202eb\tc"]
    rows = [msgspec.structs.replace(five_rows()[0], collection=name) for name in names]
    watch = StillWatch([*rows, CollectionStats(collection="Plain")])
    watch.answer()
    assert compare(snap_compare, watch, (100, 20))


@SIZES
def test_replay(
    snap_compare: Compare, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "XST-01:00")
    time.tzset()
    try:
        replay = replay_of_still(tmp_path)
        replay.begin_at(START - 900)
        assert compare(snap_compare, replay, size)  # type: ignore[arg-type]
    finally:
        monkeypatch.undo()
        time.tzset()
