"""How dear it is to read Prometheus text: ours beside prometheus_client, in one process.

    python -m tests.benchmarks.exposition

The text is made up in the proportions of a recorded Weaviate 1.39.0 node. Times are CPU time of
this process, the best of a few runs; what another machine can repeat is the ratio.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from elysiadash.weaviate.exposition import ExpositionReader
from elysiadash.weaviate.node_metrics import NodeMetrics, NodeMetricsReader
from elysiadash.weaviate.rates import bucket_delta, quantile
from tests.benchmarks.rows import Row, print_rows

MIB = 1024 * 1024
CHUNK = 64 * 1024
NODES = 3

_BOUNDS = ("10", "50", "100", "500", "1000", "5000", "10000", "60000", "300000", "+Inf")
_BUCKETS = {
    "objects": "replace",
    "property__id": "setcollection",
    "property_body": "roaringset",
    "property_body_searchable": "inverted",
    "property_count": "roaringset",
    "property_day": "roaringset",
    "property_title": "roaringset",
    "property_title_searchable": "inverted",
    "dimensions": "roaringset",
}
_MEMTABLE_OPERATIONS = ("append", "appendTombstone", "get", "getBySecondary", "put", "setTombstone")
_VECTOR_STEPS = ("find_and_connect_heuristic", "find_and_connect_search", "find_and_connect_total")
_SHARD_GAUGES = (
    "object_count",
    "queue_count_by_shard",
    "queue_size",
    "tombstone_delete_list_size",
    "vector_index_size",
    "vector_index_tombstone_cleaned",
    "vector_index_tombstone_cleanup_threads",
    "vector_index_tombstone_cycle_progress",
    "vector_index_tombstone_unexpected_total",
    "vector_index_tombstones",
)


class Shape(NamedTuple):
    """How much one node tells: collections queried, shards loaded of each, buckets per shard."""

    collections: int
    shards: int
    buckets: int


#: About 20 MB. As recorded: few shards loaded, each with all its LSM buckets.
AS_RECORDED = Shape(collections=570, shards=1, buckets=9)
#: About 20 MB. The dearest case: 5,000 collections of 10 shards over 3 nodes, every collection
#: queried, without the LSM families (with them such a node would tell more than 700 MB).
WIDE = Shape(collections=5000, shards=3, buckets=0)


def node_exposition(shape: Shape, node: int = 0) -> bytes:
    """One node's text in the order and spelling of the Go client: families and labels sorted."""
    families = [*_per_node(), *_per_collection(shape), *_per_shard(shape, node)]
    if shape.buckets:
        families += _per_bucket(shape, node)
    lines: list[str] = []
    for name, kind, samples in sorted(families):
        lines += (f"# HELP {name} What {name} means, in a sentence.", f"# TYPE {name} {kind}")
        lines += samples
    return ("\n".join(lines) + "\n").encode()


Made = tuple[str, str, list[str]]


def _collection(number: int) -> str:
    return f"Collection{number:04d}"


def _shard(number: int, node: int) -> str:
    return f"{(number * 2654435761 + node * 40503) % 2**48:012x}"


def _per_node() -> list[Made]:
    routes = [f"/v1/thing{number:02d}/{{className}}" for number in range(12)]
    bounds = [f"{0.0001 * 2**step:.6g}" for step in range(20)]
    made: list[Made] = [
        (
            f"weaviate_http_{what}",
            "histogram",
            [
                f'weaviate_http_{what}_bucket{{method="GET",route="{route}",le="{bound}"}} {at}'
                for route in routes
                for at, bound in enumerate(bounds)
            ],
        )
        for what in ("request_duration_seconds", "request_size_bytes", "response_size_bytes")
    ]
    made += [
        ("process_start_time_seconds", "gauge", ["process_start_time_seconds 1.79547932115e+09"]),
        ("process_resident_memory_bytes", "gauge", ["process_resident_memory_bytes 2.006e+08"]),
    ]
    made += [(f"go_thing_{at}", "gauge", [f"go_thing_{at} {at}"]) for at in range(150)]
    return made


def _per_collection(shape: Shape) -> list[Made]:
    name = "queries_durations_ms"
    samples = []
    for number in range(shape.collections):
        labels = f'class_name="{_collection(number)}",query_type="get_graphql"'
        counts = [number % 37 * (at + 1) for at in range(len(_BOUNDS))]
        samples += [
            f'{name}_bucket{{{labels},le="{bound}"}} {count}'
            for bound, count in zip(_BOUNDS, counts, strict=True)
        ]
        samples += [f"{name}_sum{{{labels}}} {counts[-1] * 13.25}"]
        samples += [f"{name}_count{{{labels}}} {counts[-1]}"]
    return [(name, "histogram", samples)]


def _per_shard(shape: Shape, node: int) -> list[Made]:
    shards = [
        f'class_name="{_collection(number)}",{{}}shard_name="{_shard(number * 16 + at, node)}"'
        for number in range(shape.collections)
        for at in range(shape.shards)
    ]
    made: list[Made] = [
        (name, "gauge", [f"{name}{{{labels.format('')}}} {at}" for at, labels in enumerate(shards)])
        for name in _SHARD_GAUGES
    ]
    name = "vector_index_operations"
    made.append((name, "gauge", _split_by(name, "operation", ("create", "delete"), shards)))
    name = "batch_objects_processed_total"
    whole = [f'class_name="{_collection(at)}",shard_name="n/a"' for at in range(shape.collections)]
    made.append((name, "counter", [f"{name}{{{labels}}} 1.25e+06" for labels in whole]))
    if shape.buckets:
        name = "vector_index_durations_ms"
        made.append((name, "summary", _split_by(f"{name}_sum", "step", _VECTOR_STEPS, shards)))
    return made


