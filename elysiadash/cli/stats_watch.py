"""``stats --watch``: the statistics at each interval, until told to stop."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any, Protocol

import msgspec

from elysiadash.cli.choosing import Chosen
from elysiadash.cli.documents import StatsDocument
from elysiadash.cli.envelope import problem_lines, title_of
from elysiadash.cli.exits import Exit
from elysiadash.cli.output import is_terminal, say, say_demo, write, write_csv, write_json
from elysiadash.cli.self_metrics import keep_self_metrics
from elysiadash.cli.session import open_watch
from elysiadash.cli.stats_document import KINDS, StatsWish, stats_document
from elysiadash.cli.stats_table import Metrics, csv_header, csv_rows, stats_table
from elysiadash.cli.tables import console, drawn, plain
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Profile

_UNSEEN = (Kind.TASKS, Kind.BACKUPS, Kind.ALIASES)
"""Questions of the watch that no column needs."""
_FIRST_ANSWERS_S = 1.0


async def again_and_again(chosen: Chosen, wish: StatsWish) -> int:
    """Print at each interval; a lost connection is told, not fatal: polling goes on."""
    chosen = msgspec.structs.replace(chosen, profile=_paced(chosen.profile, wish.interval))
    watch = open_watch(chosen)
    for kind in _UNSEEN if Kind.METRICS in KINDS[wish.metrics] else (*_UNSEEN, Kind.METRICS):
        watch.pollers[kind].pause()
    polling = asyncio.create_task(watch.run())
    show = _shower(wish)
    left = wish.times
    try:
        await _first_answers(watch)
        while left != 0:
            show.show(await stats_document(watch, chosen, wish))
            keep_self_metrics(wish.self_metrics, watch)
            left = None if left is None else left - 1
            if left != 0:
                await asyncio.wait({polling}, timeout=chosen.profile.intervals.fast)
            if polling.done():
                # It ends only by a fault of ours, which must be seen.
                polling.result()
    finally:
        show.close()
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
        await watch.aclose()
    return Exit.OK


def _paced(profile: Profile, interval: float | None) -> Profile:
    """The profile with its polls at the wanted pace; the slow lanes never get faster."""
    if interval is None:
        return profile
    own, wanted = profile.intervals, max(1.0, interval)
    intervals = msgspec.structs.replace(
        own, fast=wanted, slow=max(own.slow, wanted), metrics=max(own.metrics, wanted)
    )
    return msgspec.structs.replace(profile, intervals=intervals)


async def _first_answers(watch: Watch) -> None:
    """Wait for the first rows, but not long: the first document may say that there are none."""
    deadline = time.monotonic() + _FIRST_ANSWERS_S
    while time.monotonic() < deadline:
        shards = watch.store.get(Kind.VERBOSE)
        if shards.value is not None or shards.problem is not None:
            return
        await asyncio.sleep(0.02)


class _Shower(Protocol):
    """Shows one document after the other."""

    def show(self, document: StatsDocument) -> None:
        """Show the newest."""

    def close(self) -> None:
        """Nothing more comes."""


def _shower(wish: StatsWish) -> _Shower:
    if wish.format == "table" and is_terminal(sys.stdout):
        return _Screen(wish.metrics)
    return _Lines(wish)


class _Lines:
    """Writes each document after the one before; problems are narrated when they are new."""

    def __init__(self, wish: StatsWish) -> None:
        self._wish = wish
        self._told: list[str] = []
        self._began = False

    def show(self, document: StatsDocument) -> None:
        self._tell(document)
        if self._wish.format == "json":
            write_json(document, as_line=True)
        elif self._wish.format == "csv":
            header = [] if self._began else [csv_header()]
            write_csv([*header, *csv_rows(document.items, document.at)])
        else:
            title = title_of(document.cluster, document.at)
            write(plain(stats_table(document.items, self._wish.metrics, title)) + "\n")
        self._began = True

    def close(self) -> None:
        """Every line is out already."""

    def _tell(self, document: StatsDocument) -> None:
        if document.cluster.demo and not self._began and self._wish.format != "table":
            say_demo()
        lines = problem_lines(document.problems)
        for line in lines:
            if line not in self._told:
                say(line)
        self._told = lines


class _Screen:
    """Draws each document over the one before, on a terminal."""

    def __init__(self, metrics: Metrics) -> None:
        from rich.live import Live

        self._metrics = metrics
        self._console = console()
        self._live: Any = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
        self._live.start()

    def show(self, document: StatsDocument) -> None:
        from rich.console import Group
        from rich.text import Text

        title = title_of(document.cluster, document.at)
        problems = [Text(line, style="yellow") for line in problem_lines(document.problems)]
        table = drawn(stats_table(document.items, self._metrics, title), self._console.width)
        self._live.update(Group(*problems, table), refresh=True)

    def close(self) -> None:
        self._live.stop()
