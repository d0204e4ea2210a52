"""Our own few bytes of protobuf, held against protobuf itself."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.proto import weaviate_pb2 as pb
from elysiadash.weaviate.objects.wire import length, packed_ints, sized, tag, text


@given(st.integers(0, 2**40))
def test_lengths_are_varints(number: int) -> None:
    message = pb.SearchRequest.FromString(tag(30, 0) + length(number % 2**32))
    assert message.limit == number % 2**32
    read = 0
    for at, byte in enumerate(length(number)):
        read |= (byte & 0x7F) << 7 * at
    assert read == number


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16383, 16384, 16385, 70_000])
def test_texts_of_every_length_come_back(size: int) -> None:
    assert pb.BatchObject.FromString(text(tag(1), "x" * size)).uuid == "x" * size


@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_packed_ints_are_the_ints(values: list[int]) -> None:
    message = pb.IntArrayProperties.FromString(sized(tag(1), packed_ints(values)))
    assert list(message.values) == values


def test_an_int_that_is_too_large_is_no_other_int() -> None:
    for value in (2**63, -(2**63) - 1):
        with pytest.raises(OverflowError):
            packed_ints([value])


@given(st.text(), st.binary())
def test_fields_lie_side_by_side(name: str, data: bytes) -> None:
    content = text(tag(1), name) + sized(tag(3), data) + tag(4, 0) + b"\x02"
    message = pb.Vectors.FromString(content)
    assert (message.name, message.vector_bytes, message.type) == (name, data, 2)


def test_a_double_is_eight_bytes() -> None:
    content = tag(2, 1) + struct.pack("<d", -0.0)
    assert str(pb.google_dot_protobuf_dot_struct__pb2.Value.FromString(content).number_value) == (
        "-0.0"
    )
