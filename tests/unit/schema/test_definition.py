"""Paths inside definitions."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings

from elysiadash.schema.definition import (
    Definition,
    index_part,
    leaves,
    lookup,
    matches,
    stage_of,
    vector_paths,
    with_value,
    without,
)
from tests.unit.schema.recorded import definitions, recorded

MADE: Definition = {
    "class": "Doc",
    "description": None,
    "properties": [
        {"name": "title", "dataType": ["text"]},
        {"name": "author", "dataType": ["object"], "nestedProperties": [{"name": "age"}]},
    ],
    "vectorConfig": {"body": {"vectorizer": {"none": {}}}},
}


def test_leaves_go_by_names_and_leave_out_nulls() -> None:
    assert dict(leaves(MADE)) == {
        ("class",): "Doc",
        ("properties", "title", "name"): "title",
        ("properties", "title", "dataType"): ["text"],
        ("properties", "author", "name"): "author",
        ("properties", "author", "dataType"): ["object"],
        ("properties", "author", "nestedProperties", "age", "name"): "age",
        ("vectorConfig", "body", "vectorizer", "none"): {},
    }


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("a.*.c", "a.b.c", True),
        ("a.*", "a", False),
        ("a.*", "a.b.c", False),
        ("a.**", "a", True),
        ("a.**", "a.b.c", True),
        ("a.**", "b", False),
        ("**", "a.b", True),
        ("a.b", "a.c", False),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:
    assert matches(pattern, path.split(".")) is fits


def test_settings_of_an_index_are_found_wherever_it_is() -> None:
    assert index_part(("vectorIndexConfig", "pq", "enabled")) == ((), ("pq", "enabled"))
    named = ("vectorConfig", "body")
    assert index_part((*named, "vectorIndexConfig", "ef")) == (named, ("ef",))
    assert index_part((*named, "vectorizer")) is None
    assert index_part(("vectorIndexConfig",)) is None
    assert stage_of("dynamic", ("hnsw", "ef")) == ("hnsw", ("ef",))
    assert stage_of("dynamic", ("threshold",)) == ("dynamic", ("threshold",))
    assert stage_of("hnsw", ("ef",)) == ("hnsw", ("ef",))


def test_every_recorded_definition_has_its_vectors() -> None:
    for name, definition in recorded().items():
        for vector in vector_paths(definition):
            assert lookup(definition, (*vector, "vectorIndexType")), (name, vector)


@given(definitions())
@settings(max_examples=60, deadline=None)
def test_what_is_set_is_found_and_what_is_taken_away_is_not(definition: Definition) -> None:
    before = copy.deepcopy(definition)
    for path, value in leaves(definition):
        if path[-1] == "name":
            continue
        assert lookup(definition, path) == value
        assert lookup(with_value(definition, path, "new"), path) == "new"
        less = without(definition, path)
        assert lookup(less, path) is None
        others = {p: v for p, v in leaves(definition) if p != path}
        assert others.items() <= dict(leaves(less)).items()
    assert definition == before
