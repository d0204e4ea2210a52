"""Random values of random collections: served, decoded, converted, stored, served again alike.

What is stored is what the simulator makes of the bytes, read by protobuf; its values are held
against a real server by the contract tests.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import msgspec
import pytest
from google.protobuf.unknown_fields import UnknownFieldSet
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.demo.values import kept_properties, printed
from elysiadash.demo.wire import read_object
from elysiadash.proto import weaviate_pb2 as pb
from elysiadash.weaviate.objects import (
    CannotTravel,
    Converter,
    Place,
    Row,
    Shape,
    Vector,
    Way,
    shape_of,
)
from elysiadash.weaviate.objects.as_json import writable
from elysiadash.weaviate.objects.pages import Decoders

_ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_INT = st.integers(-(2**63), 2**63 - 513) | st.sampled_from([2**53 + 1, -(2**63), 0, -1])
_NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([-0.0, 3.0, 1e21])
_DATE = st.sampled_from(
    ["0001-01-01T00:00:00Z", "1960-01-01T00:00:00.123456789+02:30", "2024-02-29T23:59:59Z"]
)
_PHONE = st.sampled_from(
    [{"input": "+49 171 1234567"}, {"input": "0171 1234567", "defaultCountry": "DE"}]
)
_COORDINATE = st.floats(-90, 90, width=32)
_SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "text": _TEXT,
    "int": _INT,
    "number": _NUMBER,
    "boolean": st.booleans(),
    "date": _DATE,
    "uuid": st.uuids().map(str),
    "blob": st.binary(max_size=9).map(lambda data: data.hex()),
}
_LISTED = ("text", "int", "number", "boolean", "date", "uuid")
_OUTER: dict[str, st.SearchStrategy[Any]] = {
    "geoCoordinates": st.fixed_dictionaries({"latitude": _COORDINATE, "longitude": _COORDINATE}),
    "phoneNumber": _PHONE,
}
_NAMES = st.sampled_from(["a", "b", "class", "from", "p0", "_x", "camelCase", "N"])


@st.composite
def _property(draw: st.DrawFn, name: str, depth: int) -> tuple[dict[str, Any], Any]:
    """A property's definition, and a strategy for its values."""
    kinds = [*_SCALARS, *(f"{one}[]" for one in _LISTED)]
    if depth == 0:
        kinds += _OUTER
    if depth < 2:
        kinds += ["object", "object[]", "object"]
    kind = draw(st.sampled_from(kinds))
    known: dict[str, Any] = {"name": name, "dataType": [kind]}
    if kind.startswith("object"):
        nested, values = draw(_properties(depth + 1))
        known["nestedProperties"] = nested
        return known, st.lists(values, max_size=3) if kind == "object[]" else values
    if kind.endswith("[]"):
        return known, st.lists(_SCALARS[kind[:-2]], max_size=4)
    return known, _SCALARS.get(kind, _OUTER.get(kind))


@st.composite
def _properties(draw: st.DrawFn, depth: int) -> tuple[list[dict[str, Any]], Any]:
    """Definitions, and a strategy for objects that have some of them, null among the values."""
    made = [
        draw(_property(name, depth))
        for name in sorted(draw(st.sets(_NAMES, min_size=1, max_size=4)))
    ]
    values = st.fixed_dictionaries(
        {}, optional={known["name"]: value | st.none() for known, value in made}
    )
    return [known for known, _ in made], values


