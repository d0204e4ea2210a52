"""Generations between real nodes while a writer goes on, and a worker is killed in the middle."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path

import httpx

from elysiadash.jobs import queue
from elysiadash.jobs.database import Database
from elysiadash.migrate.copying import copy
from elysiadash.migrate.delta import catch_up
from elysiadash.migrate.executors import LocalExecutor
from elysiadash.migrate.references import copy_references
from tests.live.witness import Witness, definition, differences, everything
from tests.migrate.running import profile, run_of, submit
from tests.servers.real import RealCluster

ROOT = Path(__file__).parents[2]
SOURCE, TARGET = "Busy", "BusyCopy"


async def test_p3_p5_nothing_is_lost_under_a_writer_and_kills(
    real_cluster: RealCluster, tmp_path: Path
) -> None:
    first = real_cluster.names[0]
    ends = (real_cluster.url, real_cluster.grpc_nodes[first], real_cluster.nodes)
    here, there = profile(*ends), profile(*ends, name="there")
    async with httpx.AsyncClient(base_url=real_cluster.url, trust_env=False, timeout=60) as http:
        for name in (SOURCE, TARGET):
            made = await http.post("/v1/schema", json=definition(name, replicas=3, shards=2))
            assert made.status_code == 200, made.text
        try:
            witness = Witness(real_cluster.url, SOURCE)
            await witness.fill(4_000)
            job = submit(tmp_path, here, there, {SOURCE: TARGET})
            writing = asyncio.ensure_future(witness.keep_busy(100))
            await _killed_while_working(tmp_path, ends, 0, 120)
            draw = random.Random(5)
            for number in (1, 1, 2, 2, 3):
                await _killed_while_working(tmp_path, ends, number, draw.uniform(1.5, 4.0))
            witness.stop()
            await writing
            async with run_of(tmp_path, here, there, executor=LocalExecutor(2)) as run:
                for number in range(3, 6):
                    last = await catch_up(run, number)
                await asyncio.sleep(8)
                await catch_up(run, 6)
                last = await catch_up(run, 7)
            assert (last.changed, last.deleted) == (0, 0)
            source = await everything(real_cluster.url, SOURCE)
            target = await everything(real_cluster.url, TARGET)
            assert differences(source, target) == {}
            assert witness.wrong(target) == []
            with Database.open(tmp_path) as jobs, jobs.reading() as read:
                kept = queue.get(read, job).checkpoint
            deleted = sum(one["deleted"] for one in kept["generations"])
            assert deleted == kept["deleted"] > 0
        finally:
            for name in (SOURCE, TARGET):
                await http.delete(f"/v1/schema/{name}")


async def _killed_while_working(
    state: Path, ends: tuple[str, str | None, dict[str, str]], number: int, after: float
) -> None:
    """Another process copies (0) or catches up, and is killed unless it is done by then."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.live.test_delta", str(state), json.dumps(ends), str(number),
        cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    try:
        await asyncio.wait_for(process.wait(), after)
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert process.returncode in (0, -signal.SIGKILL)


async def _main(state: str, ends: str, number: str) -> None:
    addresses = json.loads(ends)
    here, there = profile(*addresses), profile(*addresses, name="there")
    async with run_of(Path(state), here, there, executor=LocalExecutor(2)) as run:
        if number == "0":
            await copy(run)
            await copy_references(run)
        else:
            await catch_up(run, int(number))


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
