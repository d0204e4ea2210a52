"""What slices that ended without a word may have written is known, and nothing else is taken."""

from __future__ import annotations

import json
import time
from pathlib import Path
from uuid import UUID

import msgspec

from elysiadash.demo.cluster import simulated
from elysiadash.jobs import ranges
from elysiadash.migrate import orphans
from elysiadash.migrate.copying import copy
from elysiadash.migrate.ledgers import PartLedger
from elysiadash.migrate.run import Run
from elysiadash.scan.ledger import READ_AGAIN
from tests.contract.copying import Site, site
from tests.migrate.running import profile, renamed, run_of, submit
from tests.migrate.test_copying import definition, fill, random_ids

LOST, FOREIGN = str(UUID(int=1 << 100)), str(UUID(int=(1 << 127) + 5))


async def _put(at: Site, identity: str) -> None:
    one = {"class": "Copy", "id": identity, "properties": {"t": "x", "n": 1}}
    assert await at.put("Copy", [json.dumps(one)]) == [None]


def _known(run: Run) -> dict[bytes, int]:
    with PartLedger.of(run.work, run.parts[0]) as ledger:
        return {entry.id: entry.time for entry in ledger}


async def test_what_is_in_doubt_is_taken_and_what_others_wrote_is_not(tmp_path: Path) -> None:
    async with simulated("empty") as demo, site(demo.url, demo.grpc, demo.nodes) as at:
        await at.create(definition("Doc"))
        await at.create(renamed(definition("Doc"), "Copy"))
        await fill(at, random_ids(60))
        here = profile(at.url, demo.grpc, demo.nodes)
        submit(tmp_path, here, here, {"Doc": "Copy"})
        async with run_of(tmp_path, here, here) as run:
            await copy(run)
            before = _known(run)
            with run.work.reading() as read:
                piece = ranges.of(read, run.job, generation=0)[0]
            low = piece.lower
            await _put(at, LOST)
            await _put(at, FOREIGN)
            # Only the lower half was in a slice's hands.
            half = (UUID(int=1 << 126)).bytes
            rest = _range(piece, low, half)
            await orphans.doubt(run, [rest], time.time() - 5)
            assert await orphans.adopt(run) == 1
            after = _known(run)
            assert after.keys() - before.keys() == {UUID(LOST).bytes}
            assert after[UUID(LOST).bytes] == READ_AGAIN
            assert run.checkpoint.doubts == ()


async def test_what_was_written_before_the_slice_is_somebody_elses(tmp_path: Path) -> None:
    async with simulated("empty") as demo, site(demo.url, demo.grpc, demo.nodes) as at:
        await at.create(definition("Doc"))
        await at.create(renamed(definition("Doc"), "Copy"))
        await fill(at, random_ids(20))
        here = profile(at.url, demo.grpc, demo.nodes)
        submit(tmp_path, here, here, {"Doc": "Copy"})
        async with run_of(tmp_path, here, here) as run:
            await copy(run)
            before = _known(run)
            await _put(at, LOST)
            with run.work.reading() as read:
                piece = ranges.of(read, run.job, generation=0)[0]
            await orphans.doubt(run, [_range(piece, piece.lower, piece.upper)], time.time() + 60)
            assert await orphans.adopt(run) == 0
            assert _known(run) == before


def _range(piece: ranges.KeyRange, lower: bytes, upper: bytes) -> ranges.KeyRange:
    """The piece, as it was while it was copied."""

    return msgspec.structs.replace(
        piece, lower=lower, upper=upper, watermark=None, state=ranges.RangeState.TAKEN
    )
