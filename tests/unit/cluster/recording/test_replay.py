"""A recording played back is a watch: the same rows, nodes, charts and events, at their time."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from elysiadash.cluster.connect import connect
from elysiadash.cluster.events.event import Event
from elysiadash.cluster.lanes import EVERYTHING
from elysiadash.cluster.recording.file import DamagedRecording, MomentGone
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.replay import EmptyRecording, Replay
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Addresses, Profile
from elysiadash.config.tuning import Thresholds
from elysiadash.demo import Fault, SimulatedCluster, simulated
from elysiadash.weaviate.errors import NotSupported
from tests.unit.cluster.recording.moments import ABOUT, START, plain, quiet, record


class Clock:
    """Monotonic seconds that move when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def opened(path: Path, at: float | None = None) -> AsyncIterator[Replay]:
    replay = Replay.open(path)
    if at is not None:
        replay.begin_at(at)
    try:
        yield replay
    finally:
        await replay.aclose()


def times(path: Path, *ats: float) -> Path:
    record(path, [quiet(1, START + at)[0] for at in ats])
    return path


async def moment_of(watch: Watch) -> Moment:
    found = await watch._moment()
    assert found is not None
    return found


def watch_over(cluster: SimulatedCluster) -> Watch:
    profile = Profile(
        name="sim",
        url=cluster.url,
        nodes=Addresses(named=cluster.nodes),
        metrics=Addresses(named=cluster.metrics),
        environment="prod",
        thresholds=Thresholds(stale_after_s=77.0),
    )
    return connect(profile)


async def test_the_demo_is_shown_as_the_watch_had_it(tmp_path: Path) -> None:
    from elysiadash.cluster.recording.recorder import about_profile

    path = tmp_path / "r.sqlite"
    seen: list[Moment] = []
    async with simulated("troubled", grpc=False, time_scale=0.05) as cluster:
        watch = watch_over(cluster)
        writer = Writer(path, about_profile(watch.profile), Retention())
        for turn in range(4):
            await watch.once(EVERYTHING, limit=20)
            if turn == 1:
                cluster.faults.add(Fault(kind="node_down", node="node-0", start=-60))
                await cluster.apply_faults()
            moment = await moment_of(watch)
            writer.write(Batch(moment=moment))
            seen.append(moment)
        writer.close()
        await watch.aclose()
    async with opened(path) as replay:
        assert replay.profile.name == "sim"
        assert replay.profile.environment == "prod"
        assert replay.profile.thresholds.stale_after_s == 77.0
        assert not replay.profile.write
        for place in (3, 0, 2, 1):
            await replay.jump(seen[place].at)
            assert replay.place == (place + 1, 4)
            assert replay.store.clock() == replay.at == seen[place].at
            assert await replay.rows() == seen[place].rows
            assert replay.cluster() == _rounded(seen[place]).cluster
            assert replay.own_load() == seen[place].load
            shown = Moment(
                at=replay.at,
                slices=replay.store.slices(),
                rows=await replay.rows(),
                cluster=replay.cluster(),
                load=replay.own_load(),
            )
            expected = plain(_rounded(seen[place]))
            assert plain(shown)["slices"].keys() == expected["slices"].keys()
            for key, piece in plain(shown)["slices"].items():
                assert piece == expected["slices"][key], key
        await replay.jump(replay.end)
        states = {node.node: node.status for node in replay.cluster().nodes}
        await replay.jump(replay.start)
        assert states != {node.node: node.status for node in replay.cluster().nodes}
        assert replay.problems() == tuple(
            (kind, key.of, piece.problem)
            for kind in Kind
            for key, piece in seen[0].slices.items()
            if key.kind is kind and piece.problem is not None
        )


def _rounded(moment: Moment) -> Moment:
    """As it is kept: milliseconds, and what the metrics say of each collection in the rows."""
    slices = {}
    for key, piece in moment.slices.items():
        value = piece.value
        if key.kind is Kind.METRICS and value is not None:
            value = msgspec.structs.replace(value, per_collection={})
        slices[key] = msgspec.structs.replace(
            piece,
            value=value,
            fetched_at=piece.fetched_at and round(piece.fetched_at * 1000) / 1000,
            problem_since=piece.problem_since and round(piece.problem_since * 1000) / 1000,
            latency=None if piece.latency is None else round(piece.latency * 10_000) / 10_000,
        )
    nodes = tuple(
        msgspec.structs.replace(node, seen_at=node.seen_at and round(node.seen_at * 1000) / 1000)
        for node in moment.cluster.nodes
    )
    asked_at = moment.cluster.asked_at
    view = msgspec.structs.replace(
        moment.cluster, nodes=nodes, asked_at=asked_at and round(asked_at * 1000) / 1000
    )
    return msgspec.structs.replace(moment, slices=slices, cluster=view)


