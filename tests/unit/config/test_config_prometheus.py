"""The ``prometheus`` setting: a URL or a table, its secret, and what it may not say."""

from __future__ import annotations

import pytest

from elysiadash.config.json_schema import json_schema
from elysiadash.config.mistake import Mistake
from elysiadash.config.profile import Prometheus, Secret
from elysiadash.config.shown import value_text
from tests.unit.config.house import House

SECRET = "hunter2-prom"


def setting(line: str) -> str:
    return f'default_profile = "p"\n[profiles.p]\nurl = "http://h:1"\nprometheus = {line}\n'


def chosen(house: House, line: str) -> Prometheus | None:
    house.user(setting(line))
    configuration = house.load()
    assert configuration.check() == []
    profile = configuration.choose()
    assert profile is not None
    return profile.prometheus


def mistakes(house: House, line: str) -> list[Mistake]:
    house.user(setting(line))
    return house.load().check()


def test_a_plain_url_is_enough(house: House) -> None:
    found = chosen(house, '"http://prom:9090/prometheus/"')
    assert found == Prometheus(url="http://prom:9090/prometheus")
    assert value_text(found) == '"http://prom:9090/prometheus"'


def test_a_table_says_which_series_and_who_we_are(house: House) -> None:
    found = chosen(
        house,
        '{ url = "https://p", match = \'job="weaviate",cluster=~"eu|us"\', node_label = "pod", '
        'disk = \'namespace="prod"\', user = "sre", key_env = "PROM_PASSWORD", tenant = "eu" }',
    )
    assert found == Prometheus(
        url="https://p",
        match='job="weaviate",cluster=~"eu|us"',
        node_label="pod",
        disk='namespace="prod"',
        user="sre",
        key=Secret(kind="env", reference="PROM_PASSWORD"),
        tenant="eu",
    )


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("3", "", "expected a URL or a table"),
        ("{ match = 'job=\"a\"' }", "", "url is missing"),
        ('{ url = "http://p", match = \'{job="a"}\' }', ".match", "without braces"),
        ('{ url = "http://p", match = "job=a" }', ".match", "without braces"),
        ('{ url = "http://p", match = \'job="a"} or up{\' }', ".match", "without braces"),
        ('{ url = "http://p", disk = "/data" }', ".disk", "without braces"),
        ('{ url = "http://p", node_label = "a-b" }', ".node_label", "name of a label"),
        ('{ url = "http://p", user = "a" }', "", "user needs key_env"),
        ('{ url = "http://p", user = "a:b", key_env = "K" }', ".user", "no colon"),
        ('{ url = "http://p", tenant = "ü" }', ".tenant", "ASCII"),
        ('{ url = "http://p", mtach = "a" }', ".mtach", "unknown key"),
        ('{ url = "http://p", key_env = "A", key_file = "B" }', ".key_file", "keep one"),
    ],
)
def test_mistakes_are_told_at_their_key(house: House, line: str, key: str, words: str) -> None:
    (found,) = mistakes(house, line)
    assert found.key == f"profiles.p.prometheus{key}"
    assert words in found.message


def test_a_secret_in_clear_needs_to_be_insisted_on_and_is_never_shown(house: House) -> None:
    (found,) = mistakes(house, f'{{ url = "http://p", key_clear = "{SECRET}" }}')
    assert "refused" in found.message
    assert SECRET not in str(found)
    insisted = chosen(house, f'{{ url = "http://p", key_clear = "{SECRET}", allow_clear = true }}')
    assert insisted is not None
    assert SECRET not in repr(insisted) + value_text(insisted)
    assert value_text(insisted) == '{ url = "http://p", key = clear:*** }'


def test_a_project_file_does_not_lead_the_users_key_elsewhere(house: House) -> None:
    house.user(setting('{ url = "https://p", key_env = "PROM" }'))
    house.project('[profiles.p]\nproxy = "http://evil"')
    (found,) = house.load().check()
    assert found.key == "profiles.p.proxy"
    assert "may not say where the credentials" in found.message


def test_the_schema_takes_both_forms() -> None:
    shape = json_schema()["$defs"]["Profile"]["properties"]["prometheus"]
    assert shape["anyOf"][0]["type"] == "string"
    table = shape["anyOf"][1]
    assert table["required"] == ["url"]
    assert all(part["description"] for part in table["properties"].values())
