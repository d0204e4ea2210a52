"""What must be known before a backup or a restore is asked for: each ok, warns, or blocks.

Seen on Weaviate 1.39.0, or read in its source where a version is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from elysiadash.backups.checkpoint import Trap
from elysiadash.backups.facts import Facts, matching
from elysiadash.backups.spec import BackupSpec, id_fault
from elysiadash.weaviate.versions import Version, parse_version

_LOCAL: Final = "filesystem"
_SHOWN: Final = 5

Spans = tuple[tuple[tuple[int, int, int], tuple[int, int, int]], ...]

_SKIPS_COLD: Spans = (((0, 0, 0), (1, 35, 17)), ((1, 36, 0), (1, 36, 10)))
"""A backup has the names of COLD tenants and not their data: ``descriptor`` of
adapters/repos/db/backup.go walks loaded shards only; weaviate/weaviate#3353."""
_LOSES_MAPPING: Spans = (
    ((0, 0, 0), (1, 31, 22)), ((1, 32, 0), (1, 32, 27)), ((1, 33, 0), (1, 33, 12)),
    ((1, 34, 0), (1, 34, 8)), ((1, 35, 0), (1, 35, 3)),
)  # fmt: skip
"""A restore with ``node_mapping`` succeeds and cannot be found after a restart: #10166."""
_CANCELS_RESTORE: Final = (1, 36, 0)
"""The first release that can cancel a restore: #10135."""


