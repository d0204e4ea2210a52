"""From the command line into the app, and the reasons not to start it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from elysiadash.cli import start_app
from tests.unit.cli.fake_servers import put_in_place, refused, wrong_key
from tests.unit.cli.running import Cli


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the app was started with; the app itself is left out."""
    calls: list[dict[str, Any]] = []

    def run(profile: Any, *, state_dir: Path | None, demo: bool = False) -> int:
        calls.append({"profile": profile, "state_dir": state_dir, "demo": demo})
        return 0

    module = ModuleType("elysiadash.tui.app")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "elysiadash.tui.app", module)
    return calls


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at a terminal."""
    monkeypatch.setattr(start_app, "is_terminal", lambda stream: True)


def test_without_a_terminal_it_refuses_and_names_the_way(
    cli: Cli, started: list[dict[str, Any]]
) -> None:
    for words in ([], ["--demo"], ["--url", "http://wv.test"], ["demo"]):
        ran = cli(*words)
        assert ran.code == 64
        assert ran.out == ""
        assert "stats --json" in ran.err
    assert started == []


@pytest.mark.usefixtures("terminal")
def test_a_named_cluster_starts_the_app(
    cli: Cli, started: list[dict[str, Any]], config_file: Path, tmp_path: Path
) -> None:
    config_file.write_text("[profiles.prod]\nurl = 'http://wv.test:8080'\n")
    assert cli("--profile", "prod", "--write").code == 0
    (call,) = started
    assert call["profile"].name == "prod"
    assert call["profile"].write is True
    assert call["state_dir"] == tmp_path / "state"
    assert call["demo"] is False


@pytest.mark.usefixtures("terminal")
def test_a_weaviate_at_localhost_needs_no_name(
    cli: Cli, started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for server in (wrong_key, lambda request: httpx.Response(200, json={"version": "1.39.0"})):
        put_in_place(monkeypatch, server)
        assert cli().code == 0
    assert [call["profile"].url for call in started] == ["http://localhost:8080"] * 2


@pytest.mark.usefixtures("terminal")
def test_nothing_at_localhost_asks_for_a_cluster(
    cli: Cli, started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(monkeypatch, refused)
    monkeypatch.setattr("builtins.input", lambda prompt: " http://wv.test:8081 ")
    ran = cli()
    assert ran.code == 0
    assert "no Weaviate answers at http://localhost:8080" in ran.err
    assert started[0]["profile"].url == "http://wv.test:8081"


@pytest.mark.usefixtures("terminal")
def test_just_enter_shows_the_demo(
    cli: Cli, started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(monkeypatch, refused)
    monkeypatch.setattr("builtins.input", lambda prompt: "")
    assert cli().code == 0
    (call,) = started
    assert call["demo"] is True
    assert call["state_dir"] is None
    assert call["profile"].name == "demo-healthy"


@pytest.mark.usefixtures("terminal")
def test_a_wrong_answer_or_none_is_told(
    cli: Cli, started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(monkeypatch, refused)
    monkeypatch.setattr("builtins.input", lambda prompt: "not a url")
    assert cli().code == 64

    def ended(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", ended)
    assert cli().code == 64
    assert started == []


@pytest.mark.usefixtures("terminal")
def test_the_demo_command_chooses_its_cluster(cli: Cli, started: list[dict[str, Any]]) -> None:
    assert cli("demo", "--scenario", "troubled", "--seed", "7").code == 0
    assert started[0]["profile"].name == "demo-troubled"
    assert started[0]["demo"] is True
    assert started[0]["profile"].write is False


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("words", [["--url=http://wv.test", "--ascii"], ["demo", "--ascii"]])
def test_the_wish_for_ascii_reaches_the_app(
    cli: Cli, started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("ELYSIADASH_ASCII", "")
    assert cli(*words).code == 0
    assert len(started) == 1
    assert os.environ["ELYSIADASH_ASCII"] == "1"


def test_the_wish_for_ascii_is_the_apps(cli: Cli) -> None:
    ran = cli("--ascii", "config", "path")
    assert ran.code == 64
    assert "belong after config" in ran.err
