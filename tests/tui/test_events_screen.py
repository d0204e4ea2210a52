"""Events: newest first, live without moving the reader, narrowed, and each leads somewhere."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.state import RecordingState
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.event_list import (
    SameChange,
    Scope,
    event_rows,
    read_filter,
    scope_of,
    target_of,
)
from elysiadash.tui.filtering import FilterError
from elysiadash.tui.screens.collection import CollectionScreen
from elysiadash.tui.screens.events import EventsScreen
from elysiadash.tui.screens.node import NodeScreen
from elysiadash.tui.widgets.empty_note import EmptyNote
from tests.tui.happenings import INCIDENT, incident
from tests.tui.reading import crumbs, fault, live, notice, rows, settled, shown, status
from tests.tui.still import START, StillWatch, still_cluster


async def opened(app: ElysiadashApp, pilot: Pilot[None], line: str = "events") -> EventsScreen:
    app.watching_since = START - 120
    assert await live(app).run_command(line) is None
    await settled(pilot)
    screen = app.screen
    assert isinstance(screen, EventsScreen)
    return screen


def messages(screen: EventsScreen) -> list[str]:
    found = [screen.table.row(key) for key in screen.table.model.shown]
    return [row.event.message for row in found if row is not None]


async def test_zero_shows_what_changed_newest_first() -> None:
    async with shown(incident()) as (app, pilot):
        await pilot.press("0")
        await settled(pilot)
        screen = app.screen
        assert isinstance(screen, EventsScreen)
        assert messages(screen) == [event.message for event in reversed(INCIDENT)]
        lines = rows(screen.table)
    assert "20 s  · info" in lines[1]
    assert "✖ critical" in lines[3]
    assert "weaviate-2 is gone" in lines[3]


async def test_those_of_one_moment_stay_in_the_order_in_which_they_came() -> None:
    watch = still_cluster()
    told = [Event(at=START - 5, kind="node.state", message=f"step {n}") for n in (2, 0, 1)]
    watch.events.add(*told)
    async with shown(watch) as (app, pilot):
        assert messages(await opened(app, pilot)) == ["step 1", "step 0", "step 2"]


async def test_what_comes_is_shown_and_the_cursor_stays_on_its_thing() -> None:
    watch = incident()
    async with shown(watch, (120, 10)) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("j", "j")
        key, line = screen.table.cursor.key, screen.table.cursor.place
        for number in range(3):
            event = Event(at=START, kind="node.came", message=f"node {number} came")
            watch.events.add(event)
            screen.tick()
            await settled(pilot)
        assert len(messages(screen)) == len(INCIDENT) + 3
        assert messages(screen)[0] == "node 2 came"
        assert screen.table.cursor.key == key
        assert screen.table.cursor.place == line + 3


async def test_the_cursor_follows_a_change_to_the_recorder_that_saw_it_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = incident()
    async with shown(watch, (120, 12)) as (app, pilot):
        screen = await opened(app, pilot)
        place = next(n for n, each in enumerate(messages(screen)) if "weaviate-2 is gone" in each)
        await pilot.press(*"j" * place)
        key = screen.table.cursor.key
        words = {"at": START - 87, "message": "weaviate-2 is gone (does not answer its peers)"}
        twin = msgspec.structs.replace(INCIDENT[3], **words)
        earlier = msgspec.structs.replace(INCIDENT[3], at=START - 150)
        others = [each for each in INCIDENT if each is not INCIDENT[3]]

        async def recorded(*_: object) -> tuple[Event, ...]:
            return tuple(sorted([*others, twin, earlier], key=lambda event: -event.at))

        monkeypatch.setattr(watch, "past_events", recorded)
        await notice(app, pilot)
        cursor = screen.table.cursor
        assert cursor.key != key
        row = screen.table.current()
        assert row is not None
        assert row.event == twin
        assert "choose another row" not in "".join(rows(screen.table))


def test_only_what_tells_the_same_takes_the_place_of_a_change() -> None:
    seen = Event(at=START, kind="shard.state", message="s is READONLY", shard="s")
    key = event_rows((seen,), 0.0)[0].key

    def heir(**other: object) -> object:
        event = msgspec.structs.replace(seen, **{"at": START + 5, **other})
        return SameChange().heir(key, event_rows((event,), 0.0))

    assert heir() is not None
    assert heir(message="s is READY") is None
    assert heir(shard="t") is None
    assert heir(kind="shard.readonly") is None
    assert heir(at=START + 91) is None


async def test_frozen_nothing_comes_and_afterwards_all_of_it() -> None:
    watch = incident()
    async with shown(watch) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("F")
        watch.events.add(Event(at=START, kind="node.came", message="late"))
        screen.tick()
        await settled(pilot)
        assert "late" not in messages(screen)
        await pilot.press("F")
        await settled(pilot)
        assert messages(screen)[0] == "late"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("events 2m", 4),
        ("events Documents", 2),
        ("events Documents 2m", 1),
        ("events weaviate-2", 2),
        ("events Docs", 1),
        ("events nothing", 0),
    ],
)
async def test_a_name_and_a_time_narrow_it(line: str, expected: int) -> None:
    async with shown(incident()) as (app, pilot):
        screen = await opened(app, pilot, line)
        assert len(messages(screen)) == expected
        assert screen.link() == line
        await pilot.press("escape")
        await settled(pilot)
        assert len(messages(screen)) == len(INCIDENT)


async def test_two_names_are_refused_in_words() -> None:
    async with shown(incident()) as (app, pilot):
        await pilot.press("colon", *"events a b", "enter")
        await settled(pilot)
        assert (
            fault(app) == ":events takes a name and a time at most, such as :events Documents 30m"
        )


@pytest.mark.parametrize(
    ("line", "many"),
    [
        ("kind:node", 1),
        ("severity:warning", 2),
        ("collection:Documents", 3),
        ("collection:=Documents", 2),
        ("node:weaviate", 3),
        ("since:2m", 4),
        ("since:2m severity:critical", 1),
        ("!kind:alias", 5),
        ("nightly", 1),
    ],
)
def test_the_filter_knows_the_fields_and_times(line: str, many: int) -> None:
    keep = read_filter(line, START)
    assert sum(keep(row) for row in event_rows(INCIDENT, START)) == many
    assert keep.text == line


@pytest.mark.parametrize("line", ["since:soon", "since:", "king:>1"])
def test_a_filter_that_cannot_be_read_says_why(line: str) -> None:
    with pytest.raises(FilterError):
        read_filter(line, START)


async def test_only_problems() -> None:
    async with shown(incident()) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("exclamation_mark")
        assert len(messages(screen)) == 3


async def test_the_status_line_has_the_evidence_and_what_is_from_before() -> None:
    async with shown(incident()) as (app, pilot):
        await opened(app, pilot)
        await pilot.press("j", "j")
        await settled(pilot)
        assert "GET /v1/nodes and readiness, between" in status(app)
        assert "healthy → missing" in status(app)
        assert "before this session" not in status(app)
        await pilot.press("G")
        await settled(pilot)
        assert "from before this session" in status(app)


@pytest.mark.parametrize(
    ("place", "screen", "link"),
    [
        (1, CollectionScreen, "collection Documents"),
        (2, NodeScreen, "node weaviate-2"),
        (5, CollectionScreen, "collection Documents"),
    ],
)
async def test_enter_leads_to_the_thing(place: int, screen: type, link: str) -> None:
    async with shown(incident()) as (app, pilot):
        events = await opened(app, pilot)
        events.table.move_to(place)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, screen)
        # The detail of a collection is reached by this command, whatever it says of itself.
        assert live(app).link() in (link, "")


async def test_what_is_gone_or_has_no_screen_is_said_and_left() -> None:
    async with shown(incident()) as (app, pilot):
        events = await opened(app, pilot)
        events.table.move_to(4)
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is events
        assert "Documents_v1 is gone" in status(app)
        events.table.move_to(0)
        await pilot.press("enter")
        await settled(pilot)
        assert app.screen is events
        assert "no screen of its own" in status(app)


def words_of(screen: EventsScreen) -> str:
    note = screen.query_one(EmptyNote)
    return str(note.visual) if note.display else ""


async def test_without_events_it_says_since_when_it_looks_and_who_records() -> None:
    watch = still_cluster()
    async with shown(watch) as (app, pilot):
        screen = await opened(app, pilot)
        assert "(2m00s)" in words_of(screen)
        assert "Nothing is recorded" in words_of(screen)
        watch.recording = RecordingState(elsewhere=True, pid=4711, oldest=START - 86_400)
        await notice(app, pilot)
        assert "Recorded by process 4711; the recording goes back to" in words_of(screen)
        watch.events.add(Event(at=START, kind="node.came", message="here"))
        await notice(app, pilot)
        assert words_of(screen) == ""


async def test_a_recording_that_cannot_be_read_is_told() -> None:
    watch = still_cluster()
    watch.recording = RecordingState(here=True, unread="the recording cannot be read: damaged")
    async with shown(watch) as (app, pilot):
        screen = await opened(app, pilot)
        assert "The recording cannot be read: damaged." in words_of(screen)
        assert "Nothing changed" not in words_of(screen)
        assert "what was before is not known" in words_of(screen)
        watch.events.add(Event(at=START, kind="node.came", message="here"))
        await notice(app, pilot)
        assert "the recording cannot be read" in crumbs(app)


async def test_zero_again_comes_back_to_the_same_list() -> None:
    async with shown(incident()) as (app, pilot):
        screen = await opened(app, pilot)
        await pilot.press("j", "enter")
        await settled(pilot)
        assert app.screen is not screen
        await pilot.press("0")
        await settled(pilot)
        assert app.screen is screen


def test_a_leader_that_was_lost_leads_to_the_node_that_led() -> None:
    event = Event(at=START, kind="leader.lost", message="", before="weaviate-2")
    assert target_of(event) == ("node", "weaviate-2")
    assert target_of(Event(at=START, kind="backup.done", message="", name="b")) is None
    tenant = Event(at=START, kind="x", message="", node="n", collection="C", tenant="t")
    assert target_of(tenant) == ("collection", "C")


@given(st.sampled_from(["", "30m", "Docs", "Docs 1h", "1h Docs", "03:12 node-1"]))
def test_a_scope_is_written_as_it_is_read(argument: str) -> None:
    scope = scope_of(argument, START)
    assert isinstance(scope, Scope)
    assert scope_of(scope.words, START) == scope


async def test_two_events_that_differ_only_in_words_are_two_rows() -> None:
    watch = StillWatch()
    one = Event(at=START - 1, kind="node.came", message="a")
    watch.events.add(one, msgspec.structs.replace(one, message="b"), one)
    async with shown(watch) as (app, pilot):
        assert sorted(messages(await opened(app, pilot))) == ["a", "b"]
