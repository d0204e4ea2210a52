"""The wizard: each choice is on disk, and it starts what was checked as it is, and only that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from elysiadash.config.profile import Profile
from elysiadash.jobs import queue
from elysiadash.migrate import drafts
from elysiadash.migrate.drafts import Draft
from elysiadash.migrate.phases import Strategy, Verify
from elysiadash.migrate.spec import MIGRATE, PREFLIGHT, spec_of
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.screens.cluster_choice import ClusterChoice
from elysiadash.tui.screens.migrate.choices import Around, known_of, with_value
from elysiadash.tui.screens.migrate.job import JobScreen
from elysiadash.tui.screens.migrate.typed import TypedWord
from elysiadash.tui.screens.migrate.wizard import WizardScreen
from tests.tui.jobs_given import PROD, STAGING, Room, given, watched
from tests.tui.reading import crumbs, fault, rows, shown, status
from tests.tui.test_migrate_jobs import looked, pressed, typed


@asynccontextmanager
async def on_draft(
    room: Room, draft: Draft, *, profile: Profile = PROD, size: tuple[int, int] = (180, 40)
) -> AsyncIterator[tuple[ElysiadashApp, Pilot[None], WizardScreen]]:
    """The app on a draft."""
    over = given(room, profile)
    async with shown(watched(room, profile), size=size, **over) as (app, pilot):
        await pressed(app, pilot, "3")
        await app.go(f"draft {draft.id}")
        await looked(app, pilot)
        screen = app.screen
        assert isinstance(screen, WizardScreen)
        yield app, pilot, screen


def kept(room: Room, draft: Draft) -> Draft:
    """The draft as it is on disk."""
    return drafts.load(room.place, draft.id)


async def test_space_and_enter_choose_and_it_is_kept_at_once(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.draft()
    async with on_draft(room, draft) as (app, pilot, _):
        await pressed(app, pilot, "space", "j", "enter")
        assert [one.name for one in kept(room, draft).collections] == ["Chunks", "Customers"]
        await pressed(app, pilot, "space")
        assert [one.name for one in kept(room, draft).collections] == ["Chunks"]


async def test_it_goes_on_where_it_was_left_in_another_terminal(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.planned()
    async with on_draft(room, draft) as (app, pilot, _):
        await pressed(app, pilot, "tab", "tab")
    async with on_draft(room, draft) as (_app, _pilot, screen):
        assert screen.pane is screen.how
        assert screen.draft is not None
        assert screen.draft.collections == draft.collections


async def test_what_another_terminal_changed_is_shown_and_not_overwritten(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.planned()
    async with on_draft(room, draft) as (app, pilot, screen):
        theirs = msgspec.structs.replace(kept(room, draft), verify=Verify.V4)
        theirs = drafts.save(tmp_path, theirs, room.clock())
        await pressed(app, pilot, "space")
        await looked(app, pilot)
        assert "another terminal" in status(app)
        assert screen.draft is not None
        assert screen.draft.verify is Verify.V4
        assert kept(room, draft).collections == draft.collections


async def test_a_name_is_typed_and_a_wrong_one_is_refused_there(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.planned()
    async with on_draft(room, draft) as (app, pilot, screen):
        await pressed(app, pilot, "tab")
        screen.where.table.move_to_key("name:Documents")
        await pressed(app, pilot, "enter")
        await pilot.press(*["backspace"] * 9)
        await typed(app, pilot, "9x")
        assert fault(app)
        await pilot.press("backspace", "backspace")
        await typed(app, pilot, "Docs2")
        assert fault(app) is None
        chosen = kept(room, draft).chosen("Documents")
        assert chosen is not None
        assert chosen.target == "Docs2"


async def test_the_target_is_chosen_and_nobody_goes_there(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.planned()
    async with on_draft(room, draft) as (app, pilot, screen):
        await pressed(app, pilot, "tab")
        screen.where.table.move_to_key("target")
        await pressed(app, pilot, "enter")
        assert isinstance(app.screen, ClusterChoice)
        said = " ".join(str(each.content) for each in app.screen.query(Static))
        assert "Copy to which cluster" in said
        assert "goes there" not in said


async def test_what_is_there_is_replaced_only_after_the_name_was_typed(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.planned()
    async with on_draft(room, draft) as (app, pilot, screen):
        await pressed(app, pilot, "tab")
        screen.where.table.move_to_key("replace")
        await pressed(app, pilot, "enter")
        assert isinstance(app.screen, TypedWord)
        await pressed(app, pilot, "escape")
        assert not any(one.replaces for one in kept(room, draft).collections)
        await pressed(app, pilot, "enter")
        await typed(app, pilot, STAGING.name)
        assert all(one.replaces for one in kept(room, draft).collections)


async def test_enter_goes_through_the_strategies_and_says_what_speaks_against_one(
    tmp_path: Path,
) -> None:
    room = Room(tmp_path)
    draft = room.planned(step="how")
    async with on_draft(room, draft) as (app, pilot, screen):
        lines = "\n".join(rows(screen.how.table))
        assert "as recommended: online" in lines
        assert "Recommended: online." in screen.how.about.words
        await pressed(app, pilot, "enter", "enter", "enter")
        assert kept(room, draft).strategy is Strategy.BACKUP
        assert "cannot rename" in "\n".join(rows(screen.how.table))


async def test_the_preflight_is_a_job_of_its_own_and_needs_no_write(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.planned()
    async with on_draft(room, draft) as (app, pilot, screen):
        await pressed(app, pilot, "b")
        assert room.started == 1
        saved = kept(room, draft)
        assert saved.preflight is not None
        with room.database.reading() as read:
            job = queue.get(read, saved.preflight)
        assert job.kind == PREFLIGHT
        assert [use.name for use in job.clusters] == [PROD.name, STAGING.name]
        assert screen.pane is screen.checks
        await pressed(app, pilot, "b")
        assert room.started == 1
        assert "under way" in status(app)


async def test_a_block_is_lifted_by_typing_its_code_and_nothing_else(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.checked(room.planned(step="preflight"))
    async with on_draft(room, draft) as (app, pilot, screen):
        assert screen.checks.rows[0].stops
        await pressed(app, pilot, "x")
        assert "blocked by vectorless" in status(app)
        await pressed(app, pilot, "enter")
        await typed(app, pilot, "yes")
        assert fault(app) == "that is not vectorless"
        assert kept(room, draft).accepted == ()
        await pilot.press(*["backspace"] * 3)
        await typed(app, pilot, "vectorless")
        assert kept(room, draft).accepted == ("vectorless",)
        assert not any(row.stops for row in screen.checks.rows)


async def test_only_what_was_checked_as_it_is_can_be_started(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.checked(room.planned(step="preflight"), blocked=False)
    async with on_draft(room, draft) as (app, pilot, screen):
        assert screen.draft is not None
        screen.keep(msgspec.structs.replace(screen.draft, verify=Verify.V0))
        await looked(app, pilot)
        await pressed(app, pilot, "x")
        assert isinstance(app.screen, WizardScreen)
        assert "not checked as it is now" in status(app)


async def test_start_makes_the_job_and_the_draft_goes(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.checked(room.planned(step="preflight", rate=500.0), blocked=False)
    async with on_draft(room, draft) as (app, pilot, _):
        await pressed(app, pilot, "x")
        assert isinstance(app.screen, TypedWord)
        await typed(app, pilot, "prod-eu")
        assert isinstance(app.screen, TypedWord), "another cluster's name starts nothing"
        await pilot.press(*["backspace"] * 7)
        await typed(app, pilot, "staging")
        await looked(app, pilot)
        assert isinstance(app.screen, JobScreen)
        with room.database.reading() as read:
            (job,) = queue.newest(read, kinds=[MIGRATE])
        spec = spec_of(job.spec)
        assert job.rate == 500.0
        assert spec.targets == {"Documents": "Documents", "Customers": "CustomersEu"}
        assert spec.collections[1].tenants == ("acme", "globex")
        assert room.started == 1
        assert drafts.every(tmp_path) == ([], [])


async def test_the_same_work_is_not_started_twice(tmp_path: Path) -> None:
    room = Room(tmp_path)
    first = room.checked(room.planned(step="preflight"), blocked=False)
    for name in ("d-00000001", "d-00000002"):
        draft = first
        if name != first.id:
            draft = room.planned(name=name, step="preflight")
            draft = msgspec.structs.replace(
                draft, preflight=first.preflight, checked_as=draft.fingerprint()
            )
            draft = drafts.save(tmp_path, draft, room.clock())
        async with on_draft(room, draft) as (app, pilot, _):
            await pressed(app, pilot, "x")
            await typed(app, pilot, "staging")
            await looked(app, pilot)
            assert isinstance(app.screen, JobScreen)
    with room.database.reading() as read:
        assert len(queue.newest(read, kinds=[MIGRATE])) == 1


async def test_a_read_only_target_leaves_no_key_that_writes(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.checked(room.planned(step="preflight", target=PROD.name), blocked=False)
    async with on_draft(room, draft) as (app, pilot, screen):
        bound = {found.binding.id for found in screen.active_bindings.values()}
        assert "wizard.preflight" in bound
        assert not {"wizard.start", "wizard.rehearse"} & bound
        assert "prod-eu is read-only" in crumbs(app)
        await pressed(app, pilot, "x")
        assert not isinstance(app.screen, TypedWord)


async def test_a_copy_inside_the_cluster_needs_another_name(tmp_path: Path) -> None:
    room = Room(tmp_path)
    writable = msgspec.structs.replace(PROD, write=True)
    draft = room.planned(target=PROD.name)
    async with on_draft(room, draft, profile=writable) as (app, pilot, _):
        await pressed(app, pilot, "b")
        assert "onto itself" in status(app)
        assert room.started == 0


async def test_a_draft_of_another_cluster_says_where_to_go(tmp_path: Path) -> None:
    room = Room(tmp_path)
    draft = room.planned()
    drafts.discard(tmp_path, draft.id)
    other = msgspec.structs.replace(draft, source="elsewhere", revision=0)
    other = drafts.save(tmp_path, other, room.clock())
    async with on_draft(room, other) as (app, pilot, screen):
        await pressed(app, pilot, "space")
        assert "elsewhere" in status(app)
        assert len(kept(room, other).collections) == 2
        assert screen.draft is not None


def _around() -> Around:
    return Around(profiles={PROD.name: PROD, STAGING.name: STAGING}, source=PROD.name, stats={})


@pytest.mark.parametrize(
    ("key", "text", "field", "value"),
    [
        ("rate", "1,500", "rate", 1500.0),
        ("rate", "off", "rate", None),
        ("freeze_limit", "5m", "freeze_limit_s", 300.0),
        ("window", "22:00-5:00", "window", ("22:00", "05:00")),
        ("window", "", "window", None),
        ("settings", "replicationConfig.factor=1", "settings", ("replicationConfig.factor=1",)),
        ("backend", "s3", "backend", "s3"),
        ("processes", "3", "processes", 3),
    ],
)
def test_values_are_read(key: str, text: str, field: str, value: Any) -> None:
    draft = Draft(id="d-00000001", source=PROD.name)
    changed = with_value(draft, key, text, _around())
    assert isinstance(changed, Draft)
    assert getattr(changed, field) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("rate", "-1"), ("rate", "many"), ("rate", "nan"), ("rate", "inf"), ("freeze_limit", "0"),
        ("freeze_limit", "x"), ("window", "22-5"), ("window", "25:00-26:00"),
        ("window", "01:00-01:00"), ("settings", "factor"), ("settings", "=1"),
        ("backend", "../x"), ("processes", "0"), ("processes", "1e3"),
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused_in_words(key: str, text: str) -> None:
    draft = Draft(id="d-00000001", source=PROD.name)
    found = with_value(draft, key, text, _around())
    assert isinstance(found, str)
    assert text in found or "no " in found


def test_what_is_not_known_of_one_collection_is_not_known_of_all() -> None:
    chosen = (drafts.ChosenCollection(name="Documents"), drafts.ChosenCollection(name="Gone"))
    draft = Draft(id="d-00000001", source=PROD.name, collections=chosen)
    from tests.tui.still import five_rows

    stats = {row.collection: row for row in five_rows()}
    known = known_of(draft, Around(profiles={}, source=PROD.name, stats=stats))
    assert known.objects is None
    assert known.writes_per_s is None