class Backed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What whoever made a backup knows of it; the server tells names of collections only."""

    nodes: tuple[str, ...] = ()
    version: str = ""
    aliases: tuple[tuple[str, str], ...] = ()
    counts: dict[str, int] = {}
    """Collection -> objects, where they were the same before and after."""


def before_create(facts: Facts, spec: BackupSpec) -> tuple[Trap, ...]:
    """Everything to know before a backup."""
    chosen = matching(list(facts.collections), spec.include, spec.exclude)
    return tuple(
        trap
        for group in (
            _backend(facts, spec),
            _id(facts, spec),
            _others(facts, spec),
            _nodes(facts),
            _chosen(facts, spec, chosen),
            _shards(facts, chosen),
            _reindex(facts, chosen),
            _tenants(facts, chosen),
        )
        for trap in group
    )


def before_restore(facts: Facts, spec: BackupSpec, backed: Backed | None) -> tuple[Trap, ...]:
    """Everything to know before a restore; ``backed`` None: another made the backup."""
    wanted = wanted_of(facts, spec)
    return tuple(
        trap
        for group in (
            _backend(facts, spec),
            _there(facts, spec),
            _nodes(facts),
            _names(facts, wanted),
            _aliases(facts, spec, wanted, backed),
            _mapping(facts, spec, backed),
            _versions(facts, spec, backed),
            _old_status(facts, spec),
        )
        for trap in group
    )


def wanted_of(facts: Facts, spec: BackupSpec) -> tuple[str, ...]:
    """The collections that a restore will bring, as far as the list of backups tells them."""
    for one in facts.backups:
        if one.id == spec.id:
            return tuple(matching(sorted(one.classes or ()), spec.include, spec.exclude))
    return tuple(one for one in spec.include if "*" not in one)


def in_the_way(checks: Sequence[Trap], accepted: Sequence[str]) -> tuple[Trap, ...]:
    """What blocks and was not accepted."""
    return tuple(
        one
        for one in checks
        if one.result == "blocks" and not (one.liftable and one.code in accepted)
    )


def _backend(facts: Facts, spec: BackupSpec) -> Iterator[Trap]:
    about = spec.backend
    if spec.backend not in facts.backends:
        there = f"; switched on are: {', '.join(facts.backends)}" if facts.backends else ""
        yield Trap(
            code="backend", result="blocks", about=about,
            text=f"the module backup-{spec.backend} is not switched on here{there}",
            way_out="choose another with --backend, or add it to ENABLE_MODULES of every node",
        )  # fmt: skip
    elif spec.backend == _LOCAL and len(facts.nodes) > 1:
        yield Trap(
            code="backend", result="blocks", about=about,
            text=f"the filesystem of a node is no place for a cluster of {len(facts.nodes)} nodes",
            way_out="switch on backup-s3, backup-gcs or backup-azure on every node",
        )  # fmt: skip
    else:
        yield Trap(code="backend", result="ok", about=about, text="is switched on")


def _id(facts: Facts, spec: BackupSpec) -> Iterator[Trap]:
    fault = id_fault(spec.id)
    if fault:
        yield Trap(code="id", result="blocks", about=spec.id, text=fault,
                   way_out="choose another id")  # fmt: skip
    elif facts.status is not None and facts.status.status != "CANCELED":
        yield Trap(
            code="id", result="blocks", about=spec.id,
            text=f"there is a backup of this id already ({facts.status.status})",
            way_out="choose another id: only that of a cancelled one can be used again",
        )  # fmt: skip
    else:
        yield Trap(code="id", result="ok", about=spec.id, text="is free")
    if spec.incremental_base and not facts.unknown.get("backups"):
        base = {one.id: one.status for one in facts.backups}.get(spec.incremental_base)
        if base != "SUCCESS":
            yield Trap(
                code="base", result="blocks", about=spec.incremental_base,
                text="there is no such backup to build on" if base is None
                else f"the backup to build on is {base}",
                way_out="name one that is SUCCESS, or leave --base out",
            )  # fmt: skip


def _others(facts: Facts, spec: BackupSpec) -> Iterator[Trap]:
    if "backups" in facts.unknown:
        yield Trap(
            code="running", result="unknown", about=spec.backend,
            text=f"whether another backup runs is not told: {facts.unknown['backups']}",
        )  # fmt: skip
        return
    running = [one.id for one in facts.backups if one.status in ("STARTED", "TRANSFERRING",
               "TRANSFERRED", "FINALIZING", "CANCELLING") and one.id != spec.id]  # fmt: skip
    if running:
        yield Trap(
            code="running", result="blocks", about=spec.backend,
            text=f"the backup {', '.join(running)} is running, and the server does one at a time",
            way_out=f"wait for it, or end it: elysiadash backup cancel {running[0]}",
            liftable=True,
        )  # fmt: skip
    else:
        yield Trap(code="running", result="ok", about=spec.backend, text="no other backup runs")


def _nodes(facts: Facts) -> Iterator[Trap]:
    away = {name: status for name, status in facts.nodes.items() if status != "HEALTHY"}
    if away:
        told = ", ".join(f"{name} ({status})" for name, status in away.items())
        yield Trap(
            code="nodes", result="blocks", about=told,
            text="all nodes take part in a backup and in a restore, and these are not well",
            way_out="bring them back first", liftable=True,
        )  # fmt: skip
    else:
        yield Trap(code="nodes", result="ok", about=", ".join(facts.nodes), text="are all there")


def _chosen(facts: Facts, spec: BackupSpec, chosen: Sequence[str]) -> Iterator[Trap]:
    unknown = [one for one in (*spec.include, *spec.exclude)
               if not matching(list(facts.collections), (one,), ())]  # fmt: skip
    aliases = [one for one in unknown if one in facts.aliases]
    if aliases:
        yield Trap(
            code="collections", result="blocks", about=", ".join(aliases),
            text="aliases are not known to backups",
            way_out=f"name the collection: {', '.join(facts.aliases[one] for one in aliases)}",
        )  # fmt: skip
    elif unknown:
        yield Trap(code="collections", result="blocks", about=", ".join(unknown),
                   text="there is no such collection",
                   way_out="elysiadash collections lists them")  # fmt: skip
    elif not chosen:
        yield Trap(code="collections", result="blocks", about="", text="nothing is to be backed up",
                   way_out="name collections that there are")  # fmt: skip
    else:
        yield Trap(code="collections", result="ok", about=_some(chosen),
                   text=f"{len(chosen)} are backed up, each shard at a moment of its own: "
                   "what is written meanwhile may be in it or not")  # fmt: skip


def _shards(facts: Facts, chosen: Sequence[str]) -> Iterator[Trap]:
    held = {name: count for name, count in facts.readonly.items() if name in chosen}
    if "shards" in facts.unknown:
        yield Trap(code="readonly-shards", result="unknown", about="",
                   text=f"states of shards are not known: {facts.unknown['shards']}")  # fmt: skip
    elif held:
        told = ", ".join(f"{name} ({count})" for name, count in held.items())
        yield Trap(
            code="readonly-shards", result="blocks", about=told,
            text="replicas are READONLY, and a backup of them is accepted and then fails: "
            "what is in memory cannot be written to disk",
            way_out="set the shards READY, or leave the collection out with --exclude",
        )  # fmt: skip
    else:
        yield Trap(code="readonly-shards", result="ok", about="", text="no shard is READONLY")


def _reindex(facts: Facts, chosen: Sequence[str]) -> Iterator[Trap]:
    busy = [name for name in facts.reindexing if name in chosen]
    if busy:
        yield Trap(
            code="reindex", result="blocks", about=", ".join(busy),
            text="an index is being rebuilt, and the server refuses a backup meanwhile",
            way_out="wait until it is done, or leave the collection out with --exclude",
        )  # fmt: skip


def _tenants(facts: Facts, chosen: Sequence[str]) -> Iterator[Trap]:
    cold = {name: count for name, count in facts.cold.items() if name in chosen}
    away = {name: count for name, count in facts.offloaded.items() if name in chosen}
    if cold and _hits(facts.version, _SKIPS_COLD):
        yield Trap(
            code="cold-tenants", result="blocks", about=_counted(cold),
            text=f"{facts.version} leaves the data of inactive tenants out of a backup without a "
            "word: after a restore they are there and empty",
            way_out="activate them first, or update to 1.35.17, 1.36.10 or 1.37.0",
            liftable=True,
        )  # fmt: skip
    if away:
        yield Trap(
            code="offloaded-tenants", result="warns", about=_counted(away),
            text="of offloaded tenants a backup has the name only; their data stays where it is",
            way_out="load them first where their data is to be in it",
        )  # fmt: skip


def _there(facts: Facts, spec: BackupSpec) -> Iterator[Trap]:
    if spec.backend not in facts.backends:
        return
    if facts.status is None:
        yield Trap(
            code="backup", result="blocks", about=spec.id,
            text=f"{spec.backend} has no backup of this id, as this cluster is set up",
            way_out="elysiadash backup list shows what there is; both clusters need the same "
            "bucket and path",
        )  # fmt: skip
    elif facts.status.status != "SUCCESS":
        yield Trap(
            code="backup", result="blocks", about=spec.id,
            text=f"the backup is {facts.status.status}, and only one that is SUCCESS is whole",
            way_out="wait for it, or take another",
        )  # fmt: skip
    else:
        size = "" if facts.status.size is None else f", {facts.status.size:.3f} GiB"
        yield Trap(code="backup", result="ok", about=spec.id, text=f"is SUCCESS{size}")


def _names(facts: Facts, wanted: Sequence[str]) -> Iterator[Trap]:
    taken = [name for name in wanted if name in facts.collections or name in facts.aliases]
    if taken:
        yield Trap(
            code="names", result="blocks", about=_some(taken),
            text="these names are taken here; the restore would be accepted, fail, and may bring "
            "the others all the same. A restore cannot rename",
            way_out="leave them out with --exclude, or delete or copy away what has the name",
        )  # fmt: skip
    elif not wanted:
        yield Trap(code="names", result="unknown", about="",
                   text="which collections are in the backup is not told before it is "
                   "restored")  # fmt: skip
    else:
        yield Trap(code="names", result="ok", about=_some(wanted), text="the names are free")


def _aliases(
    facts: Facts, spec: BackupSpec, wanted: Sequence[str], backed: Backed | None
) -> Iterator[Trap]:
    coming = [alias for alias, of in (backed.aliases if backed else ()) if of in wanted]
    taken = [one for one in coming if one in facts.aliases or one in facts.collections]
    if taken and not spec.overwrite_alias:
        yield Trap(
            code="aliases", result="warns", about=_some(taken),
            text="the backup brings aliases of these names, which are taken: they stay as they are",
            way_out="--overwrite-alias turns them to what is restored",
        )  # fmt: skip
    elif taken:
        yield Trap(
            code="aliases", result="blocks", about=_some(taken),
            text="these aliases are turned from what they stand for now to what is restored: "
            "applications that use them read and write it from then on",
            way_out="leave --overwrite-alias out", liftable=True,
        )  # fmt: skip
    elif coming:
        yield Trap(code="aliases", result="warns", about=_some(coming),
                   text="these aliases come along, unasked")  # fmt: skip
    elif backed is None:
        yield Trap(code="aliases", result="unknown", about="",
                   text="aliases that the backup holds come along, unasked; which they are is not "
                   "told")  # fmt: skip


def _mapping(facts: Facts, spec: BackupSpec, backed: Backed | None) -> Iterator[Trap]:
    mapping = dict(spec.node_mapping)
    wrong = sorted({new for new in mapping.values() if new not in facts.nodes})
    twice = sorted({new for new in mapping.values() if list(mapping.values()).count(new) > 1})
    if wrong or twice:
        yield Trap(
            code="node-mapping", result="blocks", about=", ".join(wrong or twice),
            text="there is no such node here" if wrong
            else "two nodes of the backup cannot go to one node",
            way_out=f"nodes here: {', '.join(facts.nodes)}",
        )  # fmt: skip
        return
    if backed is None or not backed.nodes:
        yield Trap(
            code="node-mapping", result="unknown", about="",
            text="from which nodes the backup is, only the one who made it knows; one that is not "
            "here is refused, and nothing is changed then",
            way_out="--node-mapping OLD=NEW, once for each",
        )  # fmt: skip
        return
    strangers = [one for one in backed.nodes if mapping.get(one, one) not in facts.nodes]
    if strangers:
        yield Trap(
            code="node-mapping", result="blocks", about=", ".join(strangers),
            text="the backup has shards of nodes that are not here",
            way_out=f"--node-mapping OLD=NEW, once for each; nodes here: {', '.join(facts.nodes)}",
        )  # fmt: skip
    elif len(backed.nodes) > len(facts.nodes):
        yield Trap(
            code="node-mapping", result="blocks", about=f"{len(facts.nodes)} nodes",
            text=f"the backup is from {len(backed.nodes)} nodes, and as many are needed",
            way_out="restore into a cluster of that size, or copy instead: elysiadash migrate",
        )  # fmt: skip
    else:
        yield Trap(code="node-mapping", result="ok", about=", ".join(backed.nodes),
                   text="every node of the backup has its place here")  # fmt: skip


def _versions(facts: Facts, spec: BackupSpec, backed: Backed | None) -> Iterator[Trap]:
    if spec.node_mapping and _hits(facts.version, _LOSES_MAPPING):
        yield Trap(
            code="version", result="blocks", about=facts.version,
            text="this release forgets node_mapping at a restart: the collection cannot be read "
            "afterwards",
            way_out="update to 1.31.22, 1.32.27, 1.33.12, 1.34.8, 1.35.3 or 1.36.0",
        )  # fmt: skip
    here, there = parse_version(facts.version), parse_version(backed.version if backed else "")
    if here is not None and there is not None and here[:2] < there[:2]:
        yield Trap(
            code="version", result="blocks", about=facts.version,
            text=f"the backup is from {there}, which is newer than what runs here",
            way_out="update this cluster first", liftable=True,
        )  # fmt: skip
    if here is not None and here < _CANCELS_RESTORE:
        yield Trap(code="cancel", result="warns", about=facts.version,
                   text="a restore cannot be cancelled before 1.36")  # fmt: skip


def _old_status(facts: Facts, spec: BackupSpec) -> Iterator[Trap]:
    old = facts.restore_status
    if old is None:
        return
    if old.running:
        yield Trap(
            code="restore-status", result="blocks", about=spec.id,
            text=f"a restore of this backup is {old.status}, here or in another cluster that uses "
            "the same place",
            way_out="wait for it; where it is surely none that runs, accept this",
            liftable=True,
        )  # fmt: skip
    else:
        yield Trap(
            code="restore-status", result="warns", about=spec.id,
            text=f"an earlier restore left {old.status} behind, which may be another cluster's: it "
            "is not believed, what is read back decides",
        )  # fmt: skip


def _hits(text: str, spans: Spans) -> bool:
    version = parse_version(text)
    return version is not None and any(Version(*a) <= version < Version(*b) for a, b in spans)


def _counted(found: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count:,} tenants)" for name, count in found.items())


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
