"""The cut-over: one alias change inside a cluster; else what the operator has to do, held frozen.

Behind an alias change a slow write can still be on its way to the old collection: it stays frozen
through the longest request and 30 s more, then its ids and times are compared with those of the
last proven moment. It is deleted only by ``delete_old``, by its typed name. Nothing is ever made
under the old name: autoschema would re-create it in the gap.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final

from elysiadash.jobs import dead_letters, steps
from elysiadash.jobs.errors import NotPossible
from elysiadash.migrate import freeze
from elysiadash.migrate.both_ends import expires
from elysiadash.migrate.errors import SourceChanged, TargetChanged
from elysiadash.migrate.ledgers import PartLedger
from elysiadash.migrate.pacing import Pacing
from elysiadash.migrate.parts import Part
from elysiadash.migrate.replica_reads import Replication
from elysiadash.migrate.run import Run
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.ledger import READ_AGAIN, Entry
from elysiadash.scan.rows import IdTime
from elysiadash.scan.walk import at_full_speed
from elysiadash.weaviate.aliases import change_alias, stands_for
from elysiadash.weaviate.client import path_segment
from elysiadash.weaviate.errors import NotFound, WeaviateError
from elysiadash.weaviate.transport import Call

STEP: Final = "cut-over"
LONGEST_REQUEST_S: Final = 60.0
"""A batch whose leader died was answered after 59 s (1.39.0): nothing longer was seen."""
AFTER_S: Final = 30.0
_LOOK_S: Final = 2.0
_READ_BACK_S: Final = 20.0
_MARGIN_S: Final = 30.0
SLIPPED: Final = "written to the source after the cut-over"
"""The reason in the dead letters: the newer state is in the old collection only."""


async def cut_over(run: Run, *, settle_s: float = LONGEST_REQUEST_S + AFTER_S) -> None:
    """Bring the application to the copy, where we can: by its alias.

    Without ``spec.alias`` only the checklist is noted. Called again after a crash it goes on.
    Raises ``NotFrozen`` before anything was changed; behind the change nothing stops it any more.
    """
    if run.spec.alias is None:
        if run.checkpoint.held is None:
            await run.save(held=time.time())
        for line in checklist(run):
            await run.note("cut-over", line)
        return
    old, new = await _ends(run, run.spec.alias)
    done = await asyncio.to_thread(_step, run)
    if done is None or done.state is not steps.StepState.DONE:
        await _swap(run, run.spec.alias, old, new, settle_s)
    await _settle(run, settle_s)


def checklist(run: Run) -> tuple[str, ...]:
    """What the operator does while the source is held frozen, line by line."""
    target = run.target.profile
    names = ", ".join(
        one.target if one.name == one.target else f"{one.target} (was {one.name})"
        for one in run.spec.collections
    )
    return (
        f"point the application at {target.name} ({target.url}), collections: {names}",
        "start it, and see that it reads and writes there",
        f"then say so (jobs thaw {run.job}): the source is thawed, and not before",
        "keep the source until you are sure; nothing is deleted by this job",
    )


async def slipped(run: Run, job: str | None = None) -> dict[Part, list[bytes]]:
    """Ids of the source that are not as they were when they were last proven, by part.

    A scan of ids and times against the ledger of this job, under the freeze or right behind it,
    or of another ``job`` that is over. Raises ``ScanFailed`` or the ``WeaviateError`` that fits.
    """
    found = {}
    step = await asyncio.to_thread(_step, run, job)
    held = run.checkpoint.held or time.time()
    since_ms = int((held if step is None else step.data.get("at", held)) * 1000)
    for part in run.parts:
        extent = Extent(
            collection=part.collection, tenant=part.tenant, tenant_is_hot=bool(part.tenant),
            expires=expires(run.definitions.get(part.collection, {})),
        )  # fmt: skip
        # Behind the cut-over it neither stops nor waits: writers are kept out meanwhile.
        pace = at_full_speed if job is None else Pacing(run)
        ids: set[bytes] = set()
        for node in await _coordinators(run, part):
            scan = IdTimeScan(node, extent, owners=run.source.owners, pace=pace)
            ledger = await asyncio.to_thread(PartLedger.of, run.work, part, job)
            with ledger:
                ids.update([key async for key in _differing(scan.pages(), iter(ledger), since_ms)])
        if ids:
            found[part] = sorted(ids)
    return found


async def _coordinators(run: Run, part: Part) -> Sequence[Coordinator]:
    """Nodes to scan a part through: what was written to one replica is seen by its node only."""
    if await Replication(run).several(part.collection):
        return list((await run.source.coordinators()).values()) or [run.source.contact]
    return [run.source.contact]


async def delete_old(run: Run, typed: str, job: str | None = None) -> None:
    """Delete the collection that the alias was brought away from; ``typed`` is its name.

    ``job`` brought it away, where it was not this one. Raises ``TargetChanged`` where an alias
    still stands for it, or anything slipped into it by then.
    """
    client, alias = run.source.client, run.spec.alias
    wanted = next((one for one in run.spec.collections if one.name == typed), None)
    if wanted is None or alias is None:
        raise TargetChanged(f"{typed} is not the name of the collection that was cut over")
    left = [one.alias for one in await client.aliases() if one.collection == typed]
    if left or await stands_for(client, alias) != wanted.target:
        raise TargetChanged(f"{typed} is still used by {', '.join(left) or alias}")
    if await asyncio.to_thread(_letters, run, job):
        raise TargetChanged(f"{typed} has what its copy has not (see the dead letters)")
    await client.transport.send(
        Call(
            method="DELETE",
            path=f"/v1/schema/{path_segment(typed)}",
            timeout=client.profile.timeouts.slow,
            permit=run.permit(f"delete {typed}, whose name was typed"),
        )
    )
    try:
        await client.collection(typed, leader=True)
    except NotFound:
        await run.note("cut-over", f"{typed} is deleted, as its typed name said")
        return
    raise TargetChanged(f"{typed} is still there although its deletion was accepted")


async def _ends(run: Run, alias: str) -> tuple[str, str]:
    """The old and the new collection of the alias."""
    now = await stands_for(run.source.client, alias)
    for one in run.spec.collections:
        if now in (one.name, one.target):
            return one.name, one.target
    there = f"stands for {now}" if now else "does not exist"
    raise SourceChanged(f"alias {alias} {there}, which this job did not copy; nothing was changed")


async def _swap(run: Run, alias: str, old: str, new: str, settle_s: float) -> None:
    """One alias change, between two proofs of the freeze."""
    client = run.source.client
    if await stands_for(client, alias) != new:
        await run.target.client.collection(new, leader=True)
        await freeze.extend(run, settle_s + LONGEST_REQUEST_S + _MARGIN_S)
        await freeze.holds(run)
        await _write(run, steps.StepState.RUNNING, {"alias": alias, "old": old, "new": new})
        failed: WeaviateError | None = None
        try:
            await change_alias(client, alias, new, run.permit(f"alias {alias}: {old} to {new}"))
        except WeaviateError as error:
            # Whether it was done is only seen by reading back.
            failed = error
        if await stands_for(client, alias) != new:
            raise failed or TargetChanged(f"alias {alias} still stands for {old}; try again")
    data = {"alias": alias, "old": old, "new": new, "at": time.time()}
    await _write(run, steps.StepState.DONE, data)
    late = await _read_back(run, alias, new)
    await run.note(
        "cut-over", f"alias {alias} stands for {new}" + (f"; not yet at {late}" if late else ""),
        severity="warning" if late else "info", data=data,
    )  # fmt: skip


async def _read_back(run: Run, alias: str, new: str) -> str:
    """Wait until every node that has an address says so; those that do not."""
    nodes = {name: run.source.profile.nodes.for_node(name) for name in await run.source.names()}
    late: list[str] = []
    until = time.monotonic() + _READ_BACK_S
    while time.monotonic() < until:
        late = []
        for name, base in nodes.items():
            if base is None:
                continue
            try:
                if await stands_for(run.source.client, alias, base) != new:
                    late.append(name)
            except WeaviateError:
                late.append(name)
        if not late:
            break
        await asyncio.sleep(0.2)
    return ", ".join(late)


async def _settle(run: Run, settle_s: float) -> None:
    """Keep the old collection frozen while a request of before can be under way; then compare.

    It does not stop for a pause: the thaw that a pause brings would be too early.
    """
    step = await asyncio.to_thread(_step, run)
    left = settle_s
    if step is not None:
        # Wall time may jump: never longer than the whole, and a jump ahead is no time passed.
        left = min(settle_s, max(0.0, step.data.get("at", 0.0) + settle_s - time.time()))
    until, stands = time.monotonic() + left, True
    while stands and time.monotonic() < until:
        stands = await freeze.keep_frozen(run)
        await asyncio.sleep(_LOOK_S)
    if not stands:
        await run.note("cut-over", "the old collection was thawed before its time",
                       severity="warning")  # fmt: skip
    await compare_held(run)


async def compare_held(run: Run) -> None:
    """Compare the source with its last proven moment; what slipped in goes to the dead letters.

    Raises ``ScanFailed`` or the ``WeaviateError`` that fits.
    """
    breaks = len(run.checkpoint.notes)
    found = await slipped(run)
    count = sum(len(ids) for ids in found.values())
    # One that came during the scan is not compared by it.
    broken = run.checkpoint.broken and len(run.checkpoint.notes) > breaks
    if count:
        await asyncio.to_thread(_note_slipped, run, found)
        note = (
            f"{count:,} objects were {SLIPPED}; the dead letters name them, and the copy has an "
            "older state of them"
        )
        await run.note("cut-over", note, severity="error")
        await run.save(notes=(*run.checkpoint.notes, note), broken=broken)
        return
    await run.note("cut-over", "the source is as it was when it was proven")
    await run.save(broken=broken)


def _note_slipped(run: Run, found: dict[Part, list[bytes]]) -> None:
    for part, ids in found.items():
        for start in range(0, len(ids), 500):
            with run.work.held() as tx:
                for key in ids[start : start + 500]:
                    dead_letters.put(
                        tx, key, SLIPPED, tenant=part.key,
                        generation=len(run.checkpoint.generations) + 1,
                    )  # fmt: skip


async def _differing(
    pages: AsyncIterator[list[IdTime]], entries: Iterator[Entry], since_ms: int
) -> AsyncIterator[bytes]:
    """Ids that are new, gone or of another time; both sides in order of their ids."""
    entry = next(entries, None)
    async for page in pages:
        for key, at in page:
            while entry is not None and entry.id < key:
                yield entry.id
                entry = next(entries, None)
            if entry is None or entry.id != key:
                yield key
                continue
            if not _same_time(entry, at, since_ms):
                yield key
            entry = next(entries, None)
    while entry is not None:
        yield entry.id
        entry = next(entries, None)


def _same_time(entry: Entry, at: int, since_ms: int) -> bool:
    # One that was read soon after its change has no time: then only a change since the cut-over.
    return at <= since_ms if entry.time == READ_AGAIN else at == entry.time


def _letters(run: Run, job: str | None = None) -> int:
    with run.work.reading() as read:
        return dead_letters.by_reason(read, job or run.job).get(SLIPPED, 0)


def _step(run: Run, job: str | None = None) -> steps.Step | None:
    with run.work.reading() as read:
        try:
            return steps.get(read, job or run.job, STEP)
        except NotPossible:
            return None


async def _write(run: Run, state: steps.StepState, data: dict[str, Any]) -> None:
    title = f"bring alias {data['alias']} from {data['old']} to {data['new']}"

    def write() -> None:
        with run.work.held() as tx:
            steps.begin(tx, STEP, title=title, data=data)
            if state is not steps.StepState.RUNNING:
                steps.end(tx, STEP, state, data=data)

    await asyncio.to_thread(write)
