"""Health, Optimize, the events and the nodes: 60x18, 100x30 and 200x50.

After a wanted change: ``pytest tests/snapshots --snapshot-update``, and look at the pictures.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from elysiadash.cluster.view import ClusterView
from tests.snapshots.test_screens import SIZES, Compare, compare, sized
from tests.tui.happenings import incident
from tests.tui.still import StillWatch, lost, still_cluster


@pytest.fixture(autouse=True)
def _same_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    # Times of day are shown as they are here.
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def typed(line: str) -> list[str]:
    """The keys of a command."""
    return ["colon", *("space" if sign == " " else sign for sign in line), "enter"]


def silent() -> StillWatch:
    """A cluster of which nothing was ever heard."""
    watch = StillWatch(view=ClusterView())
    watch.lose(lost())
    return watch


@SIZES
def test_events(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, incident(), size, "0", "j", "j")


@SIZES
def test_no_events(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, still_cluster(), size, "0")


@SIZES
def test_nodes(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, incident(), size, *typed("nodes"))


@SIZES
def test_node(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, incident(), size, *typed("node weaviate-1 shard shard05"))


@SIZES
def test_health(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, incident(), size, "2")


@SIZES
def test_optimize(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, still_cluster(), size, "4")


@pytest.mark.parametrize("key", ["2", "3", "4"])
def test_nothing_known_yet(snap_compare: Compare, key: str) -> None:
    assert compare(snap_compare, silent(), (100, 24), key)


def test_no_nodes(snap_compare: Compare) -> None:
    watch = StillWatch(view=ClusterView())
    assert compare(snap_compare, watch, (100, 24), *typed("nodes"))


@sized((20, 3), (40, 3), (60, 15), (80, 24), (300, 80))
def test_every_size(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, incident(), size, "2")