def _split_by(name: str, label: str, values: tuple[str, ...], shards: list[str]) -> list[str]:
    cells = [f'{label}="{value}",' for value in values]
    return [
        f"{name}{{{labels.format(cell)}}} {at * 7919 % 100000}"
        for at, labels in enumerate(shards)
        for cell in cells
    ]


def _per_bucket(shape: Shape, node: int) -> list[Made]:
    places = []
    for number in range(shape.collections):
        collection = _collection(number)
        for at in range(shape.shards):
            shard = _shard(number * 16 + at, node)
            root = f"/var/lib/weaviate/{collection.lower()}/{shard}/lsm"
            places += [
                (collection, f'path="{root}/{bucket}",shard_name="{shard}",strategy="{strategy}"')
                for bucket, strategy in list(_BUCKETS.items())[: shape.buckets]
            ]
    plain = ("lsm_active_segments", "lsm_memtable_size", "lsm_segment_unloaded")
    made: list[Made] = [
        (name, "gauge", [f'{name}{{class_name="{c}",{rest}}} 3' for c, rest in places])
        for name in plain
    ]
    counts = [f'lsm_segment_count{{class_name="{c}",level="0",{r}}} 3' for c, r in places]
    sizes = [
        f'lsm_segment_size{{class_name="{c}",level="0",{rest},unit="{unit}"}} {at * 104729 % 10**8}'
        for at, (c, rest) in enumerate(places)
        for unit in ("index", "payload")
    ]
    durations = [
        f'lsm_memtable_durations_ms_{end}{{class_name="{c}",operation="{op}",{rest}}} 0.25'
        for c, rest in places
        for op in _MEMTABLE_OPERATIONS
        for end in ("sum", "count")
    ]
    made += [("lsm_segment_count", "gauge", counts), ("lsm_segment_size", "gauge", sizes)]
    return [*made, ("lsm_memtable_durations_ms", "summary", durations)]


def read_node(body: bytes, chunk: int = CHUNK) -> NodeMetrics:
    reader = NodeMetricsReader(1024 * MIB)
    for at in range(0, len(body), chunk):
        reader.feed(body[at : at + chunk])
    return reader.close()


def run() -> list[Row]:
    """All measurements; half a minute or so."""
    rows = []
    for words, shape in (("as recorded", AS_RECORDED), ("5,000 collections, all told", WIDE)):
        bodies = [node_exposition(shape, node) for node in range(NODES)]
        rows += _reading_rows(words, bodies)
    rows += _memory_rows()
    return rows


def _reading_rows(words: str, bodies: list[bytes]) -> list[Row]:
    total = sum(map(len, bodies))
    ours = _best(lambda: [read_node(body) for body in bodies], runs=5)
    part = _slice(bodies[0], 2 * MIB)
    peer = _best(lambda: list(text_string_to_metric_families(part.decode())), runs=2)
    extrapolated = peer * total / len(part)
    read = [read_node(body) for body in bodies]
    collections = len({name for node in read for name in node.per_collection})
    quantiles = _best(lambda: _quantiles(read), runs=3)
    return [
        Row(
            f"{NODES} nodes, {words}: {total / 1e6:.0f} MB to {collections} collections' numbers",
            f"{ours * 1e3:.0f} ms",
            f"{extrapolated:.1f} s",
            f"{extrapolated / ours:.0f} times",
            f"the peer read {len(part) / 1e6:.1f} MB of it, extrapolated by size",
        ),
        Row(
            f"p50 and p95 of {collections} collections over {NODES} nodes",
            _ms(quantiles),
            "",
            "",
            "",
        ),
    ]


def _quantiles(nodes: list[NodeMetrics]) -> None:
    for name in nodes[0].per_collection:
        buckets = [node.per_collection[name].query_buckets for node in nodes]
        deltas = [bucket_delta(one, one, True) for one in buckets]
        for q in (0.5, 0.95):
            quantile(deltas, q)


def _memory_rows() -> list[Row]:
    def stream(megabytes: int) -> Iterator[bytes]:
        yield b"# TYPE lsm_memtable_durations_ms summary\n"
        line = b'lsm_memtable_durations_ms_sum{class_name="C",operation="append",path="%s"} 0.5\n'
        block = (line % (b"p" * 90)) * 400
        yield from (block for _ in range(megabytes * MIB // len(block)))

    def read(megabytes: int, limit: int) -> tuple[int, int]:
        reader = ExpositionReader({"queries_durations_ms"}, limit * MIB)
        gc.collect()
        tracemalloc.start()
        for chunk in stream(megabytes):
            if not reader.feed(chunk):
                break
        taken = reader.close().bytes_read
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken, peak

    rows = []
    for limit in (64, 2048):
        taken, peak = read(1024, limit)
        what = f"1 GB that nobody wants, limit {limit} MiB: read {taken / 1e6:.0f} MB"
        rows.append(Row(what, f"peak {peak / 1e6:.1f} MB", "", "", ""))
    return rows


def _slice(body: bytes, size: int) -> bytes:
    """Pieces of whole lines from all over the text, so that its proportions stay."""
    pieces = 16
    taken = []
    for at in range(0, len(body), len(body) // pieces + 1):
        start = body.index(b"\n", at) + 1
        taken.append(body[start : body.rindex(b"\n", 0, start + size // pieces) + 1])
    return b"".join(taken)


def _best(work: Callable[[], object], runs: int) -> float:
    """CPU seconds of this process, the best of ``runs``."""
    times = []
    for _ in range(runs):
        gc.collect()
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"


def main() -> None:
    """Print the table."""
    print_rows("exposition", run())


if __name__ == "__main__":
    main()
