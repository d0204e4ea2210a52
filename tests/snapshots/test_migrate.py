"""Migrate: the jobs, each step of the wizard, each view of a job: 60x18, 100x30 and 200x50.

After a wanted change: ``pytest tests/snapshots --snapshot-update``, and look at the pictures.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from elysiadash.tui.appearance import Appearance
from tests.snapshots.test_screens import SIZES, Compare, compare, sized
from tests.tui.happenings import INCIDENT
from tests.tui.jobs_given import Room, full, given, watched
from tests.written import Written

_NAMES = {" ": "space", "-": "minus"}


@pytest.fixture(autouse=True)
def _same_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("NO_COLOR", "TEXTUAL_THEME", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def line(text: str) -> list[str]:
    """The keys of a command."""
    return ["colon", *(_NAMES.get(sign, sign) for sign in text), "enter"]


def drawn(
    snap_compare: Compare, room: Room, size: tuple[int, int], *keys: str, **app: object
) -> bool:
    """Whether it looks as it did."""
    return compare(snap_compare, watched(room), size, "3", *keys, **given(room), **app)


@SIZES
def test_jobs(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    assert drawn(snap_compare, full(tmp_path), size)


@SIZES
def test_no_jobs(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    assert drawn(snap_compare, Room(tmp_path), size)


@SIZES
@pytest.mark.parametrize("step", ["what", "where", "how", "preflight"])
def test_wizard(snap_compare: Compare, size: tuple[int, int], step: str, tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.planned(step=step)
    if step == "preflight":
        room.checked(draft)
    assert drawn(snap_compare, room, size, *line("draft d-00000001"))


@SIZES
def test_start(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.checked(room.planned(step="preflight"), blocked=False)
    assert drawn(snap_compare, room, size, *line("draft d-00000001"), "x")


@SIZES
@pytest.mark.parametrize("view", ["plan", "preflight", "run", "letters"])
def test_run(snap_compare: Compare, size: tuple[int, int], view: str, tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.running()
    assert drawn(snap_compare, room, size, *line(f"job {job.id}"), *line(f"view {view}"))


@SIZES
def test_asks(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert drawn(snap_compare, room, size, *line(f"job {room.asking().id}"), "A")


@SIZES
def test_verify(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.different()
    assert drawn(snap_compare, room, size, *line(f"job {job.id}"), *line("view verify"), "j")


@SIZES
def test_difference(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.different()
    keys = (*line(f"job {job.id}"), *line("view verify"), "j", "enter")
    assert drawn(snap_compare, room, size, *keys)


@SIZES
def test_cut_over(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert drawn(snap_compare, room, size, *line(f"job {room.frozen().id}"))


@SIZES
def test_report(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert drawn(snap_compare, room, size, *line(f"job {room.verified().id}"))


@sized((40, 10), (60, 18), (100, 30))
def test_left_frozen(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.frozen(left=True)
    assert drawn(snap_compare, room, size, "1")


def test_run_without_colours(snap_compare: Compare, tmp_path: Path) -> None:
    room = Room(tmp_path)
    job = room.running()
    appearance = Appearance(colours="none")
    assert drawn(snap_compare, room, (100, 30), *line(f"job {job.id}"), appearance=appearance)


@SIZES
def test_own_writes(snap_compare: Compare, size: tuple[int, int], tmp_path: Path) -> None:
    """Of a job; among the events they come from a thread, when it comes: ``tests/tui``."""
    room = Room(tmp_path)
    job = room.running()
    written = Written(tmp_path, room.clock.now - 900)
    for number in range(4):
        written.range(job.id, number)
    written.request(
        "/v1/schema/Documents/shards/shard03", "started", "unreachable", job=job.id, phase="FREEZE",
        reason="freeze Documents on prod-eu by READONLY shards",
    )  # fmt: skip
    written.now += 300
    written.deleted(job.id)
    written.request("/v1/schema/Documents_v1", "refused", verb="DELETE")
    watch = watched(room)
    watch.events.add(*INCIDENT)
    assert compare(snap_compare, watch, size, *line(f"audit {job.id}"), **given(room))
