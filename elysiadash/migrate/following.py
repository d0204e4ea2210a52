"""Follows what the source's definitions and tenants do while the job runs.

Objects are the delta's; this is about what the delta does not see: tenants and properties that
are new (promise P6) and tenants that were deleted (P3). Called between generations; under the
freeze only ``unfollowed`` is asked.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

from elysiadash.jobs import ranges
from elysiadash.jobs.ranges import KeyRange, RangeState
from elysiadash.migrate import looking, prepare, waves
from elysiadash.migrate.errors import SourceChanged, TargetChanged, Waits
from elysiadash.migrate.ledgers import COPIED
from elysiadash.migrate.looking import NoSuchSource
from elysiadash.migrate.parts import Part, of_key
from elysiadash.migrate.run import Run
from elysiadash.weaviate.definitions import delete_tenants
from elysiadash.weaviate.models import Tenant

GONE: Final = "gone-tenants"
"""Begins the key of the answer that lets tenants be deleted in the target."""
_UNASKED_OBJECTS: Final = 1_000
_UNASKED_SHARE: Final = 0.01
_AT_ONCE: Final = 100
_SHOWN: Final = 5


async def follow(run: Run) -> tuple[Part, ...]:
    """Bring definitions and tenants of the target up to date; the parts that are awake and not
    copied yet, which ``copying.copy`` is to be given.

    ``run.parts`` and ``run.asleep`` are as of now; ``run.asleep`` holds only what was not copied
    yet, for ``waves.go``. May be called again after a crash anywhere. Raises ``Waits`` where
    many objects would be deleted with their tenants, and what ``look`` and ``prepare`` raise.
    """
    await looking.look(run)
    await waves.split(run)
    await _retire(run)
    await prepare.prepare(run)
    known = await asyncio.to_thread(_pieces, run)
    run.asleep = [part for part in run.asleep if not _is_copied(known, part)]
    return tuple(part for part in run.parts if not _is_copied(known, part))


async def unfollowed(run: Run) -> tuple[str, ...]:
    """What the source has got or lost since ``follow``, in words; empty where it is the same.

    Under the freeze: what is named here is not in the target, so it has to be thawed and followed.
    """
    try:
        now = await looking.read_source(run)
    except NoSuchSource as error:
        raise SourceChanged(f"{error}, and it was there when the job began") from None
    then = await asyncio.to_thread(looking.kept, run)
    said: list[str] = []
    if then is not None:
        found = looking.compare(then, now, run.spec.targets)
        said += [f"{part.key} is new" for part in found.new_parts]
        said += [f"{part.key} was deleted" for part in found.gone_tenants]
        said += [f"{what} of {name} is new" for name, what in found.added]
    known = await asyncio.to_thread(_pieces, run)
    waiting = (part for part in run.parts if not _is_copied(known, part))
    said += [f"{part.key} is not copied yet" for part in waiting]
    return tuple(said[:_SHOWN]) + ((f"and {len(said) - _SHOWN:,} more",) * (len(said) > _SHOWN))


async def _retire(run: Run) -> None:
    """Delete in the target the tenants that this job copied and the source has no more."""
    known = await asyncio.to_thread(_pieces, run)
    gone = [
        part
        for part in (of_key(key, run.spec.targets) for key in known)
        if part.tenant and part.tenant not in run.tenants.get(part.collection, {})
    ]
    by_target: dict[str, list[Part]] = {}
    for part in gone:
        by_target.setdefault(part.target, []).append(part)
    for target, parts in by_target.items():
        there = await run.target.client.tenants(target, then=_names)
        left = [part for part in parts if part.tenant in there]
        if not left:
            continue
        objects = sum(one.objects for part in left for one in known[part.key])
        _fail_unless_agreed(run, left, objects, known)
        for at in range(0, len(left), _AT_ONCE):
            await run.breathe()
            names = [part.tenant for part in left[at : at + _AT_ONCE]]
            permit = run.permit("delete tenants that the source deleted")
            await delete_tenants(run.target.client, target, names, permit)
        there = await run.target.client.tenants(target, then=_names)
        stay = [part.tenant for part in left if part.tenant in there]
        if stay:
            raise TargetChanged(
                f"{target} of {run.target.profile.name} keeps {', '.join(stay[:_SHOWN])}, which "
                "the source deleted: delete them there, then resume the job"
            )
        await run.note(
            "tenants",
            f"{len(left):,} tenants of {target} were deleted as in the source, with "
            f"{objects:,} objects: {', '.join(part.tenant for part in left[:_SHOWN])}",
            severity="warning",
        )


def _fail_unless_agreed(
    run: Run, gone: list[Part], objects: int, known: dict[str, list[KeyRange]]
) -> None:
    """Few objects go with their tenants; many are asked about, as deletes of objects are."""
    copied = sum(one.objects for pieces in known.values() for one in pieces)
    if objects <= max(_UNASKED_OBJECTS, _UNASKED_SHARE * copied):
        return
    names = sorted(part.key for part in gone)
    key = f"{GONE}-{hashlib.sha256('/'.join(names).encode()).hexdigest()[:12]}"
    if run.checkpoint.answers.get(key) == "yes":
        return
    raise Waits(
        f"the source deleted {len(gone):,} tenants with {objects:,} objects since they were copied "
        f"({', '.join(names[:_SHOWN])}{', ...' if len(names) > _SHOWN else ''}): shall they be "
        "deleted in the target too?",
        key=key,
        choices=("yes",),
    )


def _pieces(run: Run) -> dict[str, list[KeyRange]]:
    """The ranges in which parts are copied first, by part."""
    found: dict[str, list[KeyRange]] = {}
    with run.work.reading() as read:
        for one in ranges.of(read, run.job, generation=COPIED):
            found.setdefault(one.tenant, []).append(one)
    return found


def _is_copied(known: dict[str, list[KeyRange]], part: Part) -> bool:
    pieces = known.get(part.key, [])
    return bool(pieces) and all(one.state is RangeState.DONE for one in pieces)


def _names(tenants: tuple[Tenant, ...]) -> set[str]:
    return {one.name for one in tenants}
