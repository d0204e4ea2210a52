"""The starter file is valid, complete and never written over another; so is the JSON schema."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from elysiadash.config.credentials import AUTH_KEYS
from elysiadash.config.fields import TUNING, fields_of
from elysiadash.config.json_schema import json_schema
from elysiadash.config.mistake import ConfigError
from elysiadash.config.profile import Profile, Tls
from elysiadash.config.prometheus_setting import KEYS as PROMETHEUS_KEYS
from elysiadash.config.starter import init_text, write_starter
from elysiadash.config.tuning import LogSettings
from tests.unit.config.house import House


def uncommented() -> str:
    """The starter with every setting in force."""
    return re.sub(r"(?m)^#(?=\w)", "", init_text())


def test_the_starter_is_valid_and_names_a_server_on_this_machine(house: House) -> None:
    house.user(init_text())
    configuration = house.load()
    assert configuration.check() == []
    profile = configuration.choose()
    assert profile == Profile(name="local", url="http://localhost:8080")
    assert configuration.log == LogSettings()


def test_uncommented_it_is_valid_and_its_numbers_are_the_defaults(house: House) -> None:
    house.user(uncommented())
    configuration = house.load()
    assert configuration.check() == []
    profile = configuration.choose()
    assert profile is not None
    for name, struct in TUNING.items():
        assert getattr(profile, name) == struct()
        for field in fields_of(struct):
            assert configuration.origin(f"profiles.local.{name}.{field.name}").layer == "user"
    assert profile.tls.verify
    assert profile.write is False
    assert profile.auth.method == "api-key"
    assert profile.headers


def test_every_setting_is_in_it_with_its_meaning() -> None:
    data = tomllib.loads(uncommented())
    text = " ".join(line.removeprefix("# ") for line in init_text().split("\n"))
    places: list[tuple[dict[str, Any], type[msgspec.Struct]]] = [
        (data["log"], LogSettings),
        (data["profiles"]["local"]["tls"], Tls),
        *((data["defaults"][name], struct) for name, struct in TUNING.items()),
    ]
    for table, struct in places:
        assert list(table) == [field.name for field in fields_of(struct)]
    described = set(data["profiles"]["local"]) | set(data["defaults"])
    assert described == {field.name for field in fields_of(Profile)}
    structs: list[type[msgspec.Struct]] = [LogSettings, Tls, Profile, *TUNING.values()]
    for struct in structs:
        for field in fields_of(struct):
            if field.name not in (*TUNING, "tls"):
                assert field.description in text


def test_no_line_is_too_long_for_a_narrow_editor() -> None:
    assert max(map(len, init_text().split("\n"))) <= 100


def test_writing_it_makes_the_folders_and_keeps_others_out(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "config.toml"
    write_starter(path)
    assert path.read_text() == init_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize("dangling", [False, True])
def test_a_file_that_is_there_stays(tmp_path: Path, dangling: bool) -> None:
    path = tmp_path / "own" / "config.toml"
    path.parent.mkdir()
    if dangling:
        path.symlink_to(tmp_path / "nowhere")
    else:
        path.write_text("mine")
    with pytest.raises(ConfigError, match="exists already"):
        write_starter(path)
    assert path.is_symlink() if dangling else path.read_text() == "mine"
    assert [entry.name for entry in path.parent.iterdir()] == ["config.toml"]


def test_a_file_that_comes_up_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("mine")
    monkeypatch.setattr(Path, "exists", lambda _self: False)
    with pytest.raises(ConfigError, match="exists already"):
        write_starter(path)
    assert path.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="ELYSIADASH_CONFIG_DIR"):
        write_starter(tmp_path / "file" / "config.toml")


def test_the_schema_knows_the_starter_s_keys_and_no_others() -> None:
    schema = json_schema()
    keys = set(schema_paths(schema, schema))
    data = tomllib.loads(uncommented())
    # What a profile may say, [defaults] may say.
    tables = {**data["defaults"], **data["profiles"]["local"]}
    data["defaults"], data["profiles"] = tables, {"*": tables}
    written = set(data_paths(data))
    assert written <= keys
    documented_elsewhere = {("auth", name) for name in AUTH_KEYS}
    documented_elsewhere |= {("prometheus", name) for name in PROMETHEUS_KEYS}
    assert {key for key in keys - written if key[-2:] not in documented_elsewhere} == set()


def test_the_schema_has_ranges_meanings_and_defaults() -> None:
    definitions = json_schema()["$defs"]
    fast = definitions["Intervals"]["properties"]["fast"]
    assert (fast["type"], fast["minimum"], fast["maximum"], fast["default"]) == (
        "number",
        1,
        3600,
        5.0,
    )
    assert definitions["Timeouts"]["properties"]["read"]["exclusiveMinimum"] == 0
    assert definitions["LogSettings"]["properties"]["file"]["type"] == "string"
    for definition in definitions.values():
        assert definition["additionalProperties"] is False
        for part in definition["properties"].values():
            assert part["description"]


def schema_paths(
    node: dict[str, Any], schema: dict[str, Any], at: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    if "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    if at:
        yield at
    for name, part in node.get("properties", {}).items():
        yield from schema_paths(part, schema, (*at, name))
    for form in node.get("anyOf", ()):
        if "required" in form:
            yield from (path for path in schema_paths(form, schema, at) if path != at)
    if at == ("profiles",):
        yield from schema_paths(node["additionalProperties"], schema, (*at, "*"))


def data_paths(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if at:
        yield at
    if isinstance(value, dict) and at[-1:] != ("headers",):
        for name, part in value.items():
            yield from data_paths(part, (*at, name))
