"""Copying: what is offered, what is sent, how much of it, and what is said about it."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.drivers.linux_driver import LinuxDriver

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.leaving.clipboard import MOST_BYTES, printable, send
from elysiadash.tui.output import PureAsciiDriver
from elysiadash.tui.screens.copy_choice import CopyChoice
from tests.tui.reading import settled, shown, stats, status
from tests.tui.still import StillWatch, five_rows, still_cluster
from tests.tui.test_stats_screen import burst


class Sent:
    """Takes what is sent to the terminal."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def copy_to_clipboard(self, text: str) -> None:
        self.texts.append(text)


async def copied(app: ElysiadashApp, pilot: Any) -> str:
    await settled(pilot)
    return app.clipboard


async def test_the_menu_offers_what_the_row_has_and_copies_it() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("j", "c")
        assert isinstance(app.screen, CopyChoice)
        offered = [str(key) for key in app.screen.rows_list.model.shown]
        assert offered[:4] == ["row", "json", "curl", "weaviate-cli"]
        assert {"collection", "objects", "health"} <= set(offered)
        assert "trend" not in offered
        await pilot.press("y")
        assert json.loads(await copied(app, pilot))["collection"] == "Chunks"
        assert "sent to the terminal's clipboard (OSC 52)" in status(app)
        assert "if nothing arrives" in status(app)


@pytest.mark.parametrize(
    ("key", "begins"),
    [
        ("u", "curl --fail-with-body --silent --show-error http://weaviate.example:8080/v1/schema"),
        ("w", "weaviate-cli get collection --collection Chunks"),
        ("r", "Chunks\t~98,114,007\t0"),
    ],
)
async def test_keys_of_the_menu(key: str, begins: str) -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("j", "c", key)
        assert (await copied(app, pilot)).startswith(begins)


async def test_a_cell_is_chosen_by_its_name() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("j", "c", *"jjjj", "enter")
        assert await copied(app, pilot) == "Chunks"
        assert await stats(app).run_command("copy cell objects") is None
        assert app.clipboard == "~98,114,007"
        assert await stats(app).run_command("copy QPS") is None
        assert app.clipboard == "80"
        assert "no 'colour' to copy" in (await stats(app).run_command("copy colour") or "")


async def test_marked_rows_are_copied_and_hidden_ones_are_named() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("j", "space", "j", "space", "slash", *"cust", "enter")
        await pilot.press("c")
        assert isinstance(app.screen, CopyChoice)
        words = "copy of 2 marked collections, 1 hidden by the filter: Chunks"
        assert app.screen.title_words() == words
        await pilot.press("y")
        names = [item["collection"] for item in json.loads(await copied(app, pilot))]
        assert sorted(names) == ["Chunks", "Customers"]
        await pilot.press("c", "r")
        lines = (await copied(app, pilot)).split("\n")
        assert lines[0].startswith("Collection\tObjects\tΔ/s")
        assert [line.split("\t")[0] for line in lines[1:]] == ["Customers", "Chunks"]
        assert await stats(app).run_command("copy collection") is None
        assert app.clipboard == "Customers\nChunks"


async def test_keys_typed_in_one_burst_reach_the_menu() -> None:
    async with shown(still_cluster()) as (app, pilot):
        burst(app, "jcy")
        assert json.loads(await copied(app, pilot))["collection"] == "Chunks"
        assert stats(app) is app.screen


async def test_a_name_of_control_characters_cannot_act_where_it_is_pasted() -> None:
    row = msgspec.structs.replace(five_rows()[0], collection="a\x1b[201~\nrm -rf")
    watch = StillWatch([row])
    watch.answer()
    async with shown(watch) as (app, pilot):
        for key in ("r", "y", "u", "w"):
            await pilot.press("j", "c", key)
            assert "\x1b" not in await copied(app, pilot)
        assert await stats(app).run_command("copy collection") is None
        assert "\n" not in app.clipboard


def test_what_is_too_much_is_not_sent_at_all() -> None:
    sent = Sent()
    fits = send(sent, "row", "ä" * (MOST_BYTES // 2), {})
    assert fits[0] == "sent to the terminal's clipboard (OSC 52), 74,994 bytes: row"
    more = send(sent, "JSON", "x" * (MOST_BYTES + 1), {})
    assert more == (
        "not copied: JSON is 74,995 bytes, terminals take 74,994",
        "e writes it to a file instead",
    )
    assert len(sent.texts) == 1
    sequence = 7 + len(base64.b64encode(sent.texts[0].encode())) + 1
    assert sequence <= 100_000


def test_nothing_is_not_sent() -> None:
    sent = Sent()
    assert send(sent, "cell", "\x1b", {}) == ("not copied: cell is empty",)
    assert sent.texts == []


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"TMUX": "/tmp/x"}, "set -s set-clipboard on"),
        ({"STY": "1.x"}, "screen holds it back"),
        ({}, "the terminal does not take it"),
    ],
)
def test_advice_fits_the_terminal(environ: dict[str, str], words: str) -> None:
    assert words in send(Sent(), "row", "text", environ)[1]


async def test_where_the_line_is_short_the_advice_comes_after_the_news() -> None:
    async with shown(still_cluster(), size=(80, 20)) as (app, pilot):
        await pilot.press("c", "y")
        await settled(pilot)
        assert "sent to the terminal's clipboard" in status(app)
        assert "if nothing arrives" not in status(app)
        await pilot.pause(4.3)
        assert "if nothing arrives" in status(app)


@given(st.text())
def test_what_is_sent_can_be_encoded_and_steers_nothing(text: str) -> None:
    safe = printable(text)
    safe.encode("utf-8")
    assert all(char in "\n\t" or ord(char) >= 0x20 for char in safe)
    assert "\x7f" not in safe
    assert printable(safe) == safe


def test_the_ascii_driver_lets_the_sequence_through(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(LinuxDriver, "write", lambda _, data: written.append(data))
    driver = object.__new__(PureAsciiDriver)
    app = SimpleNamespace(_driver=driver)
    ElysiadashApp.copy_to_clipboard(app, "Ünïcode")  # type: ignore[arg-type]
    assert written == [f"\x1b]52;c;{base64.b64encode('Ünïcode'.encode()).decode()}\a"]
