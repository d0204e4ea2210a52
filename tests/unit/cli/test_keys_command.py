"""``keys``: list, check, set, unset, path; the user's file stays the user's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from elysiadash.tui.actions import ACTIONS, BY_ID
from tests.unit.cli.running import Cli, valid_document

MINE = """\
# My keys.
"screen.refresh" = "f5,r"  # as in a browser

# freeze is on the big key
"screen.freeze" = ["F", "f9"]
"""


@pytest.fixture
def keymap(config_file: Path) -> Path:
    """The user's keymap, beside the settings; it does not exist at first."""
    config_file.parent.mkdir(exist_ok=True)
    return config_file.parent / "keys.toml"


# List


@pytest.mark.parametrize("words", [["keys"], ["keys", "list"]])
def test_every_action_is_listed_with_its_keys(cli: Cli, words: list[str]) -> None:
    ran = cli(*words)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert len(lines) == len(ACTIONS) + 1
    (refresh,) = [line for line in lines if line.startswith("screen.refresh ")]
    assert refresh.split()[1:4] == ["r", ":refresh", "screen"]


@pytest.mark.parametrize("words", [["keys", "--json"], ["keys", "list", "--json"]])
def test_the_list_is_a_document(cli: Cli, keymap: Path, words: list[str]) -> None:
    keymap.write_text(MINE)
    document = cli.document(*words)
    assert document["file"] == str(keymap)
    items = {item["action"]: item for item in document["items"]}
    assert list(items) == [action.id for action in ACTIONS]
    assert items["screen.refresh"]["keys"] == ["f5", "r"]
    assert items["screen.refresh"]["usual"] == ["r"]
    assert items["screen.help"]["keys"] == items["screen.help"]["usual"] == ["question_mark"]
    assert items["screen.node"]["takes"] == "NAME [shard SHARD]"


def test_own_keys_are_marked_in_the_list(cli: Cli, keymap: Path) -> None:
    keymap.write_text(MINE)
    ran = cli("keys", "list")
    (refresh,) = [line for line in ran.out.splitlines() if line.startswith("screen.refresh ")]
    assert refresh.split()[1:4] == ["f5", "r", "*"]
    assert f"* 2 changes in {keymap}" in ran.err


def test_options_of_the_list_are_not_lost_before_another_command(cli: Cli) -> None:
    ran = cli("keys", "--json", "path")
    assert ran.code == 64
    assert "options belong after path" in ran.err


# Check


def test_no_file_and_a_good_file_have_no_mistake(cli: Cli, keymap: Path) -> None:
    ran = cli("keys", "check")
    assert (ran.code, ran.out) == (0, "")
    assert "the usual keys hold" in ran.err
    keymap.write_text(MINE)
    assert cli("keys", "check").code == 0


def test_mistakes_are_named_by_file_and_line(cli: Cli, keymap: Path) -> None:
    keymap.write_text(
        '"screen.refrsh" = "f5"\n\n"screen.freeze" = "o"\n"screen.help" = "f99"\n'
        '"screen.events" = "ctrl+b"\n'
    )
    ran = cli("keys", "check")
    assert ran.code == 1
    first, second, third = ran.out.splitlines()
    assert first.startswith(f"{keymap}:1:")
    assert "did you mean screen.refresh?" in first
    assert second.startswith(f"{keymap}:3:")
    assert "o is the key of list.sort (Sort) already" in second
    assert third.startswith(f"{keymap}:4:")
    assert f"note: {keymap}:5:" in ran.err
    assert "tmux takes it as its prefix" in ran.err
    assert "3 mistakes" in ran.err
    document = valid_document(cli("keys", "check", "--json").out)
    assert [item["line"] for item in document["items"]] == [1, 3, 4]


def test_what_is_no_toml_is_a_mistake_with_its_line(cli: Cli, keymap: Path) -> None:
    keymap.write_text('# fine\n"screen.refresh" = f5\n')
    ran = cli("keys", "check")
    assert ran.code == 1
    assert ran.out.startswith(f"{keymap}:2")


# Set and unset


def test_set_writes_a_file_that_says_what_it_is(cli: Cli, keymap: Path) -> None:
    ran = cli("keys", "set", "screen.refresh=f5,r")
    assert (ran.code, ran.out) == (0, "")
    assert "screen.refresh: f5 r (was r)" in ran.err
    assert keymap.read_text().startswith("# Keys of elysiadash")
    assert keymap.read_text().endswith('"screen.refresh" = "f5,r"\n')
    assert cli("keys", "check").code == 0


