"""What a full verification (V2, every object of both sides) costs beside copying the same.

``python -m tests.benchmarks.verify [--objects N] [--index flat|hnsw] [--dimensions N]``. On a
real server where there is one, else on the simulator in a process of its own; says which. CPU is
microseconds of all our threads per object. Source and target are collections of one server, which
does for both.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from elysiadash.migrate.parts import Part
from elysiadash.migrate.verify import is_green, prove, prove_again
from elysiadash.weaviate.objects import Converter, shape_of
from tests.benchmarks import rows
from tests.benchmarks.copy_path import (
    _ceiling,
    _copy,
    _definition,
    _measured,
    _rows,
    _somewhere,
)
from tests.contract.proving import scene

_PIECES = 4


async def measure(objects: int, index: str, dimensions: int) -> list[rows.Row]:
    """A copy, its proof, and the proof again when nothing was written since."""
    async with _somewhere() as (at, kind):
        for name in ("Source", "Copied"):
            await at.create(_definition(name, index))
        shape = shape_of(await at.definition("Source"))
        made, _ = Converter(shape, "Source").convert(_rows(shape, objects, dimensions))
        await _ceiling(at, [made[start : start + 500] for start in range(0, objects, 500)])
        del made
        copying, copied = await _measured(objects, lambda: _copy(at, shape, "Source", "Copied"))
        assert copied == objects, f"{objects - copied} were not copied"
        grpc = at.transport.profile.grpc or ""
        with tempfile.TemporaryDirectory() as folder:
            async with scene(at.url, grpc, at.nodes, Path(folder)) as here:
                parts = [Part(collection="Source", target="Copied")]
                run = await here.run(parts, ranges_each=_PIECES)
                proving, proof = await _measured(objects, lambda: prove(run, final=True))
                assert is_green(proof, dead_letters=0), proof
                again, proof = await _measured(objects, lambda: prove_again(run))
                assert is_green(proof, dead_letters=0), proof
                assert proof.proven_before == objects, proof
    about = f"{kind}, {objects:,} objects, {dimensions} dimensions, {index}"
    ratio, quick = (one.per_second / copying.per_second for one in (proving, again))
    return [
        rows.Row("copy", str(copying), "", "", about),
        rows.Row(
            "verify whole (V2), both sides", str(proving), str(copying), f"{ratio:.2f}x", "the copy"
        ),
        rows.Row(
            "verify again under a freeze", str(again), str(copying), f"{quick:.2f}x", "the copy"
        ),
    ]


def run(objects: int = 10_000, index: str = "flat", dimensions: int = 768) -> list[rows.Row]:
    """The report's lines."""
    return asyncio.run(measure(objects, index, dimensions))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.verify")
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--index", default="flat")
    parser.add_argument("--dimensions", type=int, default=768)
    given = parser.parse_args()
    rows.print_rows("verify", run(given.objects, given.index, given.dimensions))