@st.composite
def _collections(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    properties, values = draw(_properties(0))
    return {"class": "Doc", "properties": properties}, draw(values)


def _served(definition: dict[str, Any], properties: dict[str, Any]) -> bytes:
    return msgspec.json.encode(printed(kept_properties(definition, properties)))


def _row(shape: Shape, served: bytes, vectors: tuple[Vector, ...] = ()) -> Row:
    body = (
        b'{"objects":[{"id":"%b","lastUpdateTimeUnix":5,"creationTimeUnix":4,"properties":%b}]}'
        % (_ID.encode(), served)
    )
    (half,) = Decoders(shape).rest_page(body)
    return Row(half.id, half.updated_ms, half.created_ms, half.content, vectors)


def _stored(content: bytes) -> Any:
    message = pb.BatchObject.FromString(content)
    assert len(UnknownFieldSet(message)) == 0
    return read_object(message, 0.0)


@settings(max_examples=150, deadline=None)
@given(_collections())
def test_whatever_is_served_is_served_again_after_a_copy(
    made: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    definition, properties = made
    shape = shape_of(definition)
    served = _served(definition, properties)
    row = _row(shape, served)
    one = Converter(shape).one(row)
    assert one.way is not Way.REST
    assert _served(definition, _stored(one.content).properties) == served
    try:
        document = writable(shape, row, Place(collection="Doc"))
    except CannotTravel:
        assert b":-0" in served or b"[-0" in served or b",-0" in served
        return
    posted = msgspec.json.decode(msgspec.json.encode(document))
    assert _served(definition, posted["properties"]) == served, "by REST"


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=6))
def test_vectors_pass_as_they_are(numbers: list[float]) -> None:
    shape = shape_of({"class": "Doc", "vectorConfig": {"a": {}, "m": {}}})
    data = struct.pack(f"<{len(numbers)}f", *numbers)
    vectors = (Vector("", data), Vector("a", data), Vector("m", b"\x01\x00" + data, multi=True))
    message = pb.BatchObject.FromString(
        Converter(shape, "Other", tenant="t").one(_row(shape, b"{}", vectors)).content
    )
    assert (message.uuid, message.collection, message.tenant) == (_ID, "Other", "t")
    assert message.vector_bytes == data
    assert [(one.name, one.vector_bytes, one.type) for one in message.vectors] == [
        ("a", data, 1),
        ("m", b"\x01\x00" + data, 2),
    ]


def _typed(kind: str, value: str, **more: Any) -> tuple[Shape, Row]:
    shape = shape_of({"class": "Doc", "properties": [{"name": "v", "dataType": [kind], **more}]})
    return shape, _row(shape, b'{"v":%b}' % value.encode())


def test_the_largest_int_goes_by_rest_and_in_lists_as_it_is() -> None:
    shape, row = _typed("int", "9223372036854776000")
    assert Converter(shape).one(row).way is Way.REST
    document = writable(shape, row, Place(collection="Doc"))
    assert document["properties"] == {"v": 2**63 - 1}
    shape, row = _typed("int[]", "[9223372036854776000,-9223372036854776000]")
    one = Converter(shape).one(row)
    assert one.way is Way.BATCH
    assert list(
        pb.BatchObject.FromString(one.content).properties.int_array_properties[0].values
    ) == [2**63 - 1, -(2**63)]


@pytest.mark.parametrize("value", ["18446744073709552000", "-18446744073709552000"])
def test_an_int_beyond_64_bits_is_told(value: str) -> None:
    for kind, text in (("int", value), ("int[]", f"[{value}]")):
        shape, row = _typed(kind, text)
        ready, lost = Converter(shape).convert([row])
        assert ready == []
        assert [one.id for one in lost] == [_ID]
        assert "64 bits" in lost[0].reason


def test_only_an_empty_list_of_dates_of_the_object_itself_goes_apart() -> None:
    nested = {"nestedProperties": [{"name": "d", "dataType": ["date[]"]}]}
    shape, row = _typed("date[]", "[]")
    assert Converter(shape).one(row).way is Way.OWNER
    shape, row = _typed("object", '{"d":[]}', **nested)
    assert Converter(shape).one(row).way is Way.BATCH
    shape, row = _typed("date[]", '["2024-01-02T03:04:05Z"]')
    assert Converter(shape).one(row).way is Way.BATCH


def test_null_among_objects_is_told() -> None:
    nested = {"nestedProperties": [{"name": "t", "dataType": ["text"]}]}
    shape, row = _typed("object[]", '[{"t":"x"},null]', **nested)
    with pytest.raises(CannotTravel, match="null among its objects"):
        Converter(shape).one(row)


def test_references_stay_behind_and_are_led_to_the_new_names() -> None:
    definition = {
        "class": "Doc",
        "properties": [
            {"name": "to", "dataType": ["Doc", "Author"]},
            {"name": "none", "dataType": ["Doc"]},
            {"name": "absent", "dataType": ["Doc"]},
        ],
    }
    shape = shape_of(definition)
    beacons = [f"weaviate://localhost/{name}/{_ID}" for name in ("Doc", "Author", "Other")]
    served = json.dumps({"to": [{"beacon": one, "href": "/x"} for one in beacons], "none": []})
    one = Converter(shape, "DocCopy", renamed={"Author": "Writer"}).one(
        _row(shape, served.encode())
    )
    assert {known.property: known.beacons for known in one.references} == {
        "to": tuple(
            f"weaviate://localhost/{name}/{_ID}" for name in ("DocCopy", "Writer", "Other")
        ),
        "none": (),
    }
    assert not pb.BatchObject.FromString(one.content).HasField("properties")
