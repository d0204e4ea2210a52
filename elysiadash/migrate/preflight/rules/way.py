"""How it will go: tenants, aliases, replicas, disks, the freeze, the strategy."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Final

from elysiadash.migrate.checkpoint import Check
from elysiadash.migrate.phases import Freeze, Strategy
from elysiadash.migrate.preflight.facts import CollectionFacts, Facts, Replica
from elysiadash.migrate.preflight.rules.collections import factor_of
from elysiadash.migrate.preflight.rules.words import blocks, listed, ok, size, unknown, warns

LEDGER_BYTES: Final = 2 * 40
"""A ledger's record, and the next generation's beside it while it is written."""
READONLY_AT: Final = 0.9
"""DISK_USE_READONLY_PERCENTAGE of a server that says nothing else."""
SCANS_IN_FREEZE: Final = 2
"""The last generation's, and the one that the proof is merged with."""
FREEZE_OVERHEAD_S: Final = 3.0
"""To freeze, probe and count, whatever the number of objects (seen on three nodes, 1.39.0)."""
MANY: Final = 10_000_000
"""Above so many objects the backup strategy is faster than any copy."""
_OFFLOADED: Final = frozenset({"FROZEN", "FREEZING", "UNFREEZING", "OFFLOADED", "OFFLOADING",
                               "ONLOADING"})  # fmt: skip


def tenants(facts: Facts) -> Iterator[Check]:
    """States of tenants: those that are not active are activated, one wave after the other."""
    for one in facts.collections:
        if one.tenants is None:
            continue
        states = Counter(one.tenants.values())
        away = sum(count for state, count in states.items() if state in _OFFLOADED)
        cold = sum(states.values()) - states["HOT"] - away
        about = one.wanted.name
        if away:
            yield blocks(
                "offloaded", about, f"{away:,} of {len(one.tenants):,} tenants are offloaded",
                "bring them back, or name the tenants to copy; typing the code leaves them out "
                "until the job asks about them", liftable=True,
            )  # fmt: skip
        if cold and not facts.source.write:
            yield blocks(
                "tenants", about, f"{cold:,} of {len(one.tenants):,} tenants are not active, and "
                "the source's profile is read-only", "set write = true in it, or activate them",
            )  # fmt: skip
        elif cold:
            yield warns(
                "tenants", about,
                f"{cold:,} of {len(one.tenants):,} tenants are not active: each is activated for "
                "its copy and put back, which costs the source memory",
            )  # fmt: skip
        elif not away:
            yield ok("tenants", about, f"all {len(one.tenants):,} tenants are active")


def aliases(facts: Facts) -> Iterator[Check]:
    """Aliases stay where they are, but for the one that is moved at cut-over."""
    known = facts.source.aliases
    wanted = {one.wanted.name: one.translation.name for one in facts.collections}
    if facts.spec.alias is not None:
        yield from _moved(facts, facts.spec.alias)
    if known.value is None:
        yield unknown("aliases", facts.source.name, known.why)
        return
    leading = [one.alias for one in known.value
               if one.collection in wanted and one.alias != facts.spec.alias]  # fmt: skip
    if leading:
        yield warns(
            "aliases", facts.source.name, f"{listed(leading)} leads to what is copied, and stays",
            "make it in the target by hand" if not facts.spec.same_cluster else
            "--alias moves one to the copy at cut-over",
        )  # fmt: skip


def _moved(facts: Facts, alias: str) -> Iterator[Check]:
    about = f"{alias} of {facts.source.name}"
    there = {one.alias: one.collection for one in facts.source.aliases.value or ()}
    wanted = {one.wanted.name for one in facts.collections}
    if not facts.spec.same_cluster:
        yield blocks("alias", about, "an alias cannot be moved from one cluster to another",
                     "leave --alias out: the cut-over is a checklist then")  # fmt: skip
    elif facts.source.aliases.value is None:
        yield blocks("alias", about, facts.source.aliases.why, "aliases need Weaviate 1.32")
    elif there.get(alias) not in wanted:
        said = f"it leads to {there[alias]}" if alias in there else "there is no such alias"
        yield blocks("alias", about, said, "name the alias of the collection that is copied")
    else:
        yield ok("alias", about, f"it leads to {there[alias]}, and is moved at cut-over")


