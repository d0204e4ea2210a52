"""The REST requests of the data path: listing, one object, references."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from elysiadash.weaviate.guard import Facts, Permit
from elysiadash.weaviate.objects.rows import Place
from elysiadash.weaviate.transport import Call


def list_call(
    place: Place, *, after: str, limit: int, timeout: float, permit: Permit | None
) -> Call:
    """``GET /v1/objects`` in order of id. An empty ``after`` alone returns the nil UUID too."""
    params: dict[str, Any] = {"class": place.collection, "limit": limit, "after": after}
    return Call(
        method="GET",
        path="/v1/objects",
        base=place.base,
        params=params | tenant_of(place),
        timeout=timeout,
        permit=permit,
        facts=Facts(tenant_is_hot=place.tenant_is_hot),
    )


def object_call(
    place: Place,
    identity: str,
    *,
    vectors: bool,
    timeout: float,
    permit: Permit | None,
    consistency: str = "ONE",
) -> Call:
    """``GET /v1/objects/{c}/{id}``: one object, read from as many replicas as ``consistency``."""
    params: dict[str, Any] = {"consistency_level": consistency}
    if vectors:
        params["include"] = "vector"
    return Call(
        method="GET",
        path=f"/v1/objects/{quote(place.collection, safe='')}/{identity}",
        base=place.base,
        params=params | tenant_of(place),
        timeout=timeout,
        permit=permit,
        facts=Facts(tenant_is_hot=place.tenant_is_hot),
    )


def tenant_of(place: Place) -> dict[str, Any]:
    """The parameter that names the tenant, where there is one."""
    return {"tenant": place.tenant} if place.tenant else {}


def facts_of(place: Place) -> Facts:
    """What is known of the place and no route says."""
    return Facts(tenant_is_hot=place.tenant_is_hot)
