"""Other names, and an order in which no reference comes before its target."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.schema.creation import creation_requests, reference_requests
from elysiadash.schema.definition import Definition
from elysiadash.schema.diff import diff
from elysiadash.schema.ordering import creation_order, references
from elysiadash.schema.renaming import NamesCollide, inverted, renamed
from tests.unit.schema.recorded import definitions

SWAP = {"Doc": "Event", "Event": "Doc", "Author": "Person"}


def collection(name: str, **refer: str | tuple[str, ...]) -> Definition:
    """A collection whose properties refer to others."""
    properties: list[Any] = [{"name": "title", "dataType": ["text"]}]
    for key, targets in refer.items():
        kinds = [targets] if isinstance(targets, str) else list(targets)
        properties.append({"name": key, "dataType": kinds})
    return {"class": name, "properties": properties}


def names(found: tuple[Definition, ...]) -> list[str]:
    return [one["class"] for one in found]


def test_a_collection_is_renamed_with_what_refers_to_it() -> None:
    before = collection("Doc", next="Doc", by=("Author", "Doc"))
    after = renamed(before, {"Doc": "Paper"})
    assert after == collection("Paper", next="Paper", by=("Author", "Paper"))
    assert before["class"] == "Doc"


@given(definitions())
@settings(max_examples=60, deadline=None)
def test_collections_change_places_and_back(definition: Definition) -> None:
    there = renamed(definition, SWAP)
    assert there["class"] == SWAP.get(definition["class"], definition["class"])
    assert renamed(there, inverted(SWAP)) == definition


@pytest.mark.parametrize("new", ["Doc", "DOC"])
def test_two_collections_cannot_become_one(new: str) -> None:
    with pytest.raises(NamesCollide, match="Event and Author"):
        renamed(collection("Event"), {"Event": new, "Author": "Doc"})
    with pytest.raises(NamesCollide):
        inverted({"Event": new, "Author": "Doc"})


def test_targets_come_first() -> None:
    order = creation_order([collection("A", to="B"), collection("B", to="C"), collection("C")])
    assert names(order.first) == ["C", "B", "A"]
    assert order.later == order.unmet == ()


def test_without_references_the_order_stays() -> None:
    assert names(creation_order([collection("B"), collection("A")]).first) == ["B", "A"]


def test_a_collection_may_refer_to_itself_from_the_start() -> None:
    own = collection("A", next="A")
    assert creation_order([own]).first == (own,)


def test_a_circle_is_closed_afterwards() -> None:
    order = creation_order([collection("A", to="B"), collection("B", to="A")])
    assert names(order.first) == ["A", "B"]
    (late,) = order.later
    assert (late.collection, late.targets) == ("A", ("B",))
    assert [one["name"] for one in order.first[0]["properties"]] == ["title"]
    (request,) = reference_requests(order.later)
    assert (request.method, request.path) == ("POST", "/v1/schema/A/properties")
    assert request.body == {"name": "to", "dataType": ["B"]}


def test_what_refers_outside_is_told() -> None:
    order = creation_order([collection("A", to=("B", "X"), too="Y")], present=["Y"])
    (unmet,) = order.unmet
    assert (unmet.collection, unmet.property["name"], unmet.targets) == ("A", "to", ("B", "X"))


@given(st.lists(definitions(), max_size=5, unique_by=lambda one: one["class"]))
@settings(max_examples=80, deadline=None)
def test_whatever_refers_to_what_nothing_is_lost_or_early(given_ones: list[Definition]) -> None:
    order = creation_order(given_ones)
    all_names = {one["class"] for one in given_ones}
    assert sorted(names(order.first)) == sorted(all_names)
    placed: set[str] = set()
    for one in order.first:
        placed.add(one["class"])
        for reference in references(one):
            assert {t for t in reference.targets if t in all_names} <= placed
    whole = {one["class"]: {**one, "properties": [*one["properties"]]} for one in order.first}
    for late in order.later:
        whole[late.collection]["properties"].append(late.property)
    for one in given_ones:
        assert diff(one, whole[one["class"]]) == ()


def test_an_unnamed_vector_beside_named_ones_takes_two_requests() -> None:
    definition = {
        "class": "A",
        "vectorIndexType": "hnsw",
        "vectorizer": "none",
        "vectorConfig": {"v": {"vectorIndexType": "hnsw"}},
    }
    first, second = creation_requests(definition)
    assert (first.method, first.path) == ("POST", "/v1/schema")
    assert "vectorConfig" not in first.body
    assert (second.method, second.path, second.body) == ("PUT", "/v1/schema/A", definition)
    assert len(creation_requests(collection("A"))) == 1
