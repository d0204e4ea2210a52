"""Differences between definitions, and what a PUT would make of them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.schema.changes import COLLECTION, INDEX, change_words, verdict
from elysiadash.schema.definition import Definition, leaves, lookup, with_value, without
from elysiadash.schema.diff import diff, same, unexpected
from tests.unit.schema.recorded import definitions, recorded

RECORDED = recorded()
DOC = RECORDED["1.39.0/Doc"]
HNSW = ("vectorConfig", "title", "vectorIndexConfig")


@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_definition_equals_itself(name: str) -> None:
    assert diff(RECORDED[name], copy.deepcopy(RECORDED[name])) == ()


@given(definitions(), st.randoms())
@settings(max_examples=60, deadline=None)
def test_neither_the_order_of_properties_nor_of_keys_makes_a_difference(
    definition: Definition, random: Any
) -> None:
    other = dict(random.sample(list(definition.items()), len(definition)))
    other["properties"] = random.sample(definition["properties"], len(definition["properties"]))
    assert diff(definition, other) == ()


@given(definitions(), definitions())
@settings(max_examples=60, deadline=None)
def test_making_each_difference_good_makes_them_the_same(
    left: Definition, right: Definition
) -> None:
    for one in diff(left, right):
        assert same(lookup(left, one.path), one.left)
        assert same(lookup(right, one.path), one.right)
        assert one.kind == {(True, False): "missing", (False, True): "extra"}.get(
            (one.right is None, one.left is None), "different"
        )
    other = right
    for one in diff(left, right):
        if one.kind == "extra":
            other = without(other, one.path)
        elif one.path[0] == "properties" and lookup(other, one.path[:2]) is None:
            other = {**other, "properties": [*(other.get("properties") or []), one.left]}
        else:
            other = with_value(other, one.path, one.left)
    assert diff(left, other) == ()


@given(definitions(), definitions())
@settings(max_examples=60, deadline=None)
def test_seen_from_the_other_side_missing_is_extra(left: Definition, right: Definition) -> None:
    turned = {"missing": "extra", "extra": "missing", "different": "different"}
    there = {(one.path, one.kind) for one in diff(left, right)}
    assert {(one.path, turned[one.kind]) for one in diff(right, left)} == there


@given(definitions(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_changed_setting_is_found(definition: Definition, data: st.DataObject) -> None:
    path, value = data.draw(
        st.sampled_from([pair for pair in leaves(definition) if pair[0][-1] != "name"])
    )
    (one,) = diff(definition, with_value(definition, path, [value, "more"]))
    assert (one.path, one.left, one.right) == (path, value, [value, "more"])


def test_true_is_not_one_but_one_is_one() -> None:
    assert not same(True, 1)
    assert same(1, 1.0)
    assert same(None, [])
    assert not same([1], [True])


def test_a_property_or_vector_of_one_side_is_one_difference() -> None:
    other = without(without(DOC, ("properties", "author")), ("vectorConfig", "body"))
    assert [(one.path, one.kind) for one in diff(DOC, other)] == [
        (("properties", "author"), "missing"),
        (("vectorConfig", "body"), "missing"),
    ]


def test_what_a_server_fills_in_is_expected_and_autoschema_is_not() -> None:
    posted = {"class": "Doc", "properties": [{"name": "title", "dataType": ["text"]}]}
    read = {
        "class": "Doc",
        "properties": [
            {"name": "title", "dataType": ["text"], "tokenization": "word"},
            {"name": "guessed", "dataType": ["text"]},
        ],
        "replicationConfig": {"factor": 1},
    }
    (one,) = unexpected(posted, read)
    assert (one.path, one.kind) == (("properties", "guessed"), "extra")
    lost = unexpected({"description": "x", **posted}, read)[0]
    assert (lost.path, lost.kind) == (("description",), "missing")


def test_an_empty_table_says_nothing_unless_it_names_a_module() -> None:
    assert diff({"moduleConfig": {}}, {}) == ()
    (one,) = diff({"moduleConfig": {"generative-x": {}}}, {})
    assert one.path == ("moduleConfig", "generative-x")


def test_differences_in_words() -> None:
    other = with_value(DOC, (*HNSW, "efConstruction"), 256)
    (one,) = diff(DOC, other)
    assert one.words() == "vectorConfig.title.vectorIndexConfig.efConstruction: 128 -> 256"
    assert one.immutable
    assert one.consequence() == "PUT refuses it: is immutable"


@pytest.mark.parametrize(
    ("path", "new", "expected"),
    [
        (("description",), "x", "accepted"),
        (("class",), "Other", "refused"),
        (("shardingConfig", "desiredCount"), 5, "refused"),
        (("replicationConfig", "factor"), 5, "depends"),
        (("properties", "title"), None, "refused"),
        (("properties", "title", "description"), "x", "accepted"),
        (("properties", "title", "dataType"), ["int"], "refused"),
        (("vectorConfig", "body"), None, "refused"),
        (("vectorConfig", "new"), {}, "accepted"),
        (("vectorConfig", "title", "vectorIndexType"), "flat", "ignored"),
        ((*HNSW, "skipDefaultQuantization"), True, "ignored"),
        ((*HNSW, "ef"), 100, "accepted"),
        ((*HNSW, "distance"), "dot", "refused"),
        ((*HNSW, "bq", "enabled"), True, "accepted"),
        ((*HNSW, "rq", "bits"), 1, "accepted"),
        ((*HNSW, "somethingNew"), 1, "unknown"),
        (("somethingNew",), 1, "unknown"),
    ],
)
def test_verdicts(path: tuple[str, ...], new: Any, expected: str) -> None:
    assert verdict(DOC, path, new).verdict == expected


def test_a_second_quantizer_is_dangerous() -> None:
    one = with_value(DOC, (*HNSW, "rq", "enabled"), True)
    found = verdict(one, (*HNSW, "bq", "enabled"), True)
    assert found.verdict == "dangerous"
    assert "must not be sent" in change_words(found)
    assert verdict(one, (*HNSW, "rq", "enabled"), False).verdict == "accepted"
    assert verdict(one, (*HNSW, "rq", "bits"), 1).verdict == "refused"
    assert verdict(one, (*HNSW, "rq", "rescoreLimit"), 1).verdict == "accepted"


def test_the_stages_of_a_dynamic_index_follow_their_own_rules() -> None:
    dynamic = {
        "vectorIndexType": "dynamic",
        "vectorIndexConfig": {"hnsw": {"rq": {"enabled": True}}, "flat": {}},
    }
    place = ("vectorIndexConfig",)
    assert verdict(dynamic, (*place, "threshold"), 1).verdict == "accepted"
    assert verdict(dynamic, (*place, "hnsw", "ef"), 1).verdict == "accepted"
    assert verdict(dynamic, (*place, "flat", "bq", "enabled"), True).verdict == "refused"
    assert verdict(dynamic, (*place, "hnsw", "bq", "enabled"), True).verdict == "dangerous"


def test_every_fact_has_a_source_and_those_that_need_one_a_reason() -> None:
    for rule in (*COLLECTION, *(rule for rules in INDEX.values() for rule in rules)):
        assert rule.source
        assert rule.why or rule.verdict == "accepted"