async def test_stepping_and_jumping(tmp_path: Path) -> None:
    path = times(tmp_path / "r.sqlite", 0, 5, 10, 100, 105)
    async with opened(path) as replay:
        assert (replay.at, replay.place) == (START + 105, (5, 5))
        assert not await replay.step(1)
        assert await replay.step(-1)
        assert (replay.at, replay.place) == (START + 100, (4, 5))
        assert await replay.step(-99)
        assert replay.place == (1, 5)
        assert not await replay.step(-1)
        await replay.jump(START + 50)
        assert replay.at == START + 10
        await replay.jump(START - 50)
        assert replay.at == START
        await replay.jump(START + 1e9)
        assert replay.at == replay.end == START + 105
        assert replay.start == START
    async with opened(path, START + 7) as replay:
        assert replay.at == START + 5


async def test_skipping_goes_on_by_at_least_one_moment(tmp_path: Path) -> None:
    path = times(tmp_path / "r.sqlite", 0, 5, 10, 500, 505)
    async with opened(path, START) as replay:
        assert await replay.skip(8)
        assert replay.at == START + 5
        assert await replay.skip(60)
        assert replay.at == START + 10
        assert await replay.skip(60), "a gap holds nobody up"
        assert replay.at == START + 500
        assert await replay.skip(-60)
        assert replay.at == START + 10
        assert await replay.skip(-60)
        assert replay.at == START
        assert not await replay.skip(-60)


async def play(replay: Replay, clock: Clock, seconds: float, step: float = 0.25) -> list[float]:
    """Let it run; the moments that were shown."""
    shown = []
    for _ in range(int(seconds / step)):
        clock.now += step
        await replay._advance(step * replay.speed)
        shown.append(replay.at - START)
    return shown


async def test_playing_follows_time_and_leaps_over_gaps(tmp_path: Path) -> None:
    path = times(tmp_path / "r.sqlite", 0, 1, 2, 1000, 1001)
    async with opened(path, START) as replay:
        replay.play()
        shown = await play(replay, Clock(), 5)
        assert list(dict.fromkeys(shown)) == [0, 1, 2, 1000, 1001]
        assert shown.count(1) == 4
        assert not replay.playing, "it plays on behind the end"
        await replay.step(-4)
        replay.play(4.0)
        assert list(dict.fromkeys(await play(replay, Clock(), 2))) == [1, 2, 1000, 1001]


async def test_playing_goes_on_where_the_clock_was_set_back(tmp_path: Path) -> None:
    path = times(tmp_path / "r.sqlite", 1000, 1001, 0, 1, 2)
    async with opened(path) as replay:
        assert replay.at == START + 2
        assert (replay.start, replay.end) == (START, START + 1001)
        await replay.step(-4)
        replay.play()
        shown = await play(replay, Clock(), 8)
        assert list(dict.fromkeys(shown)) == [1000, 1001, 0, 1, 2]
        assert shown.count(1) == 4


async def test_run_plays_by_the_clock_and_begins_anew_from_the_end(tmp_path: Path) -> None:
    path = times(tmp_path / "r.sqlite", *range(20))
    async with opened(path) as replay:
        running = asyncio.create_task(replay.run())
        replay.play(100.0)
        async with asyncio.timeout(10):
            while replay.place[0] == 20:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            replay.play(200.0)
            while replay.playing:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert replay.place == (20, 20)
        await asyncio.sleep(0.6)
        assert replay.place == (20, 20), "asked to play faster, it began anew by itself"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_step_stops_playing(tmp_path: Path) -> None:
    async with opened(times(tmp_path / "r.sqlite", 0, 5, 10), START) as replay:
        replay.play()
        await replay.step(1)
        assert not replay.playing
        await replay._advance(100)
        assert replay.at == START + 5


