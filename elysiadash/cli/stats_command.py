"""``stats``: one row for each collection, once or again and again."""

from __future__ import annotations

import asyncio

from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.documents import StatsDocument
from elysiadash.cli.envelope import problem_lines, title_of
from elysiadash.cli.exact_counts import ask_exact_counts
from elysiadash.cli.exits import Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.output import say, say_demo, write_csv, write_json
from elysiadash.cli.self_metrics import keep_self_metrics
from elysiadash.cli.session import ask, fail_without, live_rows, run_to_end, watching
from elysiadash.cli.stats_document import KINDS, StatsWish, stats_document
from elysiadash.cli.stats_table import csv_header, csv_rows, reasons, stats_table
from elysiadash.cli.tables import write_table
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.watch import Watch


def stats(flags: ClusterFlags, wish: StatsWish) -> int:
    """Print the statistics; returns the exit code."""
    with chosen_cluster(flags) as chosen:
        if not wish.watch:
            return run_to_end(_once(chosen, wish))
        from elysiadash.cli.stats_watch import again_and_again

        return run_to_end(again_and_again(chosen, wish))


async def _once(chosen: Chosen, wish: StatsWish) -> int:
    kinds = KINDS[wish.metrics]
    async with watching(chosen) as watch:
        await ask(watch, kinds)
        fail_without(watch, chosen, Kind.SCHEMA, Kind.VERBOSE)
        if wish.rates is not None and Kind.METRICS in kinds:
            await asyncio.sleep(wish.rates)
            await ask(watch, {Kind.METRICS})
        document = await stats_document(watch, chosen, wish)
        refused: list[str] = []
        if wish.exact:
            refused = await _count(watch, document)
            document = await stats_document(watch, chosen, wish)
        keep_self_metrics(wish.self_metrics, watch)
    _narrate(document, wish, refused)
    _print(document, wish)
    return Exit.OK


async def _count(watch: Watch, document: StatsDocument) -> list[str]:
    """Count what the document shows; returns in words what was not counted."""
    shown = {item.collection for item in document.items}
    rows = [row for row in await live_rows(watch) if row.collection in shown]
    return await ask_exact_counts(watch, rows)


def _print(document: StatsDocument, wish: StatsWish) -> None:
    if wish.format == "json":
        write_json(document)
    elif wish.format == "csv":
        write_csv([csv_header(), *csv_rows(document.items, document.at)])
    else:
        title = title_of(document.cluster, document.at)
        write_table(stats_table(document.items, wish.metrics, title))


def _narrate(document: StatsDocument, wish: StatsWish, refused: list[str]) -> None:
    if document.cluster.demo and wish.format != "table":
        say_demo()
    for line in [*problem_lines(document.problems), *refused]:
        say(line)
    if wish.format == "table":
        for line in reasons(document.items, wish.metrics):
            say(f"not known - {line}")
