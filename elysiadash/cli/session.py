"""Asking a cluster from a command: within a time limit, and cleanly ended."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Collection, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from elysiadash.cli.choosing import LOCALHOST, Chosen
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cluster.connect import connect
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.watch import Watch
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.guard import AuditSink

_SIGNALS = {
    signal.SIGINT: Exit.INTERRUPTED,
    signal.SIGTERM: Exit.TERMINATED,
    signal.SIGHUP: Exit.HANGUP,
}


def open_watch(chosen: Chosen, audit: AuditSink | None = None) -> Watch:
    """The watch over the chosen cluster; nothing is sent yet. Changes need an ``audit``."""
    return connect(chosen.profile, state_dir=chosen.state_dir, audit=audit)


@asynccontextmanager
async def watching(chosen: Chosen, audit: AuditSink | None = None) -> AsyncIterator[Watch]:
    """A watch for the length of the block."""
    watch = open_watch(chosen, audit)
    try:
        yield watch
    finally:
        await watch.aclose()


async def ask(watch: Watch, kinds: Collection[Kind], limit: float | None = None) -> None:
    """Ask each question once; whatever has not answered after ``limit`` seconds is a problem.

    Without a ``limit`` it is the profile's ``timeouts.command``.
    """
    limit = watch.profile.timeouts.command if limit is None else limit
    started = time.monotonic()
    if Kind.VERBOSE in kinds:
        # On some releases shard details must not be asked for: the release comes first.
        await _learn_version(watch, limit / 4)
    left = max(0.1, limit - (time.monotonic() - started))
    await watch.once(kinds, limit=round(left, 1))
    expected = {
        Kind.TENANTS: bool(watch.asks.multi_tenant_collections()),
        Kind.METRICS: watch.asks.prometheus is not None
        or any(entry.metrics for entry in watch.addresses()),
    }
    for kind, is_expected in expected.items():
        if kind in kinds and is_expected and not watch.store.all(kind):
            watch.store.fail(kind, Problem("no answer", f"no answer within {left:.1f} s"))


async def live_rows(watch: Watch) -> tuple[CollectionStats, ...]:
    """The rows of this run; none while nothing was answered, even where some are remembered."""
    if all(watch.store.get(kind).value is None for kind in (Kind.SCHEMA, Kind.VERBOSE)):
        return ()
    return await watch.rows()


def any_answer(watch: Watch, *kinds: Kind) -> bool:
    """Whether at least one of the questions was answered."""
    return any(
        piece.value is not None for kind in kinds for piece in watch.store.all(kind).values()
    )


def fail_without(watch: Watch, chosen: Chosen, *kinds: Kind) -> None:
    """Raise ``CommandFailed`` with the cause when none of the questions was answered."""
    if not any_answer(watch, *kinds):
        raise no_answer(watch, chosen, *kinds)


def no_answer(watch: Watch, chosen: Chosen, *kinds: Kind) -> CommandFailed:
    """Why none of the questions was answered."""
    problem = next(
        (piece.problem for kind in kinds for piece in watch.store.all(kind).values()), None
    )
    words = problem.what if problem else "no answer"
    if chosen.assumed and problem is not None and problem.kind in ("unreachable", "no answer"):
        return CommandFailed(
            f"no cluster is named, and none answers at {LOCALHOST}: {words}", FIRST_STEPS
        )
    where = problem.request if problem and problem.request else watch.profile.url
    return CommandFailed(
        f"{watch.profile.name}: {words} ({where})", problem.hint if problem else None
    )


FIRST_STEPS = """\
name one with --url http://HOST:8080 or --profile NAME,
write settings with: elysiadash config init,
or look around without a server: elysiadash demo"""


def run_to_end(work: Coroutine[Any, Any, int]) -> int:
    """Run a command's coroutine to its exit code; SIGINT, SIGTERM and SIGHUP end it cleanly.

    Unlike ``asyncio.run`` it does not wait for threads: a name server that does not answer
    must not hold a command beyond its time limit.
    """
    loop = asyncio.new_event_loop()
    threads = ThreadPoolExecutor(thread_name_prefix="elysiadash")
    loop.set_default_executor(threads)
    try:
        return loop.run_until_complete(_ended_by_signals(work))
    finally:
        _cancel_rest(loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
        threads.shutdown(wait=False, cancel_futures=True)
        loop.close()


async def _ended_by_signals(work: Coroutine[Any, Any, int]) -> int:
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)
    received: list[Exit] = []

    def end(code: Exit) -> None:
        received.append(code)
        task.cancel()

    # Python lets only the main thread hear signals.
    heard = _SIGNALS if threading.current_thread() is threading.main_thread() else {}
    for number, code in heard.items():
        loop.add_signal_handler(number, end, code)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        return received[0]
    finally:
        for number in heard:
            loop.remove_signal_handler(number)


def _cancel_rest(loop: asyncio.AbstractEventLoop) -> None:
    """Calls that were set aside go on in the background; they end with us."""
    rest = asyncio.all_tasks(loop)
    for task in rest:
        task.cancel()
    if rest:
        loop.run_until_complete(asyncio.wait(rest))


async def _learn_version(watch: Watch, limit: float) -> None:
    asked_at = time.monotonic()
    try:
        async with asyncio.timeout(limit):
            meta = await watch.client.meta()
    except (TimeoutError, WeaviateError):
        # Whoever does not answer this is found out by the questions that follow.
        return
    watch.store.put(Kind.META, meta, asked_at=asked_at, latency=time.monotonic() - asked_at)
