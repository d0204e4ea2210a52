"""The clusters that can be simulated: healthy, troubled, empty, and large ones for benchmarks."""

from __future__ import annotations

from dataclasses import dataclass, field

from elysiadash.demo.blueprint import CollectionPlan, build_model
from elysiadash.demo.clock import Clock
from elysiadash.demo.definitions import vector_index
from elysiadash.demo.faults import Fault
from elysiadash.demo.kept import keep
from elysiadash.demo.model import Drift, Model

#: Name in `--scenario` -> name of the cluster.
SCENARIOS = {"healthy": "demo-healthy", "troubled": "demo-troubled", "empty": "demo-empty"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A cluster at its start, and what is wrong with it from the start."""

    model: Model
    faults: list[Fault] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a benchmark's cluster; replication factor 1 keeps it at one row per shard."""

    collections: int
    shards: int
    replication_factor: int = 1

    @classmethod
    def parse(cls, text: str) -> Scale:
        """`5000x10` or `5000x10x3`: collections x shards (x replication factor).

        Raises `ValueError` for anything else.
        """
        parts = text.lower().split("x")
        if len(parts) not in (2, 3) or not all(part.isdigit() and int(part) > 0 for part in parts):
            raise ValueError(
                f"{text!r} is not a size; write COLLECTIONSxSHARDS, for example 5000x10,"
                " or COLLECTIONSxSHARDSxREPLICATIONFACTOR"
            )
        return cls(*map(int, parts))


def scenario(
    name: str, *, seed: int, clock: Clock, traffic: bool = True, scale: Scale | None = None
) -> Scenario:
    """One of `SCENARIOS`, at the clock's present moment; `scale` replaces its collections."""
    if name not in SCENARIOS:
        known = ", ".join(sorted(SCENARIOS))
        raise ValueError(f"there is no scenario {name!r}; there are: {known}")
    if scale is not None:
        plans = _many(scale)
    else:
        plans = {"healthy": _healthy, "troubled": _troubled, "empty": list}[name]()
    cluster = SCENARIOS[name]
    model = build_model(cluster, plans, nodes=3, seed=seed, clock=clock, traffic=traffic)
    if scale is None and name == "healthy":
        model.aliases = {"Catalog": "Products", "Docs": "Documents"}
        _add_backups(model, failed=False)
    if name == "troubled":
        model.async_indexing = True
        if scale is None:
            model.aliases = {"Docs": "Documents"}
            _add_backups(model, failed=True)
        return Scenario(model, [Fault(kind="node_down", node="node-2", start=-5400.0)])
    return Scenario(model)


def _healthy() -> list[CollectionPlan]:
    return [
        CollectionPlan(
            "Documents",
            "title:text body:text source:text:field year:int:range tags:text[] createdAt:date",
            1_204_031,
            shards=6,
            vectors={"body": vector_index(rq={"enabled": True}), "title": vector_index(ef=64)},
            dimensions=768,
            description="Published documents, one object each",
            queries_per_second=42.0,
            query_ms=9.0,
            imports_per_second=11.0,
            bytes_per_object=7400,
        ),
        CollectionPlan(
            "Chunks",
            "text:text document:uuid position:int",
            8_640_112,
            shards=12,
            vectors={"default": vector_index(sq={"enabled": True}, distance="dot")},
            dimensions=768,
            queries_per_second=96.0,
            query_ms=14.0,
            imports_per_second=64.0,
            bytes_per_object=4100,
        ),
        CollectionPlan(
            "Products",
            "name:text brand:text:field price:number:range inStock:boolean location:geoCoordinates",
            412_807,
            vectors={"": vector_index(pq={"enabled": True, "segments": 96})},
            queries_per_second=31.0,
            query_ms=5.0,
            imports_per_second=2.5,
        ),
        CollectionPlan(
            "Reviews",
            "text:text stars:int author:object helpful:int[]",
            2_310_554,
            replication_factor=2,
            queries_per_second=8.0,
            imports_per_second=6.0,
        ),
        CollectionPlan(
            "SupportTickets",
            "subject:text body:text state:text:field openedAt:date labels:text[]",
            98_213,
            queries_per_second=3.5,
            imports_per_second=0.4,
        ),
        CollectionPlan(
            "Images",
            "caption:text width:int height:int sha256:text:field thumb:blob",
            640_990,
            replication_factor=2,
            vectors={
                "clip": vector_index(bq={"enabled": True}),
                "colbert": vector_index(multivector={"enabled": True}),
            },
            dimensions=512,
            queries_per_second=12.0,
            query_ms=22.0,
            imports_per_second=1.2,
            bytes_per_object=3600,
        ),
        CollectionPlan(
            "Events",
            "kind:text:field at:date weight:number scores:number[]",
            5_120_400,
            replication_factor=1,
            shards=6,
            vectors={"default": vector_index("flat", bq={"enabled": True})},
            queries_per_second=5.0,
            query_ms=31.0,
            imports_per_second=140.0,
            bytes_per_object=1900,
        ),
        CollectionPlan(
            "Sessions",
            "user:uuid page:text:field seconds:number",
            310_221,
            replication_factor=1,
            vectors={"default": vector_index("hfresh")},
            imports_per_second=22.0,
        ),
        CollectionPlan(
            "Customers",
            "name:text note:text since:date active:boolean",
            412_000,
            tenants=2_000,
            cold_share=0.7,
            vectors={"default": vector_index("dynamic")},
            description="One tenant per customer",
            queries_per_second=17.0,
            query_ms=4.0,
            imports_per_second=3.0,
        ),
        CollectionPlan(
            "AuditLog",
            "actor:text:field action:text:field at:date",
            880_115,
            vectors={"": vector_index(skip=True)},
            imports_per_second=4.0,
            bytes_per_object=600,
        ),
        CollectionPlan(
            "Translations",
            "source:text target:text language:text:field",
            1_020_760,
            replication_factor=2,
            shards=4,
            queries_per_second=2.0,
        ),
        CollectionPlan(
            "Glossary", "term:text meaning:text", 1_204, shards=1, queries_per_second=0.6
        ),
    ]


def _troubled() -> list[CollectionPlan]:
    return [
        CollectionPlan(
            "Documents",
            "title:text body:text source:text:field year:int:range createdAt:date",
            604_118,
            shards=3,
            dimensions=768,
            queries_per_second=24.0,
            query_ms=8.0,
            imports_per_second=6.0,
            slower_for=(1800.0, 9.0),
            behind={"node-1": Drift(2150.0, 0.4)},
            bytes_per_object=7400,
        ),
        CollectionPlan(
            "Chunks",
            "text:text document:uuid position:int",
            2_480_007,
            shards=6,
            dimensions=768,
            queries_per_second=30.0,
            imports_per_second=85.0,
            queue=Drift(18_400.0, 14.0),
            bytes_per_object=4100,
        ),
        CollectionPlan(
            "Products",
            "name:text brand:text:field price:number:range inStock:boolean",
            212_807,
            vectors={"": vector_index()},
            queries_per_second=12.0,
            readonly_shards=1,
        ),
        CollectionPlan(
            "Reviews",
            "text:text stars:int author:object",
            902_400,
            queries_per_second=6.0,
            tombstones=0.38,
        ),
        CollectionPlan(
            "Events",
            "kind:text:field at:date weight:number",
            1_530_900,
            replication_factor=1,
            shards=3,
            first_node=0,
            queries_per_second=4.0,
            query_ms=26.0,
        ),
        CollectionPlan(
            "Customers",
            "name:text note:text since:date",
            41_200,
            tenants=240,
            cold_share=0.5,
            queries_per_second=5.0,
        ),
        CollectionPlan("Glossary", "term:text meaning:text", 1_204, shards=1),
    ]


def _many(scale: Scale) -> list[CollectionPlan]:
    """Many alike collections, of which 1 in 100 has traffic, so that most answers stay as they
    are and can be kept rendered."""
    return [
        CollectionPlan(
            f"Bench{place:05d}",
            "title:text number:int",
            1_000 * scale.shards + place % 977,
            replication_factor=scale.replication_factor,
            shards=scale.shards,
            queries_per_second=2.0 if place % 100 == 0 else 0.0,
            imports_per_second=5.0 if place % 100 == 0 else 0.0,
        )
        for place in range(scale.collections)
    ]


def _add_backups(model: Model, *, failed: bool) -> None:
    """Two nightly backups of everything; the last one may have failed."""
    names = sorted(model.collections)
    night = model.started_at - model.started_at % 86_400 + 7_200
    last = night if night < model.started_at - 3_600 else night - 86_400
    for age, status in ((1, "SUCCESS"), (0, "FAILED" if failed else "SUCCESS")):
        started = last - age * 86_400
        backup = {
            "classes": names,
            "completedAt": started + 1_260.0,
            "id": f"nightly-{int(started // 86_400)}",
            "kept": keep(model, names, model.started_at),
            "size": 61.2741 + age,
            "startedAt": started,
            "status": status,
        }
        if status == "FAILED":
            backup["error"] = 'node "node-2" might be down: could not resolve its address'
        model.backups.append(backup)
