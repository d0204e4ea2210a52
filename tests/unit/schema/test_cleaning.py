"""What is left out of a definition, and that nothing else is."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings

from elysiadash.schema.checking import faults, unknown_settings
from elysiadash.schema.cleaning import RULES, clean
from elysiadash.schema.definition import Definition, leaves, matches
from elysiadash.schema.diff import diff, unexpected
from tests.unit.schema.recorded import definitions, recorded

RECORDED = recorded()


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_definition_is_cleaned(name: str) -> None:
    definition = RECORDED[name]
    before = copy.deepcopy(definition)
    cleaned = clean(definition)
    assert definition == before
    assert clean(cleaned.definition).definition == cleaned.definition
    assert unexpected(cleaned.definition, definition) == () or "Customer" in name
    assert {one.kind for one in diff(cleaned.definition, definition)} <= {"extra"}
    assert faults(cleaned.definition) == ()
    assert unknown_settings(cleaned.definition) == ()
    for one in cleaned.dropped:
        assert one.why
        assert one.source


def test_a_multi_tenant_collection_loses_its_zeros() -> None:
    cleaned = clean(RECORDED["1.39.0/Customer"])
    assert "shardingConfig" not in cleaned.definition
    (one,) = [one for one in cleaned.dropped if one.path == ("shardingConfig",)]
    assert "422" in one.source


def test_a_collection_of_one_tenant_keeps_what_was_chosen() -> None:
    sharding = clean(RECORDED["1.39.0/Doc"]).definition["shardingConfig"]
    assert sharding["desiredCount"] == 3
    assert not {"actualCount", "actualVirtualCount", "desiredVirtualCount"} & sharding.keys()


def test_a_setting_of_old_releases_goes_only_to_them() -> None:
    doc = RECORDED["1.39.0/Doc"]
    assert clean(doc).definition["replicationConfig"]["asyncEnabled"] is True
    old = clean(doc, target=(1, 37, 14)).definition
    assert old["replicationConfig"]["asyncEnabled"] is True
    new = clean(doc, target=(1, 38, 0)).definition
    assert "asyncEnabled" not in new["replicationConfig"]


def test_only_a_template_loses_its_name() -> None:
    doc = RECORDED["1.39.0/Doc"]
    assert clean(doc).definition["class"] == "Doc"
    assert "class" not in clean(doc, "template").definition


def test_what_a_server_refuses_in_a_new_collection_goes() -> None:
    cleaned = clean(
        {
            "class": "A",
            "properties": [
                {"name": "old", "indexInverted": True},
                {"name": "new", "indexInverted": True, "indexFilterable": True},
            ],
            "vectorConfig": {
                "gone": {"vectorIndexType": "none"},
                "here": {"vectorIndexType": "hnsw"},
            },
        }
    ).definition
    assert cleaned["properties"] == [
        {"name": "old", "indexInverted": True},
        {"name": "new", "indexFilterable": True},
    ]
    assert list(cleaned["vectorConfig"]) == ["here"]


@given(definitions())
@settings(max_examples=60, deadline=None)
def test_only_what_a_rule_names_is_left_out(definition: Definition) -> None:
    cleaned = clean(definition)
    kept, dropped = dict(leaves(cleaned.definition)), {one.path for one in cleaned.dropped}
    for path, value in leaves(definition):
        if any(path[: len(gone)] == gone for gone in dropped):
            continue
        assert kept.pop(path) == value
    assert kept == {}
    assert all(any(matches(rule.pattern, path) for rule in RULES) for path in dropped)


def test_the_table_has_no_rule_twice() -> None:
    patterns = [rule.pattern for rule in RULES]
    assert len(set(patterns)) == len(patterns)
