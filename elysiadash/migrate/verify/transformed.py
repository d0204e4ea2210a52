"""The source as a transform makes it: what the target has to hold, in order of target ids.

A transform may give any object any id, so the whole part is read once, what becomes of its objects
is spooled by ranges of target ids (48 bytes each, on disk), and each range of the target is then
compared with its own.
"""

from __future__ import annotations

import asyncio
import shutil
import struct
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from elysiadash.jobs.work import Work
from elysiadash.migrate.ledgers import PartLedger
from elysiadash.migrate.origins import Origins
from elysiadash.migrate.pacing import Pacing
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.transforms.in_run import script_of
from elysiadash.migrate.transforms.sandbox import Sandbox
from elysiadash.migrate.transforms.wire import Failed, Made
from elysiadash.migrate.verify import keeping
from elysiadash.migrate.verify.covering import Parts
from elysiadash.migrate.verify.given import Givens, Products
from elysiadash.migrate.verify.lanes import persistently, side_by_side
from elysiadash.migrate.verify.sides import Side
from elysiadash.migrate.verify.volatile import VolatileForm
from elysiadash.scan.canonical import CanonicalForm, WholeObject
from elysiadash.scan.extent import Extent
from elysiadash.scan.ledger import NOT_KNOWN
from elysiadash.scan.reading import Single
from elysiadash.scan.rows import Digested

_ROW = struct.Struct(">16s16sq8s")
_SPOOL = "expected-"
_FAILED = b'{"(the transform failed)": true}'

Interval = tuple[bytes, bytes]


class Expected:
    """What becomes of the objects of one part. ``gather`` first, then ``rows`` of each range."""

    def __init__(
        self,
        part: Part,
        source: Side,
        target: dict[str, Any],
        form: CanonicalForm,
        sandbox: Sandbox,
        folder: Path,
        intervals: Sequence[Interval],
    ) -> None:
        self.source = source
        self.form = form
        self.read = 0
        """Objects of the source."""
        self.twins: list[bytes] = []
        """Target ids that more than one object of the source became."""
        self._part = part
        self._sandbox = sandbox
        self._givens = Givens(source.definition)
        self._products = Products(target)
        self._folder = folder
        self._intervals = sorted(intervals)
        self._writing = threading.Lock()

    async def gather(self, lower: bytes, upper: bytes, pacing: Pacing) -> None:
        """Read a range of the source and spool what becomes of it.

        May be called again for a range that failed: raises what the scans raise, and then has
        spooled nothing of it.
        """
        extent = self.source.extent(self._part.tenant, lower, upper)
        made, read = list[bytes](), 0
        async for page in self.source.digests(extent, pacing).objects():
            read += len(page)
            made += await asyncio.to_thread(self._made_of, page)
        await asyncio.to_thread(self._spool, made)
        self.read += read

    def rows(self, lower: bytes) -> tuple[list[Digested], dict[bytes, bytes]]:
        """What the target's range has to hold, in order, and what it is made of."""
        path = self._path(lower)
        data = path.read_bytes() if path.exists() else b""
        found: dict[bytes, Digested] = {}
        origins: dict[bytes, bytes] = {}
        for target, source, time, digest in sorted(_ROW.iter_unpack(data)):
            if target in found:
                self.twins.append(target)
            found[target], origins[target] = Digested(target, time, digest), source
        return list(found.values()), origins

    async def whole(self, key: bytes, origin: bytes) -> WholeObject | None:
        """What the transform makes of an object now under that target id; None where nothing."""
        single = await self.source.read(self.source.extent(self._part.tenant), origin)
        if single.whole is None:
            return None
        results = await asyncio.to_thread(self._transform, [single.whole])
        if isinstance(results[0], Failed):
            return WholeObject(key, single.whole.time, _FAILED, [])
        for one in results[0].products:
            whole = self._products.whole(one, single.whole.time)
            if whole.id == key:
                return whole
        return None

    def _transform(self, objects: Sequence[WholeObject]) -> list[Made | Failed]:
        givens = [self._givens.of(one) for one in objects]
        return self._sandbox.run(givens, self._part.collection, self._part.tenant)

    def _made_of(self, page: Sequence[WholeObject]) -> list[bytes]:
        made = []
        for whole, result in zip(page, self._transform(page), strict=True):
            if isinstance(result, Failed):
                # It has to be in the target and is not: never the same as anything.
                made.append(_ROW.pack(whole.id, whole.id, whole.time, NOT_KNOWN))
                continue
            for product in result.products:
                one = self._products.whole(product, whole.time)
                made.append(_ROW.pack(one.id, whole.id, whole.time, self.form.digest(one)))
        return made

    def _spool(self, made: list[bytes]) -> None:
        made.sort()
        place = 0
        for lower, upper in self._intervals:
            start = place
            while place < len(made) and made[place][:16] <= upper:
                place += 1
            if place > start:
                with self._writing, self._path(lower).open("ab") as file:
                    file.write(b"".join(made[start:place]))

    def _path(self, lower: bytes) -> Path:
        part = blake2b(self._part.key.encode(), digest_size=16).hexdigest()
        return self._folder / f"{part}-{lower.hex()}"


