"""From poll to paint: the app on a simulated cluster of thousands of collections.

    python -m tests.benchmarks.paint

The servers run in a process of their own on the same machine, so their time is in the figure;
it is named beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from elysiadash.cluster.connect import connect
from elysiadash.cluster.lanes import FAST
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Addresses, Profile
from elysiadash.tui.app import ElysiadashApp
from tests.benchmarks.refresh import with_lag
from tests.benchmarks.rows import Row, print_rows
from tests.tui.reading import live, settled

RUNS = 5


class SteppedWatch(Watch):
    """Polls only when told to."""

    async def run(self) -> None:
        """Nothing happens by itself."""
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def simulated(scale: str) -> AsyncIterator[dict[str, Any]]:
    """The healthy cluster at a scale, in a process of its own."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "elysiadash.demo", "--scenario", "healthy", "--scale", scale),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=1 << 20,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    try:
        yield json.loads(await server.stdout.readline())["clusters"][0]
    finally:
        server.stdin.close()
        await server.wait()


async def measure(scale: str) -> Row:
    """Median of some polls: the verbose answer asked for, decoded, sorted and painted."""
    async with simulated(scale) as place:
        profile = Profile(name="bench", url=place["url"], nodes=Addresses(named=place["nodes"]))
        found = connect(profile)
        watch = SteppedWatch(found.client, found._memory)
        await watch.once(FAST | {Kind.SCHEMA, Kind.VERBOSE}, limit=60)
        app = ElysiadashApp(watch)
        figures, asked = [], []
        async with app.run_test(size=(200, 50)) as pilot:
            await settled(pilot)

            async def poll_and_paint() -> None:
                started = time.perf_counter()
                await watch.pollers[Kind.VERBOSE].once()
                asked.append(time.perf_counter() - started)
                live(app).wake()
                await settled(pilot)

            for _ in range(RUNS):
                figures.append(await with_lag(poll_and_paint))
        await watch.aclose()
    seconds = sorted(second for second, _ in figures)[RUNS // 2]
    lag = sorted(lag for _, lag in figures)[RUNS // 2]
    poll = sorted(asked)[RUNS // 2]
    return Row(
        f"{scale}: poll to paint",
        f"{seconds * 1e3:.0f} ms, loop held {lag * 1e3:.0f} ms",
        "",
        "",
        f"of it {poll * 1e3:.0f} ms server, transfer and decoding",
    )


def run() -> list[Row]:
    """Both scales; about half a minute."""
    return [asyncio.run(measure(scale)) for scale in ("1000x10", "5000x10")]


if __name__ == "__main__":
    print_rows("paint", run())
