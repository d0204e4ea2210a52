"""Names on either side of each rule; the answers are those of a real 1.39.0."""

from __future__ import annotations

import pytest

from elysiadash.schema.names import (
    collection_fault,
    name_faults,
    property_fault,
    template_fault,
    vector_fault,
)
from tests.unit.schema.recorded import recorded


@pytest.mark.parametrize("name", ["A", "Doc_2", "A" * 255])
def test_collections_that_are_taken(name: str) -> None:
    assert collection_fault(name) is None


@pytest.mark.parametrize("name", ["", "doc", "9a", "A-b", "A.b", "Äb", "A" * 256, "A\n", "A/b"])
def test_collections_that_are_not(name: str) -> None:
    assert collection_fault(name)


def test_capitals_make_no_difference_between_collections() -> None:
    assert collection_fault("Docs", ["Other"]) is None
    assert "taken" in (collection_fault("Docs", ["Docs"]) or "")
    assert "too like DOCS" in (collection_fault("Docs", ["DOCS"]) or "")


@pytest.mark.parametrize("name", ["a", "_a", "vector", "class", "p" * 231])
def test_properties_that_are_taken(name: str) -> None:
    assert property_fault(name) is None


@pytest.mark.parametrize("name", ["", "id", "_id", "_additional", "9a", "a-b", "p" * 232])
def test_properties_that_are_not(name: str) -> None:
    assert property_fault(name)


def test_vectors() -> None:
    assert vector_fault("v" * 230) is None
    assert vector_fault("_v") is None
    for name in ("", "v" * 231, "a-b", "a.b", "9"):
        assert vector_fault(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "-x", "a.toml", "a b", "a\0", "x" * 65],
)
def test_templates_are_files_of_one_folder(name: str) -> None:
    assert template_fault(name)


def test_every_fault_of_a_definition_is_told_at_once() -> None:
    faults = name_faults(
        {
            "class": "doc",
            "vectorConfig": {"a-b": {}},
            "properties": [
                {"name": "id"},
                {"name": "ab"},
                {"name": "aB"},
                {"dataType": ["text"]},
                {"name": "o", "nestedProperties": [{"name": "id"}, {"name": "x-y"}]},
            ],
        }
    )
    assert len(faults) == 6
    assert "properties.o.nestedProperties: 'x-y'" in faults[-1]


def test_recorded_names_are_well() -> None:
    for definition in recorded().values():
        assert name_faults(definition) == ()