class ExpectedSide(Side):
    """A range of what is expected, as the source's side: ``read`` makes the object anew."""

    def __init__(self, expected: Expected, origins: dict[bytes, bytes]) -> None:
        known = expected.source
        super().__init__(
            known.site,
            known.collection,
            known.definition,
            expected.form,
            others=known.others,
            hot=known.hot,
        )
        self._expected = expected
        self._origins = origins

    async def read(self, extent: Extent, key: bytes) -> Single:
        whole = await self._expected.whole(key, self._origins.get(key, key))
        return Single(whole, joined=True)


def times_copied(work: Work, part: Part, made_of: Mapping[bytes, bytes | None]) -> dict[bytes, int]:
    """The source's times that were copied, by target id; of those that the job copied.

    ``made_of`` has what each target id is made of now, None where nothing is.
    """
    found = {}
    with PartLedger.of(work, part) as ledger, Origins.of(work, part) as origins:
        for target, origin in made_of.items():
            entry = ledger.get(origin or origins.get(target) or target)
            if entry is not None:
                found[target] = entry.time
    return found


@asynccontextmanager
async def expectations(
    run: Run, parts: Parts, pacing: Pacing
) -> AsyncIterator[dict[str, Expected]]:
    """What each part has to become, gathered; empty for a run without a transform.

    Raises what the scans and the transform raise, and ``NotProven``.
    """
    script = await asyncio.to_thread(script_of, run)
    if script is None:
        yield {}
        return
    volatile = dict(run.checkpoint.volatile)
    where = await asyncio.to_thread(_cleared, run.work.folder())
    copied = await asyncio.to_thread(keeping.copied, run.work)
    with (
        TemporaryDirectory(dir=where, prefix=_SPOOL) as folder,
        Sandbox(script) as sandbox,
    ):
        found: dict[str, Expected] = {}
        left: list[tuple[Expected, str, Interval]] = []
        for key, (part, sides) in parts.items():
            target, names = sides.target.definition, volatile.get(part.collection, ())
            sides.target.form = VolatileForm.with_volatile(target, names)
            form = VolatileForm.with_volatile(target, names, renamed=run.spec.targets)
            intervals = [one.interval for (owner, _), one in copied.items() if owner == key]
            found[key] = Expected(
                part, sides.source, target, form, sandbox, Path(folder), intervals
            )
            left += [(found[key], key, interval) for interval in intervals]

        async def lane(_: int) -> None:
            while left:
                expected, key, (lower, upper) = left.pop()
                await persistently(run, key, partial(expected.gather, lower, upper, pacing))

        await side_by_side(lane)
        yield found


def _cleared(where: Path) -> Path:
    """The folder without what a proof left in it that was killed."""
    for old in where.glob(f"{_SPOOL}*"):
        shutil.rmtree(old, ignore_errors=True)
    return where
