"""The view of a job: true numbers, and keys that put down what was asked and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given as forall
from hypothesis import strategies as st
from textual.pilot import Pilot

from elysiadash.config.profile import Profile
from elysiadash.jobs import claims, control, keyspace, outcomes, ranges
from elysiadash.jobs.claims import Claim
from elysiadash.jobs.control import Wish
from elysiadash.jobs.job import Job, JobState
from elysiadash.migrate.checkpoint import Frozen
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.ascii_signs import SIGNS as ASCII
from elysiadash.tui.clusters import Clusters
from elysiadash.tui.job_stages import COPY, PROOFS, REFERENCES, name_of, place_of
from elysiadash.tui.screens.migrate.ending import freeze_lines
from elysiadash.tui.screens.migrate.grid import MOVES, SIGNS, Generation
from elysiadash.tui.screens.migrate.job import JobScreen, coming
from elysiadash.tui.screens.migrate.typed import TypedWord
from elysiadash.tui.screens.row_sheet import Description
from tests.tui.jobs_given import PROD, STAGING, Room, given, watched
from tests.tui.reading import crumbs, fault, rows, shown, status
from tests.tui.still import START
from tests.tui.test_migrate_jobs import looked, pressed, typed


@asynccontextmanager
async def on_job(
    room: Room, job: Job, *, target: Profile = STAGING, size: tuple[int, int] = (140, 40)
) -> AsyncIterator[tuple[ElysiadashApp, Pilot[None], JobScreen]]:
    """The app on a job."""
    over = given(room)
    over["clusters"] = Clusters(
        {PROD.name: PROD, target.name: target}, lambda profile: watched(room, profile)
    )
    async with shown(watched(room), size=size, **over) as (app, pilot):
        await pressed(app, pilot, "3")
        await app.go(f"job {job.id}")
        await looked(app, pilot)
        screen = app.screen
        assert isinstance(screen, JobScreen)
        yield app, pilot, screen


def wishes(room: Room, job: Job) -> list[Wish]:
    """What was asked of it."""
    with room.database.reading() as read:
        return control.latest(read, job.id)


async def test_the_run_says_what_is_known_and_nothing_else(tmp_path: Path) -> None:
    room = Room(tmp_path)
    async with on_job(room, room.running()) as (_, _pilot, screen):
        words = screen.run_pane.about.words
        for said in (
            "running", "COPY", "66 %", "786,000 of ~1,200,000 objects", "2.4 GB", "20/32 ranges",
            "3.41k/s now", "left 1m56s–1m58s (p50–p90)", "bottleneck: target: indexing", "4 lanes",
            "slowed down: p95", "delta 1: 1,204 changed, 12 deleted of 1,204,000 in 44 s",
            "2 dead letters",
        ):  # fmt: skip
            assert said in words
        grid = "\n".join(line.plain for line in screen.run_pane.grid.lines(138, 6))
        assert f"{20 * '█'}{4 * '▒'}{8 * '·'}" in grid
        assert "done 20" in grid
        assert "in hand 4" in grid


async def test_before_anything_is_measured_nothing_is_forecast(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.put()
    async with on_job(room, job) as (_, _pilot, screen):
        words = screen.run_pane.about.words
        assert "%" not in words
        assert "/s" not in words
        assert "left" not in words


async def test_without_its_worker_a_job_does_not_pretend_to_run(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.running()
    room.clock.now += 120
    async with on_job(room, job) as (_, _pilot, screen):
        words = screen.run_pane.about.words
        assert "no worker" in words
        assert "/s now" not in words
        grid = "\n".join(line.plain for line in screen.run_pane.grid.lines(138, 6))
        assert "at rest 4" in grid


@pytest.mark.parametrize(
    ("key", "line", "verb", "value"),
    [
        ("z", None, "pause", None),
        ("m", "500", "rate", 500.0),
        ("m", "off", "rate", None),
        ("W", "2h", "postpone", START + 7200),
    ],
)
async def test_keys_put_down_wishes(
    tmp_path: Path, key: str, line: str | None, verb: str, value: object
) -> None:
    room = Room(tmp_path)
    job = room.running()
    async with on_job(room, job) as (app, pilot, _):
        await pressed(app, pilot, key)
        if line is not None:
            await typed(app, pilot, line)
        await looked(app, pilot)
        (wish,) = wishes(room, job)
        assert (wish.verb, wish.value) == (verb, value)


async def test_a_postponed_job_says_when_it_goes_on(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.running()
    with claims.held(room.database, Claim(job.id, 1, "worker-1")) as tx:
        outcomes.give_back(tx, not_before=START + 7200)
    async with on_job(room, job) as (_, _pilot, screen):
        assert "goes on at" in screen.run_pane.about.words


async def test_a_priority_is_typed(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.put()
    async with on_job(room, job) as (app, pilot, _):
        await pressed(app, pilot, "P", "backspace")
        await typed(app, pilot, "7")
        await looked(app, pilot)
        assert room.now(job).priority == 7


async def test_cancel_wants_its_word(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.running()
    async with on_job(room, job) as (app, pilot, _):
        await pressed(app, pilot, "X")
        assert isinstance(app.screen, TypedWord)
        await pressed(app, pilot, "enter")
        assert isinstance(app.screen, TypedWord)
        assert wishes(room, job) == []
        await typed(app, pilot, "cancel")
        await looked(app, pilot)
        assert [wish.verb for wish in wishes(room, job)] == ["cancel"]


async def test_what_a_job_asks_is_answered_and_it_goes_on(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.asking()
    async with on_job(room, job) as (app, pilot, screen):
        assert "asks: A answers" in crumbs(app)
        assert "say yes to delete them" in screen.run_pane.about.words
        await pressed(app, pilot, "A")
        await typed(app, pilot, "maybe")
        assert "yes or keep" in (fault(app) or "")
        assert wishes(room, job) == []
        await pilot.press(*["backspace"] * 5)
        await typed(app, pilot, "keep")
        await looked(app, pilot)
        found = wishes(room, job)
        assert [wish.verb for wish in reversed(found)] == ["say", "resume"]
        assert found[1].value["word"] == "keep"
        assert room.now(job).state is JobState.QUEUED
        assert room.started >= 1


async def test_a_failed_one_is_resumed(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.different()
    async with on_job(room, job) as (app, pilot, _):
        await pressed(app, pilot, "x")
        await looked(app, pilot)
        assert room.now(job).state is JobState.QUEUED


async def test_a_read_only_target_can_be_slowed_and_stopped_and_not_let_go_on(
    tmp_path: Path,
) -> None:
    room = Room(tmp_path)
    job = room.asking()
    closed = msgspec.structs.replace(STAGING, write=False)
    async with on_job(room, job, target=closed) as (app, pilot, screen):
        bound = {found.binding.id for found in screen.active_bindings.values()}
        assert {"job.cancel", "job.rate"} <= bound
        assert not {"job.resume", "job.answer", "job.cut_over"} & bound
        assert "read-only" in crumbs(app)
        await pressed(app, pilot, "x")
        assert wishes(room, job) == []


async def test_a_difference_is_opened_field_by_field(tmp_path: Path) -> None:
    room = Room(tmp_path)
    async with on_job(room, room.different(), size=(140, 50)) as (app, pilot, screen):
        await pressed(app, pilot, "colon")
        await typed(app, pilot, "view verify")
        assert screen.pane is screen.verify
        first = screen.verify.about.words.splitlines()[0]
        assert first.startswith("▲ not checked")
        assert len(rows(screen.verify.table)) == 5
        await pressed(app, pilot, "j", "enter")
        assert isinstance(app.screen, Description)
        row = screen.verify.table.current()
        assert row is not None
        said = [
            (entry.what, entry.value)
            for section in screen.verify.describe(row)
            for entry in section.entries
        ]
        assert ("source", "2024-05-01T10:00:00.123456789Z") in said
        assert ("target", "2024-05-01T10:00:00Z") in said


async def test_the_freeze_counts_down_and_the_view_follows_the_phase(tmp_path: Path) -> None:
    room = Room(tmp_path)
    async with on_job(room, room.frozen()) as (_, pilot, screen):
        assert screen.pane is screen.cut_over
        assert "FROZEN 18 s" in screen.cut_over.about.words
        assert "thaws by itself in 42 s" in screen.cut_over.about.words
        room.clock.now += 10
        screen.tick()
        await pilot.pause()
        assert "thaws by itself in 32 s" in screen.cut_over.about.words
        assert "still owed" in "\n".join(rows(screen.cut_over.table))


async def test_cutting_over_wants_the_new_name(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.frozen()
    async with on_job(room, job) as (app, pilot, _):
        await pressed(app, pilot, "U")
        assert isinstance(app.screen, TypedWord)
        await typed(app, pilot, "DocumentsNew")
        await looked(app, pilot)
        (wish,) = wishes(room, job)
        assert wish.value["word"] == "thaw"


async def test_the_report_is_read_line_by_line(tmp_path: Path) -> None:
    room = Room(tmp_path)
    async with on_job(room, room.verified()) as (_, _pilot, screen):
        assert screen.pane is screen.report
        lines = rows(screen.report.table)
        assert "Migration of Glossary: verified" in lines[1]
        assert any("Not checked: search parity" in line for line in lines)


async def test_a_job_that_is_gone_says_so(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.verified()
    async with on_job(room, job) as (app, _pilot, screen):
        await app.jobs.forget(job.id)
        await screen._look(now=True)
        assert "there is no job" in crumbs(app)


async def test_a_wrong_value_is_said_and_asks_nothing(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.running()
    async with on_job(room, job) as (app, pilot, _):
        await pressed(app, pilot, "m")
        await typed(app, pilot, "fast")
        await looked(app, pilot)
        assert "no number" in (fault(app) or status(app))
        assert wishes(room, job) == []


# Pure


@forall(st.lists(st.sampled_from(list(SIGNS)), min_size=1, max_size=2000), st.integers(1, 300))
def test_every_range_is_in_a_cell_and_what_moves_is_never_hidden(
    states: list[str], room: int
) -> None:
    cells, each = Generation(0, states).cells(room)
    assert len(cells) <= room
    assert (len(cells) - 1) * each < len(states) <= len(cells) * each
    assert (MOVES in cells) == (MOVES in states)
    assert (set(cells) == {"done"}) == (set(states) == {"done"})


def test_the_signs_tell_states_apart_without_colours_and_in_ascii() -> None:
    assert len({sign for sign, _ in SIGNS.values()}) == len(SIGNS)
    assert len({ASCII.get(sign, sign) for sign, _ in SIGNS.values()}) == len(SIGNS)


@pytest.mark.parametrize(
    ("text", "after"), [("2h", 7200.0), ("30m", 1800.0)],
)  # fmt: skip
def test_a_length_is_from_now(text: str, after: float) -> None:
    assert coming(text, START) == START + after


def test_a_time_of_day_is_the_next_one() -> None:
    for clock in ("00:01", "12:00", "23:59"):
        at = coming(clock, START)
        assert at is not None
        assert START < at <= START + 86_400


@pytest.mark.parametrize("text", ["", "soon", "-2h", "99:99"])
def test_what_is_no_time_is_refused(text: str) -> None:
    assert coming(text, START) is None


def test_a_freeze_that_is_over_says_who_thawed_it() -> None:
    frozen = Frozen(how="READONLY", since=START, until=START + 60, thawed=START + 12, thawed_by="a")
    (line,) = freeze_lines(frozen, START + 100)
    words = "".join(piece if isinstance(piece, str) else piece[0] for piece in line)
    assert "kept out for 12 s" in words
    assert "thawed 1m28s ago (a)" in words


async def test_how_far_it_is_counts_the_present_time_through_the_objects(tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.running()
    claim = Claim(job.id, 1, "worker-1")
    with claims.held(room.database, claim) as tx:
        ranges.add(tx, job.id, keyspace.evenly(4), generation=1, tenant="Documents")
        taken = ranges.take(tx, 0, generation=1)
        assert taken is not None
        ranges.finish(tx, taken, objects=300_000, seconds=10)
        ranges.take(tx, 1, generation=1)
    async with on_job(room, job) as (_, _pilot, screen):
        words = screen.run_pane.about.words
        assert "delta 1: 25 %  300,000 of ~1,200,000 objects" in words
        assert "1/4 ranges" in words
        # One piece of its own says nothing of the pace; the copy's would say something else.
        assert "p50" not in words
        assert "mean since it began" not in words
        grid = "\n".join(line.plain for line in screen.run_pane.grid.lines(138, 8))
        assert "copy" in grid
        assert "delta 1" in grid


@pytest.mark.parametrize(
    ("generation", "name"),
    [(0, "copy"), (-1, "references"), (3, "delta 3"), (1_000_002, "proof 2")],
)
def test_stages_have_names_and_an_order(generation: int, name: str) -> None:
    assert name_of(generation) == name
    assert sorted([1_000_002, 3, -1, 0], key=place_of) == [0, -1, 3, 1_000_002]


def test_the_stages_are_those_of_the_engine() -> None:
    from elysiadash.migrate import keeping, ledgers
    from elysiadash.migrate.verify import keeping as proofs

    assert (COPY, REFERENCES, PROOFS) == (ledgers.COPIED, keeping.REFERENCES, proofs.PROOFS)
