"""The calls of `weaviate.v1.Weaviate` that are spoken here, by both of its doors.

The gRPC port and the Connect door on the REST port share names and messages; this table is what a
caller needs to address either of them. It imports protobuf, so it is only for those who speak it.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from elysiadash.proto import weaviate_pb2 as pb

SERVICE: Final = "weaviate.v1.Weaviate"

#: Where the REST port answers the same calls by the Connect protocol (1.38 and 1.39; 404 on 1.33).
CONNECT_PREFIX: Final = f"/v1/grpc-web/{SERVICE}/"

#: Without this header the Connect door answers 404 `Not Found`.
CONNECT_VERSION_HEADER: Final = ("Connect-Protocol-Version", "1")


class Method(NamedTuple):
    """One unary call: the message classes of its request and of its reply."""

    request: Any
    reply: Any


METHODS: Final[dict[str, Method]] = {
    "Aggregate": Method(pb.AggregateRequest, pb.AggregateReply),
    "TenantsGet": Method(pb.TenantsGetRequest, pb.TenantsGetReply),
    "Search": Method(pb.SearchRequest, pb.SearchReply),
    "BatchObjects": Method(pb.BatchObjectsRequest, pb.BatchObjectsReply),
}


def grpc_path(name: str) -> str:
    """The `:path` of a call on the gRPC port, for `channel.unary_unary`."""
    return f"/{SERVICE}/{name}"
