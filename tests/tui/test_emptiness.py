"""Empty bodies say why, and what to do."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.config.profile import Addresses, Auth, Profile, Secret
from elysiadash.tui.widgets.empty_note import EmptyNote
from elysiadash.weaviate.models import Readiness
from tests.tui.reading import live, notice, shown, stats
from tests.tui.still import StillWatch, five_rows, lost

KEYED = Auth(method="api-key", key=Secret(kind="env", reference="WEAVIATE_API_KEY"))


def watch_of(auth: Auth | None = None) -> StillWatch:
    profile = Profile(
        name="here",
        url="http://user:pass@localhost:8080",
        nodes=Addresses(unnamed=("http://localhost:8081",)),
        auth=auth or Auth(),
    )
    return StillWatch(profile=profile)


async def said(watch: StillWatch) -> str:
    async with shown(watch, size=(100, 24)) as (app, pilot):
        await notice(app, pilot)
        note = live(app).query_one(EmptyNote)
        assert note.display
        assert not stats(app).table.display
        return str(note.query_one(Static).content if note.query(Static) else note.content)


async def test_before_any_answer() -> None:
    text = await said(watch_of())
    assert text.startswith("Connecting")
    assert "asking http://localhost:8080" in text


async def test_no_server_at_all() -> None:
    watch = watch_of()
    watch.lose(lost())
    text = await said(watch)
    assert text.startswith("No Weaviate answers")
    assert "Tried: http://localhost:8080, http://localhost:8081" in text
    assert "Connection refused" in text
    assert "elysiadash --demo" in text
    assert ":profile NAME" in text
    assert ":fleet" in text
    assert "pass" not in text


async def test_a_wrong_key_names_its_source() -> None:
    watch = watch_of(KEYED)
    watch.lose(Problem("unauthorized", "the key is not accepted: invalid api key"))
    text = await said(watch)
    assert text.startswith("The key was refused")
    assert "env:WEAVIATE_API_KEY" in text


async def test_a_key_that_cannot_be_had() -> None:
    watch = watch_of(KEYED)
    watch.lose(Problem("no credentials", "env:WEAVIATE_API_KEY: is not set", None, "set it"))
    text = await said(watch)
    assert text.startswith("There is no key to send")
    assert "Set it." in text


async def test_no_permission() -> None:
    watch = watch_of(KEYED)
    watch.lose(Problem("forbidden", "may not read collections"), [Kind.SCHEMA])
    text = await said(watch)
    assert text.startswith("This user may not see the collections")
    assert "read_collections" in text


@pytest.mark.parametrize(
    ("auth", "title"), [(None, "No collections yet"), (KEYED, "No collections to be seen")]
)
async def test_an_empty_cluster(auth: Auth | None, title: str) -> None:
    watch = watch_of(auth)
    watch.answer()
    text = await said(watch)
    assert text.startswith(title)


async def test_an_empty_answer_of_a_starting_node_is_not_believed() -> None:
    watch = watch_of()
    watch.answer()
    starting = Readiness(ready=False, status=503, seconds=0.0)
    watch.store.put(Kind.READY, starting, of=watch.profile.url, asked_at=watch.clock.now)
    assert (await said(watch)).startswith("Waiting for the cluster to be ready")
    watch.answer()
    watch.lose(lost(), [Kind.NODES])
    assert (await said(watch)).startswith("Waiting for the cluster to be ready")


async def test_the_grid_has_the_keys_once_the_first_rows_arrive() -> None:
    watch = watch_of()
    async with shown(watch, size=(100, 24)) as (app, pilot):
        await notice(app, pilot)
        assert not stats(app).table.display
        watch.give(five_rows())
        await notice(app, pilot)
        first = stats(app).table.cursor.key
        await pilot.press("j")
        assert stats(app).table.cursor.key != first
