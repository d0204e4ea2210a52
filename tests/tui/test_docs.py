"""What README says is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from elysiadash.cli.command_list import COMMANDS
from elysiadash.config.configuration import load
from tests import docs

ROOT = docs.README.parent
TEXT = docs.README.read_text("utf-8")


def test_the_tables_of_keys_are_those_of_the_registry() -> None:
    assert docs.with_tables(TEXT) == TEXT, "run: python -m tests.docs"


def test_stale_tables_are_found() -> None:
    stale = TEXT.replace("`screen.freeze`", "`screen.gone`")
    assert docs.with_tables(stale) == TEXT != stale


def test_a_lost_mark_is_told() -> None:
    with pytest.raises(ValueError, match="has lost"):
        docs.with_tables(TEXT.replace(docs.END, ""))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_what_is_linked_or_named_exists(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    links = re.findall(r"\]\(([^)#]+)\)", text)
    paths = re.findall(r"`((?:tests|themes|elysiadash|screenshots)/[\w./-]+)`", text)
    wanted = {link for link in links if "://" not in link} | set(paths)
    assert {each for each in wanted if not (ROOT / each).exists()} == set()


def test_every_command_is_in_the_table() -> None:
    told = TEXT.partition("## Commands")[2].partition("\n## ")[0]
    words = {word for code in re.findall(r"`([^`]+)`", told) for word in re.split(r"[^\w-]+", code)}
    assert {word for command in COMMANDS for word in command.path} - words == set()


def test_the_transform_that_it_shows_is_the_one_that_is_shipped() -> None:
    shipped = (ROOT / "elysiadash/migrate/transforms/example.py").read_text("utf-8")
    shown = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(shown) == 1
    assert shown[0].strip() in shipped


def test_the_settings_that_it_shows_can_be_used(tmp_path: Path) -> None:
    shown = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    settings = [text for text in shown if "[profiles." in text]
    assert settings
    for number, text in enumerate(settings):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, "utf-8")
        assert load({}, {}, tmp_path, path).check() == []


def test_the_keymap_that_it_shows_can_be_used(tmp_path: Path) -> None:
    from elysiadash.tui.keymap import read_keymap

    (text,) = (t for t in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL) if '"screen.' in t)
    path = tmp_path / "keys.toml"
    path.write_text(text, "utf-8")
    found = read_keymap(path)
    assert found.mistakes == found.notes == ()
    assert set(found.changes) == set(tomllib.loads(text))
