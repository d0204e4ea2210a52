"""What a backup keeps of a cluster, and how a restore brings it back.

Backups and the states of restores lie in a place that clusters may share: give two models the same
``backups`` and ``restores``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from elysiadash.demo.flows import NOTHING
from elysiadash.demo.model import Collection, Model, Past, Shard


@dataclass(slots=True)
class Kept:
    """The collections as they were, the aliases that came along, and where it all was."""

    collections: dict[str, Collection]
    aliases: dict[str, str]
    nodes: tuple[str, ...]


@dataclass(slots=True)
class Restore:
    """A restore under way, or how it ended."""

    backup: str
    by: str
    """The cluster that was asked."""
    classes: list[str]
    kept: Kept
    began: float
    ends: float
    mapping: dict[str, str] = field(default_factory=dict)
    overwrite_alias: bool = False
    status: str = ""
    """How it ended; empty while it is under way."""
    error: str = ""

    @property
    def finalizing_from(self) -> float:
        return self.began + (self.ends - self.began) * 2 / 3

    def status_at(self, at: float) -> str:
        """What the server says of it."""
        if self.status:
            return self.status
        return "TRANSFERRING" if at < self.finalizing_from else "FINALIZING"


def keep(model: Model, names: Iterable[str], at: float) -> Kept:
    """What a backup made now holds."""
    chosen = [name for name in names if name in model.collections]
    return Kept(
        collections={name: _frozen(model, model.collections[name], at) for name in chosen},
        aliases={alias: name for alias, name in model.aliases.items() if name in chosen},
        nodes=tuple(model.nodes),
    )


def land(model: Model, at: float) -> None:
    """Bring in what restores of this cluster have finished by now."""
    for restore in [one for one in model.landing if at >= one.ends or one.status]:
        model.landing.remove(restore)
        if not restore.status:
            _land(model, restore)


def _land(model: Model, restore: Restore) -> None:
    taken = [name for name in restore.classes if name in model.collections]
    for name in restore.classes:
        if name not in taken:
            model.collections[name] = _moved(restore.kept.collections[name], restore.mapping)
    for alias, name in restore.kept.aliases.items():
        free = alias not in model.aliases and alias not in model.collections
        if name in restore.classes and name not in taken and (free or restore.overwrite_alias):
            model.aliases[alias] = name
    model.changed()
    if taken:
        told = "; ".join(
            f'"{name}": error when trying to restore class: class name {name} already exists'
            for name in taken
        )
        restore.status, restore.error = "FAILED", f"could not restore classes: [{told}]"
    else:
        restore.status = "SUCCESS"


def _frozen(model: Model, collection: Collection, at: float) -> Collection:
    """The collection as it is at this moment: nothing comes to it by itself any more."""
    past = collection.past or Past(collection.imports, model.started_at, at)
    return replace(
        collection,
        definition=copy.deepcopy(collection.definition),
        shards={name: _shard(shard) for name, shard in collection.shards.items()},
        lengths=dict(collection.lengths),
        imports=NOTHING,
        queries=NOTHING,
        past=past,
    )


def _moved(collection: Collection, mapping: Mapping[str, str]) -> Collection:
    # The backup can be restored again, so what it holds is copied once more.
    shards = {name: _shard(shard) for name, shard in collection.shards.items()}
    for shard in shards.values():
        shard.nodes = tuple(mapping.get(node, node) for node in shard.nodes)
    return replace(collection, definition=copy.deepcopy(collection.definition), shards=shards)


def _shard(shard: Shard) -> Shard:
    return replace(shard, frozen={}, behind={}, writes=copy.deepcopy(shard.writes))
