"""Help and palette at three sizes, over the Stats screen and over a collection."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.keymap import read_keymap
from tests.snapshots.test_screens import SIZES, Compare, _plain_terminal, compare
from tests.tui.reading import settled
from tests.tui.still import still_cluster

__all__ = ["_plain_terminal"]


@SIZES
def test_help(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert compare(snap_compare, still_cluster(), size, "question_mark")


def test_help_to_its_end(snap_compare: Compare) -> None:
    assert compare(snap_compare, still_cluster(), (60, 18), "question_mark", "G")


def test_help_with_own_keys(
    snap_compare: Compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("keys.toml")
    path.write_text('"screen.refresh" = "f5"\n"screen.freeze" = "f9,F"\n"list.sort" = "none"\n')
    keys = read_keymap(path)
    assert compare(snap_compare, still_cluster(), (100, 30), "question_mark", keymap=keys)


@SIZES
def test_palette(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert palette(snap_compare, size)


@pytest.mark.parametrize("theme", ["light", "high-contrast", "colour-blind"])
def test_palette_in_themes(snap_compare: Compare, theme: str) -> None:
    assert palette(snap_compare, (100, 30), theme=theme)


def test_palette_searching(snap_compare: Compare) -> None:
    assert palette(snap_compare, (100, 30), "f", "r", "e")


def palette(snap_compare: Compare, size: tuple[int, int], *typed: str, theme: str = "dark") -> bool:
    """Whether the open palette, after these keys, looks as it did."""
    watch = still_cluster()

    async def before(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        await settled(pilot)
        await pilot.press("ctrl+p")
        await _listed(pilot.app, pilot)
        for key in typed:
            await pilot.press(key)
        await _listed(pilot.app, pilot)

    app = ElysiadashApp(watch, clock=watch.clock)
    return snap_compare(app, terminal_size=size, run_before=before)


async def _listed(app: App[None], pilot: Pilot[None]) -> None:
    """Until what was searched for is found and drawn."""
    await pilot.pause(0.4)
    app.screen.query_one("CommandInput").cursor_blink = False  # type: ignore[attr-defined]
    await pilot.pause(0.2)