def replicas(facts: Facts) -> Iterator[Check]:
    """Replicas of the source hold the same; what differs is settled before the freeze."""
    for one in facts.collections:
        about, found = one.wanted.name, one.replicas
        if found.value is None:
            yield unknown("replicas", about, found.why)
            continue
        frozen = {row.shard for row in found.value if row.status == "READONLY"}
        if frozen:
            yield warns(
                "source-readonly", about, f"{len(frozen):,} of its shards are READONLY",
                "writers lose what they write there; another job may have frozen it "
                "(elysiadash jobs list)",
            )  # fmt: skip
        if factor_of(one.translation.source) < 2:
            continue
        unlike = _unlike(found.value)
        dark = [name for name in facts.source.expected if name not in facts.source.addressed]
        if dark:
            yield unknown(
                "replicas", about,
                f"{listed(dark)} has no address of its own in the profile, so its replicas are "
                "not compared (promise P2: the report will say so)",
                "give nodes = in the profile",
            )  # fmt: skip
        if unlike:
            yield warns(
                "replicas", about,
                f"{len(unlike):,} shards have replicas of different counts ({listed(unlike)}), "
                "flushed objects only", "they are compared id by id before the freeze",
            )  # fmt: skip
        elif not dark:
            yield ok("replicas", about, "all replicas of a shard count the same")


def capacity(facts: Facts) -> Iterator[Check]:
    """The target's disks take it: from sampled bytes, which are the least it can need."""
    if facts.spec.rolls_back is not None:
        # Only what changed since is written, over what is there.
        return
    need = needed_bytes(facts)
    about = f"target {facts.target.name}"
    if need is None:
        why = listed(
            f"{one.wanted.name}: {one.sample.why or one.objects.why or 'tenants not counted'}"
            for one in facts.collections
            if one.sample.bytes_per_object is None or one.objects.value is None or one.uncounted
        )
        yield unknown("capacity", about, f"how much it needs is not known ({why})",
                      "a rehearsal measures it")  # fmt: skip
        return
    nodes = max(1, len(facts.target.expected))
    each = need / nodes
    text = f"at least {size(each)} for each of {nodes} nodes, indexes not counted"
    if facts.target.disks.value is None:
        yield unknown("capacity", about, f"{text}; its free disk: {facts.target.disks.why}",
                      "give prometheus in its profile, or look at its disks")  # fmt: skip
        return
    for node in facts.target.expected:
        disk = facts.target.disks.value.get(node)
        place = f"{about}, {node}"
        if disk is None or disk.free_bytes is None or not disk.size_bytes:
            yield unknown("capacity", place, f"{text}; {disk.why if disk else 'no disk is told'}")
            continue
        left = disk.free_bytes - (1 - READONLY_AT) * disk.size_bytes
        said = f"{text}; {size(max(0, left))} until it is READONLY at {READONLY_AT:.0%}"
        if each > left:
            yield blocks("capacity", place, said, "free or add disk, or copy less")
        elif 2 * each > left:
            yield warns("capacity", place, said, "indexes may take the rest: rehearse it first")
        else:
            yield ok("capacity", place, said)


def room_here(facts: Facts) -> Iterator[Check]:
    """The job's own files on this machine."""
    need = facts.counted * LEDGER_BYTES
    text = f"{size(need)} for the job's files, {size(facts.free_here)} free in {facts.state_folder}"
    if need > facts.free_here:
        yield blocks("disk-here", "this machine", text, "free some, or set XDG_STATE_HOME")
    elif 4 * need > facts.free_here:
        yield warns("disk-here", "this machine", text)
    else:
        yield ok("disk-here", "this machine", text)


def freezing(facts: Facts) -> Iterator[Check]:
    """How writers are kept out at the end (the ladder, the engine's point 6)."""
    if facts.spec.strategy is not Strategy.ONLINE or facts.spec.schema_only:
        return
    about = f"source {facts.source.name}"
    if facts.spec.freeze is Freeze.NONE:
        yield warns("freeze", about, "nobody is kept out: it ends caught up, not equal",
                    "stop the writers yourself before you take the copy for the whole")  # fmt: skip
        return
    if facts.rungs.value is None:
        yield unknown("freeze", about, facts.rungs.why)
        return
    rungs = {one.how: one for one in facts.rungs.value}
    chosen = [rungs[facts.spec.freeze]] if facts.spec.freeze in rungs else list(rungs.values())
    works = [one for one in chosen if not one.why_not]
    if works:
        yield ok("freeze", about, f"writers are kept out by: {works[0].how}")
        return
    reasons = "; ".join(f"{one.how}: {one.why_not}" for one in chosen)
    out = "; ".join(dict.fromkeys(one.way_out for one in chosen if one.way_out))
    if facts.spec.freeze in (Freeze.STOPPED, Freeze.MODE):
        yield warns("freeze", about, f"the job waits for you before the freeze: {reasons}", out)
        return
    yield blocks(
        "freeze",
        about,
        f"writers cannot be kept out ({reasons})",
        f"{out}; typing freeze means that you stop them when the job asks",
        liftable=True,
    )


