"""What a full verification (V2, every object of both sides) costs beside the engine's copy.

``python -m tests.benchmarks.verify [--objects N] [--index flat|hnsw] [--dimensions N]``. On a
real server where there is one, else on the simulator in a process of its own; says which. CPU is
microseconds of all our processes per object. Source and target are collections of one server,
which does the work of both.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from elysiadash.migrate.copying import copy
from elysiadash.migrate.executors import LocalExecutor
from elysiadash.migrate.verify import is_green, prove, prove_again
from elysiadash.weaviate.objects import Converter, shape_of
from tests.benchmarks import rows
from tests.benchmarks.copy_path import ceiling, definition, objects_of, somewhere
from tests.benchmarks.engine import _warm
from tests.migrate.running import profile, run_of, submit

_OLD_ENOUGH_S = 8.0
"""What is younger when it is copied has to be proven again."""


async def measure(objects: int, index: str, dimensions: int) -> list[rows.Row]:
    """A copy, its proof, and the proof again when nothing was written since."""
    async with somewhere() as (at, kind):
        for name in ("Source", "Copied"):
            await at.create(definition(name, index))
        shape = shape_of(await at.definition("Source"))
        made, _ = Converter(shape, "Source").convert(objects_of(shape, objects, dimensions))
        await ceiling(at, [made[start : start + 500] for start in range(0, objects, 500)])
        del made
        await asyncio.sleep(_OLD_ENOUGH_S)
        here = profile(at.url, at.transport.profile.grpc, at.nodes)
        with tempfile.TemporaryDirectory() as folder:
            state = Path(folder)
            submit(state, here, here, {"Source": "Copied"})
            executor = LocalExecutor(2)
            async with run_of(state, here, here, executor=executor) as run:
                await _warm(executor)
                copying, _, _ = await _measured(objects, lambda: copy(run))
                assert run.checkpoint.copied == objects
                proving, cpu, proof = await _measured(objects, lambda: prove(run, final=True))
                assert is_green(proof, dead_letters=0), proof
                again, cpu_again, proof = await _measured(objects, lambda: prove_again(run))
                assert is_green(proof, dead_letters=0), proof
                assert proof.proven_before == objects, proof
    about = f"{kind}, {objects:,} objects, {dimensions} dimensions, {index}"
    other = f"{copying:,.0f}/s"
    return [
        rows.Row("the engine's copy", other, "", "", about),
        rows.Row(
            "verify whole (V2), both sides", f"{proving:,.0f}/s, {cpu:.0f} us", other,
            f"{proving / copying:.2f}x", "the copy's objects/s; us of our CPU an object",
        ),
        rows.Row(
            "verify again under a freeze", f"{again:,.0f}/s, {cpu_again:.0f} us", other,
            f"{again / copying:.2f}x", "ids and times of both sides",
        ),
    ]  # fmt: skip


async def _measured(objects: int, work: Callable[[], Awaitable[Any]]) -> tuple[float, float, Any]:
    """Objects a second, microseconds of this process an object, and what came of it."""
    cpu, started = time.process_time(), time.perf_counter()
    found = await work()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return objects / seconds, cpu / objects * 1e6, found


def run(objects: int = 20_000, index: str = "flat", dimensions: int = 768) -> list[rows.Row]:
    """The report's lines."""
    return asyncio.run(measure(objects, index, dimensions))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.verify")
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--index", default="flat")
    parser.add_argument("--dimensions", type=int, default=768)
    given = parser.parse_args()
    rows.print_rows("verify", run(given.objects, given.index, given.dimensions))
