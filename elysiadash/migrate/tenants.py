"""Tenants in waves: those that sleep are activated for their copy, and put back.

What is activated is owed from before its request, so it is put back also after kill -9. Facts are
from 1.39.0: a change takes at most 100 tenants, an unknown one refuses all of them, COLD -> HOT
takes 30 ms, and one that comes back is writable whatever it was before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from elysiadash.jobs import steps
from elysiadash.jobs.errors import NotPossible
from elysiadash.jobs.steps import Step
from elysiadash.migrate.errors import SourceChanged, TargetChanged, Waits
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.weaviate.client import path_segment
from elysiadash.weaviate.errors import NotFound
from elysiadash.weaviate.transport import Call

MOST: Final = 2_000
"""Tenants of one wave: activated ones cost memory and open files."""
STEPS: Final = "tenants-"
"""How the names of the owed steps begin."""
OFFLOADED_ANSWER: Final = "offloaded"
"""What the operator says about offloaded tenants: ``{"word": "offloaded", "do": "skip"}``, or
``"load"``."""
_AT_ONCE: Final = 100
_WAIT_S: Final = 120.0
_LOOK_S: Final = 0.2

_ACTIVE: Final = frozenset({"HOT", "ACTIVE"})
_ASLEEP: Final = frozenset({"COLD", "INACTIVE"})


def waves(parts: Iterable[Part], most: int = MOST) -> list[list[Part]]:
    """The parts in their order, at most so many tenants at once; whole collections alone."""
    found: list[list[Part]] = []
    for part in parts:
        last = found[-1] if found else None
        fits = (
            last is not None
            and part.tenant
            and last[0].tenant
            and last[0].collection == part.collection
            and len(last) < most
        )
        if fits and last is not None:
            last.append(part)
        else:
            found.append([part])
    return found


async def states(site: Site, collection: str) -> dict[str, str]:
    """Tenant -> HOT, COLD or what else the leader says."""
    return {one.name: one.activity_status for one in await site.client.tenants(collection)}


def is_active(state: str | None) -> bool:
    """Whether a tenant in this state can be read."""
    return state in _ACTIVE


async def ask_about_offloaded(run: Run) -> list[Part]:
    """The parts to copy: without offloaded tenants where the operator says so.

    Raises ``Waits`` while nobody has decided: loading them costs the source time and disk, and
    leaving them out means that they are not migrated.
    """
    away: list[Part] = []
    for collection in sorted({part.collection for part in run.parts if part.tenant}):
        known = await states(run.source, collection)
        away += [
            part
            for part in run.parts
            if part.collection == collection
            and part.tenant in known
            and known[part.tenant] not in _ACTIVE | _ASLEEP
        ]
    if not away:
        return list(run.parts)
    answer = run.checkpoint.answers.get(OFFLOADED_ANSWER)
    decided = answer.get("do") if isinstance(answer, dict) else answer
    names = ", ".join(part.key for part in away[:5]) + (", ..." if len(away) > 5 else "")
    if decided not in ("skip", "load"):
        raise Waits(
            f"{len(away):,} tenants are offloaded ({names}): say load to bring them back for "
            "their copy and offload them again, or skip to leave them out",
            key=OFFLOADED_ANSWER,
            choices=("load", "skip"),
        )
    if decided == "load":
        return list(run.parts)
    note = f"{len(away):,} offloaded tenants were left out, as was asked: {names}"
    if note not in run.checkpoint.notes:
        await run.save(notes=(*run.checkpoint.notes, note))
    return [part for part in run.parts if part not in away]


@asynccontextmanager
async def active(
    run: Run, wave: Sequence[Part], *, site: Site | None = None
) -> AsyncIterator[None]:
    """The wave's tenants active for as long as the block lasts, then as they were.

    Should putting back fail, it stays owed: the next ``put_back`` does it.
    """
    await activate(run, wave, site=site)
    try:
        yield
    finally:
        await put_back(run, wave, site=site)


async def activate(run: Run, wave: Sequence[Part], *, site: Site | None = None) -> list[str]:
    """Activate those of the wave that are not, and wait until they are; their names.

    Raises ``SourceChanged`` for a tenant that is no more, ``TargetChanged`` in the target.
    """
    at = site or run.source
    tenants = _tenants(wave, in_target=at is run.target)
    if not tenants:
        return []
    collection, names = tenants
    step = _step_name(at is run.target, collection, names)
    left = await _owed(run, step)
    if left is not None:
        # A dead worker's wave may have been another one: its undo knows nothing of ours.
        await _undo(run, left)
    known = await states(at, collection)
    gone = [name for name in names if name not in known]
    if gone:
        what = TargetChanged if at is run.target else SourceChanged
        raise what(
            f"tenant {gone[0]} of {collection} is not in {at.profile.name} any more; start the "
            "preflight again"
        )
    asleep = [(name, known[name]) for name in names if not is_active(known[name])]
    step = _step_name(at is run.target, collection, names)
    if not asleep and await _owed(run, step) is None:
        return []
    undo = {
        "end": _end(run, at),
        "collection": collection,
        "tenants": [list(one) for one in asleep],
    }
    title = f"activate {len(asleep):,} tenants of {collection} on {at.profile.name}"

    def begin() -> None:
        with run.work.held() as tx:
            steps.begin(tx, step, title=title, undo=undo, owed=True)

    await asyncio.to_thread(begin)
    await _set(run, at, collection, [name for name, _ in asleep], "HOT", title)
    await _wait(run, at, collection, {name: "HOT" for name, _ in asleep})
    return [name for name, _ in asleep]


async def wake_in_target(run: Run, parts: Sequence[Part]) -> None:
    """Wake tenants of the target that a wave put to sleep, since others use them in the source:
    that is their state there too, so nothing is owed."""
    by_target: dict[str, list[str]] = {}
    for part in parts:
        by_target.setdefault(part.target, []).append(part.tenant)
    for target, names in sorted(by_target.items()):
        known = await states(run.target, target)
        asleep = [name for name in names if name in known and not is_active(known[name])]
        title = f"wake {len(asleep):,} tenants of {target} on {run.target.profile.name}"
        await _set(run, run.target, target, asleep, "HOT", title)
        await _wait(run, run.target, target, dict.fromkeys(asleep, "HOT"))


async def woken_by_us(run: Run) -> set[tuple[str, str]]:
    """Tenants of the source that a wave activated and that are not put back yet."""
    return {
        (str(step.undo["collection"]), str(name))
        for step in await asyncio.to_thread(_all_owed, run)
        if step.undo is not None and step.undo["end"] == "source"
        for name, _ in step.undo["tenants"]
    }


async def put_back(
    run: Run, wave: Sequence[Part] | None = None, *, site: Site | None = None
) -> int:
    """Bring tenants that a wave activated (None: all that are owed) into their old states.

    How many were changed. Those that were deleted or changed by others meanwhile stay as they are.
    """
    only: set[str] | None = None
    if wave is not None:
        tenants = _tenants(wave, in_target=(site or run.source) is run.target)
        if not tenants:
            return 0
        only = {_step_name((site or run.source) is run.target, *tenants)}
    changed = 0
    for step in await asyncio.to_thread(_all_owed, run):
        if only is None or step.name in only:
            changed += await _undo(run, step)
    return changed


async def _undo(run: Run, step: Step) -> int:
    undo: dict[str, Any] = step.undo or {}
    at = run.target if undo.get("end") == "target" else run.source
    collection = str(undo["collection"])
    try:
        known = await states(at, collection)
    except NotFound:
        known = {}
    by_state: dict[str, list[str]] = {}
    for name, state in undo["tenants"]:
        wanted = "COLD" if state in _ASLEEP else "FROZEN"
        if is_active(known.get(name)):
            by_state.setdefault(wanted, []).append(name)
    for wanted, names in by_state.items():
        title = f"put back {len(names):,} tenants of {collection} on {at.profile.name}"
        await _set(run, at, collection, names, wanted, title)
    await _wait(
        run, at, collection,
        {name: wanted for wanted, names in by_state.items() for name in names},
    )  # fmt: skip

    def note() -> None:
        with run.work.database.transaction() as tx:
            steps.put_back(tx, run.job, step.name, who="the worker")

    await asyncio.to_thread(note)
    return sum(map(len, by_state.values()))


async def _set(
    run: Run, at: Site, collection: str, names: Sequence[str], state: str, reason: str
) -> None:
    for start in range(0, len(names), _AT_ONCE):
        chunk = names[start : start + _AT_ONCE]
        await at.client.transport.send(
            Call(
                method="PUT",
                path=f"/v1/schema/{path_segment(collection)}/tenants",
                json=[{"name": name, "activityStatus": state} for name in chunk],
                timeout=at.profile.timeouts.slow,
                permit=run.permit(reason),
            )
        )


async def _wait(run: Run, at: Site, collection: str, wanted: dict[str, str]) -> None:
    """Until the leader says so of each; one that is deleted meanwhile is not waited for."""
    until = time.monotonic() + _WAIT_S
    while wanted:
        known = await states(at, collection)
        late = [
            name
            for name, state in wanted.items()
            if name in known and is_active(known[name]) != (state == "HOT")
        ]
        if not late:
            return
        if time.monotonic() > until:
            raise SourceChanged(
                f"tenant {late[0]} of {collection} does not get {wanted[late[0]]} on "
                f"{at.profile.name} within {_WAIT_S:.0f} s; see its node's log, then resume"
            )
        await asyncio.sleep(_LOOK_S)


def _tenants(wave: Sequence[Part], *, in_target: bool) -> tuple[str, list[str]] | None:
    """The collection of the wave, as that end calls it, and its tenants."""
    with_tenant = [part for part in wave if part.tenant]
    if not with_tenant:
        return None
    first = with_tenant[0]
    if any(part.collection != first.collection for part in with_tenant):
        raise ValueError("a wave is of one collection")
    return first.target if in_target else first.collection, [part.tenant for part in with_tenant]


def _step_name(in_target: bool, collection: str, names: Sequence[str]) -> str:
    end = "target" if in_target else "source"
    return f"{STEPS}{end}-{collection}-{min(names)}"


def _end(run: Run, at: Site) -> str:
    return "target" if at is run.target else "source"


def _all_owed(run: Run) -> list[Step]:
    with run.work.reading() as read:
        return [step for step in steps.owed(read, run.job) if step.name.startswith(STEPS)]


async def _owed(run: Run, name: str) -> Step | None:
    def read() -> Step | None:
        with run.work.reading() as reading:
            try:
                found = steps.get(reading, run.job, name)
            except NotPossible:
                return None
        return found if found.owed else None

    return await asyncio.to_thread(read)
