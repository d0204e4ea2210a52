"""``events --follow``: watch the cluster, and print what changes as it is seen."""

from __future__ import annotations

import asyncio
import logging

from elysiadash.cli.choosing import Chosen
from elysiadash.cli.envelope import cluster_of, problem_lines, problems_of
from elysiadash.cli.events_command import EventsWish, csv_header, csv_rows, events_document, lines
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.output import say, say_demo, write, write_csv, write_json
from elysiadash.cli.own_writes import Following
from elysiadash.cli.session import open_watch
from elysiadash.cluster.events.event import Event
from elysiadash.cluster.watch import Watch

log = logging.getLogger(__name__)

_TELL_PROBLEMS_S = 1.0


async def follow(chosen: Chosen, wish: EventsWish) -> int:
    """Print until told to stop; a lost connection is told, not fatal."""
    if wish.until or wish.since:
        raise CommandFailed(
            "--follow prints what changes from now on: without --since and --until",
            code=Exit.USAGE,
        )
    if chosen.demo:
        say_demo()
    watch = open_watch(chosen)
    polling = asyncio.create_task(watch.run())
    printing = asyncio.create_task(_print(watch, chosen, wish))
    try:
        say(f"watching {chosen.profile.name}; what changes is printed as it is seen")
        done, _ = await asyncio.wait({polling, printing}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            # Neither ends but by a fault of ours, or because nobody reads any more.
            task.result()
    finally:
        for task in (polling, printing):
            task.cancel()
        await asyncio.gather(polling, printing, return_exceptions=True)
        await watch.aclose()
    return Exit.OK


async def _print(watch: Watch, chosen: Chosen, wish: EventsWish) -> None:
    if wish.format == "csv":
        write_csv([csv_header()])
    told: list[str] = []
    seq, writes = 0, None
    if chosen.state_dir is not None:
        writes = await asyncio.to_thread(Following, chosen.state_dir, chosen.profile.name)
    news = asyncio.Event()
    stop = watch.events.listen(lambda _: news.set())
    try:
        while True:
            try:
                async with asyncio.timeout(_TELL_PROBLEMS_S):
                    await news.wait()
            except TimeoutError:
                pass
            news.clear()
            ours = await _written(writes, watch.store.clock())
            found, seq = wish.wanted((*watch.events.after(seq), *ours)), watch.events.seq
            if found:
                _write(watch, chosen, wish, found)
            told = _tell_problems(watch, told)
    finally:
        stop()


async def _written(writes: Following | None, now: float) -> tuple[Event, ...]:
    """What we wrote ourselves since the last look, in whatever process."""
    try:
        return () if writes is None else await asyncio.to_thread(writes.look, now)
    except OSError as error:
        log.warning("what we wrote ourselves is not known: %s", error)
        return ()


def _write(watch: Watch, chosen: Chosen, wish: EventsWish, found: tuple[Event, ...]) -> None:
    cluster = cluster_of(watch, demo=chosen.demo)
    document = events_document(chosen, found, watch.store.clock(), cluster)
    if wish.format == "json":
        write_json(document, as_line=True)
    elif wish.format == "csv":
        write_csv(csv_rows(document))
    else:
        write(lines(document))


def _tell_problems(watch: Watch, told: list[str]) -> list[str]:
    """Narrate what is not answered, once for as long as it lasts."""
    now = problem_lines(problems_of(watch))
    for line in now:
        if line not in told:
            say(line)
    return now
