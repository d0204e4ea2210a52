"""The schema, aliases and tenants: exactly what differs, by name and path."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.events.schema import (
    alias_changes,
    names_since,
    schema_changes,
    tenant_changes,
)
from elysiadash.cluster.events.seen import Seen
from elysiadash.cluster.rows import TenantCounts
from elysiadash.weaviate.models import (
    Alias,
    CollectionDefinition,
    MultiTenancy,
    Property,
    Quantizer,
    Replication,
    Schema,
    VectorConfig,
    VectorIndexConfig,
)

SEEN = Seen(1020.0, 1005.0)


def doc(name: str = "Doc", **fields: Any) -> CollectionDefinition:
    given: dict[str, Any] = {
        "replication_config": Replication(factor=1),
        "vector_config": {"body": VectorConfig("hnsw", VectorIndexConfig(ef=-1))},
        "properties": [Property("title", ["text"], "word")],
    }
    return CollectionDefinition(name=name, **{**given, **fields})


def changes(before: CollectionDefinition, after: CollectionDefinition) -> dict[str, Any]:
    events = schema_changes(Schema([before]), Schema([after]), SEEN)
    assert all(event.kind == "collection.changed" for event in events)
    assert all(event.collection == "Doc" for event in events)
    return {event.name or "": (event.before, event.after) for event in events}


def test_created_and_deleted() -> None:
    multi_tenant = doc("New", multi_tenancy_config=MultiTenancy(enabled=True))
    events = schema_changes(Schema([doc()]), Schema([multi_tenant]), SEEN)
    assert [(event.kind, event.collection) for event in events] == [
        ("collection.created", "New"),
        ("collection.deleted", "Doc"),
    ]
    assert events[0].message == "collection New created: replication factor 1, multi-tenant"
    assert (
        events[0].evidence
        == "GET /v1/schema, between 1970-01-01T00:16:45Z and 1970-01-01T00:17:00Z"
    )


def test_the_same_schema_is_no_change_nor_is_its_order() -> None:
    assert schema_changes(Schema([doc("A"), doc("B")]), Schema([doc("B"), doc("A")]), SEEN) == []
    assert schema_changes(Schema(None), Schema([]), SEEN) == []


def test_a_setting_by_its_path_with_before_and_after() -> None:
    assert changes(doc(), doc(replication_config=Replication(factor=3))) == {
        "replicationConfig.factor": ("1", "3")
    }
    faster = VectorIndexConfig(ef=128, rq=Quantizer(enabled=True, bits=8))
    assert changes(doc(), doc(vector_config={"body": VectorConfig("hnsw", faster)})) == {
        "vectorConfig.body.vectorIndexConfig.ef": ("-1", "128"),
        "vectorConfig.body.vectorIndexConfig.rq": (None, '{"enabled":true,"bits":8}'),
    }
    assert changes(doc(vector_index_config=None), doc(description="x")) == {
        "description": (None, "x")
    }


def test_properties_and_vectors_by_name() -> None:
    more = [Property("body", ["text"]), Property("title", ["text"], "field")]
    assert changes(doc(), doc(properties=more)) == {
        "properties.body": (None, "text"),
        "properties.title.tokenization": ("word", "field"),
    }
    vectors = {**(doc().vector_config or {}), "title": VectorConfig("flat")}
    events = schema_changes(Schema([doc()]), Schema([doc(vector_config=vectors)]), SEEN)
    assert [event.message for event in events] == ["Doc: vector title added (flat)"]
    first = changes(doc(properties=None), doc())
    assert first == {"properties.title": (None, "text")}


def test_aliases() -> None:
    before = (Alias("Docs", "Doc"), Alias("Old", "Doc"), Alias("Same", "Doc"))
    after = (Alias("Same", "Doc"), Alias("Docs", "DocV2"), Alias("New", "DocV2"))
    told = [
        (event.kind, event.name, event.before, event.after)
        for event in alias_changes(before, after, SEEN)
    ]
    assert told == [
        ("alias.moved", "Docs", "Doc", "DocV2"),
        ("alias.created", "New", None, "DocV2"),
        ("alias.deleted", "Old", "Doc", None),
    ]


def test_a_flood_of_tenants_is_one_event_with_counts() -> None:
    before, after = TenantCounts({"HOT": 100, "COLD": 4}), TenantCounts({"HOT": 90, "COLD": 5014})
    (event,) = tenant_changes("Customer", before, after, SEEN)
    assert event.message == (
        "tenants of Customer: COLD 4 -> 5,014, HOT 100 -> 90 (104 -> 5,104 tenants)"
    )
    assert (event.before, event.after) == ("COLD 4, HOT 100", "COLD 5014, HOT 90")
    same = TenantCounts({"HOT": 100, "COLD": 4, "FROZEN": 0})
    assert tenant_changes("Customer", before, same, SEEN) == []


def test_names_that_are_all_an_earlier_run_left() -> None:
    events = names_since({"Doc", "Gone"}, Schema([doc(), doc("New")]), SEEN)
    assert [(event.kind, event.collection) for event in events] == [
        ("collection.created", "New"),
        ("collection.deleted", "Gone"),
    ]


SCHEMAS = st.dictionaries(
    st.sampled_from("ABCDE"),
    st.tuples(
        st.integers(1, 3),
        st.dictionaries(st.sampled_from("pqr"), st.sampled_from(["word", "field"]), max_size=3),
    ),
)


@given(SCHEMAS, SCHEMAS)
def test_told_is_exactly_the_difference(old: dict[str, Any], new: dict[str, Any]) -> None:
    def schema(model: dict[str, Any]) -> Schema:
        return Schema(
            [
                doc(
                    name,
                    replication_config=Replication(factor=factor),
                    properties=[Property(one, ["text"], how) for one, how in words.items()],
                )
                for name, (factor, words) in model.items()
            ]
        )

    expected = {("collection.created", name, None) for name in new.keys() - old.keys()}
    expected |= {("collection.deleted", name, None) for name in old.keys() - new.keys()}
    for name in old.keys() & new.keys():
        (was_factor, was), (factor, now) = old[name], new[name]
        if was_factor != factor:
            expected.add(("collection.changed", name, "replicationConfig.factor"))
        for one in was.keys() ^ now.keys():
            expected.add(("collection.changed", name, f"properties.{one}"))
        for one in was.keys() & now.keys():
            if was[one] != now[one]:
                expected.add(("collection.changed", name, f"properties.{one}.tokenization"))
    told = [
        (event.kind, event.collection, event.name)
        for event in schema_changes(schema(old), schema(new), SEEN)
    ]
    assert len(told) == len(expected)
    assert set(told) == expected
