"""Every other command, when the server, the settings or the machine do not cooperate."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.cli.clusters import InThread
from tests.unit.cli.fake_servers import login_page, overloaded, put_in_place, refused, wrong_key
from tests.unit.cli.running import Cli

URL = "--url=http://wv.test:8080"
COMMANDS = [["stats"], ["nodes"], ["collections"], ["stats", "--json"], ["col", "list"]]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("server", "cause"),
    [
        (refused, "Connection refused"),
        (login_page, "an HTML page instead of an answer"),
        (overloaded, "a proxy answered 503"),
        (wrong_key, "did not accept who we are"),
    ],
)
def test_no_answer_is_a_failure_with_its_cause_and_no_data(
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    server: object,
    cause: str,
) -> None:
    put_in_place(monkeypatch, server)  # type: ignore[arg-type]
    ran = cli(*words, URL)
    # A node list can be had from the readiness probes alone.
    if words == ["nodes"] and ran.code == 0:
        assert cause in ran.err
        return
    assert ran.code == 1
    assert ran.out == ""
    assert cause in ran.err
    assert "Traceback" not in ran.err


def test_a_broken_file_is_told_with_its_line(cli: Cli, config_file: Path) -> None:
    config_file.write_text("default_profile = 'prod'\n[profiles.prod\n")
    ran = cli("stats")
    assert ran.code == 64
    assert f"{config_file}:2" in ran.err
    assert "elysiadash config check" in ran.err


def test_an_unknown_profile_names_the_nearest(cli: Cli, config_file: Path) -> None:
    config_file.write_text("[profiles.production]\nurl = 'http://wv.test:8080'\n")
    ran = cli("nodes", "--profile", "prodution")
    assert ran.code == 64
    assert "did you mean production?" in ran.err


def test_a_missing_config_file_is_told(cli: Cli, tmp_path: Path) -> None:
    ran = cli("stats", "--config", str(tmp_path / "nowhere.toml"))
    assert ran.code == 64
    assert "nowhere.toml" in ran.err


def test_nothing_named_and_nothing_at_localhost_gives_the_first_steps(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_place(monkeypatch, refused)
    ran = cli("stats")
    assert ran.code == 1
    assert "no cluster is named, and none answers at http://localhost:8080" in ran.err
    assert "elysiadash config init" in ran.err
    assert "elysiadash demo" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_home_by_permissions(
    cli: Cli, healthy: InThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    monkeypatch.setenv("ELYSIADASH_STATE_DIR", str(locked / "state"))
    assert cli("stats", "--json", *healthy.flags()).code == 0


def test_a_home_that_cannot_be_written_is_told_and_borne(
    cli: Cli, healthy: InThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELYSIADASH_STATE_DIR", "/proc/elysiadash")
    monkeypatch.setenv("ELYSIADASH_CACHE_DIR", "/proc/elysiadash")
    ran = cli("stats", "--json", *healthy.flags())
    assert ran.code == 0
    assert "cannot be written" in ran.err
    assert ran.out.startswith("{")


def test_options_before_the_command_hold_for_it(cli: Cli, healthy: InThread) -> None:
    ran = cli("--url", healthy.url, "check")
    assert ran.code == 0
    ran = cli("--url", "http://127.0.0.1:9", "check", "--url", healthy.url)
    assert ran.code == 0, "the option after the command goes before"


def test_a_server_cannot_steer_the_terminal(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import httpx

    evil = "Evil\x1b]0;pwned\x07[/red]\u202e"
    answers = {
        "/v1/schema": {"classes": [{"class": evil}]},
        "/v1/nodes": {"nodes": [{"name": evil, "status": "HEALTHY", "version": "1.39.0"}]},
    }
    put_in_place(
        monkeypatch, lambda request: httpx.Response(200, json=answers.get(request.url.path, {}))
    )
    for words in (["stats"], ["nodes"], ["collections"], ["stats", "--format=csv"], ["check"]):
        ran = cli(*words, URL)
        assert "\x1b" not in ran.out + ran.err, words
        assert "\x07" not in ran.out + ran.err
        assert "\u202e" not in ran.out + ran.err
        if words != ["check"]:
            assert "Evil\\x1b]0;pwned\\x07[/red]\\u202e" in ran.out
