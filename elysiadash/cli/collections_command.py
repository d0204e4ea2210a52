"""``collections``: what there is, and how each collection is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from elysiadash.cli import words
from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.documents import CollectionItem, CollectionsDocument
from elysiadash.cli.envelope import (
    cluster_of,
    problem_lines,
    problems_of,
    source_of,
    title_of,
)
from elysiadash.cli.exits import Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.output import Format, say, say_demo, write_csv, write_json
from elysiadash.cli.selection import chosen_items
from elysiadash.cli.session import ask, fail_without, live_rows, run_to_end, watching
from elysiadash.cli.tables import Column, Table, write_table
from elysiadash.cluster.lanes import FAST
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import SOURCES, CollectionStats
from elysiadash.cluster.watch import Watch
from elysiadash.config.moments import rfc3339

_FIELDS = tuple(
    name for name in CollectionItem.__struct_fields__ if name not in ("not_exposed", "sources")
)


def collections(
    flags: ClusterFlags, format: Format, filters: Sequence[str], sort: str | None
) -> int:
    """Print the collections; returns the exit code."""
    with chosen_cluster(flags) as chosen:
        return run_to_end(_collections(chosen, format, filters, sort))


async def _collections(
    chosen: Chosen, format: Format, filters: Sequence[str], sort: str | None
) -> int:
    async with watching(chosen) as watch:
        await ask(watch, FAST | {Kind.SCHEMA, Kind.ALIASES, Kind.TENANTS})
        fail_without(watch, chosen, Kind.SCHEMA)
        items = tuple(_item(row, watch) for row in await live_rows(watch))
        document = CollectionsDocument(
            at=rfc3339(watch.store.clock()),
            cluster=cluster_of(watch, demo=chosen.demo),
            problems=problems_of(watch),
            items=chosen_items(items, "collection", filters, sort),
        )
    for line in problem_lines(document.problems):
        say(line)
    _print(document, format)
    return Exit.OK


def _item(row: CollectionStats, watch: Watch) -> CollectionItem:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    now = watch.store.clock()
    sources = {}
    for name in _FIELDS:
        declared = SOURCES.get(name)
        if declared is None or values[name] is None:
            continue
        of = row.collection if declared.kind is Kind.TENANTS else ""
        at = watch.store.get(declared.kind, of).fetched_at
        if at is not None:
            sources[name] = source_of(declared.text, at, now)
    return CollectionItem(
        **values,
        not_exposed={name: why for name, why in row.not_exposed.items() if name in _FIELDS},
        sources=sources,
    )


def _print(document: CollectionsDocument, format: Format) -> None:
    if document.cluster.demo and format != "table":
        say_demo()
    if format == "json":
        write_json(document)
    elif format == "csv":
        rows = (
            [*(getattr(item, name) for name in _FIELDS), document.at] for item in document.items
        )
        write_csv([[*_FIELDS, "at"], *rows])
    else:
        write_table(_table(document))


def _table(document: CollectionsDocument) -> Table:
    return Table(
        title=title_of(document.cluster, document.at),
        columns=(
            Column("COLLECTION"),
            Column("SHARDS", right=True),
            Column("RF", right=True),
            Column("TENANTS"),
            Column("INDEX"),
            Column("COMPRESSION"),
            Column("ALIASES"),
        ),
        rows=tuple(
            (
                item.collection,
                words.count(item.shards),
                words.count(item.replication_factor),
                _tenants(item),
                item.vector_index or words.UNKNOWN,
                item.compression or words.UNKNOWN,
                ", ".join(item.aliases),
            )
            for item in document.items
        ),
        empty="no collections",
    )


def _tenants(item: CollectionItem) -> str:
    if not item.multi_tenant:
        return ""
    states = sorted((item.tenants_by_state or {}).items())
    inside = ", ".join(f"{count:,} {state}" for state, count in states)
    return f"{words.count(item.tenants)} ({inside})" if inside else words.count(item.tenants)
