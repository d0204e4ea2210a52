"""What was on its way when tasks were killed arrives before the next write of the same claim."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from elysiadash.migrate import ids, lanes
from elysiadash.migrate.checkpoint import Checkpoint
from elysiadash.migrate.lanes import Lanes
from elysiadash.migrate.parts import Part
from elysiadash.migrate.run import Run
from elysiadash.migrate.spec import Spec
from elysiadash.migrate.tasks import ListResult, Moved


def a_run() -> Run:
    return cast(
        Run,
        SimpleNamespace(
            work=SimpleNamespace(claim=SimpleNamespace(token=1, job="j")),
            spec=Spec(source={}, target={}, collections=()),
            target=SimpleNamespace(guard=SimpleNamespace(audit=object())),
            checkpoint=Checkpoint(),
        ),
    )


async def test_after_a_kill_nothing_is_written_before_it_settled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed: list[int] = []
    executor = SimpleNamespace(processes=1, remote=False, kill=lambda: killed.append(1))
    monkeypatch.setattr(lanes, "Load", lambda *_: None)
    made = Lanes(a_run(), cast(Any, executor))
    made.settling_s = 0.3
    began = asyncio.get_running_loop().time()
    await made.begin()
    assert asyncio.get_running_loop().time() - began < 0.2
    anew = cast(Any, SimpleNamespace(processes=1, remote=False))
    monkeypatch.setattr(lanes, "_executor", lambda run: anew)
    made.kill()
    await made.begin()
    assert (killed, made.executor) == ([1], anew), "one that was killed takes no more tasks"
    assert asyncio.get_running_loop().time() - began > 0.25


async def test_the_checkpoint_changes_on_the_loop_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that read it before another change and wrote it after would undo that change."""
    changed_by: list[int] = []

    class Watched:
        def __init__(self) -> None:
            self.__dict__["checkpoint"] = Checkpoint()

        def __setattr__(self, name: str, value: Any) -> None:
            changed_by.append(threading.get_ident())
            self.__dict__[name] = value

    run = Watched()
    one = ids._Lists(
        cast(Run, run), cast(Any, SimpleNamespace(patience_s=1.0)),
        Part(collection="Doc", target="Doc"), 1,
    )  # fmt: skip
    monkeypatch.setattr(one, "_keep", lambda result: None)
    future: asyncio.Future[ListResult] = asyncio.get_running_loop().create_future()
    part = Part(collection="Doc", target="Doc")
    future.set_result(ListResult(part=part, moved=Moved(dropped=2, added=1), left=()))
    one._flying[future] = (bytes(16),)
    await one._land(future)
    assert run.__dict__["checkpoint"] == msgspec.structs.replace(Checkpoint(), dropped=2, added=1)
    assert set(changed_by) == {threading.get_ident()}
