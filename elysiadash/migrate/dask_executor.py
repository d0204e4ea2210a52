"""Runs a copy's tasks on the workers of a dask scheduler (the extra ``elysiadash[dask]``).

The functions are those of the local executor. Tasks carry clusters as references without secrets:
each worker takes credentials from its own environment, and needs elysiadash of this release. Every
task is bound to one worker: dask would give it to another as soon as the first is silent, which may
only be cut off and still write. A task whose worker is gone is lost, and the engine does it again.
"""

from __future__ import annotations

import importlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Any, Final, TypeVar

from elysiadash import __version__
from elysiadash.migrate.errors import CannotGoOn
from elysiadash.migrate.executors import TaskLost

log = logging.getLogger(__name__)
T = TypeVar("T")
_LOSSES: Final = ("KilledWorker", "CancelledError", "FutureCancelledError", "CommClosedError")
_CONNECT_S: Final = 15.0
_END_S: Final = 30.0
"""A slice ends by itself after seconds: that long it is waited for where none may go on."""
_LOOK_S: Final = 0.5
_SURELY_OVER_S: Final = 5.0
"""A worker that is only cut off ends its slice within this, and is given no other."""


def connect(scheduler: str | None) -> DaskExecutor:
    """The workers of a scheduler, such as ``tcp://scheduler:8786``. Waits up to 15 s.

    Raises ``CannotGoOn`` where dask is not installed, the scheduler does not answer, it has no
    workers, or theirs is another release.
    """
    if not scheduler:
        raise CannotGoOn("--executor dask needs the scheduler's address: --scheduler ADDRESS")
    try:
        distributed = _distributed()
    except ImportError:
        raise CannotGoOn(
            "dask is not installed where the worker runs: pip install 'elysiadash[dask]'"
        ) from None
    try:
        client = distributed.Client(scheduler, timeout=_CONNECT_S, name="elysiadash")
    except (OSError, TimeoutError, ValueError) as error:
        raise CannotGoOn(f"the dask scheduler at {scheduler} does not answer ({error})") from None
    try:
        _check_releases(client, scheduler)
    except BaseException:
        client.close()
        raise
    return DaskExecutor(client, scheduler)


class DaskExecutor:
    """See ``executors.Executor``."""

    name = "dask"
    remote = True

    def __init__(self, client: Any, scheduler: str) -> None:
        self._client = client
        self._scheduler = scheduler
        self._workers: dict[str, int] = dict(client.nthreads())
        self._flying: dict[Any, _Flight] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._number = 0
        threading.Thread(target=self._watch, name="dask workers", daemon=True).start()

    @property
    def processes(self) -> int:
        """Tasks side by side: the threads of all workers that there are now, at least one."""
        return max(1, sum(self._workers.values()))

    def submit(self, function: Callable[[Any], T], task: Any) -> Future[T]:
        """See ``executors.Executor``."""
        given: Future[T] = Future()
        worker = self._idlest()
        if worker is None:
            given.set_exception(TaskLost(f"the dask scheduler at {self._scheduler} has no workers"))
            return given
        self._number += 1
        try:
            inner = self._client.submit(
                function, task, pure=False, retries=0, workers=[worker], allow_other_workers=False,
                key=f"elysiadash-{id(self):x}-{self._number}",
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - whatever it is, the task was not sent
            given.set_exception(TaskLost(f"the dask scheduler took no task ({error})"))
            return given
        with self._lock:
            self._flying[inner] = _Flight(worker, given)
        inner.add_done_callback(self._landed)
        return given

    def kill(self) -> None:
        """Nothing more may be written: what runs on another machine cannot be killed and is
        waited for, since a slice ends by itself within seconds."""
        with self._lock:
            flying = [flight.given for flight in self._flying.values()]
        wait(flying, timeout=_END_S)
        self.close()

    def close(self) -> None:
        """See ``executors.Executor``."""
        self._over.set()
        self._client.close()
        with self._lock:
            left, self._flying = self._flying, {}
        for flight in left.values():
            flight.given.set_exception(TaskLost("the dask scheduler is no longer asked"))

    def _idlest(self) -> str | None:
        """The worker with the fewest tasks for its threads."""
        with self._lock:
            busy: dict[str, int] = {}
            for flight in self._flying.values():
                busy[flight.worker] = busy.get(flight.worker, 0) + 1
            return min(
                self._workers,
                key=lambda name: busy.get(name, 0) / max(1, self._workers[name]),
                default=None,
            )

    def _landed(self, inner: Any) -> None:
        """In a thread of dask's."""
        with self._lock:
            flight = self._flying.pop(inner, None)
        if flight is None:
            return
        if inner.status == "finished":
            flight.given.set_result(inner.result())
            return
        error = inner.exception() if inner.status == "error" else None
        if error is None or type(error).__name__ in _LOSSES:
            flight.given.set_exception(TaskLost(f"a dask worker was lost ({inner.status})"))
        else:
            flight.given.set_exception(error)

    def _watch(self) -> None:
        """See which workers there are, and give up the tasks of those that are gone."""
        while not self._over.wait(_LOOK_S):
            try:
                workers = dict(self._client.nthreads())
            except Exception as error:  # noqa: BLE001 - a scheduler that is away has no workers
                log.debug("dask scheduler: %s", error)
                workers = {}
            if self._over.is_set():
                return
            now = time.monotonic()
            with self._lock:
                self._workers = workers
                lost = []
                for inner, flight in list(self._flying.items()):
                    if flight.worker in workers:
                        flight.gone_since = None
                    elif flight.gone_since is None:
                        flight.gone_since = now
                    elif now - flight.gone_since > _SURELY_OVER_S:
                        lost.append((inner, self._flying.pop(inner)))
            for inner, flight in lost:
                inner.cancel()
                flight.given.set_exception(TaskLost(f"the dask worker {flight.worker} is gone"))


class _Flight:
    """A task on its way."""

    def __init__(self, worker: str, given: Future[Any]) -> None:
        self.worker = worker
        self.given = given
        self.gone_since: float | None = None


def _distributed() -> Any:
    """The library: an extra, untyped, and slow to load."""
    return importlib.import_module("distributed")


def _check_releases(client: Any, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
        found = client.run(_release, on_error="return")
    except (OSError, TimeoutError) as error:
        raise CannotGoOn(f"the dask scheduler at {scheduler} has no workers ({error})") from None
    wrong = {name: said for name, said in found.items() if said != __version__}
    if wrong:
        name, said = next(iter(wrong.items()))
        what = f"has {said}" if isinstance(said, str) else f"cannot run elysiadash ({said})"
        raise CannotGoOn(
            f"{len(wrong)} of {len(found)} dask workers do not have elysiadash {__version__}: "
            f"{name} {what}. Install 'elysiadash[dask]' of this release there"
        )


def _release() -> str:
    return __version__
