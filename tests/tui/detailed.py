"""A still cluster whose collections have everything that the detail shows."""

from __future__ import annotations

import math

from elysiadash.cluster.history import History
from elysiadash.cluster.slices import Kind
from elysiadash.weaviate.models import (
    Bm25,
    CollectionDefinition,
    InvertedIndex,
    MultiTenancy,
    Property,
    Quantizer,
    Replication,
    Schema,
    Sharding,
    Tenant,
    VectorIndexConfig,
)
from tests.tui.still import START, StillWatch, still_cluster

STATES = ("HOT", "COLD", "COLD", "FROZEN")


def detailed_cluster(tenants: int = 40) -> StillWatch:
    """``Documents`` with shards, charts and settings, ``Customers`` with tenants."""
    watch = still_cluster()
    watch.history = History(720)
    for step in range(40):
        wave = 1 + math.sin(step / 5)
        # Metrics were not answered for a minute and a half.
        silent = 18 <= step < 24
        watch.history.append(
            START - 600 + 15 * (step + 1),
            {
                "objects_per_s": {"Documents": 20.0 * step - 200},
                "imports_per_s": {"Documents": None if silent else 400 * wave},
                "queries_per_s": {"Documents": None if silent else 212.0},
                "query_ms_p50": {"Documents": None if silent else 4.0 + step % 3},
                "query_ms_p95": {"Documents": None if silent else 18.0 + 9 * (step % 7 == 0)},
                "vector_queue": {"Documents": 0.0},
            },
        )
    watch.store.put(Kind.SCHEMA, Schema(classes=definitions()), asked_at=watch.clock.now)
    watch.tenants_of["Customers"] = tuple(
        Tenant(f"tenant-{number:04d}", STATES[number % len(STATES)]) for number in range(tenants)
    )
    return watch


def definitions() -> list[CollectionDefinition]:
    """The schema of the still cluster, with what the settings' pane shows."""
    return [
        CollectionDefinition(
            name="Documents",
            description="Every page of every document",
            replication_config=Replication(
                factor=3, async_enabled=True, deletion_strategy="TimeBasedResolution"
            ),
            sharding_config=Sharding(desired_count=12, actual_count=12),
            vector_index_type="hnsw",
            vector_index_config=VectorIndexConfig(
                distance="cosine",
                ef=-1,
                ef_construction=128,
                max_connections=32,
                rq=Quantizer(enabled=True, bits=8, rescore_limit=20),
            ),
            inverted_index_config=InvertedIndex(bm25=Bm25(k1=1.2, b=0.75)),
            multi_tenancy_config=MultiTenancy(),
            vectorizer="none",
            module_config={"generative-openai": {"model": "gpt-4o"}},
            properties=[Property(name="title", data_type=["text"], index_searchable=True)],
        ),
        *(
            CollectionDefinition(
                name=name,
                replication_config=Replication(factor=3),
                multi_tenancy_config=MultiTenancy(enabled=name == "Customers"),
                sharding_config=Sharding(actual_count=12),
            )
            for name in ("Chunks", "Customers", "Events", "Glossary")
        ),
    ]
