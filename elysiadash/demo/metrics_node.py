"""Families that speak of the node as a whole: process, raft, shards, routes, LSM totals."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from importlib import resources

from elysiadash.demo.exposition import Exposition, histogram, labels, number
from elysiadash.demo.flows import Latency
from elysiadash.demo.world import World

_ROUTE_LATENCY = Latency(2.2, 0.8)
_STRATEGIES = {
    "inverted": 6,
    "mapcollection": 0,
    "replace": 8,
    "roaringset": 7,
    "roaringsetrange": 1,
    "setcollection": 3,
}

Value = Callable[[float], str]


def add_node_families(into: Exposition, world: World, node: str) -> None:
    """Everything that has no collection in its labels."""
    for name, kind, rate, mean, bounds, series in _catalogue():
        _add_from_catalogue(into, world, node, name, kind, rate, mean, bounds, series)
    _add_process(into, world, node)
    _add_raft(into, world, node)
    _add_schema(into, world, node)
    _add_routes(into, world, node)


Row = tuple[str, str, str, float, tuple[str, ...], tuple[str, ...]]


@cache
def _lines() -> tuple[list[str], ...]:
    text = resources.files("elysiadash.demo").joinpath("families.txt").read_text("utf-8")
    return tuple(line.split() for line in text.splitlines() if line and line[0] != "#")


@cache
def _bounds(name: str) -> tuple[str, ...]:
    """A list of histogram bounds by its name in `families.txt`."""
    return next(tuple(words[2:]) for words in _lines() if words[:2] == ["bounds", name])


@cache
def _catalogue() -> tuple[Row, ...]:
    """Name, kind, rate or value, mean, bounds and series' labels, from `families.txt`."""
    rows: list[Row] = []
    for words in _lines():
        if words[0] == "bounds":
            continue
        name, kind, rate = words[:3]
        if kind == "histogram":
            rows.append((name, kind, rate, float(words[3]), _bounds(words[4]), tuple(words[5:])))
        elif kind in ("summary", "quantiles"):
            rows.append((name, kind, rate, float(words[3]), (), tuple(words[4:])))
        else:
            rows.append((name, kind, rate, 0.0, (), tuple(words[3:])))
    return tuple(rows)


def _add_from_catalogue(
    into: Exposition,
    world: World,
    node: str,
    name: str,
    kind: str,
    rate: str,
    mean: float,
    bounds: tuple[str, ...],
    series: tuple[str, ...],
) -> None:
    family = into.family(name, "summary" if kind == "quantiles" else kind)
    inners = [_inner(words, node) for words in series] or [""]
    if kind == "gauge" or (kind == "counter" and rate == "0"):
        for inner in inners:
            braces = f"{{{inner}}}" if inner else ""
            if rate == "NOW":
                family.add_moving(lambda at, b=braces: f"{name}{b} {number(at)}\n".encode())  # type: ignore[misc]
            else:
                family.add(f"{name}{braces} {number(float(rate))}\n")
        return

    per_second = float(rate)

    def render(at: float) -> bytes:
        count = int(per_second * max(0.0, at - world.started_at(node)))
        return "".join(_series(name, kind, inner, count, mean, bounds) for inner in inners).encode()

    family.add_moving(render)


def _series(
    name: str, kind: str, inner: str, count: int, mean: float, bounds: tuple[str, ...]
) -> str:
    braces = f"{{{inner}}}" if inner else ""
    if kind == "counter":
        return f"{name}{braces} {number(count)}\n"
    if kind == "histogram":
        latency = Latency(max(mean, 1e-9), 0.9)
        return histogram(
            name, inner, bounds, latency.buckets(count, [float(b) for b in bounds]), count * mean
        )
    head = ""
    if kind == "quantiles":
        comma = "," if inner else ""
        for quantile, factor in (("0.5", 0.8), ("0.9", 1.6), ("0.99", 2.6)):
            value = number(mean * factor) if count else "NaN"
            head += f'{name}{{{inner}{comma}quantile="{quantile}"}} {value}\n'
    return f"{head}{name}_sum{braces} {number(count * mean)}\n{name}_count{braces} {count}\n"


def _inner(words: str, node: str) -> str:
    pairs = [word.split("=", 1) for word in words.split("&")]
    return ",".join(f'{name}="{node if value == "NODE" else value}"' for name, value in pairs)


def _add_process(into: Exposition, world: World, node: str) -> None:
    version = world.model.nodes[node].version
    into.family("go_info", "gauge").add('go_info{version="go1.26.8"} 1\n')
    about = {
        "branch": "",
        "goarch": "amd64",
        "goos": "linux",
        "goversion": "go1.26.8",
        "revision": "unknown",
        "tags": "unknown",
        "version": version,
    }
    into.family("weaviate_build_info", "gauge").add(
        f"weaviate_build_info{labels(about.items())} 1\n"
    )
    _add_value(
        into,
        "process_start_time_seconds",
        "gauge",
        "",
        lambda at: number(math.floor(world.started_at(node) * 100) / 100),
    )


