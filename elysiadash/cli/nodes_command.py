"""``nodes``: who is there, who should be, and how each of them is."""

from __future__ import annotations

from pathlib import Path

from elysiadash.cli import words
from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.documents import NodeItem, NodesDocument, Source
from elysiadash.cli.envelope import (
    cluster_of,
    optional_time,
    problem_lines,
    problems_of,
    source_of,
    title_of,
)
from elysiadash.cli.exits import Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.output import Format, say, say_demo, write_csv, write_json
from elysiadash.cli.self_metrics import keep_self_metrics
from elysiadash.cli.session import any_answer, ask, no_answer, run_to_end, watching
from elysiadash.cli.tables import Column, Table, write_table
from elysiadash.cluster.lanes import FAST, METRICS
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.usage import DISK_FIELDS, METRICS_FIELDS, NodeUsage, usage_by_node
from elysiadash.cluster.view import LIVE_STATES, NodeView
from elysiadash.cluster.watch import Watch
from elysiadash.config.moments import rfc3339

_LIMIT_S = 3.5
"""A hung node is known after 2 s by its own address, after 3 s by its peers' silence."""
_FROM = {
    "status": (Kind.NODES, "GET /v1/nodes status, and the node's own readiness"),
    "version": (Kind.NODES, "GET /v1/nodes version"),
    "batch_queue": (Kind.NODES, "GET /v1/nodes batchStats.queueLength"),
    "operational_mode": (Kind.NODES, "GET /v1/nodes operationalMode"),
    "raft_state": (Kind.STATISTICS, "GET /v1/cluster/statistics raft.state"),
    "shards": (Kind.VERBOSE, "GET /v1/nodes?output=verbose shards[]"),
    "objects": (Kind.VERBOSE, "GET /v1/nodes?output=verbose shards[].objectCount"),
}
_ABSENT = {
    "version": "this release does not say it in the list of nodes",
    "batch_queue": "not told while vectors are indexed asynchronously",
    "operational_mode": "this release does not say it in the list of nodes",
    "raft_state": "the node's raft state is missing from the statistics",
    "shards": "the node is not in the answer with the shards",
    "objects": "the node is not in the answer with the shards",
}
_USAGE = (*DISK_FIELDS, *METRICS_FIELDS)
_METRICS_FROM = {
    "memory_bytes": "process_resident_memory_bytes",
    "memory_limit_bytes": "go_gc_gomemlimit_bytes",
    "heap_bytes": "go_memstats_heap_inuse_bytes",
    "shards_loaded": "shards_loaded",
    "shards_unloaded": "shards_unloaded",
}
_CSV = tuple(name for name in NodeItem.__struct_fields__ if name not in ("not_exposed", "sources"))


def nodes(flags: ClusterFlags, format: Format, self_metrics: Path | None) -> int:
    """Print the nodes; returns the exit code."""
    with chosen_cluster(flags) as chosen:
        return run_to_end(_nodes(chosen, format, self_metrics))


async def _nodes(chosen: Chosen, format: Format, self_metrics: Path | None) -> int:
    async with watching(chosen) as watch:
        await ask(watch, FAST | METRICS | {Kind.VERBOSE}, _LIMIT_S)
        # Readiness is a bare 200: whatever answers there need not be a Weaviate.
        answered = any_answer(watch, Kind.NODES)
        if not answered and not watch.cluster().nodes:
            raise no_answer(watch, chosen, Kind.NODES, Kind.READY)
        document = NodesDocument(
            at=rfc3339(watch.store.clock()),
            cluster=cluster_of(watch, demo=chosen.demo),
            problems=problems_of(watch),
            items=_items(watch),
        )
        keep_self_metrics(self_metrics, watch)
    for line in problem_lines(document.problems):
        say(line)
    _print(document, format)
    # Nodes remembered from earlier are worth a look, but nobody answered.
    return Exit.OK if answered else Exit.FAILED


def _items(watch: Watch) -> tuple[NodeItem, ...]:
    nodes = watch.cluster().nodes
    usage = usage_by_node(watch.store, nodes, prometheus=watch.profile.prometheus is not None)
    return tuple(_item(node, usage[node.node], watch) for node in nodes)


def _item(node: NodeView, usage: NodeUsage, watch: Watch) -> NodeItem:
    values = {
        name: getattr(usage if name in _USAGE else node, name)
        for name in NodeItem.__struct_fields__
        if name not in ("seen_at", "not_exposed", "sources")
    }
    missing = {name: _why(name, node, watch) for name in _ABSENT if values[name] is None}
    return NodeItem(
        **values,
        seen_at=optional_time(node.seen_at),
        not_exposed=missing | usage.not_exposed,
        sources=_sources(values, watch) | _usage_sources(values, usage, watch),
    )


def _usage_sources(values: dict[str, object], usage: NodeUsage, watch: Watch) -> dict[str, Source]:
    now = watch.store.clock()
    through = "Prometheus, " if watch.profile.prometheus is not None else "metrics, "
    found = {}
    for name in _USAGE:
        is_disk = name in DISK_FIELDS
        at = usage.disk_at if is_disk else usage.metrics_at
        if values[name] is not None and at is not None:
            told = usage.disk_metric if is_disk else _METRICS_FROM[name]
            found[name] = source_of(through + told, at, now)
    return found


def _sources(values: dict[str, object], watch: Watch) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for name, (kind, text) in _FROM.items():
        at = watch.store.get(kind).fetched_at
        if values[name] is not None and at is not None:
            found[name] = source_of(text, at, watch.store.clock())
    return found


def _why(name: str, node: NodeView, watch: Watch) -> str:
    problem = watch.store.get(_FROM[name][0]).problem
    if problem is not None:
        return problem.what
    if node.status not in LIVE_STATES:
        return f"the node is {node.status}"
    return _ABSENT[name]


def _print(document: NodesDocument, format: Format) -> None:
    if document.cluster.demo and format != "table":
        say_demo()
    if format == "json":
        write_json(document)
    elif format == "csv":
        rows = ([*(getattr(item, name) for name in _CSV), document.at] for item in document.items)
        write_csv([[*_CSV, "at"], *rows])
    else:
        write_table(_table(document))


def _table(document: NodesDocument) -> Table:
    return Table(
        title=title_of(document.cluster, document.at),
        columns=(
            Column("NODE"),
            Column("STATUS"),
            Column("VERSION"),
            Column("RAFT"),
            Column("SHARDS", right=True),
            Column("OBJECTS", right=True),
            Column("QUEUE", right=True),
            Column("DISK", right=True),
            Column("MEMORY", right=True),
            Column("WHY"),
        ),
        rows=tuple(
            (
                item.node,
                item.status,
                item.version or words.UNKNOWN,
                item.raft_state or words.UNKNOWN,
                words.count(item.shards),
                "~" + words.count(item.objects) if item.objects is not None else words.UNKNOWN,
                words.count(item.batch_queue),
                words.percent(item.disk_used_share),
                words.size(item.memory_bytes),
                item.why,
            )
            for item in document.items
        ),
        empty="no node is known",
    )
