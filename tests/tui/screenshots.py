"""The pictures in ``screenshots/``, from the demo: ``python -m tests.tui.screenshots [FOLDER]``.

The demo's clock is moved by hand and our own load is fixed, so that two runs draw the same.
PNGs are made where ``rsvg-convert`` and the font Fira Code are at hand.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import patch

import httpx

from elysiadash.cluster.charted import frame_of
from elysiadash.cluster.connect import connect
from elysiadash.cluster.slices import Problem
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Addresses, Profile
from elysiadash.demo.clock import ManualClock
from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault
from elysiadash.jobs import queue
from elysiadash.jobs.job import JobState
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.leaving.picture import picture
from elysiadash.weaviate.budget import OwnLoad
from tests.tui import jobs_given
from tests.tui.reading import live, settled

FOLDER = Path(__file__).resolve().parents[2] / "screenshots"

_ROUNDS, _ROUND_S = 48, 15.0


class Shot(NamedTuple):
    """One picture: its name, the terminal's size, what is pressed before, and the theme."""

    name: str
    size: tuple[int, int]
    keys: Sequence[str] = ()
    theme: str = "dark"
    lost: bool = False


_KEYS = {":": "colon", " ": "space", "-": "minus"}
_COLLECTION = ("j", "j", "enter")

SHOTS: dict[str, tuple[Shot, ...]] = {
    "healthy": (
        Shot("stats-60x18", (60, 18)),
        Shot("stats-100x30", (100, 30)),
        Shot("stats-200x50", (200, 50)),
        Shot("stats-light-100x30", (100, 30), theme="light"),
        Shot("stats-high-contrast-100x30", (100, 30), theme="high-contrast"),
        Shot("stats-colour-blind-100x30", (100, 30), theme="colour-blind"),
        Shot("sort-100x30", (100, 30), ["o"]),
        Shot("columns-100x30", (100, 30), ["C"]),
        Shot("describe-100x30", (100, 30), ["j", "d"]),
        Shot("copy-100x30", (100, 30), ["j", "c"]),
        Shot("palette-100x30", (100, 30), ["ctrl+p"]),
        Shot("help-100x30", (100, 30), ["question_mark"]),
        Shot("tenants-100x30", (100, 30), [*":collection Customers", "enter", "shift+tab", "f"]),
        Shot("summary-50x8", (50, 8)),
        Shot("lost-100x30", (100, 30), lost=True),
    ),
    "troubled": (
        Shot("troubled-100x30", (100, 30)),
        Shot("troubled-200x50", (200, 50)),
        Shot("filter-100x30", (100, 30), ["slash", *"queue:>10k"]),
        Shot("collection-60x18", (60, 18), _COLLECTION),
        Shot("collection-100x30", (100, 30), _COLLECTION),
        Shot("collection-200x50", (200, 50), _COLLECTION),
        Shot("charts-100x30", (100, 30), [*_COLLECTION, "tab", "f"]),
        Shot("health-100x30", (100, 30), ["2"]),
        Shot("health-200x50", (200, 50), ["2"]),
        Shot("events-100x30", (100, 30), ["0"]),
        Shot("nodes-100x30", (100, 30), [*":nodes", "enter"]),
        Shot("node-100x30", (100, 30), [*":node node-1", "enter"]),
        Shot("optimize-100x30", (100, 30), ["4"]),
    ),
    "empty": (Shot("empty-100x30", (100, 30)),),
}


async def draw_all(folder: Path) -> None:
    """Draw every picture into a folder that is there."""
    for scenario, shots in SHOTS.items():
        clock = ManualClock()
        async with simulated(scenario, clock=clock, grpc=False) as cluster:
            watch = await _watched(cluster, clock)
            for shot in shots:
                (folder / f"{shot.name}.svg").write_text(await _draw(watch, clock, shot))
            await watch.client.aclose()
    await _draw_jobs(folder)
    _convert(folder)


