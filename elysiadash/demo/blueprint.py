"""Plans of collections, and the model made from them: names, shards and replicas from a seed."""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from elysiadash.demo.clock import Clock
from elysiadash.demo.definitions import (
    Definition,
    class_definition,
    property_definition,
    vector_index,
)
from elysiadash.demo.flows import NOTHING, Flow, Latency
from elysiadash.demo.model import STILL, Collection, Drift, Model, Node, Shard

_SHARD_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """A collection in a scenario: what it holds, how it is spread, and what is wrong with it."""

    name: str
    properties: str
    """`title:text isbn:text:field year:int:range`: name, data type, tokenization or `range`."""
    objects: int
    replication_factor: int = 3
    shards: int = 3
    vectors: Mapping[str, tuple[str, Definition]] = field(
        default_factory=lambda: {"default": vector_index()}
    )
    dimensions: int = 384
    description: str = ""
    queries_per_second: float = 0.0
    query_ms: float = 6.0
    imports_per_second: float = 0.0
    tenants: int = 0
    cold_share: float = 0.0
    bytes_per_object: int = 1800
    tombstones: float = 0.0
    queue: Drift = STILL
    readonly_shards: int = 0
    behind: Mapping[str, Drift] = field(default_factory=dict)
    """Node -> what each of its replicas misses."""
    slower_for: tuple[float, float] | None = None
    """`(seconds, factor)`: for so long now, queries have taken so many times as long."""
    first_node: int | None = None
    """The node of the first shard's first replica; None lets the seed decide."""


def build_model(
    name: str,
    plans: Sequence[CollectionPlan],
    *,
    nodes: int,
    seed: int,
    clock: Clock,
    traffic: bool,
    uptime: float = 12 * _DAY,
) -> Model:
    """The model at the clock's present moment. Without `traffic` nothing moves by itself."""
    rng = random.Random(f"{seed}/{name}")
    now = clock()
    members = {
        f"node-{index}": Node(
            name=f"node-{index}",
            raft_address=f"10.7.0.{10 + index}:8300",
            first_started_at=now - uptime * rng.uniform(0.6, 1.0),
            batch_rate=rng.randrange(40, 900),
        )
        for index in range(nodes)
    }
    collections = {
        plan.name: _build_collection(
            plan, list(members), f"{seed}/{name}/{plan.name}", now, traffic
        )
        for plan in plans
    }
    return Model(
        name=name,
        seed=seed,
        clock=clock,
        started_at=now,
        nodes=members,
        collections=collections,
        base_raft_index=rng.randrange(900, 1400) + 3 * len(plans),
    )


def _build_collection(
    plan: CollectionPlan, nodes: list[str], seed: str, now: float, traffic: bool
) -> Collection:
    rng = random.Random(seed)
    properties = [_property(word) for word in plan.properties.split()]
    definition = class_definition(
        plan.name,
        properties=properties,
        vectors=plan.vectors,
        replication_factor=plan.replication_factor,
        shards=plan.shards,
        multi_tenant=plan.tenants > 0,
        description=plan.description,
    )
    shards = _tenants(plan, nodes, rng) if plan.tenants else _shards(plan, nodes, rng)
    for shard in list(shards.values())[: plan.readonly_shards]:
        shard.frozen = dict.fromkeys(shard.nodes, "manually set by user")
    collection = Collection(
        name=plan.name,
        definition=definition,
        shards=shards,
        created_at=now - rng.uniform(20, 300) * _DAY,
        lengths=dict.fromkeys(plan.vectors, plan.dimensions),
        latency=Latency(plan.query_ms, rng.uniform(0.5, 0.9)),
        bytes_per_object=plan.bytes_per_object,
    )
    if traffic:
        _set_in_motion(collection, plan, rng, now)
    return collection


def _set_in_motion(
    collection: Collection, plan: CollectionPlan, rng: random.Random, now: float
) -> None:
    collection.queries = _flow(plan.queries_per_second, rng)
    collection.imports = _flow(plan.imports_per_second, rng)
    if plan.slower_for is not None:
        seconds, factor = plan.slower_for
        slow = Latency(collection.latency.median_ms * factor, collection.latency.spread)
        collection.slower_since = (now - seconds, slow)
    if plan.imports_per_second:
        written = [shard for shard in collection.shards.values() if shard.loaded]
        for shard in written[:64]:
            shard.share = 1.0 / min(64, len(written))


def _flow(rate: float, rng: random.Random) -> Flow:
    if rate <= 0:
        return NOTHING
    return Flow(rate, rng.uniform(0.15, 0.5), rng.uniform(300, 1500), rng.uniform(0, math.tau))


def spread_shards(
    count: int, replication_factor: int, nodes: list[str], rng: random.Random
) -> dict[str, Shard]:
    """Empty shards, one node after the other."""
    plan = CollectionPlan("", "", 0, replication_factor, count)
    return _shards(plan, nodes, rng)


def _shards(plan: CollectionPlan, nodes: list[str], rng: random.Random) -> dict[str, Shard]:
    names = ["".join(rng.choices(_SHARD_LETTERS, k=12)) for _ in range(plan.shards)]
    first = rng.randrange(len(nodes)) if plan.first_node is None else plan.first_node
    weights = [rng.uniform(0.9, 1.1) for _ in names]
    shards = {}
    left = plan.objects
    for place, (name, weight) in enumerate(zip(names, weights, strict=True)):
        last = place == len(names) - 1
        objects = left if last else int(plan.objects * weight / sum(weights))
        left -= objects
        shards[name] = _shard(plan, name, objects, nodes, first + place, rng)
    return shards


def _tenants(plan: CollectionPlan, nodes: list[str], rng: random.Random) -> dict[str, Shard]:
    shards = {}
    each = plan.objects // plan.tenants
    for place in range(plan.tenants):
        name = f"tenant-{place:04d}"
        objects = max(1, int(each * rng.lognormvariate(-0.3, 0.8)))
        shard = _shard(plan, name, objects, nodes, place, rng)
        shard.activity = "COLD" if rng.random() < plan.cold_share else "HOT"
        shards[name] = shard
    return shards


def _shard(
    plan: CollectionPlan, name: str, objects: int, nodes: list[str], first: int, rng: random.Random
) -> Shard:
    replicas = min(plan.replication_factor, len(nodes))
    holders = tuple(nodes[(first + step) % len(nodes)] for step in range(replicas))
    return Shard(
        name=name,
        nodes=holders,
        objects=objects,
        key=rng.getrandbits(64),
        behind={node: missing for node, missing in plan.behind.items() if node in holders},
        queue=plan.queue,
        tombstones=plan.tombstones,
        segments=3 + zlib.crc32(name.encode()) % 9,
    )


def _property(word: str) -> Definition:
    name, data_type, *extra = word.split(":")
    option = extra[0] if extra else ""
    if data_type.startswith("object"):
        nested = [property_definition("name", "text"), property_definition("count", "int")]
        return property_definition(name, data_type, nested=nested)
    return property_definition(
        name,
        data_type,
        tokenization="word" if option in ("", "range") else option,
        range_filters=option == "range",
    )
