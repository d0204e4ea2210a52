"""References between objects: which are refused, which are kept, as 1.39.0 does it."""

from __future__ import annotations

from typing import Any

from elysiadash.demo import stored
from elysiadash.demo.model import Collection
from elysiadash.demo.stored import Refusal
from elysiadash.demo.world import World

Reference = dict[str, str]


def reference_names(collection: Collection) -> set[str]:
    """The properties that are references."""
    return {
        known["name"]
        for known in collection.definition["properties"]
        if known["dataType"][0][:1].isupper()
    }


def kept(collection: Collection, beacon: str) -> Reference:
    """A reference as it is stored; one without a collection leads to the property's first."""
    parts = beacon.removeprefix("weaviate://localhost/").split("/")
    if len(parts) == 1:
        parts = [collection.name, *parts]
    where = "/".join(parts)
    return {"beacon": f"weaviate://localhost/{where}", "href": f"/v1/objects/{where}"}


def refuse_dangling(world: World, beacon: str, tenant: str) -> None:
    """Raise `Refusal` where the beacon's object does not exist."""
    name, _, identity = beacon.removeprefix("weaviate://localhost/").partition("/")
    collection = world.collection(name)
    where = tenant if collection is not None and collection.multi_tenant else ""
    if collection is None or stored.find(world, collection, where, identity) is None:
        raise Refusal(f"no object with id {identity} found")


def keep_references(
    world: World, collection: Collection, tenant: str, properties: dict[str, Any]
) -> None:
    """Put references of an object into the form they are stored in. Raises `Refusal`."""
    for name in reference_names(collection) & properties.keys():
        found = []
        for one in properties[name] or []:
            beacon = str(one["beacon"])
            try:
                refuse_dangling(world, beacon, tenant)
            except Refusal as refusal:
                raise Refusal(f"invalid cref: '{name}' {collection.name}: {refusal}") from None
            found.append(kept(collection, beacon))
        properties[name] = found
