"""Pollers: single flight, parked calls, backoff, and never an end."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from elysiadash.cluster.poller import Poller, Schedule
from elysiadash.cluster.slices import Problem
from elysiadash.weaviate.errors import (
    AnswerTooLarge,
    Forbidden,
    NoAnswer,
    ServerFault,
    Unreachable,
    WeaviateError,
)

VERBOSE = Schedule(interval=15.0, cost_factor=50.0, park=3.0)
SCHEDULE = Schedule(interval=5.0, backoff_first=1.0, backoff_max=60.0, refused=600.0)


class LeapingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time leaps to the next timer instead of passing."""

    def __init__(self) -> None:
        self.now = 0.0
        super().__init__()
        selector: Any = vars(self)["_selector"]
        select = selector.select

        def leap(timeout: float | None) -> Any:
            if timeout is None:
                raise AssertionError("everything waits and no timer is set")
            self.now += timeout
            return select(0)

        selector.select = leap

    def time(self) -> float:
        return self.now


def leaping(story: Callable[[], Awaitable[None]]) -> None:
    """Runs a story of minutes at once."""

    async def tell() -> None:
        await story()

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        runner.run(tell())


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class Script:
    """A question whose calls take the seconds, and end with the error, that are scripted."""

    def __init__(self, *calls: tuple[float, Exception | None]) -> None:
        self.calls = calls
        self.started: list[float] = []
        self.problems: list[Problem] = []

    async def __call__(self) -> None:
        seconds, error = self.calls[min(len(self.started), len(self.calls) - 1)]
        self.started.append(asyncio.get_running_loop().time())
        await asyncio.sleep(seconds)
        if error is not None:
            raise error

    def poller(self, schedule: Schedule) -> Poller:
        return Poller("p", self, self.problems.append, schedule, rng=random.Random(1))


class Hang:
    """A cluster with a node that hangs from ``begin`` on: what is asked before the others have
    forgotten it (after ``forgotten`` seconds) takes 30 s. Its own address tells after ``told``."""

    def __init__(self, begin: float, *, forgotten: float = 5.5, told: float = 3.0) -> None:
        self.begin, self.forgotten, self.told = begin, forgotten, told
        self.started: list[float] = []
        self.answered: list[float] = []
        """When the calls were started that were answered."""
        self.open = self.most = 0
        self.problems: list[Problem] = []

    @property
    def _since(self) -> float:
        return asyncio.get_running_loop().time() - self.begin

    def hangs(self) -> bool:
        return self._since >= self.told

    async def __call__(self) -> None:
        started = self._since
        self.started.append(started)
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await asyncio.sleep(30.0 if 0 <= started < self.forgotten else 0.02)
            self.answered.append(started)
        finally:
            try:
                # Closing takes a moment.
                await asyncio.sleep(0.01)
            finally:
                self.open -= 1

    def poller(self, schedule: Schedule) -> Poller:
        note = self.problems.append
        return Poller("p", self, note, schedule, waits_for_nobody=self.hangs, rng=random.Random(1))


