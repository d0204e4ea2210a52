"""Names, definitions and what objects hold: whether the target can take them as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from elysiadash.migrate.checkpoint import Check
from elysiadash.migrate.definitions import (
    modules_of,
    property_types,
    vectorizers,
    without_module,
)
from elysiadash.migrate.overwritten import UNKEPT
from elysiadash.migrate.phases import Strategy
from elysiadash.migrate.preflight.facts import CollectionFacts, Facts
from elysiadash.migrate.preflight.rules.words import blocks, listed, ok, warns
from elysiadash.schema.checking import faults, unknown_settings
from elysiadash.schema.names import collection_fault
from elysiadash.schema.ordering import creation_order
from elysiadash.weaviate.objects import UnknownType, shape_of

COPIED_BY_KIND = frozenset({"blobHash"})


def names(facts: Facts) -> Iterator[Check]:
    """The target's names are free, or what has them is to be overwritten."""
    there = set(facts.target.collections.value or ())
    aliases = {one.alias: one.collection for one in facts.target.aliases.value or ()}
    for one in facts.collections:
        name, about = one.translation.name, f"{one.translation.name} of {facts.target.name}"
        if one.made_by_job:
            continue
        if facts.spec.rolls_back is not None:
            yield _old_place(facts, one, about)
            continue
        others = (there | set(aliases)) - {name}
        wrong = collection_fault(name, others)
        if wrong:
            yield blocks("target-name", about, wrong, "choose another name (--target-name)")
        elif name in aliases:
            yield blocks(
                "target-name", about, f"it is an alias of {aliases[name]}",
                "choose another name; an alias is moved to the copy with --alias",
            )  # fmt: skip
        elif one.there is None:
            yield ok("target-name", about, "the name is free")
        else:
            yield from _overwritten(facts, one, aliases)


def _old_place(facts: Facts, one: CollectionFacts, about: str) -> Check:
    """A roll back goes into what is there, and makes nothing."""
    if one.there is not None:
        return ok("target-name", about, f"is there, as job {facts.spec.rolls_back} left it")
    return blocks(
        "target-name", about, "it is not there any more, so there is nothing to go back to",
        "move what is there now with a new job: elysiadash migrate",
    )  # fmt: skip


def _overwritten(facts: Facts, one: CollectionFacts, aliases: dict[str, str]) -> Iterator[Check]:
    name, about = one.translation.name, f"{one.translation.name} of {facts.target.name}"
    if facts.spec.same_cluster and name in {other.wanted.name for other in facts.collections}:
        yield blocks("target-name", about, "source and target are the same collection",
                     "give the copy another name")  # fmt: skip
        return
    if not facts.spec.overwrite:
        yield blocks(
            "target-name", about, "there is a collection of this name",
            "choose another name, or replace it with --overwrite",
        )  # fmt: skip
        return
    leading = [alias for alias, collection in aliases.items() if collection == name]
    if leading:
        yield blocks(
            "overwrite", about,
            f"{listed(leading)} leads to it: while it is replaced, writes through an alias make "
            "the collection anew", "copy under another name and move the alias (--alias)",
        )  # fmt: skip
    if one.not_kept is not None:
        yield blocks(
            UNKEPT, about, f"what is there cannot be kept: {one.not_kept}",
            "activate the tenants or give the target a backup backend; typing the code deletes "
            "it for good", liftable=True,
        )  # fmt: skip
    elif not leading:
        how = "as a backup" if facts.spec.backend or facts.target.backends else "as a collection"
        yield warns(
            "overwrite", about,
            f"what is there is kept {how} under another name, which needs its room once more, then "
            "deleted and made anew: Weaviate cannot rename, so the new one is not verified before "
            "the old one goes",
            "copy under another name and move an alias, where nothing may be missing meanwhile",
        )  # fmt: skip


def definitions(facts: Facts) -> Iterator[Check]:
    """The target's definitions are whole, and say what they seem to."""
    for one in facts.collections:
        target, about = one.translation.target, one.translation.name
        wrong = faults(target)
        if wrong:
            yield blocks("definition", about, "; ".join(wrong), "put it right with --set")
        strange = unknown_settings(target)
        if strange:
            yield warns(
                "definition", about, f"no release known to us has {listed(strange)}",
                "a server that does not know a setting drops it without a word; it is read back",
            )  # fmt: skip
        try:
            shape_of(one.translation.source)
        except UnknownType as error:
            yield blocks("data-type", one.wanted.name, str(error), "take the backup strategy")
        if not wrong and not strange:
            yield ok("definition", about, f"{len(one.translation.dropped)} computed settings are "
                     "left out, the rest is posted as it is")  # fmt: skip
    order = creation_order(
        [one.translation.target for one in facts.collections], facts.target.collections.value or ()
    )
    for unmet in order.unmet:
        yield blocks(
            "references", unmet.collection,
            f"{unmet.property['name']} refers to {listed(unmet.targets)}, which the target lacks",
            f"copy it too, or leave the property out: --set properties."
            f"{unmet.property['name']}=null",
        )  # fmt: skip


