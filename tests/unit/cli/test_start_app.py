"""From the command line into the app, and the reasons not to start it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from elysiadash.cli import start_app
from elysiadash.cli.documents import DemoItem
from elysiadash.cli.exits import CommandFailed
from elysiadash.config.mistake import ConfigError
from elysiadash.config.profile import Profile, Secret
from elysiadash.tui.clusters import Given
from tests.unit.cli.running import Cli


class Started(NamedTuple):
    """What the app was started with."""

    profile: Profile
    given: Given
    demo_answers: bool
    """Whether the first of the simulated clusters could be reached."""
    signs: str


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Started]:
    """What the app was started with; the app itself is left out."""
    calls: list[Started] = []

    def run(profile: Profile, given: Given, signs: str) -> int:
        answers = _is_open(profile) if given.simulated else False
        calls.append(Started(profile, given, answers, signs))
        return 0

    module = ModuleType("elysiadash.tui.start")
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "elysiadash.tui.start", module)
    return calls


def _is_open(profile: Profile) -> bool:
    parts = urlsplit(profile.url)
    with socket.socket() as door:
        return door.connect_ex((parts.hostname or "", parts.port or 80)) == 0


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at a terminal."""
    monkeypatch.setattr(start_app, "is_terminal", lambda stream: True)


def test_without_a_terminal_it_refuses_and_names_the_way(cli: Cli, started: list[Started]) -> None:
    for words in ([], ["--demo"], ["--url", "http://wv.test"], ["demo"]):
        ran = cli(*words)
        assert ran.code == 64
        assert ran.out == ""
        assert "stats --json" in ran.err
    assert started == []


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_one_stream_that_is_no_terminal_is_enough(
    cli: Cli, started: list[Started], monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    monkeypatch.setattr(start_app, "is_terminal", lambda found: found is not getattr(sys, stream))
    assert cli("--url", "http://wv.test").code == 64
    assert started == []


@pytest.mark.usefixtures("terminal")
def test_a_named_cluster_starts_the_app(
    cli: Cli, started: list[Started], config_file: Path, tmp_path: Path
) -> None:
    config_file.write_text("[profiles.prod]\nurl = 'http://wv.test:8080'\n")
    assert cli("--profile", "prod", "--write").code == 0
    (call,) = started
    assert call.profile.name == "prod"
    assert call.profile.write is True
    assert call.given.state_dir == tmp_path / "state"
    assert call.given.simulated == frozenset()
    assert call.given.first_run is None


@pytest.mark.usefixtures("terminal")
def test_every_profile_is_at_hand_and_broken_ones_say_why(
    cli: Cli, started: list[Started], config_file: Path
) -> None:
    config_file.write_text(
        "default_profile = 'prod'\n"
        "[profiles.dr]\nurl = 'http://dr.test'\n"
        "auth = { method = 'api-key', key_env = 'NOT_SET' }\n"
        "[profiles.prod]\nurl = 'http://wv.test:8080'\n"
        "[profiles.old]\nurl = 'nonsense'\nwrite = 7\n"
    )
    assert cli("--write").code == 0
    (call,) = started
    assert call.profile.name == "prod"
    # No credential is looked up before its cluster is opened.
    assert list(call.given.profiles) == ["dr", "prod"]
    assert call.given.profiles["prod"] == call.profile
    # Leave to write is given to the cluster that was named, not to the others.
    assert [profile.write for profile in call.given.profiles.values()] == [False, True]
    assert "begins with http://" in call.given.broken["old"]
    assert "and 1 more: elysiadash config check" in call.given.broken["old"]


@pytest.mark.usefixtures("terminal")
def test_a_cluster_of_an_address_is_one_of_the_list(
    cli: Cli, started: list[Started], config_file: Path
) -> None:
    config_file.write_text("[profiles.prod]\nurl = 'http://wv.test:8080'\n")
    assert cli("--url", "http://other.test:9000").code == 0
    (call,) = started
    assert call.profile.url == "http://other.test:9000"
    assert {each.url for each in call.given.profiles.values()} == {
        "http://wv.test:8080",
        "http://other.test:9000",
    }


@pytest.mark.usefixtures("terminal")
def test_without_a_name_the_app_tries_localhost_and_can_ask(
    cli: Cli, started: list[Started], config_file: Path
) -> None:
    assert cli("--auth", "env:SOME_KEY").code == 0
    (call,) = started
    assert call.profile.url == "http://localhost:8080"
    first_run = call.given.first_run
    assert first_run is not None
    assert first_run.settings_file == str(config_file)
    typed = first_run.profile_of("http://wv.test:8081")
    assert typed.url == "http://wv.test:8081"
    assert typed.auth.key == Secret("env", "SOME_KEY")
    with pytest.raises(ConfigError):
        first_run.profile_of("not a url")


@pytest.mark.usefixtures("terminal")
def test_the_demo_that_is_wished_for_lives_as_long_as_the_app(
    cli: Cli, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Profile, bool]] = []

    def run(profile: Profile, given: Given, _: str) -> int:
        assert given.first_run is not None
        found = given.first_run.start_demo()
        assert not isinstance(found, str)
        seen.extend((each, _is_open(each)) for each in found)
        return 0

    monkeypatch.setattr(sys.modules["elysiadash.tui.start"], "run", run)
    assert cli().code == 0
    assert [(each.name, there) for each, there in seen] == [
        ("demo-healthy", True),
        ("demo-troubled", True),
        ("demo-empty", True),
    ]
    assert not _is_open(seen[0][0])


@pytest.mark.usefixtures("terminal")
def test_a_demo_that_does_not_start_is_told_in_words(
    cli: Cli, started: list[Started], monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def failing(scenario: str) -> Iterator[tuple[DemoItem, ...]]:
        raise CommandFailed("the demo did not start: no port is free")
        yield ()

    monkeypatch.setattr("elysiadash.cli.demo_process.demo_clusters", failing)
    assert cli().code == 0
    first_run = started[0].given.first_run
    assert first_run is not None
    assert first_run.start_demo() == "the demo did not start: no port is free"


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["demo"], ["demo-healthy", "demo-troubled", "demo-empty"]),
        (["--demo", "--write"], ["demo-healthy", "demo-troubled", "demo-empty"]),
        (["demo", "--scenario", "both"], ["demo-healthy", "demo-troubled"]),
        (["demo", "--scenario", "troubled", "--seed", "7"], ["demo-troubled"]),
        (["--scenario", "empty"], ["demo-empty"]),
        (["demo", "--scale", "2x1"], ["demo-healthy"]),
    ],
)
def test_the_demo_offers_its_clusters(
    cli: Cli, started: list[Started], words: list[str], names: list[str]
) -> None:
    assert cli(*words).code == 0
    (call,) = started
    assert call.profile.name == names[0]
    assert list(call.given.profiles) == names
    assert call.given.simulated == frozenset(names)
    assert call.given.state_dir is None
    assert call.given.first_run is None
    assert call.demo_answers
    assert call.profile.write is ("--write" in words)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("words", [["--url=http://wv.test", "--ascii"], ["demo", "--ascii"]])
def test_the_wish_for_ascii_reaches_the_app(
    cli: Cli, started: list[Started], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.delenv("ELYSIADASH_ASCII", raising=False)
    assert cli(*words).code == 0
    assert cli(*words[:-1]).code == 0
    assert [call.signs for call in started] == ["ascii", "auto"]
    assert "ELYSIADASH_ASCII" not in os.environ


def test_the_wish_for_ascii_is_the_apps(cli: Cli) -> None:
    ran = cli("--ascii", "config", "path")
    assert ran.code == 64
    assert "belong after config" in ran.err
