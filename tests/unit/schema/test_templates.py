"""Templates: in the user's folder, shipped, and what can be wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from elysiadash.config import files
from elysiadash.schema.checking import faults, unknown_settings
from elysiadash.schema.cleaning import clean
from elysiadash.schema.definition import Definition
from elysiadash.schema.diff import diff
from elysiadash.schema.templates.shelf import (
    SHIPPED,
    Damaged,
    NameRefused,
    NoTemplate,
    NotYours,
    Shelf,
)
from elysiadash.schema.templates.template import (
    BadTemplate,
    Template,
    read_template,
    template_bytes,
)
from tests.unit.schema.recorded import definitions, recorded

RECORDED = recorded()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A folder that does not exist yet."""
    return Shelf(tmp_path / "templates", files)


def template(name: str = "mine", source: str = "1.39.0/Doc") -> Template:
    """A template of a recorded collection."""
    definition = clean(RECORDED[source], "template").definition
    return Template(name=name, about="mine", definition=definition)


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_definition_goes_into_a_file_and_back(name: str) -> None:
    kept = template(source=name)
    again = read_template("mine", template_bytes(kept), "toml")
    assert again == kept
    assert diff(kept.named("New"), again.named("New")) == ()


@given(definitions())
@settings(max_examples=60, deadline=None)
def test_any_definition_goes_into_a_file_and_back(definition: Definition) -> None:
    kept = Template(name="x", definition=clean(definition, "template").definition)
    assert read_template("x", template_bytes(kept), "toml") == kept


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_ones_are_whole(shelf: Shelf, name: str) -> None:
    one = shelf.get(name)
    assert one.origin == "shipped"
    assert one.about
    assert one.why
    definition = one.named("New")
    assert faults(definition) == unknown_settings(definition) == ()
    assert clean(definition).dropped == ()


def test_none_but_the_shipped_ones_without_a_folder(shelf: Shelf) -> None:
    assert [one.name for one in shelf.all()] == sorted(SHIPPED)
    assert not shelf.folder.exists()


def test_saved_listed_read_and_deleted(shelf: Shelf) -> None:
    path = shelf.save(template())
    assert path == shelf.folder / "mine.toml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert shelf.folder.stat().st_mode & 0o777 == 0o700
    assert [one.name for one in shelf.all()] == sorted([*SHIPPED, "mine"])
    found = shelf.get("mine")
    assert (found.origin, found.place) == ("own", str(path))
    assert found.definition == template().definition
    assert shelf.delete("mine") == path
    with pytest.raises(NoTemplate):
        shelf.get("mine")


def test_one_that_is_there_is_kept_unless_told(shelf: Shelf) -> None:
    shelf.save(template())
    with pytest.raises(FileExistsError):
        shelf.save(template(source="1.39.0/Event"))
    assert shelf.get("mine").definition == template().definition
    shelf.save(template(source="1.39.0/Event"), overwrite=True)
    assert shelf.get("mine").definition == template(source="1.39.0/Event").definition


def test_json_as_the_server_gives_it_is_a_template(shelf: Shelf) -> None:
    shelf.folder.mkdir()
    path = shelf.folder / "raw.json"
    path.write_text(json.dumps(RECORDED["1.39.0/Customer"]))
    found = shelf.get("raw")
    assert "class" not in found.definition
    assert "shardingConfig" not in found.definition
    shelf.save(Template(name="raw", definition=found.definition), overwrite=True)
    assert not path.exists()
    assert shelf.get("raw").definition == found.definition


def test_an_own_one_goes_before_a_shipped_one(shelf: Shelf) -> None:
    shelf.save(template("small-flat"))
    assert shelf.get("small-flat").origin == "own"
    assert len(shelf.all()) == len(SHIPPED)
    shelf.delete("small-flat")
    assert shelf.get("small-flat").origin == "shipped"
    with pytest.raises(NotYours):
        shelf.delete("small-flat")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "x" * 65])
def test_no_name_leads_out_of_the_folder(shelf: Shelf, name: str) -> None:
    for act in (shelf.get, shelf.delete):
        with pytest.raises(NameRefused):
            act(name)
    with pytest.raises(NameRefused):
        shelf.save(template(name))


def test_the_nearest_name_is_told(shelf: Shelf) -> None:
    with pytest.raises(NoTemplate) as raised:
        shelf.get("multi-tenants")
    assert raised.value.nearest == "multi-tenant"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff", "UTF-8"),
        (b"a = ", "TOML"),
        (b"definition = 3", "no table of settings"),
        (b"abut = 'x'\n[definition]\n", "abut"),
        (b"about = 3\n[definition]\n", "are texts"),
        (b"[definition]\nx.y = 2026-01-01", "a date at definition.x.y"),
        (b"[definition]\nx = [nan]", "no number"),
        (b"x = " + b"[" * 5000, "TOML"),
        (b"[definition]\nx = " + b"[" * 300 + b"]" * 300, "50 deep"),
    ],
)
def test_what_is_no_template_says_why_and_hides_no_other(
    shelf: Shelf, data: bytes, words: str
) -> None:
    shelf.save(template())
    (shelf.folder / "bad.toml").write_bytes(data)
    with pytest.raises(BadTemplate, match=words):
        shelf.get("bad")
    (bad,) = [one for one in shelf.all() if isinstance(one, Damaged)]
    assert words in bad.fault
    assert len(shelf.all()) == len(SHIPPED) + 2


def test_a_list_is_no_template(shelf: Shelf) -> None:
    with pytest.raises(BadTemplate, match="no table"):
        read_template("x", b"[1]", "json")


def test_what_is_no_file_is_no_template(shelf: Shelf) -> None:
    (shelf.folder / "sub.toml").mkdir(parents=True)
    (shelf.folder / "notes.txt").write_text("x")
    assert [one.name for one in shelf.all()] == sorted(SHIPPED)


def test_a_disk_that_fails_leaves_the_old_one(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.save(template())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        shelf.save(template(source="1.39.0/Event"), overwrite=True)
    assert shelf.get("mine").definition == template().definition
    assert [path.name for path in shelf.folder.iterdir()] == ["mine.toml"]
