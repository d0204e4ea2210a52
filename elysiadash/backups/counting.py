"""How many objects collections hold, before and after: what a restore is compared with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from elysiadash.backups.checkpoint import Held
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import WeaviateError

_MOST_TENANTS: Final = 200
_HOT: Final = ("HOT", "ACTIVE")


async def held(
    client: Client, collections: Sequence[str], breathe: Callable[[], Awaitable[None]]
) -> tuple[Held, ...]:
    """Exact counts; of a collection with tenants the sum of those that are active.

    A count is a request for each collection or tenant: with more than 200 active tenants there is
    none. Raises the ``WeaviateError`` that fits where the schema cannot be read.
    """
    schema = await client.schema(leader=True)
    with_tenants = {
        one.name: bool(one.multi_tenancy_config and one.multi_tenancy_config.enabled)
        for one in schema.classes or ()
    }
    found = []
    for name in collections:
        await breathe()
        if name not in with_tenants:
            found.append(Held(name=name, not_counted="is not there"))
            continue
        try:
            if with_tenants[name]:
                found.append(await _of_tenants(client, name, breathe))
            else:
                found.append(Held(name=name, objects=await client.exact_count(name)))
        except WeaviateError as error:
            found.append(Held(name=name, not_counted=str(error)))
    return tuple(found)


async def _of_tenants(client: Client, name: str, breathe: Callable[[], Awaitable[None]]) -> Held:
    tenants = await client.tenants(name)
    hot = [one.name for one in tenants if one.activity_status in _HOT]
    if len(hot) > _MOST_TENANTS:
        why = f"has {len(hot):,} active tenants, and each would be a request"
        return Held(name=name, tenants=len(tenants), not_counted=why)
    objects = 0
    for tenant in hot:
        await breathe()
        objects += await client.exact_count(name, tenant, tenant_is_hot=True)
    return Held(name=name, objects=objects, tenants=len(tenants))


def both(before: Sequence[Held], after: Sequence[Held]) -> tuple[Held, ...]:
    """The counts before a backup with those after it."""
    later = {one.name: one for one in after}
    return tuple(
        msgspec.structs.replace(one, objects_after=later[one.name].objects)
        if one.name in later
        else one
        for one in before
    )


def differences(kept: Sequence[Held], restored: Sequence[Held]) -> tuple[list[str], list[str]]:
    """What a restore has otherwise than its backup, and what could not be compared: in words."""
    different, unknown = [], []
    known = {one.name: one for one in kept}
    for one in restored:
        then = known.get(one.name)
        if one.not_counted:
            unknown.append(f"{one.name} was not counted: {one.not_counted}")
        elif then is None or then.objects is None or then.objects_after is None:
            unknown.append(f"how many objects of {one.name} the backup holds is not known")
        elif then.tenants != one.tenants:
            different.append(
                f"{one.name} has {one.tenants or 0:,} tenants, and had {then.tenants or 0:,}"
            )
        elif then.at_rest is None:
            unknown.append(
                f"{one.name} was written while it was backed up ({then.objects:,} objects before, "
                f"{then.objects_after:,} after): {one.objects:,} are restored"
            )
        elif one.objects != then.at_rest:
            different.append(
                f"{one.name} has {one.objects:,} objects, and the backup {then.at_rest:,}"
            )
    return different, unknown
