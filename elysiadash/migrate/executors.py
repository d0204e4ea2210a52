"""Where tasks of a copy run: processes of this machine, or a cluster of workers.

An executor takes a pure function and its task and gives a future. It may lose a task, which then
raises ``Lost``: what was on its way is done again from what was committed.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
_MOST_PROCESSES = 4
_WATCH_S = 0.2


class TaskLost(Exception):
    """The process that had a task is gone; what it wrote last may still be on its way."""


class Executor(Protocol):
    """See the module. ``processes`` is how many tasks run side by side; ``remote`` says that
    tasks leave this machine, so that they must not hold a secret."""

    name: str
    processes: int
    remote: bool

    def submit(self, function: Callable[[Any], T], task: Any) -> Future[T]:
        """Have it done. The future's exception is ``TaskLost`` where nobody knows what was done."""
        ...

    def kill(self) -> None:
        """End all tasks at once: this process may write nothing more."""
        ...

    def close(self) -> None:
        """End the processes, after the tasks that run."""
        ...


class LocalExecutor:
    """Processes of this machine, started anew where one dies. Not for use by several threads."""

    name = "local"
    remote = False

    def __init__(self, processes: int | None = None) -> None:
        self.processes = processes or default_processes(os.cpu_count() or 1)
        self._pool: ProcessPoolExecutor | None = None

    def submit(self, function: Callable[[Any], T], task: Any) -> Future[T]:
        """See ``Executor``."""
        given: Future[T] = Future()
        try:
            inner = self._ready().submit(function, task)
        except BrokenProcessPool:
            self._drop()
            inner = self._ready().submit(function, task)

        def pass_on(done: Future[T]) -> None:
            if given.done():
                return
            error = None if done.cancelled() else done.exception()
            if done.cancelled() or isinstance(error, BrokenProcessPool):
                given.set_exception(TaskLost("a process that copied has ended unexpectedly"))
            elif error is not None:
                given.set_exception(error)
            else:
                given.set_result(done.result())

        inner.add_done_callback(pass_on)
        return given

    def kill(self) -> None:
        """See ``Executor``."""
        pool, self._pool = self._pool, None
        if pool is not None:
            # No public way kills a process that is at work (Python 3.11 to 3.13).
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(wait=True, cancel_futures=True)

    def close(self) -> None:
        """See ``Executor``."""
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def pids(self) -> list[int]:
        """The processes that there are now."""
        return [] if self._pool is None else list(self._pool._processes or {})

    def _ready(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A forked child would inherit jobs.db, and grpc's threads in an unknown state.
            self._pool = ProcessPoolExecutor(
                self.processes,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(os.getpid(),),
            )
        return self._pool

    def _drop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


class ThreadExecutor:
    """One thread of this process: for tests, and where no process may be started."""

    name = "thread"
    remote = False
    processes = 1

    def __init__(self) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._pool = ThreadPoolExecutor(1, thread_name_prefix="copy")

    def submit(self, function: Callable[[Any], T], task: Any) -> Future[T]:
        """See ``Executor``."""
        return self._pool.submit(function, task)

    def kill(self) -> None:
        """A thread cannot be killed: it is waited for."""
        self.close()

    def close(self) -> None:
        """See ``Executor``."""
        from elysiadash.migrate import opened

        self._pool.submit(opened.forget).result()
        self._pool.shutdown(wait=True, cancel_futures=True)


def default_processes(cores: int) -> int:
    """One for two cores, four at most: one process copies more than most targets take (60 us an
    object), and the rest of the machine may be the target's."""
    return max(1, min(_MOST_PROCESSES, cores // 2))


def local(processes: int | None = None) -> LocalExecutor:
    """Processes of this machine."""
    return LocalExecutor(processes)


async def result_of(future: Future[T]) -> T:
    """The future's result, awaited; a task that is abandoned goes on."""
    return await asyncio.shield(asyncio.wrap_future(future))


def _begin(parent: int) -> None:
    """End this process when its parent is gone, and only then: nobody would note what it writes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()
