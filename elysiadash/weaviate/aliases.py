"""What an alias stands for, and changing it: ``/v1/aliases`` (1.32 and later)."""

from __future__ import annotations

from elysiadash.weaviate.answers import decode
from elysiadash.weaviate.client import Client, path_segment
from elysiadash.weaviate.errors import NotFound
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.models import Alias
from elysiadash.weaviate.transport import Call


async def stands_for(client: Client, alias: str, base: str | None = None) -> str | None:
    """The collection that an alias stands for, as one node says; None where there is no such."""
    call = Call(
        method="GET",
        path=f"/v1/aliases/{path_segment(alias)}",
        base=base,
        timeout=client.profile.timeouts.slow,
    )
    try:
        answer = await client.transport.send(call)
    except NotFound:
        return None
    return decode(Alias, answer).collection


async def change_alias(client: Client, alias: str, collection: str, permit: Permit) -> None:
    """``PUT /v1/aliases/{alias}``: let it stand for another collection. Read back what came of it.

    The change is visible within 0.3 s; a batch that began before still goes to the old collection
    (seen 0.75 s later on 1.39.0).
    """
    await client.transport.send(
        Call(
            method="PUT",
            path=f"/v1/aliases/{path_segment(alias)}",
            json={"class": collection},
            timeout=client.profile.timeouts.slow,
            permit=permit,
        )
    )
