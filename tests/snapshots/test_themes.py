"""The Stats screen in every theme, and what is under the cursor, stale and wrong in it."""

from __future__ import annotations

import pytest

from elysiadash.tui.themes import load_themes, shipped_themes
from tests.snapshots.test_screens import Compare, _plain_terminal, compare
from tests.tui.still import NODES, lost, still_cluster, three_nodes

__all__ = ["_plain_terminal"]

THEMES = sorted(load_themes([shipped_themes()]).themes)


@pytest.mark.parametrize("theme", THEMES)
def test_stats(snap_compare: Compare, theme: str) -> None:
    watch = still_cluster()
    watch.view = three_nodes(missing=NODES[2])
    assert compare(snap_compare, watch, (100, 30), "j", "space", "slash", "s", "enter", theme=theme)


@pytest.mark.parametrize("theme", THEMES)
def test_a_lost_connection(snap_compare: Compare, theme: str) -> None:
    watch = still_cluster()
    watch.clock.now += 134
    watch.lose(lost())
    assert compare(snap_compare, watch, (100, 20), theme=theme)
