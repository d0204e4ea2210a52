"""The collection that a command names: by its name, or by an alias."""

from __future__ import annotations

from elysiadash.cli.exits import CommandFailed
from elysiadash.cli.output import say
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.watch import Watch
from elysiadash.config.mistake import nearest
from elysiadash.weaviate.errors import WeaviateError


async def only_named(
    watch: Watch, rows: tuple[CollectionStats, ...], name: str | None
) -> tuple[CollectionStats, ...]:
    """The rows of ``name``, all without one. Raises ``CommandFailed`` with the nearest name."""
    if name is None or not rows:
        return rows
    # Servers write the first letter of a collection's name as a capital.
    for wanted in (name, name[:1].upper() + name[1:]):
        found = tuple(row for row in rows if row.collection == wanted)
        if found:
            return found
    stands_for = await _alias(watch, name)
    found = tuple(row for row in rows if row.collection == stands_for)
    if found:
        say(f"{name} is an alias of {stands_for}")
        return found
    likely = nearest(name, [row.collection for row in rows])
    hint = f"did you mean {likely}?" if likely else "elysiadash collections lists them"
    raise CommandFailed(f"there is no collection {name!r} on {watch.profile.name}", hint)


async def _alias(watch: Watch, name: str) -> str | None:
    try:
        aliases = await watch.client.aliases()
    except WeaviateError:
        # No aliases on this server, or none for us: the name stays unknown.
        return None
    return next((alias.collection for alias in aliases if alias.alias == name), None)