def freeze_time(facts: Facts) -> Iterator[Check]:
    """Whether the freeze fits into the operator's limit."""
    seconds, limit = freeze_seconds(facts), facts.spec.freeze_limit_s
    if seconds is None:
        return
    text = f"about {seconds:,.0f} s, and its limit is {limit:,.0f} s"
    if seconds <= limit:
        yield ok("freeze-time", "the freeze", text)
    else:
        yield blocks(
            "freeze-time",
            "the freeze",
            text,
            f"--freeze-limit {seconds * 1.5:.0f}, fewer tenants at once, --strategy backup or "
            "offline; typing the code tries it all the same, and it is thawed in time",
            liftable=True,
        )


def freeze_seconds(facts: Facts) -> float | None:
    """How long writers are kept out: scans of all ids by one stream, as fast as one was measured
    and no faster than the job's limit; where there are replicas, one more through each node.

    None where no freeze is wanted, or where it is not known.
    """
    if facts.spec.strategy is not Strategy.ONLINE or facts.spec.freeze is Freeze.NONE:
        return None
    if facts.spec.schema_only or facts.objects is None or not facts.scan.value:
        return None
    limit = facts.rate or math.inf
    once = facts.objects / min(facts.scan.value, limit)
    nodes = len(facts.source.addressed)
    compared = sum(
        one.objects.value or 0 for one in facts.collections if factor_of(one.translation.source) > 1
    )
    # Side by side, so that it takes as long as one; the limit is one for all of them.
    beside = max(compared / facts.scan.value, nodes * compared / limit) if nodes > 1 else 0.0
    return FREEZE_OVERHEAD_S + SCANS_IN_FREEZE * once + beside


def strategy(facts: Facts) -> Iterator[Check]:
    """Whether another strategy fits better, and whether this one can be gone at all."""
    shared = sorted(set(facts.source.backends) & set(facts.target.backends))
    if facts.spec.strategy is Strategy.BACKUP:
        yield from _backup(facts, shared)
    elif facts.counted > MANY and not facts.spec.same_cluster:
        way = f"both have {listed(shared)}: --strategy backup" if shared else (
            "an object store that both clusters use makes --strategy backup possible")  # fmt: skip
        yield warns("strategy", facts.source.name,
                    f"{facts.counted:,} objects: Weaviate's own backup and restore is faster than "
                    "any copy", way)  # fmt: skip


def _backup(facts: Facts, shared: list[str]) -> Iterator[Check]:
    about = f"target {facts.target.name}"
    wanted = [facts.spec.backend] if facts.spec.backend else shared
    if facts.spec.same_cluster:
        yield blocks("backup", about, "a restore brings the names along, which are taken here",
                     "take online or offline")  # fmt: skip
    elif not set(wanted) & set(shared):
        yield blocks("backup", about,
                     f"no backend is on in both: {listed(facts.source.backends) or 'none'} and "
                     f"{listed(facts.target.backends) or 'none'}", "take online or offline",
                     )  # fmt: skip
    renamed = [one.wanted.name for one in facts.collections
               if one.wanted.name != one.wanted.target]  # fmt: skip
    if renamed:
        yield blocks("backup", about, f"a restore cannot rename {listed(renamed)}",
                     "keep the names, or take online or offline")  # fmt: skip
    if facts.spec.settings or facts.spec.transform is not None:
        yield blocks("backup", about, "a restore changes neither settings nor objects",
                     "take online or offline")  # fmt: skip
    if len(facts.source.expected) != len(facts.target.expected):
        yield blocks(
            "backup", about, f"{len(facts.source.expected)} nodes there and "
            f"{len(facts.target.expected)} here: each node's part needs a node to go to",
            "give the target as many nodes",
        )  # fmt: skip


def needed_bytes(facts: Facts) -> float | None:
    """The least that the target's disks need, all replicas; None where it is not known."""
    total = 0.0
    for one in facts.collections:
        each = _bytes_each(one)
        if one.objects.value is None or one.uncounted or each is None:
            return None
        total += one.objects.value * each * factor_of(one.translation.target)
    return total


def _bytes_each(one: CollectionFacts) -> float | None:
    if one.objects.value == 0:
        return 0.0
    return one.sample.bytes_per_object


def _unlike(rows: tuple[Replica, ...]) -> list[str]:
    counts: dict[str, set[int]] = {}
    for row in rows:
        if row.loaded:
            counts.setdefault(row.shard, set()).add(row.objects)
    return sorted(shard for shard, found in counts.items() if len(found) > 1)
