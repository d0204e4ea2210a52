"""Families with a collection in their labels: queries, imports, objects, vector index, LSM."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from elysiadash.demo.definitions import vector_configurations
from elysiadash.demo.exposition import Exposition, histogram, number
from elysiadash.demo.model import Collection, Shard
from elysiadash.demo.world import World

_QUERY_BOUNDS = ("10", "50", "100", "500", "1000", "5000", "10000", "60000", "300000", "+Inf")
_QUEUE_BOUNDS = (
    *("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10"),
    "+Inf",
)
_BATCH_OPERATIONS = {
    "total_api_level": 21.0,
    "total_persistence_level": 18.0,
    "total_preprocessing": 0.8,
    "total_uc_level": 19.0,
}
_LAZY = ("lazySegmentClose", "lazySegmentInit", "lazySegmentLoad", "lazySegmentUnLoad")
_BATCH_SIZE = 100

#: Beyond so many replicas on a node, and for tenants, a replica has fewer series.
_LEAN_ABOVE = 2_000

Text = Callable[[float], str]


def add_collection_families(into: Exposition, world: World, node: str) -> None:
    """Everything that one node knows of its collections and shards."""
    collections = [world.model.collections[name] for name in sorted(world.collections())]
    for collection in collections:
        _add_traffic(into, world, node, collection)
    _add_batches(into, world, node, collections)
    replicas = list(world.model.replicas_on(node)) if collections else []
    for collection, shard in replicas:
        lean = collection.multi_tenant or len(replicas) > _LEAN_ABOVE
        _add_shard(into, world, node, collection, shard)
        _add_lsm(into, collection, shard, lean)
        if not lean:
            _add_details(into, collection, shard)


def _add_traffic(into: Exposition, world: World, node: str, collection: Collection) -> None:
    """Queries and imports as the asked node counts them; aliases are not told apart."""
    if collection.queries.rate > 0:
        _add_queries(into, world, node, collection)
    name = collection.name
    members = len(world.model.nodes)
    size = collection.bytes_per_object
    imports = f'class_name="{name}",shard_name="n/a"'

    def imported(at: float) -> int:
        written = world.model.imported_since_start(node, name)
        return written + int(collection.imports.total(world.started_at(node), at) / members)

    _moving(
        into, "batch_objects_processed_total", "counter", imports, lambda at: number(imported(at))
    )
    _moving(
        into,
        "batch_objects_processed_bytes",
        "counter",
        imports,
        lambda at: number(imported(at) * size),
    )
    into.family("query_dimensions_total", "counter").add(
        f'query_dimensions_total{{class_name="{name}",operation="nearVector",'
        'query_type="get_graphql"} 0\n'
    )


def _add_queries(into: Exposition, world: World, node: str, collection: Collection) -> None:
    bounds = [float(bound) for bound in _QUERY_BOUNDS]
    members = len(world.model.nodes)
    inner = f'class_name="{collection.name}",query_type="get_graphql"'

    def durations(at: float) -> bytes:
        since = world.started_at(node)
        turn, slow = collection.slower_since or (at, collection.latency)
        turn = max(since, turn)
        quick_count = collection.queries.total(since, turn) / members
        slow_count = collection.queries.total(turn, at) / members
        quick = collection.latency.buckets(quick_count, bounds)
        late = slow.buckets(slow_count, bounds)
        spent = int(quick_count) * collection.latency.mean_ms + int(slow_count) * slow.mean_ms
        counts = [first + second for first, second in zip(quick, late, strict=True)]
        lines = histogram("queries_durations_ms", inner, _QUERY_BOUNDS, counts, round(spent))
        return lines.encode()

    into.family("queries_durations_ms", "histogram").add_moving(durations)
    into.family("concurrent_queries_count", "gauge").add(f"concurrent_queries_count{{{inner}}} 0\n")
    _moving(
        into,
        "requests_total",
        "gauge",
        f'api="graphql",class_name="{collection.name}",query_type="Get",status="ok"',
        lambda at: number(int(collection.queries.total(world.started_at(node), at) / members)),
    )


def _add_batches(into: Exposition, world: World, node: str, collections: list[Collection]) -> None:
    """How long batches took, of all collections together."""
    bounds = [float(bound) for bound in _QUERY_BOUNDS]
    members = len(world.model.nodes)

    def render(at: float) -> bytes:
        since = world.started_at(node)
        objects = sum(collection.imports.total(since, at) for collection in collections) / members
        count = int(objects / _BATCH_SIZE)
        lines = []
        for operation, mean in _BATCH_OPERATIONS.items():
            inner = f'class_name="n/a",operation="{operation}",shard_name="n/a"'
            shares = [1.0 if bound > mean * 2 else 0.35 for bound in bounds]
            counts = [int(count * share) for share in shares]
            lines.append(
                histogram("batch_durations_ms", inner, _QUERY_BOUNDS, counts, count * mean)
            )
        return "".join(lines).encode()

    into.family("batch_durations_ms", "histogram").add_moving(render)


def _add_shard(
    into: Exposition, world: World, node: str, collection: Collection, shard: Shard
) -> None:
    """Objects, the vector index and its queue, on every replica."""
    model = world.model
    inner = f'class_name="{collection.name}",shard_name="{shard.name}"'
    vectors = max(1, len(vector_configurations(collection.definition)))
    moving = bool(shard.share) or shard.writes is not None or bool(shard.behind)

    def listed(at: float) -> str:
        return number(model.listed_count(collection, shard, node, at))

    def slots(at: float) -> str:
        count = model.replica_count(collection, shard, node, at)
        return number(int(count * (1.04 + shard.tombstones)))

    def tombstones(at: float) -> str:
        count = model.replica_count(collection, shard, node, at) * vectors
        return number(int(count * shard.tombstones))

    def queue(at: float) -> str:
        return number(model.queue_length(shard, at))

    queueing = shard.queue.base > 0 or shard.queue.per_second > 0
    now = world.now()
    for name, value, moves in (
        ("object_count", listed, moving),
        ("vector_index_size", slots, moving),
        ("vector_index_tombstones", tombstones, moving and shard.tombstones > 0),
        ("queue_size", queue, queueing),
    ):
        if moves:
            _moving(into, name, "gauge", inner, value)
        else:
            into.family(name, "gauge").add(f"{name}{{{inner}}} {value(now)}\n")


def _add_lsm(into: Exposition, collection: Collection, shard: Shard, lean: bool) -> None:
    """Segments and sizes of the shard's buckets; a lean replica shows only its objects."""
    folder = f"/var/lib/weaviate/{collection.name.lower()}/{shard.name}/lsm"
    for bucket, strategy, share in _OBJECTS if lean else _buckets(collection):
        where = f'path="{folder}/{bucket}",shard_name="{shard.name}",strategy="{strategy}"'
        inner = f'class_name="{collection.name}",{where}'
        size = int(shard.objects * collection.bytes_per_object * share)
        upper = max(1, shard.segments // 3)
        into.family("lsm_active_segments", "gauge").add(
            f"lsm_active_segments{{{inner}}} {shard.segments}\n"
        )
        if not lean:
            into.family("lsm_memtable_size", "gauge").add(
                f"lsm_memtable_size{{{inner}}} {number(size % 9_437_184)}\n"
            )
            into.family("lsm_segment_unloaded", "gauge").add(f"lsm_segment_unloaded{{{inner}}} 0\n")
        for level, count, part in (("0", shard.segments - upper, 0.1), ("1", upper, 0.9)):
            levelled = f'class_name="{collection.name}",level="{level}",{where}'
            into.family("lsm_segment_count", "gauge").add(
                f"lsm_segment_count{{{levelled}}} {count}\n"
            )
            for unit, piece in _LEAN_UNITS if lean else _UNITS:
                into.family("lsm_segment_size", "gauge").add(
                    f'lsm_segment_size{{{levelled},unit="{unit}"}}'
                    f" {number(int(size * part * piece))}\n"
                )


_OBJECTS = (("objects", "replace", 0.72),)
_UNITS = (("index", 0.02), ("payload", 0.98))
_LEAN_UNITS = (("payload", 1.0),)


def _buckets(collection: Collection) -> Iterator[tuple[str, str, float]]:
    """Name, strategy and share of the shard's bytes of each bucket."""
    yield from _OBJECTS
    yield "property__id", "setcollection", 0.05
    for known in collection.definition["properties"]:
        name = known["name"]
        if known["indexFilterable"]:
            yield f"property_{name}", "roaringset", 0.01
        if known["indexSearchable"]:
            yield f"property_{name}_searchable", "inverted", 0.04
        if known["indexRangeFilters"]:
            yield f"property_{name}_rangeable", "roaringsetrange", 0.01


def _add_details(into: Exposition, collection: Collection, shard: Shard) -> None:
    """What a replica of a single-tenant collection shows besides."""
    inner = f'class_name="{collection.name}",shard_name="{shard.name}"'
    done = shard.objects
    for operation in _LAZY:
        into.family("async_operations_running", "gauge").add(
            f'async_operations_running{{class_name="{collection.name}",operation="{operation}",'
            f'path="n/a",shard_name="{shard.name}"}} 0\n'
        )
    for name in ("batch_objects_processed_bytes", "batch_objects_processed_total"):
        into.family(name, "counter").add(f"{name}{{{inner}}} 0\n")
    for name in (
        "queue_disk_usage",
        "tombstone_delete_list_size",
        "vector_index_tombstone_cleanup_threads",
        "vector_index_tombstone_cycle_end_timestamp_seconds",
        "vector_index_tombstone_cycle_progress",
        "vector_index_tombstone_cycle_start_timestamp_seconds",
    ):
        into.family(name, "gauge").add(f"{name}{{{inner}}} 0\n")
    into.family("startup_progress", "gauge").add(
        f'startup_progress{{class_name="{collection.name}",operation="hnsw_read_commitlogs",'
        f'shard_name="{shard.name}"}} 0\n'
    )
    for name in (
        "tombstone_find_global_entrypoint",
        "tombstone_find_local_entrypoint",
        "tombstone_reassign_neighbors",
        "vector_index_tombstone_cleaned",
    ):
        into.family(name, "counter").add(f"{name}{{{inner}}} 0\n")
    for target in vector_configurations(collection.definition):
        for name in ("vector_index_queue_delete_count", "vector_index_queue_insert_count"):
            into.family(name, "counter").add(f'{name}{{{inner},target_vector="{target}"}} 0\n')
    for operation, count in (("create", done), ("delete", int(done * shard.tombstones))):
        into.family("vector_index_operations", "gauge").add(
            f'vector_index_operations{{class_name="{collection.name}",operation="{operation}",'
            f'shard_name="{shard.name}"}} {number(count)}\n'
        )
    empty = [0] * len(_QUEUE_BOUNDS)
    into.family("queue_partition_processing_duration_ms", "histogram").add(
        histogram("queue_partition_processing_duration_ms", inner, _QUEUE_BOUNDS, empty, 0)
    )
    for name, operations in _SUMMARIES.items():
        for operation, step, mean in operations:
            _add_summary(into, name, collection, shard, operation, step, mean)


_SUMMARIES: dict[str, tuple[tuple[str, str, float], ...]] = {
    "batch_delete_durations_ms": (("shard_delete_all", "", 8.0),),
    "lsm_memtable_durations_ms": (("put", "", 0.03),),
    "objects_durations_ms": (("put", "total", 0.11), ("put", "upsert_object_store", 0.03)),
    "queries_filtered_vector_durations_ms": (
        *(("filter", "", 0.4), ("objects", "", 0.3), ("sort", "", 0.0), ("vector", "", 2.1)),
    ),
    "startup_diskio_throughput": (("hnsw_read_commitlogs", "", 4.1e8),),
    "startup_durations_ms": (("lsm_startup_bucket", "", 8.7),),
    "vector_index_durations_ms": (
        ("create", "find_and_connect_total", 1.13),
        ("create", "total", 1.15),
    ),
    "vector_index_maintenance_durations_ms": (("grow", "", 3.5),),
}


def _add_summary(
    into: Exposition,
    name: str,
    collection: Collection,
    shard: Shard,
    operation: str,
    step: str,
    mean: float,
) -> None:
    count = 1 if name.startswith("startup") else shard.objects % 5_000
    inner = f'class_name="{collection.name}",operation="{operation}"'
    if name == "lsm_memtable_durations_ms":
        folder = f"/var/lib/weaviate/{collection.name.lower()}/{shard.name}/lsm/objects"
        inner += f',path="{folder}"'
    inner += f',shard_name="{shard.name}"'
    if name == "lsm_memtable_durations_ms":
        inner += ',strategy="replace"'
    if step:
        inner += f',step="{step}"'
    into.family(name, "summary").add(
        f"{name}_sum{{{inner}}} {number(count * mean)}\n{name}_count{{{inner}}} {count}\n"
    )


def _moving(into: Exposition, name: str, kind: str, inner: str, value: Text) -> None:
    into.family(name, kind).add_moving(lambda at: f"{name}{{{inner}}} {value(at)}\n".encode())