def replication(facts: Facts) -> Iterator[Check]:
    """The target has as many nodes as the replication factor asks for."""
    nodes = len(facts.target.expected)
    for one in facts.collections:
        about = one.translation.name
        factor = factor_of(one.translation.target)
        if factor > nodes:
            yield blocks(
                "replication-factor", about, f"factor {factor}, and the target has {nodes} nodes",
                f"--set replicationConfig.factor={nodes}",
            )  # fmt: skip
        elif factor == 1 and nodes >= 3:
            yield warns("replication-factor", about, f"factor 1 on {nodes} nodes: the loss of one "
                        "loses data", "--set replicationConfig.factor=3")  # fmt: skip
        else:
            yield ok("replication-factor", about, f"factor {factor} on {nodes} nodes")


def modules(facts: Facts) -> Iterator[Check]:
    """Modules that the definitions name are there; vectors are not made where none were."""
    for one in facts.collections:
        target = one.translation.target
        about = one.translation.name
        named = modules_of(target)
        absent = {name: place for name, place in named.items() if name not in facts.target.modules}
        for module, place in absent.items():
            settings = " ".join(f"--set {text}" for text in without_module(target, module))
            yield blocks(
                "modules", about, f"the target has no module {module} ({place})",
                f"switch it on there, or leave it out: {settings}",
            )  # fmt: skip
        if named and not absent:
            yield ok("modules", about, f"the target has {listed(named)}")
        yield from _vectorless(one, set(absent))


def _vectorless(one: CollectionFacts, absent: set[str]) -> Iterator[Check]:
    """Objects without a vector would be vectorized, and billed (the engine's point 14)."""
    made = {
        path[1] if path else "": module
        for path, module in vectorizers(one.translation.target).items()
        if module not in absent
    }
    if not made:
        return
    lacking = {name: count for name, count in one.sample.vectorless if name in made}
    about = one.translation.name
    modules = sorted(set(made.values()))
    settings = (text for name in modules for text in without_module(one.translation.target, name))
    ways = " ".join(f"--set {text}" for text in settings)
    of = f"of {one.sample.objects:,} objects that were sampled"
    if lacking:
        said = listed(f"{count:,} lack {name or 'the vector'}" for name, count in lacking.items())
        yield blocks(
            "vectorless", about,
            f"{of}, {said}: {listed(modules)} of the target would make vectors that the source "
            "does not have, and may bill them",
            f"{ways}, or take them as they get by typing vectorless", liftable=True,
        )  # fmt: skip
    elif one.sample.all_of_them:
        yield ok("vectorless", about, f"all {one.sample.objects:,} objects have their vectors")
    else:
        yield warns(
            "vectorless", about,
            f"{of}, none lacks a vector; others may, and the target would make theirs, and may "
            "bill them", ways,
        )  # fmt: skip


def values(facts: Facts) -> Iterator[Check]:
    """Data types and values that no way of writing takes."""
    for one in facts.collections:
        types = property_types(one.translation.source)
        hashed = [name for name, kinds in types.items() if COPIED_BY_KIND & set(kinds)]
        if hashed and facts.spec.strategy is not Strategy.BACKUP:
            yield blocks(
                "blobhash", one.wanted.name,
                f"{listed(hashed)} is a blobHash: a server hashes whatever is written, so a copied "
                "hash is hashed again", "take the backup strategy, or a transform that gives the "
                "original; typing the code copies it wrong", liftable=True,
            )  # fmt: skip
        yield from _ints(one, types)


def _ints(one: CollectionFacts, types: dict[str, tuple[str, ...]]) -> Iterator[Check]:
    if not any(set(kinds) & {"int", "int[]"} for kinds in types.values()):
        return
    way = "written by REST, slower than the others, and served as 9223372036854776000 on both sides"
    seen = sorted({name for name, _ in one.sample.extreme_ints})
    if seen:
        yield warns("int-extremes", one.wanted.name, f"{listed(seen)} holds 2^63-1: {way}")
    else:
        sampled = f"none in {one.sample.objects:,} sampled objects"
        yield ok("int-extremes", one.wanted.name, f"an int at 2^63-1 is {way}; {sampled}")


def expiry(facts: Facts) -> Iterator[Check]:
    """Objects that expire: the target's must not on the way."""
    for one in facts.collections:
        if one.translation.ttl is None:
            continue
        yield warns(
            "ttl", one.wanted.name,
            f"objects expire ({_ttl(one.translation.ttl)}): the target gets this at cut-over, and "
            "what expired meanwhile is counted apart",
            "the target needs OBJECTS_TTL_DELETE_SCHEDULE for it to take effect",
        )  # fmt: skip


def times(facts: Facts) -> Iterator[Check]:
    """What changes for every object, said before the start."""
    if facts.spec.strategy is not Strategy.BACKUP and not facts.spec.schema_only:
        yield warns(
            "times", facts.target.name,
            "creation and update times of all objects become those of the copy",
            "only the backup strategy keeps them",
        )  # fmt: skip
    yield ok(
        "autoschema", facts.target.name,
        "whether it is on is told by no API; every collection is made and read back before the "
        "first write, and an object with a property that its definition lacks stops the copy",
    )  # fmt: skip


def factor_of(definition: dict[str, Any]) -> int:
    """The replication factor; 1 where none is said."""
    return int((definition.get("replicationConfig") or {}).get("factor") or 1)


def _ttl(ttl: dict[str, Any]) -> str:
    return f"{ttl.get('defaultTtl', 'unknown')} s after {ttl.get('deleteOn', 'a date')}"
