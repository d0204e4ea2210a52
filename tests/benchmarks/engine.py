"""How near the whole engine of a copy comes to the target's own limit, in one run.

``python -m tests.benchmarks.engine [--objects N] [--index flat|hnsw] [--dimensions N]``. The
ceiling is ready-made batches by bare gRPC, nothing read back; the engine is ``copy`` with its
processes, its ledger and its transactions. On a real server where there is one, else on the
simulator in a process of its own; says which.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from elysiadash.migrate.copying import copy
from elysiadash.migrate.executors import LocalExecutor
from elysiadash.weaviate.objects import Converter, shape_of
from tests.benchmarks import rows
from tests.benchmarks.copy_path import ceiling, definition, objects_of, somewhere
from tests.migrate.running import profile, run_of, submit


async def measure(objects: int, index: str, dimensions: int, processes: int) -> list[rows.Row]:
    """The ceiling first, then the engine, then the ceiling again: an index grows meanwhile."""
    async with somewhere() as (at, kind):
        for name in ("Source", "Ceiling", "Ceiling2", "Copied"):
            await at.create(definition(name, index))
        shape = shape_of(await at.definition("Source"))
        source = objects_of(shape, objects, dimensions)

        async def fill(name: str) -> float:
            ready, _ = Converter(shape, name).convert(source)
            batches = [ready[start : start + 500] for start in range(0, objects, 500)]
            started = time.perf_counter()
            await ceiling(at, batches)
            return objects / (time.perf_counter() - started)

        await fill("Source")
        first = await fill("Ceiling")
        here = profile(at.url, at.transport.profile.grpc, at.nodes)
        with tempfile.TemporaryDirectory() as folder:
            state = Path(folder)
            submit(state, here, here, {"Source": "Copied"})
            executor = LocalExecutor(processes)
            async with run_of(state, here, here, executor=executor) as run:
                await _warm(executor)
                cpu = _cpu(executor)
                started = time.perf_counter()
                await copy(run)
                seconds = time.perf_counter() - started
                assert run.checkpoint.copied == objects
                pace = run.checkpoint.pace
                cpu = _cpu(executor) - cpu
                memory = sum(_memory(pid) for pid in executor.pids())
        second = await fill("Ceiling2")
    limit, engine = (first + second) / 2, objects / seconds
    about = f"{kind}, {objects:,} objects, {dimensions} dimensions, {index}, {processes} processes"
    return [
        rows.Row("ready-made batches by gRPC", "", f"{first:,.0f} and {second:,.0f}/s", "", about),
        rows.Row(
            "the engine's copy", f"{engine:,.0f}/s, {cpu / objects * 1e6:.0f} us",
            f"{limit:,.0f}/s", f"{engine / limit:.2f}x the ceiling's objects/s",
            f"us of our CPU an object, {memory:.0f} MiB in all processes that copy; "
            f"held back by {pace and pace.bottleneck}",
        ),
    ]  # fmt: skip


async def _warm(executor: LocalExecutor) -> None:
    """Have the processes started: a copy of seconds would measure that."""
    await asyncio.gather(
        *(asyncio.wrap_future(executor.submit(_begin, None)) for _ in range(executor.processes))
    )


def _begin(nothing: Any) -> None:
    import grpc  # noqa: F401
    import httpx  # noqa: F401

    from elysiadash.migrate import slices  # noqa: F401
    from elysiadash.proto import weaviate_pb2  # noqa: F401

    time.sleep(0.5)


def _cpu(executor: LocalExecutor) -> float:
    """Seconds of this process and of those that copy, since they were started."""
    ticks = 0
    for pid in (os.getpid(), *executor.pids()):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> float:
    """The most that a process ever held, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def run(
    objects: int = 40_000, index: str = "flat", dimensions: int = 768, processes: int = 2
) -> list[rows.Row]:
    """Both in one run."""
    return asyncio.run(measure(objects, index, dimensions, processes))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.engine")
    parser.add_argument("--objects", type=int, default=40_000)
    parser.add_argument("--index", choices=["flat", "hnsw"], default="flat")
    parser.add_argument("--dimensions", type=int, default=768)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    found = run(given.objects, given.index, given.dimensions, given.processes)
    rows.print_rows("engine", found)
