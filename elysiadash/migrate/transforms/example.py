"""An example of a transform: copy it, change it, and give it as ``--transform FILE``.

It notes when an object was migrated, renames a field, and drops a sensitive one. The target's
definition follows, so that the new names are there before the first object.
"""

from typing import Any

RENAMED = {"body": "text"}
SENSITIVE = ("email",)
MIGRATED_AT = "migratedAt"


def transform(obj: dict[str, Any], ctx: Any) -> dict[str, Any] | None:
    """One object: return it, None to drop it, or a list of objects to split it."""
    properties = obj["properties"]
    for old, new in RENAMED.items():
        if old in properties:
            properties[new] = properties.pop(old)
    for name in SENSITIVE:
        properties.pop(name, None)
    # The job's start, not now(): the same for every object, and after a resume.
    properties[MIGRATED_AT] = ctx.started_at
    return obj


def transform_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The definition of the target collection."""
    kept = [known for known in schema["properties"] if known["name"] not in SENSITIVE]
    for known in kept:
        known["name"] = RENAMED.get(known["name"], known["name"])
    schema["properties"] = [*kept, {"name": MIGRATED_AT, "dataType": ["date"]}]
    return schema