def test_set_and_unset_leave_the_rest_of_the_file_alone(cli: Cli, keymap: Path) -> None:
    keymap.write_text(MINE)
    assert cli("keys", "set", "screen.events=f2").code == 0
    assert keymap.read_text() == MINE + '"screen.events" = "f2"\n'
    assert cli("keys", "unset", "screen.events").code == 0
    assert keymap.read_text() == MINE
    ran = cli("keys", "unset", "screen.events")
    assert ran.code == 0
    assert "usual keys already" in ran.err


def test_a_key_of_another_own_key_is_refused_too(cli: Cli, keymap: Path) -> None:
    keymap.write_text('"list.sort" = "f5"\n')
    ran = cli("keys", "set", "screen.refresh=f5")
    assert ran.code == 64
    assert "f5 is the key of list.sort (Sort) already" in ran.err
    assert keymap.read_text() == '"list.sort" = "f5"\n'


def test_unset_says_what_collides_with_the_usual_key(cli: Cli, keymap: Path) -> None:
    keymap.write_text('"list.sort" = "r"\n"screen.refresh" = "o"\n')
    ran = cli("keys", "unset", "screen.refresh")
    assert ran.code == 0
    assert "1 mistake: elysiadash keys check" in ran.err


def test_a_key_that_tmux_takes_is_set_with_a_note(cli: Cli) -> None:
    ran = cli("keys", "set", "screen.refresh=ctrl+b")
    assert ran.code == 0
    assert "note: ctrl+b: tmux takes it as its prefix" in ran.err


def test_an_action_can_lose_its_key_and_get_it_back(cli: Cli) -> None:
    assert cli("keys", "set", "screen.refresh=none").code == 0
    items = {i["action"]: i for i in cli.document("keys", "list", "--json")["items"]}
    assert items["screen.refresh"]["keys"] == []
    assert cli("keys", "unset", "screen.refresh").code == 0
    items = {i["action"]: i for i in cli.document("keys", "list", "--json")["items"]}
    assert items["screen.refresh"]["keys"] == ["r"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("screen.refresh=o", "o is the key of list.sort"),
        ("screen.refresh=nokey", "there is no key 'nokey'"),
        ("screen.refresh=ctrl+m", "terminals send the same for enter"),
        ("screen.refrsh=f5", "did you mean screen.refresh?"),
        ("screen.node=f5", "it is :node"),
        ("app.interrupt=none", "the way out needs a key"),
        ("screen.refresh", "is not ACTION=KEYS"),
        ("screen.refresh=", "is not ACTION=KEYS"),
    ],
)
@pytest.mark.parametrize("before", [None, MINE])
def test_what_is_refused_changes_nothing(
    cli: Cli, keymap: Path, change: str, words: str, before: str | None
) -> None:
    if before is not None:
        keymap.write_text(before)
    ran = cli("keys", "set", change)
    assert ran.code == 64
    assert words in ran.err
    assert (keymap.read_text() if keymap.exists() else None) == before
    assert [each.name for each in keymap.parent.iterdir()] == ([keymap.name] if before else [])


def test_a_file_that_cannot_be_read_is_left_alone(cli: Cli, keymap: Path) -> None:
    keymap.write_text("what is this")
    for words in (["set", "screen.refresh=f5"], ["unset", "screen.refresh"]):
        ran = cli("keys", *words)
        assert ran.code == 1
        assert f"{keymap}:1" in ran.err
    assert keymap.read_text() == "what is this"


def test_a_write_that_fails_leaves_the_old_file(
    cli: Cli, keymap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keymap.write_text(MINE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    ran = cli("keys", "set", "screen.events=f2")
    assert ran.code == 1
    assert "No space left on device" in ran.err
    assert keymap.read_text() == MINE
    assert [each.name for each in keymap.parent.iterdir()] == [keymap.name]


def test_a_file_that_is_a_link_stays_one(cli: Cli, keymap: Path, tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles.toml"
    dotfiles.write_text(MINE)
    keymap.symlink_to(dotfiles)
    assert cli("keys", "set", "screen.events=f2").code == 0
    assert keymap.is_symlink()
    assert '"screen.events" = "f2"' in dotfiles.read_text()
    assert BY_ID["screen.events"].keys == "0"


def test_unset_of_what_is_no_action_takes_the_line_away(cli: Cli, keymap: Path) -> None:
    keymap.write_text('"screen.gone" = "f5"\n')
    assert cli("keys", "unset", "screen.gone").code == 0
    assert keymap.read_text() == ""
    assert cli("keys", "unset", "screen.gone").code == 64


# Path


def test_path_is_told_whether_or_not_there_is_a_file(cli: Cli, keymap: Path) -> None:
    ran = cli("keys", "path")
    assert ran.out == f"{keymap}\n"
    assert "no such file yet" in ran.err
    keymap.write_text(MINE)
    ran = cli("keys", "path")
    assert (ran.out, ran.err) == (f"{keymap}\n", "")
