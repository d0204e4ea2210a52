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
    rfc3339,
    source_of,
    title_of,
)
from elysiadash.cli.exits import Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.output import Format, say, say_demo, write_csv, write_json
from elysiadash.cli.self_metrics import keep_self_metrics
from elysiadash.cli.session import any_answer, ask, no_answer, run_to_end, watching
from elysiadash.cli.tables import Column, Table, write_table
from elysiadash.cluster.lanes import FAST
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.view import LIVE_STATES, NodeView
from elysiadash.cluster.watch import Watch

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
_CSV = tuple(name for name in NodeItem.__struct_fields__ if name not in ("not_exposed", "sources"))


def nodes(flags: ClusterFlags, format: Format, self_metrics: Path | None) -> int:
    """Print the nodes; returns the exit code."""
    with chosen_cluster(flags) as chosen:
        return run_to_end(_nodes(chosen, format, self_metrics))


async def _nodes(chosen: Chosen, format: Format, self_metrics: Path | None) -> int:
    async with watching(chosen) as watch:
        await ask(watch, FAST | {Kind.VERBOSE}, _LIMIT_S)
        answered = any_answer(watch, Kind.NODES, Kind.READY)
        if not answered and not watch.cluster().nodes:
            raise no_answer(watch, chosen, Kind.NODES, Kind.READY)
        document = NodesDocument(
            at=rfc3339(watch.store.clock()),
            cluster=cluster_of(watch, demo=chosen.demo),
            problems=problems_of(watch),
            items=tuple(_item(node, watch) for node in watch.cluster().nodes),
        )
        keep_self_metrics(self_metrics, watch)
    for line in problem_lines(document.problems):
        say(line)
    _print(document, format)
    # Nodes remembered from earlier are worth a look, but nobody answered.
    return Exit.OK if answered else Exit.FAILED


def _item(node: NodeView, watch: Watch) -> NodeItem:
    values = {
        name: getattr(node, name)
        for name in NodeItem.__struct_fields__
        if name not in ("seen_at", "not_exposed", "sources")
    }
    return NodeItem(
        **values,
        seen_at=optional_time(node.seen_at),
        not_exposed={name: _why(name, node, watch) for name in _ABSENT if values[name] is None},
        sources=_sources(values, watch),
    )


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
                item.why,
            )
            for item in document.items
        ),
        empty="no node is known",
    )