def _add_raft(into: Exposition, world: World, node: str) -> None:
    inner = f'nodeID="{node}"'
    for name in (
        "weaviate_cluster_store_fsm_last_applied_index",
        "weaviate_cluster_store_raft_last_applied_index",
    ):
        _add_value(into, name, "gauge", inner, lambda at: number(world.model.raft_index()))
    _add_value(
        into,
        "weaviate_internal_gauge_memberlist_health_score",
        "gauge",
        "",
        lambda at: "0" if world.without_leader_for() is None else "7",
    )
    for state in ("alive", "dead", "left", "suspect"):
        # A real server goes on to count the dead as alive.
        count = len(world.model.nodes) if state == "alive" else 0
        into.family("weaviate_internal_gauge_memberlist_node_instances", "gauge").add(
            f'weaviate_internal_gauge_memberlist_node_instances{{node_state="{state}"}} {count}\n'
        )


def _add_schema(into: Exposition, world: World, node: str) -> None:
    inner = f'nodeID="{node}"'
    replicas = list(world.model.replicas_on(node))
    readonly = sum(1 for _, shard in replicas if node in shard.frozen)
    _add_value(
        into,
        "weaviate_schema_collections",
        "gauge",
        inner,
        lambda at: str(len(world.collections())),
    )
    statuses: dict[str, int] = {"": 0}
    for collection in world.collections().values():
        for shard in collection.shards.values():
            statuses[shard.activity] = statuses.get(shard.activity, 0) + 1
    for status in sorted(statuses):
        into.family("weaviate_schema_shards", "gauge").add(
            f'weaviate_schema_shards{{{inner},status="{status}"}} {statuses[status]}\n'
        )
    for status, count in (
        ("LOADING", 0),
        ("READONLY", readonly),
        ("READY", len(replicas) - readonly),
    ):
        if count or status != "READONLY":
            into.family("weaviate_index_shards_total", "gauge").add(
                f'weaviate_index_shards_total{{status="{status}"}} {count}\n'
            )
    into.family("shards_loaded", "gauge").add(f"shards_loaded {len(replicas)}\n")
    into.family("shards_unloaded", "gauge").add("shards_unloaded 0\n")
    for strategy, per_shard in _STRATEGIES.items():
        into.family("weaviate_lsm_bucket_segment_total", "gauge").add(
            f'weaviate_lsm_bucket_segment_total{{strategy="{strategy}"}}'
            f" {per_shard * len(replicas)}\n"
        )


def _add_routes(into: Exposition, world: World, node: str) -> None:
    """What the node was asked over HTTP: by us for real, and by the users that are simulated."""

    def counts(at: float) -> dict[tuple[str, str], int]:
        asked = {}
        for route, count in world.model.called_since_start(node).items():
            method, template = route.split(" ", 1)
            if method != "grpc" and template != "/metrics":
                asked[method, template] = count
        members = len(world.model.nodes)
        since = world.started_at(node)
        searches = sum(
            collection.queries.total(since, at) for collection in world.collections().values()
        )
        key = ("POST", "/v1/graphql")
        asked[key] = asked.get(key, 0) + int(searches / members)
        return dict(sorted(asked.items()))

    def durations(at: float) -> bytes:
        bounds = [float(bound) * 1000 for bound in _bounds("requests")]
        return "".join(
            histogram(
                "weaviate_http_request_duration_seconds",
                f'method="{method}",{labels([("route", route)])[1:-1]},status_code="200"',
                _bounds("requests"),
                _ROUTE_LATENCY.buckets(count, bounds),
                count * _ROUTE_LATENCY.mean_ms / 1000,
            )
            for (method, route), count in counts(at).items()
        ).encode()

    into.family("weaviate_http_request_duration_seconds", "histogram").add_moving(durations)
    for name, mean in (
        ("weaviate_http_request_size_bytes", 420.0),
        ("weaviate_http_response_size_bytes", 5_200.0),
    ):
        into.family(name, "histogram").add_moving(_sizes(name, mean, counts))

    def inflight(at: float) -> bytes:
        return "".join(
            f'weaviate_http_requests_inflight{{method="{method}",'
            f"{labels([('route', route)])[1:-1]}}} 0\n"
            for method, route in counts(at)
        ).encode()

    into.family("weaviate_http_requests_inflight", "gauge").add_moving(inflight)

    def grpc_calls(at: float) -> bytes:
        calls = {
            route.removeprefix("grpc "): count
            for route, count in world.model.called_since_start(node).items()
            if route.startswith("grpc ")
        }
        bounds = [float(bound) * 1000 for bound in _bounds("requests")]
        return "".join(
            histogram(
                "weaviate_grpc_server_request_duration_seconds",
                f'grpc_service="weaviate.v1.Weaviate",method="{method}",status="OK"',
                _bounds("requests"),
                _ROUTE_LATENCY.buckets(count, bounds),
                count * _ROUTE_LATENCY.mean_ms / 1000,
            )
            for method, count in (calls or {"Search": 0}).items()
        ).encode()

    into.family("weaviate_grpc_server_request_duration_seconds", "histogram").add_moving(grpc_calls)


def _sizes(
    name: str, mean: float, counts: Callable[[float], dict[tuple[str, str], int]]
) -> Callable[[float], bytes]:
    def render(at: float) -> bytes:
        return "".join(
            histogram(
                name,
                f'method="{method}",{labels([("route", route)])[1:-1]}',
                _bounds("sizes"),
                [count] * len(_bounds("sizes")),
                count * mean,
            )
            for (method, route), count in counts(at).items()
        ).encode()

    return render


def _add_value(into: Exposition, name: str, kind: str, inner: str, value: Value) -> None:
    braces = f"{{{inner}}}" if inner else ""
    into.family(name, kind).add_moving(lambda at: f"{name}{braces} {value(at)}\n".encode())
