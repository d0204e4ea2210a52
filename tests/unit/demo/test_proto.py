"""The generated messages: loadable with every protobuf that is allowed, true to the wire."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import elysiadash.proto
from elysiadash.proto import weaviate_pb2 as pb
from elysiadash.proto.service import METHODS, SERVICE, grpc_path

_FOLDER = Path(elysiadash.proto.__file__).parent


def test_the_generated_code_is_no_newer_than_the_oldest_runtime_allowed() -> None:
    text = (_FOLDER / "weaviate_pb2.py").read_text()
    found = re.search(r"Protobuf Python Version: (\d+)\.(\d+)", text)
    assert found is not None
    assert (int(found[1]), int(found[2])) <= (6, 31)


def test_the_service_table_is_the_services() -> None:
    service = pb.DESCRIPTOR.services_by_name["Weaviate"]
    assert service.full_name == SERVICE
    assert {method.name for method in service.methods} == METHODS.keys()
    for method in service.methods:
        assert METHODS[method.name].request.DESCRIPTOR is method.input_type
        assert METHODS[method.name].reply.DESCRIPTOR is method.output_type
    assert grpc_path("Search") == "/weaviate.v1.Weaviate/Search"


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (pb.AggregateRequest(collection="A", tenant="t", objects_count=True),
         b"\x0a\x01A\x52\x01t\xa0\x01\x01"),
        (pb.SearchRequest(collection="A", limit=5, after="x", uses_127_api=True),
         b"\x0a\x01A\xf0\x01\x05\x8a\x02\x01x\xb0\x06\x01"),
        (pb.Vectors(name="v", vector_bytes=b"abcd", type=1), b"\x0a\x01v\x1a\x04abcd\x20\x01"),
        (pb.BatchObject(uuid="u", collection="A", tenant="t", vector_bytes=b"v"),
         b"\x0a\x01u\x22\x01A\x2a\x01t\x32\x01v"),
    ],
)  # fmt: skip
def test_fields_have_the_numbers_of_1_39(message: object, wire: bytes) -> None:
    assert message.SerializeToString() == wire  # type: ignore[attr-defined]
    assert type(message).FromString(wire) == message  # type: ignore[attr-defined]


def test_what_is_not_known_is_kept_and_does_not_matter() -> None:
    newer = b"\x0a\x01A\xa0\x01\x01" + b"\xaa\x3e\x03abc"
    message = pb.AggregateRequest.FromString(newer)
    assert (message.collection, message.objects_count) == ("A", True)
    assert message.SerializeToString() == newer
