"""Which fields differ, said so that a person sees it."""

from __future__ import annotations

import json
import struct
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.scan.canonical import CanonicalForm, Vector, WholeObject
from elysiadash.scan.fields import FieldDifference, field_differences

_FORM = CanonicalForm(references=["author"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(0, 3) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)
_VECTORS = st.lists(
    st.builds(Vector, st.sampled_from(["", "a", "b"]), st.booleans(), st.binary(max_size=10)),
    max_size=2,
    unique_by=lambda vector: vector.name,
)


def _whole(properties: Any, vectors: list[Vector] | None = None) -> WholeObject:
    text = json.dumps(properties).encode()
    return WholeObject(bytes(16), 1, text.replace(b"Infinity", b"1e308"), vectors or [])


def _differences(one: Any, other: Any) -> list[tuple[str, str, str]]:
    found = field_differences(_whole(one), _whole(other), _FORM)
    return [(each.field, each.source, each.target) for each in found]


_OBJECTS = st.builds(_whole, st.dictionaries(st.text("ab"), _VALUES, max_size=3), _VECTORS)


@given(_OBJECTS, _OBJECTS)
def test_fields_differ_exactly_where_digests_do(one: WholeObject, other: WholeObject) -> None:
    alike = _FORM.digest(one) == _FORM.digest(other)
    assert (field_differences(one, other, _FORM) == []) == alike


def test_each_field_is_named_with_both_values() -> None:
    one = {"a": 1, "b": {"c": [1, 2]}, "d": None, "e": "x", "z": 0.0}
    other = {"a": 1, "b": {"c": [1, 2.5]}, "e": True, "z": -0.0}
    assert _differences(one, other) == [
        ("properties.b.c[1]", "2", "2.5"),
        ("properties.d", "null", "(absent)"),
        ("properties.e", '"x"', "true"),
        ("properties.z", "0", "-0"),
    ]


def test_a_long_value_is_cut_where_the_two_part() -> None:
    ((field, one, other),) = _differences({"a": "x" * 900 + "1"}, {"a": "x" * 900 + "2"})
    assert field == "properties.a"
    assert one.endswith('1"')
    assert other.endswith('2"')
    assert max(len(one), len(other)) < 70


def test_references_are_named_by_collection_and_id() -> None:
    one = {"author": [{"beacon": "weaviate://localhost/A/6361AE1C-c91a-458a-91cf-7ef2556440f0"}]}
    assert _differences(one, {"author": []}) == [
        ("properties.author", '["A/6361ae1c-c91a-458a-91cf-7ef2556440f0"]', "[]")
    ]


def test_a_flipped_bit_shows_its_place_and_its_bits() -> None:
    numbers = [0.25, 1.0, 2.0]
    one = struct.pack("<3f", *numbers)
    other = one[:4] + bytes([one[4] ^ 1]) + one[5:]
    found = field_differences(
        _whole({}, [Vector("a", False, one)]), _whole({}, [Vector("a", False, other)]), _FORM
    )
    assert found == [
        FieldDifference("vectors.a", "1 (0x3f800000) at 1", "1.00000012 (0x3f800001) at 1")
    ]


def test_vectors_of_other_shapes() -> None:
    single = Vector("", False, struct.pack("<4f", 1, 2, 3, 4))
    multi = Vector("", True, struct.pack("<H4f", 2, 1, 2, 3, 4))
    found = field_differences(_whole({}, [single]), _whole({}, [multi]), _FORM)
    assert found == [FieldDifference("vector", "4 numbers", "2 rows of 2 numbers")]
    found = field_differences(_whole({}, [single]), _whole({}), _FORM)
    assert found == [FieldDifference("vector", "4 numbers", "(absent)")]
