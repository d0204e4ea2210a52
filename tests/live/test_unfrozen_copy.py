"""``copy`` beside writers and beside none: which of the two it was, its exit code and words say."""

from __future__ import annotations

import asyncio

import pytest

from tests.live.test_rolling_back import Place, Terminal, on_both, places, terminal
from tests.live.witness import Witness, definition, differences, everything

__all__ = ["places", "terminal"]
pytestmark = pytest.mark.slow
OBJECTS = 300


@on_both
async def test_a_copy_of_a_collection_at_rest_ends_equal(
    places: list[Place], terminal: Terminal
) -> None:
    (here, _) = places
    await here.ask("POST", "/v1/schema", definition("Doc"))
    # Just written: what is so new is doubted, and looked at once more.
    await Witness(here.url, "Doc", dimensions=4).fill(OBJECTS)
    ran = await terminal.run("copy", "Doc", "DocNew", *here.flags(), "--write", "--yes", "--json")
    assert (ran.code, ran.job["ending"], ran.job["verified"]) == (0, "VERIFIED", "V2"), ran
    found = await everything(here.url, "Doc"), await everything(here.url, "DocNew")
    assert differences(*found) == {}


@on_both
async def test_a_copy_beside_writers_says_that_it_only_caught_up(
    places: list[Place], terminal: Terminal
) -> None:
    (here, _) = places
    await here.ask("POST", "/v1/schema", definition("Doc"))
    witness = Witness(here.url, "Doc", dimensions=4)
    await witness.fill(OBJECTS)
    writing = asyncio.create_task(witness.keep_busy(20.0))
    try:
        ran = await terminal.run("copy", "Doc", "DocNew", *here.flags(), "--write", "--yes")
    finally:
        witness.stop()
        await writing
    assert ran.code == 14, ran
    assert "is caught up; nothing was cut over: the copy is the source as it was at" in ran.out
    assert "Writers went on (" in ran.out