class Asked:
    """A question whose answers are scripted."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.block: asyncio.Event | None = None
        self.problems: list[Problem] = []

    async def __call__(self) -> None:
        self.calls += 1
        if self.block is not None:
            await self.block.wait()
        if self.error is not None:
            raise self.error


def poller(asked: Asked, schedule: Schedule = SCHEDULE, held: str | None = None) -> Poller:
    rng = random.Random(1)
    return Poller("p", asked, asked.problems.append, schedule, held=lambda: held, rng=rng)


async def test_a_success_waits_the_interval_with_a_little_jitter() -> None:
    wait = await poller(Asked()).once()
    assert 5.0 <= wait <= 5.5


async def test_an_expensive_call_waits_longer() -> None:
    asked = Asked()

    async def slow() -> None:
        await asyncio.sleep(0.02)

    found = Poller("p", slow, asked.problems.append, Schedule(interval=0.1, cost_factor=100))
    assert await found.once() >= 2.0


async def test_failures_back_off_with_jitter_up_to_the_limit_and_recover() -> None:
    asked = Asked()
    asked.error = ServerFault("no")
    found = poller(asked)
    waits = [await found.once() for _ in range(12)]
    for number, wait in enumerate(waits):
        full = min(60.0, 2.0**number)
        assert full / 2 <= wait <= full
    assert found.failures == 12
    assert asked.problems[0].kind == "server fault"
    asked.error = None
    assert await found.once() <= 5.5
    assert found.failures == 0


async def test_a_refusal_that_waiting_does_not_change_is_asked_rarely() -> None:
    asked = Asked()
    asked.error = Forbidden("403")
    assert await poller(asked).once() == 600.0


async def test_a_hanging_call_is_parked_and_never_a_third_one_starts() -> None:
    asked = Asked()
    asked.block = asyncio.Event()
    found = poller(asked, Schedule(interval=5.0, park=0.01))
    assert [await found.once() for _ in range(6)] == [5.0, *5 * [math.inf]]
    assert asked.calls == 2
    assert found.open_calls == 2
    assert asked.problems[-1] == Problem(
        "parked",
        "two calls are not answered yet; asked again when one ends",
        None,
        "a node may hang, or the cluster is large",
    )
    asked.block.set()
    await asyncio.sleep(0.01)
    assert found.open_calls == 0
    await found.once()
    assert asked.calls == 3


async def test_an_internal_fault_is_noted_and_does_not_end_the_watch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = Asked()
    asked.error = KeyError("ours")
    found = poller(asked)
    await found.once()
    assert asked.problems[-1].kind == "internal"
    assert "poller p failed" in caplog.text
    asked.error = None
    await found.once()
    assert found.failures == 0


async def test_a_held_poller_asks_nothing_and_says_why() -> None:
    asked = Asked()
    await poller(asked, held="replicas are being moved").once()
    assert asked.calls == 0
    assert asked.problems == [Problem("held", "replicas are being moved")]


async def test_cancelling_ends_the_calls_set_aside() -> None:
    asked = Asked()
    asked.block = asyncio.Event()
    found = poller(asked, Schedule(interval=3600, park=0.01))
    task = asyncio.create_task(found.run())
    await asyncio.sleep(0.05)
    assert found.open_calls == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert found.open_calls == 0


def test_refresh_now_ends_the_wait_and_pause_stops_it() -> None:
    async def story() -> None:
        script = Script((0.0, None))
        found = script.poller(Schedule(interval=3600))
        task = asyncio.create_task(found.run())
        await asyncio.sleep(10)
        found.refresh_now()
        await asyncio.sleep(10)
        assert script.started == [0.0, 10.0]
        found.pause()
        found.refresh_now()
        await asyncio.sleep(10)
        assert script.started == [0.0, 10.0]
        found.resume()
        await asyncio.sleep(10)
        assert script.started == [0.0, 10.0, 30.0]
        await stop(task)

    leaping(story)


@pytest.mark.parametrize(
    ("seconds", "cost_factor", "floor"), [(0.01, 0.0, 1.0), (0.01, 50.0, 1.0), (0.5, 50.0, 5.0)]
)
def test_a_held_refresh_key_is_no_flood(seconds: float, cost_factor: float, floor: float) -> None:
    async def story() -> None:
        script = Script((seconds, None))
        found = script.poller(Schedule(interval=3600, cost_factor=cost_factor))
        task = asyncio.create_task(found.run())
        for _ in range(1000):
            found.refresh_now()
            await asyncio.sleep(0.03)
        pauses = [b - a for a, b in zip(script.started, script.started[1:], strict=False)]
        assert len(pauses) >= 4
        assert all(floor - 1e-6 <= pause <= floor + 0.1 for pause in pauses)
        await stop(task)

    leaping(story)


def test_a_refresh_does_not_pile_on_a_call_set_aside() -> None:
    async def story() -> None:
        script = Script((100.0, None))
        found = script.poller(VERBOSE)
        task = asyncio.create_task(found.run())
        await asyncio.sleep(4)
        found.refresh_now()
        await asyncio.sleep(60)
        assert script.started == [0.0, 30.0]
        await stop(task)

    leaping(story)


def test_a_large_cluster_is_asked_by_what_it_costs_though_its_call_is_set_aside() -> None:
    async def story() -> None:
        script = Script((4.0, None))
        found = script.poller(VERBOSE)
        task = asyncio.create_task(found.run())
        await asyncio.sleep(3.5)
        assert script.problems == [
            Problem(
                "parked",
                "not answered after 3 s; the call goes on",
                None,
                "a node may hang, or the cluster is large",
            )
        ]
        assert found.last_seconds is None
        assert found.next_at == pytest.approx(153.0)
        await asyncio.sleep(1)
        assert found.last_seconds == pytest.approx(4.0)
        assert found.failures == 0
        assert found.next_at == pytest.approx(204.0)
        await asyncio.sleep(600)
        assert script.started == pytest.approx([0.0, 204.0, 408.0])
        await stop(task)

    leaping(story)


def test_the_hold_of_an_old_call_ends_with_a_newer_one() -> None:
    async def story() -> None:
        script = Script((4.0, None), (0.1, None))
        found = script.poller(VERBOSE)
        task = asyncio.create_task(found.run())
        await asyncio.sleep(50)
        found.refresh_now()
        await asyncio.sleep(1)
        assert script.started == [0.0, 50.0]
        assert found.next_at is not None
        assert 65.1 <= found.next_at <= 66.7
        await stop(task)

    leaping(story)


def test_a_fast_call_set_aside_that_ends_well_keeps_the_pace() -> None:
    async def story() -> None:
        script = Script((4.0, None))
        found = script.poller(Schedule(interval=5.0, park=3.0))
        task = asyncio.create_task(found.run())
        await asyncio.sleep(20)
        assert script.started == [0.0, 8.0, 16.0]
        await stop(task)

    leaping(story)


def test_a_late_failure_says_nothing_once_a_newer_call_was_answered() -> None:
    async def story() -> None:
        script = Script((200.0, NoAnswer("late")), (1.0, None))
        found = script.poller(VERBOSE)
        await found.once()
        await found.once()
        await asyncio.sleep(300)
        assert found.open_calls == 0
        assert [problem.kind for problem in script.problems] == ["parked"]
        assert found.failures == 0

    leaping(story)


@pytest.mark.parametrize(
    ("error", "kind"), [(NoAnswer("late"), "no answer"), (KeyError("ours"), "internal")]
)
def test_a_late_failure_of_the_newest_call_is_told(
    error: Exception, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        script = Script((10.0, error))
        found = script.poller(VERBOSE)
        await found.once()
        await asyncio.sleep(10)
        assert [problem.kind for problem in script.problems] == ["parked", kind]
        assert found.errors == 1

    leaping(story)
    assert ("poller p failed" in caplog.text) is (kind == "internal")


def test_a_late_answer_that_is_too_large_is_asked_rarely() -> None:
    async def story() -> None:
        script = Script((4.0, AnswerTooLarge("64 MiB")))
        found = script.poller(VERBOSE)
        task = asyncio.create_task(found.run())
        await asyncio.sleep(5)
        assert found.next_at == pytest.approx(604.0)
        await stop(task)

    leaping(story)


@pytest.mark.parametrize(
    ("error", "seconds", "least", "most"),
    [
        (ServerFault("500"), 0.1, 15.0, 15.0),
        (ServerFault("500"), 1.0, 50.0, 50.0),
        (ServerFault("500"), 2.0, 60.0, 60.0),
        (NoAnswer("30 s"), 30.0, 60.0, 60.0),
        (Unreachable("refused"), 5.0, 15.0, 15.0),
        (AnswerTooLarge("64 MiB"), 1.0, 600.0, 600.0),
        (KeyError("ours"), 0.1, 15.0, 15.0),
    ],
)
def test_a_costly_question_that_fails_is_not_asked_sooner_than_one_that_succeeds(
    error: Exception, seconds: float, least: float, most: float
) -> None:
    async def story() -> None:
        script = Script((seconds, error))
        wait = await script.poller(Schedule(interval=15.0, cost_factor=50.0)).once()
        assert least - 1e-6 <= wait <= most + 1e-6

    leaping(story)


def test_a_question_to_all_nodes_that_is_never_answered_is_asked_rarely() -> None:
    async def story() -> None:
        script = Script((35.0, NoAnswer("35 s")))
        found = script.poller(VERBOSE)
        task = asyncio.create_task(found.run())
        await asyncio.sleep(36)
        assert found.next_at == pytest.approx(635.0)
        await stop(task)

    leaping(story)


def test_a_time_out_while_another_leader_is_elected_makes_nothing_rare() -> None:
    async def story() -> None:
        script = Script((0.02, None), (3600.0, None), (5.0, NoAnswer("5 s")), (0.02, None))
        found = script.poller(Schedule(interval=15.0, cost_factor=50.0))
        task = asyncio.create_task(found.run())
        await asyncio.sleep(20)
        assert len(script.started) == 2
        found.ask_elsewhere()
        await asyncio.sleep(21)
        assert script.started[2:] == [pytest.approx(20.0), pytest.approx(40.0)]
        await stop(task)

    leaping(story)


@pytest.mark.parametrize("error", [NoAnswer("5 s"), Unreachable("refused"), ServerFault("500")])
def test_a_wish_to_refresh_is_met_at_once_after_a_failure(error: WeaviateError) -> None:
    async def story() -> None:
        script = Script((5.0, error), (0.02, None))
        found = script.poller(Schedule(interval=15.0, cost_factor=50.0))
        task = asyncio.create_task(found.run())
        await asyncio.sleep(10)
        found.refresh_now()
        await asyncio.sleep(0.1)
        assert script.started == [0.0, 10.0]
        await stop(task)

    leaping(story)


@pytest.mark.parametrize("error", [ServerFault("500"), NoAnswer("2 s")])
def test_the_fast_lane_backs_off_from_the_first_step(error: WeaviateError) -> None:
    async def story() -> None:
        assert await Script((2.0, error)).poller(SCHEDULE).once() <= 1.0

    leaping(story)


def test_cancelling_waits_for_the_calls_to_have_ended() -> None:
    async def story() -> None:
        ended: list[str] = []

        async def ask() -> None:
            try:
                await asyncio.sleep(3600)
            finally:
                await asyncio.sleep(0.5)
                ended.append("closed")

        found = Poller("p", ask, lambda _: None, Schedule(interval=5.0, park=3.0))
        task = asyncio.create_task(found.run())
        await asyncio.sleep(10)
        await stop(task)
        assert ended == ["closed", "closed"]
        assert found.open_calls == 0

    leaping(story)


async def test_waiting_for_a_hung_peer_costs_the_server_nothing() -> None:
    async def ask() -> float:
        await asyncio.sleep(0.05)
        return 0.001

    problems: list[Problem] = []
    found = Poller("p", ask, problems.append, Schedule(interval=0.2, cost_factor=100))
    assert await found.once() <= 0.25
    assert found.last_seconds == 0.001


def test_one_call_that_waited_for_a_hung_node_makes_nothing_rare() -> None:
    async def story() -> None:
        script = Script((0.02, None), (46.0, None), (0.02, None))
        found = script.poller(Schedule(interval=15.0, cost_factor=50.0))
        assert [await found.once() for _ in range(3)] == [pytest.approx(15.75, abs=0.76)] * 3
        assert found.last_seconds == pytest.approx(0.02)

    leaping(story)


def test_a_time_out_after_quick_answers_is_tried_again_soon() -> None:
    async def story() -> None:
        script = Script((0.02, None), (60.0, NoAnswer("60 s")))
        found = script.poller(Schedule(interval=15.0, cost_factor=50.0))
        await found.once()
        assert await found.once() <= 16.5

    leaping(story)


def test_what_is_slow_three_times_is_slow() -> None:
    async def story() -> None:
        script = Script((0.02, None), (4.0, None), (4.0, None), (4.0, None))
        found = script.poller(Schedule(interval=15.0, cost_factor=50.0))
        waits = [await found.once() for _ in range(4)]
        assert waits[-1] >= 200.0
        assert max(waits[:-1]) <= 16.5

    leaping(story)


FAN_OUT = Schedule(interval=5.0, park=3.0)


@pytest.mark.parametrize("schedule", [FAN_OUT, VERBOSE], ids=["nodes", "verbose"])
@pytest.mark.parametrize("begin", [step / 2 for step in range(92, 140)])
def test_a_hung_node_blinds_for_seconds_and_not_for_half_a_minute(
    begin: float, schedule: Schedule
) -> None:
    async def story() -> None:
        hang = Hang(begin)
        found = hang.poller(schedule)
        task = asyncio.create_task(found.run())
        await asyncio.sleep(begin + hang.told)
        # As the watch does when a node's own address tells another thing than before.
        found.refresh_now()
        await asyncio.sleep(20.0 - hang.told)
        seen = next(at for at in hang.answered if at >= hang.forgotten)
        assert seen <= 9.0 + (schedule.interval if schedule is FAN_OUT else 15.0) * (
            not any(0 <= at < hang.forgotten for at in hang.started)
        )
        assert hang.most <= 2
        assert found.open_calls <= 1
        await stop(task)

    leaping(story)


def test_calls_that_are_given_up_in_vain_are_given_up_ever_later_and_then_not_at_all() -> None:
    async def story() -> None:
        hang = Hang(1.0, forgotten=3600.0)
        found = hang.poller(FAN_OUT)
        task = asyncio.create_task(found.run())
        await asyncio.sleep(121)
        assert hang.most == 2
        assert len(hang.answered) >= 4, "the answers of 30 s are better than none"
        assert len(hang.started) <= 12
        await stop(task)

    leaping(story)


def test_what_waits_for_a_hung_node_says_when_it_is_asked_again() -> None:
    async def story() -> None:
        hang = Hang(0.0, told=-1.0)
        found = hang.poller(FAN_OUT)
        assert await found.once() == pytest.approx(3.0)
        assert hang.problems[-1].what == "not answered after 3 s; the call goes on"
        assert await found.once() == pytest.approx(0.0)
        assert hang.problems[-1] == Problem(
            "parked",
            "two calls wait for a hung node; the older one is given up",
            None,
            "a node may hang, or the cluster is large",
        )
        assert await found.once() <= 5.5
        assert found.failures == 0

    leaping(story)


def test_a_large_cluster_is_left_its_time_though_a_node_hangs() -> None:
    async def story() -> None:
        script = Script((7.0, None))
        found = script.poller(VERBOSE)
        await found.once()
        await asyncio.sleep(10)
        assert found.last_seconds == pytest.approx(7.0)
        found._waits_for_nobody = lambda: True
        task = asyncio.create_task(found.run())
        await asyncio.sleep(300)
        found.refresh_now()
        await asyncio.sleep(100)
        assert script.started == pytest.approx([0.0, 13.0, 313.0])
        await stop(task)

    leaping(story)


def test_with_both_places_taken_it_waits_for_one_of_the_calls_and_then_asks() -> None:
    async def story() -> None:
        script = Script((20.0, None), (20.0, None), (0.02, None))
        found = script.poller(FAN_OUT)
        task = asyncio.create_task(found.run())
        await asyncio.sleep(15)
        assert script.started == [0.0, 8.0]
        assert found.next_at == math.inf
        found.refresh_now()
        await asyncio.sleep(4)
        assert found.next_at == math.inf
        assert found.polls == 2
        await asyncio.sleep(1.1)
        assert script.started == [0.0, 8.0, pytest.approx(20.0)]
        await stop(task)

    leaping(story)


@pytest.mark.parametrize("park", [None, 3.0])
def test_a_call_sent_to_where_nobody_answers_is_given_up_and_asked_elsewhere(
    park: float | None,
) -> None:
    async def story() -> None:
        asked: list[str] = []
        answering = asyncio.Event()

        async def ask() -> None:
            asked.append("sent")
            if not answering.is_set():
                await asyncio.sleep(3600)

        found = Poller("p", ask, lambda _: None, Schedule(interval=60.0, park=park))
        task = asyncio.create_task(found.run())
        await asyncio.sleep(10)
        answering.set()
        found.ask_elsewhere()
        await asyncio.sleep(0.1)
        assert asked == ["sent", "sent"]
        assert found.open_calls == 0
        assert found.failures == 0
        await stop(task)

    leaping(story)


SLOW = Schedule(interval=15.0, cost_factor=50.0)
PARTS = Schedule(interval=5.0, park=3.0)


def during_a_change(script: Script, schedule: Schedule) -> Poller:
    def lasts() -> bool:
        return asyncio.get_running_loop().time() < 20.0

    note = script.problems.append
    return Poller("p", script, note, schedule, changes_over=lasts, rng=random.Random(1))


@pytest.mark.parametrize("error", [NoAnswer("5 s"), ServerFault("500"), Unreachable("refused")])
@pytest.mark.parametrize("schedule", [SLOW, PARTS, SCHEDULE], ids=["slow", "parts", "one"])
def test_a_failure_while_the_leader_changes_is_tried_again_in_a_second_or_two(
    schedule: Schedule, error: WeaviateError
) -> None:
    async def story() -> None:
        found = during_a_change(Script((0.02, None), (2.5, error)), schedule)
        await found.once()
        waits = [await found.once() for _ in range(4)]
        assert max(waits) <= 2.0
        assert min(waits[1:]) >= (0.5 if schedule is not SLOW else 1.0)
        assert len(set(waits)) == 4, "not all terminals at once"
        # After it, the usual pace from the usual step.
        await asyncio.sleep(20)
        assert 0.5 <= await found.once() <= (16.5 if schedule is SLOW else 2.0)

    leaping(story)


def test_a_failure_that_costs_all_nodes_much_is_not_hurried() -> None:
    async def story() -> None:
        found = during_a_change(Script((2.5, ServerFault("500"))), VERBOSE)
        assert await found.once() >= 100.0

    leaping(story)


@pytest.mark.parametrize("error", [Forbidden("403"), AnswerTooLarge("1 GiB")])
def test_a_refusal_is_not_hurried(error: WeaviateError) -> None:
    async def story() -> None:
        assert await during_a_change(Script((0.1, error)), SLOW).once() == 600.0

    leaping(story)


@pytest.mark.parametrize("begin", [15.5, 15.8, 18.0])
def test_a_call_that_waits_for_the_leader_that_was_is_given_up_and_asked_again(
    begin: float,
) -> None:
    async def story() -> None:
        script = Script((0.02, None), (46.0, None), (0.02, None))
        over = False
        found = Poller(
            "p",
            script,
            script.problems.append,
            SLOW,
            changes_over=lambda: over,
            rng=random.Random(1),
        )
        task = asyncio.create_task(found.run())
        await asyncio.sleep(begin)
        over = True
        found.refresh_now()
        await asyncio.sleep(10)
        assert len(script.started) == 3
        assert 6.0 <= script.started[2] - script.started[1] <= 8.5
        assert script.problems == []
        assert found.failures == 0
        await stop(task)

    leaping(story)


def test_every_call_that_is_usually_quick_is_given_up_after_the_same_time() -> None:
    async def story() -> None:
        script = Script((0.02, None), (46.0, None), (46.0, None), (0.02, None))
        note, rng = script.problems.append, random.Random(1)
        found = Poller("p", script, note, SLOW, changes_over=lambda: True, rng=rng)
        task = asyncio.create_task(found.run())
        # As the watch does at each change it sees.
        for at in (16.6, 18.0, 20.0, 24.0):
            await asyncio.sleep(at - asyncio.get_running_loop().time())
            found.refresh_now()
        await asyncio.sleep(10)
        assert len(script.started) >= 4, script.started
        first, second, third = script.started[1:4]
        assert 6.0 <= second - first <= 8.0
        assert 6.0 <= third - second <= 8.0
        await stop(task)

    leaping(story)


def test_a_list_that_takes_long_by_itself_is_left_its_time_while_the_leader_changes() -> None:
    async def story() -> None:
        script = Script((9.0, None))
        found = Poller("p", script, script.problems.append, SLOW, changes_over=lambda: True)
        # Not known yet to be slow: given up once or twice, ever later, and then answered.
        task = asyncio.create_task(found.run())
        await asyncio.sleep(30)
        assert len(script.started) == 2
        assert found.last_seconds == pytest.approx(9.0)
        found.refresh_now()
        await asyncio.sleep(400)
        assert len(script.started) == 3
        await stop(task)

    leaping(story)


def test_it_tells_since_when_it_asks() -> None:
    async def story() -> None:
        found = Script((20.0, None)).poller(SLOW)
        assert found.asked_at is None
        task = asyncio.create_task(found.run())
        await asyncio.sleep(7)
        assert found.asked_at == 0.0
        await asyncio.sleep(14)
        assert found.asked_at is None
        await stop(task)

    leaping(story)
