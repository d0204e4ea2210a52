"""A collection's definition as it is stored, every setting of it; and changing what is stored."""

from __future__ import annotations

from typing import Any, Literal

from elysiadash.weaviate.answers import decode
from elysiadash.weaviate.client import Client, path_segment
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.transport import Call


async def stored_definition(client: Client, name: str) -> dict[str, Any]:
    """``GET /v1/schema/{c}`` of the leader, what our models leave out included.

    By name or alias. Raises ``NotFound``, or the ``WeaviateError`` that fits.
    """
    answer = await client.transport.send(
        Call(
            method="GET",
            path=f"/v1/schema/{path_segment(name)}",
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
