"""Answers decoded: signs kept, absent and null apart, unknown properties never dropped."""

from __future__ import annotations

import json
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from elysiadash.weaviate.objects import DefinitionChanged, UnknownType, Vector, shape_of
from elysiadash.weaviate.objects.pages import Decoders, packed, unpacked, with_signs

_SHAPE = shape_of(
    {
        "class": "Doc",
        "properties": [
            {"name": "n", "dataType": ["number"]},
            {"name": "class", "dataType": ["text"]},
            {"name": "i", "dataType": ["int"]},
            {"name": "na", "dataType": ["number[]"]},
        ],
    }
)


def _page(properties: str) -> Any:
    body = (
        '{"objects":[{"id":"x","lastUpdateTimeUnix":5,"creationTimeUnix":4,"class":"Doc",'
        f'"properties":{properties},"vectorWeights":null}}]}}'
    )
    (half,) = Decoders(_SHAPE).rest_page(body.encode())
    return half.content


def test_a_whole_number_is_a_double_and_keeps_its_sign() -> None:
    found = _page('{"n":-0,"na":[-0,0,3],"i":-0}')
    assert [str(one) for one in (found.p0, *found.p3, found.p2)] == [
        "-0.0", "-0.0", "0.0", "3.0", "-0.0",
    ]  # fmt: skip


def test_absent_is_not_null() -> None:
    assert _page("{}").p0 is UNSET
    assert _page('{"n":null}').p0 is None
    assert _page("null").p0 is UNSET


@pytest.mark.parametrize("properties", ['{"new":1}', '{"n":"x"}', '{"class":5}'])
def test_what_the_definition_lacks_is_an_error(properties: str) -> None:
    with pytest.raises(DefinitionChanged, match="definition"):
        _page(properties)


json_values = st.recursive(
    st.none() | st.booleans() | st.sampled_from([-0.0, 0, 1, -1]) | st.text('-0,:[]{}"\\ a'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('-0,:"\\'), inner),
    max_leaves=20,
)


@given(json_values)
def test_only_the_sign_is_put_back(value: Any) -> None:
    served = json.dumps([value], separators=(",", ":"), ensure_ascii=False).replace("-0.0", "-0")
    wanted = json.loads(served, parse_int=lambda text: -0.0 if text == "-0" else int(text))
    assert str(json.loads(with_signs(served.encode()))) == str(wanted)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_vectors_by_rest_have_the_bytes_of_grpc(numbers: list[float]) -> None:
    exact = struct.pack(f"<{len(numbers)}f", *numbers)
    assert packed("a", numbers) == Vector("a", exact)
    assert packed("a", [numbers, numbers]).data == struct.pack("<H", len(numbers)) + exact + exact
    assert unpacked(packed("m", [numbers, numbers])) == [numbers, numbers]


def test_a_body_that_is_cut_off_is_no_page() -> None:
    with pytest.raises(msgspec.DecodeError):
        Decoders(_SHAPE).rest_page(b'{"objects":[{"id":"x","lastUp')
    with pytest.raises(DefinitionChanged):
        Decoders(_SHAPE).rest_page(b'{"something":1}')


def test_a_type_that_nobody_knows_is_refused_before_the_start() -> None:
    with pytest.raises(UnknownType, match=r"Doc\.h is of type blobHash"):
        shape_of({"class": "Doc", "properties": [{"name": "h", "dataType": ["blobHash"]}]})
