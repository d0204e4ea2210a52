"""Writes that change nothing, sent to see whether writes are taken: the probe of a freeze.

``DELETE`` and ``PUT`` of an object with a random id, which does not exist. Measured on 1.39.0: 204
and 404 where writes are taken; 500 "read-only" on a READONLY shard; 503 in the read-only mode; 403
for a user who may not. It asks one shard of one replica set, so it confirms and does not prove.
"""

from __future__ import annotations

import uuid
from typing import Final, Literal

from elysiadash.weaviate.client import Client, path_segment
from elysiadash.weaviate.errors import (
    Forbidden,
    NotFound,
    Rejected,
    ServerFault,
    Unauthorized,
)
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.transport import Call

Answer = Literal["taken", "forbidden", "read-only", "unclear"]
Verb = Literal["DELETE", "PUT"]

VERB_OF: Final[dict[str, Verb]] = {"delete_data": "DELETE", "update_data": "PUT"}
"""Action of RBAC and the probe that needs it. Creating cannot be tried without creating."""
_READ_ONLY: Final = ("read-only", "read only")


async def probe(
    client: Client,
    permit: Permit,
    collection: str,
    tenant: str = "",
    *,
    verb: Verb = "DELETE",
    base: str | None = None,
) -> Answer:
    """Send one probe. Raises the ``WeaviateError`` that fits where the way there failed."""
    identity = str(uuid.uuid4())
    params = {"consistency_level": "ONE"} | ({"tenant": tenant} if tenant else {})
    body = {"class": collection, "id": identity, "properties": {}}
    if tenant:
        body["tenant"] = tenant
    try:
        await client.transport.send(
            Call(
                method=verb,
                path=f"/v1/objects/{path_segment(collection)}/{identity}",
                base=base,
                params=params,
                json=body if verb == "PUT" else None,
                timeout=client.profile.timeouts.slow,
                permit=permit,
            )
        )
    except NotFound:
        return "taken"
    except Rejected:
        # Looked at, so it was allowed.
        return "taken"
    except (Forbidden, Unauthorized):
        return "forbidden"
    except ServerFault as fault:
        words = f"{fault.what} {fault.detail or ''}".lower()
        return "read-only" if any(sign in words for sign in _READ_ONLY) else "unclear"
    return "taken"
