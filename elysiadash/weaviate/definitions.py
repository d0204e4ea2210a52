"""A collection's definition as it is stored, every setting of it; and changing what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from elysiadash.weaviate.answers import decode
from elysiadash.weaviate.client import Client, path_segment
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.transport import Call


async def stored_definition(
    client: Client, name: str, *, base: str | None = None
) -> dict[str, Any]:
    """``GET /v1/schema/{c}`` of the leader, what our models leave out included.

    With ``base`` it is that node's own copy. By name or alias. Raises ``NotFound``, or the
    ``WeaviateError`` that fits.
    """
    answer = await client.transport.send(
        Call(
            method="GET",
            path=f"/v1/schema/{path_segment(name)}",
            base=base,
            headers={"consistency": "false"} if base else {},
            timeout=client.profile.timeouts.leader_read,
        )
    )
    return decode(dict[str, Any], answer)


async def change_schema(
    client: Client, method: Literal["POST", "PUT"], path: str, body: Any, permit: Permit
) -> None:
    """One writing request to the schema. Raises the ``WeaviateError`` that fits.

    Read back whatever the outcome: a refused request can have changed what is stored, and one
    without an answer may still be done (1.39.0).
    """
    await client.transport.send(
        Call(
            method=method,
            path=path,
            json=body,
            timeout=client.profile.timeouts.slow,
            permit=permit,
        )
    )


async def delete_collection(client: Client, name: str, permit: Permit) -> None:
    """``DELETE /v1/schema/{c}``, with all its objects; 200 also where there is none (1.39.0)."""
    await client.transport.send(
        Call(
            method="DELETE",
            path=f"/v1/schema/{path_segment(name)}",
            timeout=client.profile.timeouts.slow,
            permit=permit,
        )
    )


async def create_tenants(
    client: Client, collection: str, tenants: Sequence[tuple[str, str]], permit: Permit
) -> None:
    """``POST /v1/schema/{c}/tenants`` of (name, ``HOT`` or ``COLD``); at most 1,000 at a time.

    One that exists is left as it is, and the answer does not say so (1.39.0): read back.
    """
    await client.transport.send(
        Call(
            method="POST",
            path=f"/v1/schema/{path_segment(collection)}/tenants",
            json=[{"name": name, "activityStatus": state} for name, state in tenants],
            timeout=client.profile.timeouts.slow,
            permit=permit,
        )
    )


async def delete_tenants(
    client: Client, collection: str, tenants: Sequence[str], permit: Permit
) -> None:
    """``DELETE /v1/schema/{c}/tenants`` by name, with all their objects; unknown ones do not
    matter (1.39.0)."""
    await client.transport.send(
        Call(
            method="DELETE",
            path=f"/v1/schema/{path_segment(collection)}/tenants",
            json=list(tenants),
            timeout=client.profile.timeouts.slow,
            permit=permit,
        )
    )
