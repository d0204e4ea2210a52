"""Several clusters: the fleet, the list one chooses from, and the first screen, at three sizes."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.screens.first_run import FirstRunScreen
from tests.snapshots.test_screens import SIZES, Compare, _plain_terminal, compare
from tests.tui.fleets import PROFILES, StillFleet
from tests.tui.reading import live, settled
from tests.tui.still import lost
from tests.tui.test_first_run import Start
from tests.tui.test_fleet import until

__all__ = ["_plain_terminal"]


def fleet_shown(snap_compare: Compare, size: tuple[int, int], theme: str = "dark") -> bool:
    """Whether a fleet with a lost, a broken, a locked and an alarmed cluster looks as it did."""
    fleet = StillFleet()

    async def before(pilot: Pilot[None]) -> None:
        pilot.app.theme = theme
        await settled(pilot)
        await pilot.press("colon", *"fleet", "enter")
        await until(pilot, lambda: len(fleet.looks) == 4)
        await settled(pilot)
        live(pilot.app).wake()  # type: ignore[arg-type]
        await settled(pilot)
        await pilot.press("j", "j")
        await pilot.pause()

    app = ElysiadashApp(fleet.current, clock=fleet.clock, clusters=fleet.clusters)
    return snap_compare(app, terminal_size=size, run_before=before)


@SIZES
def test_fleet(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert fleet_shown(snap_compare, size)


@pytest.mark.parametrize("theme", ["light", "high-contrast"])
def test_fleet_in_other_themes(snap_compare: Compare, theme: str) -> None:
    assert fleet_shown(snap_compare, (100, 20), theme)


@SIZES
def test_picker(snap_compare: Compare, size: tuple[int, int]) -> None:
    fleet = StillFleet()
    keys = ["colon", *"profile", "enter", "down"]
    assert compare(snap_compare, fleet.current, size, *keys, clusters=fleet.clusters)


def first_run_shown(snap_compare: Compare, size: tuple[int, int], start: Start, *keys: str) -> bool:
    """Whether the first screen, after these keys, looks as it did."""

    async def before(pilot: Pilot[None]) -> None:
        start.watch.lose(lost())
        await until(pilot, lambda: isinstance(pilot.app.screen, FirstRunScreen))
        await pilot.press(*keys)
        await pilot.pause(0.2)

    app = ElysiadashApp(
        start.watch, clock=start.watch.clock, clusters=start.clusters, first_run=start.first_run
    )
    return snap_compare(app, terminal_size=size, run_before=before)


@SIZES
def test_first_run(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert first_run_shown(snap_compare, size, Start())


@SIZES
def test_first_run_with_a_fault(snap_compare: Compare, size: tuple[int, int]) -> None:
    start = Start(PROFILES["prod-us"], PROFILES["lab"])
    start.answer = lost()
    assert first_run_shown(snap_compare, size, start, *"http://wv.test:8081", "enter")
