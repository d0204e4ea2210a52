"""Bad weather through the real process: alive, the last values stay, the cause in words, and all
well again within an interval."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pty.conftest import Start
from tests.pty.pane import Pane, app, at_home
from tests.pty.weather import INTERVAL_S, Weather, simulated

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pty-weather")]

_VALUE = "12/12"
"""The shards of a collection: what must stay."""
_RECOVERY_S = 2 * INTERVAL_S + 10.0
"""An interval and the wait before it, and what a busy machine adds."""
_NODES = {"route": "GET /v1/nodes*"}
_BIG = json.dumps(
    {
        "nodes": [
            {
                "name": f"node-{node}",
                "status": "HEALTHY",
                "shards": [
                    {"class": "Chunks", "name": f"shard-{shard}", "objectCount": 1, "loaded": True}
                    for shard in range(40_000)
                ],
            }
            for node in range(3)
        ]
    }
)


def _status(status: int, route: str = "GET /v1/nodes*") -> dict[str, Any]:
    return {"kind": "status", "status": status, "route": route}


def _malformed(variant: str) -> dict[str, Any]:
    return {"kind": "malformed", "variant": variant, **_NODES}


WEATHER: dict[str, tuple[str, dict[str, Any]]] = {
    "server dies and returns": (r"Connection refused", {"kind": "node_down"}),
    "wrong key": (r"did not accept who we are|401", _status(401, "*")),
    "forbidden for one endpoint": (r"permission|forbidden", {"kind": "forbidden", **_NODES}),
    "404 of an older version": (r"404|not offer", _status(404)),
    "405 of an older version": (r"405|not offer", _status(405)),
    "501 of an older version": (r"not offer", _status(501)),
    "5xx": (r"failed with 500", _status(500)),
    "HTML of a proxy": (r"HTML page", {"kind": "html", "status": 200}),
    "a proxy's 502": (r"a proxy answered 502", {"kind": "html", "status": 502}),
    "truncated JSON": (r"complete", {"kind": "truncated", **_NODES}),
    "not JSON": (r"JSON", _malformed("not_json")),
    "wrong types": (r"another type", _malformed("wrong_types")),
    "connections cut": (r"ended before", {"kind": "drop", **_NODES}),
    "slower than the interval": (r"not answered after", {"kind": "slow", "seconds": 20, **_NODES}),
    "never answers": (r"not answered after", {"kind": "hang", **_NODES}),
    "a hung peer": (r"node-2 hung", {"kind": "node_hung", "node": "node-2"}),
    "a killed peer": (r"node-2 missing", {"kind": "node_down", "node": "node-2"}),
    "no quorum": (r"no leader", {"kind": "no_quorum", "from": -60}),
    "huge numbers": ("", _malformed("huge_numbers")),
    "unknown values": ("", _malformed("unknown_values")),
    "an answer of 10 MB": ("", {**_status(200), "body": _BIG}),
}
"""What is seen meanwhile, and the simulator's fault."""


_OTHER_VALUES = ("huge numbers", "unknown values", "an answer of 10 MB", "a killed peer")
"""Answers that are taken, and say something else of the shards."""


@pytest.fixture(scope="module")
def weather() -> Iterator[Weather]:
    """Three nodes, well again after each test."""
    with simulated("--no-traffic") as found:
        yield found


@pytest.fixture(scope="module")
def pane(weather: Weather, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pane]:
    """The app, which has to live through all of it."""
    home = tmp_path_factory.mktemp("home")
    weather.write_config(home)
    with app(env=at_home(home), columns=180, lines=26) as started:
        started.wait_for("12 collections", _VALUE, "nodes 3/3")
        yield started


