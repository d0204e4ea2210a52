"""``config``: init, show, check, path."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.running import Cli, valid_document

SETTINGS = """\
default_profile = "prod"
[profiles.prod]
url = "http://wv.test:8080"
auth = { method = "api-key", key_env = "WV_KEY" }
[profiles.prod.intervals]
fast = 7
"""


def test_init_writes_once_and_never_over_another(cli: Cli, config_file: Path) -> None:
    ran = cli("config", "init")
    assert (ran.code, ran.out) == (0, f"{config_file}\n")
    written = config_file.read_text()
    assert "[profiles.local]" in written
    assert config_file.stat().st_mode & 0o077 == 0
    ran = cli("config", "init")
    assert ran.code == 1
    assert "exists already" in ran.err
    assert config_file.read_text() == written
    assert cli("config", "check").code == 0


def test_show_says_where_each_value_comes_from(cli: Cli, config_file: Path) -> None:
    config_file.write_text(SETTINGS)
    document = cli.document("config", "show", "--json")
    rows = {item["key"]: item for item in document["items"]}
    fast = rows["profiles.prod.intervals.fast"]
    assert fast["value"] == "7.0"
    assert fast["origin"] == f"user file {config_file}:6"
    assert rows["profiles.prod.auth.key"]["value"] == "env:WV_KEY"
    assert rows["profiles.prod.intervals.slow"]["origin"] == "default"
    assert document["files"] == [str(config_file)]
    table = cli("config", "show").out
    assert "profiles.prod.intervals.fast" in table


def test_flags_win_and_are_shown(cli: Cli, config_file: Path) -> None:
    config_file.write_text(SETTINGS)
    document = cli.document("config", "show", "--json", "--profile=prod", "--write")
    rows = {item["key"]: item for item in document["items"]}
    assert (rows["profiles.prod.write"]["value"], rows["profiles.prod.write"]["origin"]) == (
        "true",
        "--write",
    )


def test_check_lists_every_mistake_at_once(cli: Cli, config_file: Path) -> None:
    config_file.write_text(SETTINGS + "fats = 3\nslow = 'often'\n")
    ran = cli("config", "check")
    assert ran.code == 1
    assert ran.out.count("\n") == 2
    assert f"{config_file}:7: profiles.prod.intervals.fats" in ran.out
    assert "did you mean fast?" in ran.out
    ran = cli("config", "check", "--json")
    document = valid_document(ran.out)
    assert [item["line"] for item in document["items"]] == [7, 8]


def test_check_without_a_file_finds_nothing(cli: Cli) -> None:
    ran = cli("config", "check")
    assert (ran.code, ran.out) == (0, "")
    assert "no mistake" in ran.err


def test_path_is_told_whether_or_not_there_is_a_file(cli: Cli, config_file: Path) -> None:
    assert cli("config", "path").out == f"{config_file}\n"
    assert cli("config", "path", "--config", "/etc/other.toml").out == "/etc/other.toml\n"


def test_a_clear_secret_is_never_shown(cli: Cli, config_file: Path) -> None:
    config_file.write_text(
        "[profiles.prod]\nurl = 'http://wv.test'\n"
        "auth = { method = 'api-key', key_clear = 'sesame-9182', allow_clear = true }\n"
    )
    config_file.chmod(0o644)
    for words in (["config", "show"], ["config", "show", "--json"], ["config", "check"]):
        ran = cli(*words)
        assert "sesame-9182" not in ran.out + ran.err
