"""Tasks on dask workers: a scheduler and two workers as processes, one of them killed midway."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import pytest

from elysiadash.migrate import dask_executor
from elysiadash.migrate.dask_executor import DaskExecutor
from elysiadash.migrate.errors import CannotGoOn
from elysiadash.migrate.executors import TaskLost
from tests.servers.dask import Dask, free_port

pytest.importorskip("distributed", reason="dask is an extra: pip install 'elysiadash[dask]'")


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    started = Dask(tmp_path, 2)
    try:
        yield started
    finally:
        started.end()


@pytest.fixture
def executor(dask: Dask) -> Iterator[DaskExecutor]:
    made = dask_executor.connect(dask.address)
    until = time.monotonic() + 30
    while made.processes < 2:
        assert time.monotonic() < until, "the second worker did not come"
        time.sleep(0.1)
    try:
        yield made
    finally:
        made.close()


def pid_after(seconds: float) -> int:
    """A task."""
    time.sleep(seconds)
    return os.getpid()


def noting(about: tuple[str, float]) -> int:
    """A task that says that it began."""
    folder, seconds = about
    Path(folder, f"{os.getpid()}-{time.monotonic_ns()}").touch()
    time.sleep(seconds)
    return os.getpid()


def raising(text: str) -> None:
    """A task with a fault."""
    raise ValueError(text)


def results(futures: list[Future[Any]], seconds: float = 60) -> list[Any]:
    _, left = wait(futures, seconds)
    assert not left
    return [one.exception() or one.result() for one in futures]


@pytest.mark.slow
def test_tasks_are_shared_out_and_their_faults_are_theirs(executor: DaskExecutor) -> None:
    assert (executor.name, executor.remote, executor.processes) == ("dask", True, 2)
    found = results([executor.submit(pid_after, 0.3) for _ in range(6)])
    assert len(set(found)) == 2, "one worker had it all"
    assert os.getpid() not in found
    (error,) = results([executor.submit(raising, "ours")])
    assert isinstance(error, ValueError)
    assert str(error) == "ours"


@pytest.mark.slow
def test_a_worker_that_dies_loses_its_tasks_and_no_other_does_them(
    dask: Dask, executor: DaskExecutor, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    flying = [executor.submit(noting, (str(begun), 2.0)) for _ in range(2)]
    until = time.monotonic() + 20
    while len(list(begun.iterdir())) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    victim = dask.workers[0].pid
    os.kill(victim, signal.SIGKILL)
    found = results(flying)
    lost = [one for one in found if isinstance(one, TaskLost)]
    assert len(lost) == 1
    assert "is gone" in str(lost[0])
    assert len(list(begun.iterdir())) == 2, "a lost task was begun again"
    assert executor.processes == 1
    again = results([executor.submit(pid_after, 0.0) for _ in range(3)])
    assert set(again) == {dask.workers[1].pid}


@pytest.mark.slow
def test_without_any_worker_a_task_is_lost_at_once(dask: Dask, executor: DaskExecutor) -> None:
    for process in dask.workers:
        process.kill()
        process.wait()
    until = time.monotonic() + 20
    while True:
        (found,) = results([executor.submit(pid_after, 0.0)])
        assert isinstance(found, TaskLost)
        if "has no workers" in str(found):
            break
        assert time.monotonic() < until


@pytest.mark.slow
def test_killing_waits_for_what_runs(executor: DaskExecutor, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    future = executor.submit(noting, (str(begun), 1.0))
    while not list(begun.iterdir()):
        time.sleep(0.05)
    executor.kill()
    assert future.done()


@pytest.mark.slow
def test_what_is_missing_is_said(dask: Dask, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotGoOn, match="--scheduler ADDRESS"):
        dask_executor.connect(None)
    monkeypatch.setattr(dask_executor, "_CONNECT_S", 0.5)
    with pytest.raises(CannotGoOn, match="does not answer"):
        dask_executor.connect(f"tcp://127.0.0.1:{free_port()}")
    monkeypatch.setattr(dask_executor, "_CONNECT_S", 20.0)
    monkeypatch.setattr(dask_executor, "__version__", "9.9")
    with pytest.raises(CannotGoOn, match=r"do not have elysiadash 9\.9"):
        dask_executor.connect(dask.address)