@pytest.mark.parametrize("name", WEATHER)
def test_it_lives_through(pane: Pane, weather: Weather, name: str) -> None:
    words, fault = WEATHER[name]
    pane.until(_is_well, "well before it begins", _RECOVERY_S)
    weather.turns(fault)
    try:
        if words:
            pane.until(lambda text: re.search(words, text), words)
        else:
            time.sleep(INTERVAL_S)
        # Keys are taken meanwhile.
        pane.press("?")
        pane.wait_for("esc closes", seconds=10.0)
        pane.press("\x1b")
        pane.wait_without("esc closes", seconds=10.0)
        kept = () if name in _OTHER_VALUES else (_VALUE,)
        text = pane.wait_for("Documents", *kept, seconds=10.0)
        assert "our own fault" not in text
    finally:
        weather.clears()
    pane.press("r")
    pane.until(_is_well, "well again", _RECOVERY_S)


def test_an_empty_cluster(pane: Pane, weather: Weather) -> None:
    weather.turns({"kind": "empty"})
    try:
        pane.wait_for("no collection")
    finally:
        weather.clears()
    pane.until(_is_well, "well again", _RECOVERY_S)


def test_names_with_markup_and_other_directions(pane: Pane, weather: Weather) -> None:
    names = ["[red]Evil[/red]", "Evil\x1b]0;pwned\x07", "Ev\u202eil", "🚀Rocket", "שלום"]
    body = json.dumps({"classes": [{"class": name} for name in names]})
    weather.turns({"kind": "status", "status": 200, "body": body, "route": "GET /v1/schema"})
    try:
        text = pane.wait_for("[red]Evil[/red]", "Rocket")
        assert "our own fault" not in text
        assert "\u202e" not in text
        assert "pwned" not in pane.title
    finally:
        weather.clears()
    pane.until(_is_well, "well again", _RECOVERY_S)


def test_nobody_there(start: Start) -> None:
    pane = start("--url", "http://127.0.0.1:9")
    text = pane.wait_for("No Weaviate answers", "Connection refused")
    assert "our own fault" not in text
    pane.press("r")
    pane.wait_for("asking the cluster now")


def test_a_clock_that_goes_backwards(weather: Weather, tmp_path: Path) -> None:
    weather.write_config(tmp_path)
    offset = tmp_path / "offset"
    offset.write_text("0")
    command = [sys.executable, "-m", "tests.pty.jumping_clock", str(offset)]
    with Pane(command, env=at_home(tmp_path), columns=180, lines=26) as pane:
        pane.until(_is_well, "well")
        for seconds in (-7200.0, 86_400.0, 0.0):
            offset.write_text(str(seconds))
            time.sleep(INTERVAL_S)
            pane.press("r")
            text = pane.until(_is_well, f"well at {seconds:+g} s", _RECOVERY_S)
            assert "our own fault" not in text
            assert not re.search(r"[-−]\d+ (s|min|h) ago", text)


def test_a_home_that_cannot_be_written(start: Start, weather: Weather, tmp_path: Path) -> None:
    weather.write_config(tmp_path)
    nowhere = {"ELYSIADASH_STATE_DIR": "/proc/no", "ELYSIADASH_CACHE_DIR": "/proc/no"}
    pane = start(env=nowhere)
    pane.wait_for("12 collections", _VALUE)
    pane.press(":theme\r")
    text = pane.wait_for("theme: ")
    assert "our own fault" not in text


def test_broken_settings(start: Start, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "config.toml").write_text("[profiles.prod\n")
    pane = start()
    assert pane.wait() == 64
    assert "config.toml:1" in pane.text.replace("\n", "")
    assert not pane.modes


def test_broken_keys_and_themes(start: Start, weather: Weather, tmp_path: Path) -> None:
    weather.write_config(tmp_path)
    (tmp_path / "config" / "keys.toml").write_text("[keys\n")
    (tmp_path / "config" / "themes").mkdir()
    (tmp_path / "config" / "themes" / "mine.toml").write_text("name = 1")
    pane = start()
    pane.wait_for("12 collections", "left out")
    assert pane.alive


def _is_well(text: str) -> bool:
    header = text.split("\n", 1)[0]
    return "12 collections" in text and _VALUE in text and "nodes 3/3" in header and "▲" not in text