async def _draw_jobs(folder: Path) -> None:
    """The screen Migrate, over jobs that stand still."""
    with TemporaryDirectory() as place:
        room = jobs_given.full(Path(place))
        with room.database.reading() as read:
            running = queue.newest(read, among=(JobState.RUNNING,))[0]
        shots = (
            Shot("migrate-100x30", (100, 30), ["3"]),
            Shot("migration-100x30", (100, 30), ["3", *f":job {running.id}", "enter"]),
            Shot("migration-200x50", (200, 50), ["3", *f":job {running.id}", "enter"]),
        )
        for shot in shots:
            app = jobs_given.app_over(room)
            async with app.run_test(size=shot.size) as pilot:
                app.theme = shot.theme
                await settled(pilot)
                await pilot.press(*[_KEYS.get(key, key) for key in shot.keys])
                await settled(pilot)
                title = f"elysiadash {shot.size[0]}x{shot.size[1]}"
                (folder / f"{shot.name}.svg").write_text(picture(app, title))


async def _watched(cluster: SimulatedCluster, clock: ManualClock) -> Watch:
    """A watch that has looked at the cluster for twelve minutes of its clock."""
    profile = Profile(
        name=cluster.name,
        url=cluster.url,
        nodes=Addresses(named=cluster.nodes),
        metrics=Addresses(named=cluster.metrics),
    )
    watch = connect(profile, clock=clock)
    # The limit counts requests a real minute; here minutes pass in a moment.
    watch.client.transport.budget.limit_per_minute = 1_000_000
    with patch("elysiadash.cluster.asks.time", SimpleNamespace(monotonic=clock)):
        for number in range(_ROUNDS):
            clock.advance(_ROUND_S)
            if cluster.name == "demo-troubled":
                await _happen(cluster, number)
            await watch.once()
            await watch.observer.look()
            watch.history.append(clock(), frame_of(await watch.rows()))
    clock.advance(2)
    return watch


async def _happen(cluster: SimulatedCluster, number: int) -> None:
    """What operators and nodes do meanwhile, for the list of events."""
    async with httpx.AsyncClient(base_url=cluster.url, trust_env=False) as client:
        if number == 12:
            await client.post("/v1/aliases", json={"alias": "Docs", "class": "Documents"})
        if number == 20:
            found = (await client.get("/v1/schema/Glossary")).json()
            found["invertedIndexConfig"]["bm25"] = {"k1": 1.5, "b": 0.6}
            await client.put("/v1/schema/Glossary", json=found)
        if number == 36:
            await client.put("/v1/aliases/Docs", json={"class": "Products"})
    if number == 28:
        cluster.faults.add(Fault(kind="restart", node="node-1", seconds=20.0))


class _Still:
    """The watch as it is now: nothing is asked any more."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __getattr__(self, name: str) -> object:
        return getattr(self._watch, name)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def aclose(self) -> None:
        """Later pictures need the connections."""

    def own_load(self) -> OwnLoad:
        return OwnLoad(64, 4.2, 0)


async def _draw(watch: Watch, clock: ManualClock, shot: Shot) -> str:
    still = _Still(watch)
    app = ElysiadashApp(still, clock=clock, demo=True)  # type: ignore[arg-type]
    async with app.run_test(size=shot.size) as pilot:
        app.theme = shot.theme
        await settled(pilot)
        if shot.lost:
            _lose(watch, clock)
            live(app).wake()
            await settled(pilot)
        await pilot.press(*shot.keys)
        await settled(pilot)
        return picture(app, f"elysiadash {shot.size[0]}x{shot.size[1]}")


def _lose(watch: Watch, clock: ManualClock) -> None:
    clock.advance(134)
    problem = Problem("unreachable", "no connection: Connection refused")
    for kind in watch.pollers:
        if watch.store.get(kind).value is not None:
            watch.store.fail(kind, problem)


def _convert(folder: Path) -> None:
    converter = shutil.which("rsvg-convert")
    if converter is None:
        return
    for path in sorted(folder.glob("*.svg")):
        subprocess.run(
            [converter, "--output", str(path.with_suffix(".png"))],
            input=path.read_bytes(),
            check=True,
        )


def main(arguments: Sequence[str]) -> None:
    """Draw into the folder that is given, else into the project's."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(exist_ok=True)
    asyncio.run(draw_all(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