async def test_charts_and_events_end_at_the_moment_shown(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    writer = Writer(path, ABOUT, Retention())
    for number, moment in enumerate(quiet(41, step=15.0)):
        frame = {"objects_per_s": {"Docs": float(number)}}
        event = Event(at=moment.at, kind="node.left", message=str(number))
        writer.write(Batch(moment=moment, points=((moment.at, frame),), events=(event,)))
    writer.close()
    async with opened(path) as replay:
        held = replay.history
        await replay.jump(START + 300)
        points = replay.history.points("objects_per_s", "Docs")
        assert points.values == tuple(map(float, range(21)))
        assert held is replay.history, "screens hold on to it"
        assert held.points("objects_per_s", "Docs", 2).values == (19.0, 20.0)
        series = await replay.series("objects_per_s", "Docs", 150, 10)
        assert series.values == tuple(map(float, range(11, 21)))
        assert (series.end, series.source) == (START + 300, "recording")
        assert [event.message for event in await replay.past_events(limit=2)] == ["20", "19"]
        found = await replay.past_events(START + 30, START + 60)
        assert [event.message for event in found] == ["4", "3", "2"]
        with pytest.raises(NotSupported):
            await replay.tenants("Docs")


async def test_every_move_tells_the_screens(tmp_path: Path) -> None:
    async with opened(times(tmp_path / "r.sqlite", 0, 5)) as replay:
        told: list[Kind] = []
        replay.store.listen(told.append)
        await replay.step(-1)
        assert told


async def test_what_cannot_be_shown_is_told(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    record(path, [])
    with pytest.raises(EmptyRecording, match="no moment"):
        Replay.open(path)
    record(path, quiet(10))
    async with opened(path, START) as replay:
        connection = sqlite3.connect(path)
        connection.execute("UPDATE frames SET body = x'00' WHERE id = 5")
        connection.commit()
        connection.close()
        replay.play(100.0)
        await replay._advance(100)
        assert not replay.playing
        assert "damaged" in (replay.problem or "")
        with pytest.raises(DamagedRecording):
            await replay.jump(START + 45)
        assert await replay.step(1)
        assert replay.problem is None


@pytest.mark.parametrize("count", [1, 12])
async def test_damage_at_the_end_hides_only_the_end(tmp_path: Path, count: int) -> None:
    path = tmp_path / "r.sqlite"
    record(path, quiet(200))
    connection = sqlite3.connect(path)
    (last,) = connection.execute("SELECT max(id) FROM frames").fetchone()
    connection.execute("UPDATE frames SET body = x'00' WHERE id > ?", (last - count,))
    connection.commit()
    connection.close()
    async with opened(path) as replay:
        here, many = replay.place
        assert here <= many - count
        assert replay.problem == f"the end is damaged: {many - here} moments after this one"
        await replay.jump(START)
        assert replay.at == START
        assert replay.problem is None


async def test_moments_that_are_forgotten_meanwhile_are_gone(tmp_path: Path) -> None:
    path = times(tmp_path / "r.sqlite", 0, 2000, 4000)
    async with opened(path) as replay:
        writer = Writer(path, ABOUT, Retention(max_age=1000))
        writer.sweep(START + 4500)
        writer.close()
        with pytest.raises(MomentGone):
            await replay.jump(START)
        assert replay.at == START + 4000


@pytest.mark.parametrize(
    "retention", [Retention(max_age=1500), Retention(max_bytes=1)], ids=["by age", "by size"]
)
async def test_a_moment_is_never_shown_under_the_time_of_another(
    tmp_path: Path, retention: Retention
) -> None:
    path = tmp_path / "r.sqlite"
    record(path, [*quiet(100), *quiet(1, START + 1000)])
    async with opened(path, START + 50) as replay:
        load = replay.own_load()
        writer = Writer(path, ABOUT, retention)
        writer.sweep(START + 2500)
        writer.close()
        with pytest.raises(MomentGone):
            await replay.step(1)
        replay.play(60.0)
        await replay._advance(10.0)
        assert not replay.playing
        assert "no longer in" in (replay.problem or "")
        assert (replay.at, replay.own_load()) == (START + 50, load)
        await replay.jump(START + 1000)
        assert replay.at == START + 1000


async def test_damaged_points_and_events_are_told_and_the_moments_are_shown(
    tmp_path: Path,
) -> None:
    path = tmp_path / "r.sqlite"
    writer = Writer(path, ABOUT, Retention())
    for moment in quiet(3):
        event = Event(at=moment.at, kind="node.left", message="n2 left")
        frame = {"queries_per_s": {"Docs": 1.0}}
        writer.write(Batch(moment=moment, points=((moment.at, frame),), events=(event,)))
    writer.close()
    connection = sqlite3.connect(path)
    for table in ("samples", "events"):
        connection.execute(f"UPDATE {table} SET body = x'00ff'")  # noqa: S608
    connection.commit()
    connection.close()
    async with opened(path) as replay:
        assert await replay.step(-1)
        series = await replay.series("queries_per_s", "Docs", 60.0, 6)
        assert not series.known
        assert "damaged" in (series.problem or "")
        with pytest.raises(DamagedRecording, match=r"r\.sqlite"):
            await replay.past_events()


async def test_damage_costs_its_points_and_events_and_is_told_with_the_others(
    tmp_path: Path,
) -> None:
    path = tmp_path / "r.sqlite"
    writer = Writer(path, ABOUT, Retention())
    for moment in quiet(4):
        event = Event(at=moment.at, kind="node.left", message="n2 left")
        frame = {"queries_per_s": {"Docs": moment.at - START}}
        writer.write(Batch(moment=moment, points=((moment.at, frame),), events=(event,)))
    writer.close()
    connection = sqlite3.connect(path)
    for table in ("samples", "events"):
        connection.execute(f"UPDATE {table} SET body = x'00ff' WHERE id = 2")  # noqa: S608
    connection.commit()
    connection.close()
    async with opened(path) as replay:
        series = await replay.series("queries_per_s", "Docs", 60.0, 60)
        assert set(series.known) == {0.0, 10.0, 15.0}
        assert "1 of 4" in (series.problem or "")
        assert replay.history.points("queries_per_s", "Docs").values == (0.0, 10.0, 15.0)
        assert len(await replay.past_events()) == 3
        assert replay.recording is not None
        assert "1 of 4 events" in (replay.recording.unread or "")
        assert len(await replay.past_events(START + 10)) == 2
        assert replay.recording is None
