"""The guard's classes: what a read-only profile may send, and what nobody may."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.weaviate.errors import Refused
from elysiadash.weaviate.guard import (
    AuditEntry,
    Facts,
    Guard,
    Permit,
    RequestClass,
    classify,
    classify_rpc,
)

READ, REPAIR = RequestClass.READ, RequestClass.REPAIRING_READ
WRITE, FORBIDDEN = RequestClass.WRITE, RequestClass.FORBIDDEN
CONNECT = "/v1/grpc-web/weaviate.v1.Weaviate"


@pytest.mark.parametrize(
    ("method", "path", "params", "expected"),
    [
        ("GET", "/v1/.well-known/ready", {}, READ),
        ("GET", "/v1/nodes", {"output": "verbose"}, READ),
        ("get", "/v1/schema", {}, READ),
        ("HEAD", "/v1/objects/Doc/1", {}, REPAIR),
        ("GET", "/v1/objects/Doc/1", {}, REPAIR),
        ("GET", "/v1/objects", {"class": "Doc"}, READ),
        ("GET", "/v1/objects/Doc/1?consistency_level=ALL", {}, WRITE),
        ("GET", "/v1/nodes%3Foutput", {}, WRITE),
        ("GET", "/v1/schema/Doc/shards?x=1", {}, FORBIDDEN),
        ("GET", "/v1/schema/Doc/tenants", {}, READ),
        ("GET", "/metrics", {}, READ),
        ("GET", "/v1/authz/roles/writer/user-assignments", {}, READ),
        ("POST", "/v1/authz/roles/writer/has-permission", {}, WRITE),
        ("POST", "/v1/users/db/app/rotate-key", {}, WRITE),
        ("POST", "/metrics", {}, WRITE),
        ("GET", "/v1/objects/Doc/1", {"consistency_level": "ONE"}, READ),
        ("GET", "/v1/objects/Doc/1", {"consistency_level": "QUORUM"}, REPAIR),
        ("GET", "/v1/objects/Doc/1", {"Consistency_Level": "all"}, REPAIR),
        ("GET", "/v1/objects", {"class": "Doc", "tenant": "t1"}, REPAIR),
        ("GET", "/v1/schema/Doc/shards", {}, FORBIDDEN),
        ("GET", "/v1//schema/Doc/shards/", {}, FORBIDDEN),
        ("GET", "/v1/schema/D%6Fc/sh%61rds", {}, FORBIDDEN),
        ("HEAD", "/v1/schema/Doc/shards", {}, FORBIDDEN),
        ("GET", "/v1/schema/A%2Fshards", {}, WRITE),
        ("PUT", "/v1/schema/Doc/shards/s1", {}, WRITE),
        ("GET", "/debug/pprof/heap", {}, FORBIDDEN),
        ("GET", "/v1/nosuchroute", {}, WRITE),
        ("GET", "/v1/schema/../objects", {}, WRITE),
        ("GET", "/elsewhere", {}, WRITE),
        ("POST", "/v1/objects", {}, WRITE),
        ("DELETE", "/v1/schema/Doc", {}, WRITE),
        ("PATCH", "/v1/objects/Doc/1", {}, WRITE),
        ("POST", "/v1/batch/objects", {}, WRITE),
        ("BREW", "/v1/nodes", {}, WRITE),
    ],
)
def test_rest_requests_are_classed(
    method: str, path: str, params: dict[str, str], expected: RequestClass
) -> None:
    assert classify(method, path, params=params) is expected


def test_a_tenant_seen_hot_can_be_read() -> None:
    params = {"class": "Doc", "tenant": "t1"}
    hot = Facts(tenant_is_hot=True)
    assert classify("GET", "/v1/objects", params=params, facts=hot) is READ


def test_the_local_tenants_list_is_never_asked() -> None:
    headers = {"Consistency": "False"}
    assert classify("GET", "/v1/schema/Doc/tenants", headers=headers) is FORBIDDEN
    assert classify("GET", "/v1/schema", headers=headers) is READ


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"query": "{Aggregate{Doc{meta{count}}}}"}, READ),
        ({"query": '{Aggregate{Doc(tenant:"a"){meta{count}}}}'}, REPAIR),
        ({"query": "{Get{Doc(consistencyLevel: ONE){title}}}"}, REPAIR),
        ({"query": '{Aggregate{Doc(tenant # x\n : "a"){meta{count}}}}'}, REPAIR),
        ({"query": "{Aggregate{Doc{meta{count}}}} {Get{Doc{title}}}"}, REPAIR),
        ({"query": "{Get{Doc(consistencyLevel: ALL){title}}}"}, REPAIR),
        (None, REPAIR),
    ],
)
def test_graphql_is_read_unless_it_repairs_or_activates(
    body: dict[str, str] | None, expected: RequestClass
) -> None:
    assert classify("POST", "/v1/graphql", body=body) is expected


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        (f"{CONNECT}/Aggregate", {"collection": "Doc"}, READ),
        (f"{CONNECT}/Aggregate", {"collection": "Doc", "tenant": "a"}, REPAIR),
        (f"{CONNECT}/Search", {"consistencyLevel": "CONSISTENCY_LEVEL_QUORUM"}, REPAIR),
        (f"{CONNECT}/TenantsGet", {"collection": "Doc"}, READ),
        (f"{CONNECT}/BatchObjects", {}, WRITE),
        (f"{CONNECT}/BatchDelete", {}, WRITE),
        (f"{CONNECT}/SomethingNew", {}, WRITE),
        (f"{CONNECT}", {}, WRITE),
    ],
)
def test_the_connect_door_is_classed_like_rest(
    path: str, body: dict[str, str], expected: RequestClass
) -> None:
    assert classify("POST", path, body=body) is expected


def test_protobuf_messages_are_classed_by_their_fields() -> None:
    weak = SimpleNamespace(consistency_level=1, tenant="")
    strong = SimpleNamespace(consistency_level=3, tenant="")
    of_tenant = SimpleNamespace(consistency_level=0, tenant="t")
    assert classify_rpc("Search", weak) is READ
    assert classify_rpc("Search", strong) is REPAIR
    assert classify_rpc("Search", of_tenant) is REPAIR
    assert classify_rpc("Search", of_tenant, facts=Facts(tenant_is_hot=True)) is READ
    assert classify_rpc("BatchObjects", weak) is WRITE
    assert classify_rpc("Search", None) is REPAIR, "what cannot be looked into may be anything"


@pytest.mark.parametrize(
    "body",
    [
        {"addNodes": {"n1": None}},
        {"addNodes": {"n1": ""}},
        {"shards": {"s1": {"addNodes": {"n1": None}}}},
    ],
)
def test_an_empty_replica_is_never_made(body: dict[str, Any]) -> None:
    assert classify("POST", "/v1/replication/scale", body=body) is FORBIDDEN


def test_adding_a_replica_from_a_source_is_a_write() -> None:
    body = {"shards": {"s1": {"addNodes": {"n1": "n0"}}}}
    assert classify("POST", "/v1/replication/scale", body=body) is WRITE


_SEGMENTS = st.lists(st.text(min_size=1, max_size=8), max_size=5)


@given(
    method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]),
    segments=_SEGMENTS,
)
def test_no_changing_verb_is_ever_a_read_outside_the_known_doors(
    method: str, segments: list[str]
) -> None:
    path = "/v1/" + "/".join(segments)
    if method == "POST" and (path.startswith((CONNECT, "/v1/graphql"))):
        return
    assert classify(method, path) in (WRITE, FORBIDDEN)


class _Sink:
    def record(self, entry: AuditEntry) -> None: ...


PERMIT = Permit(reason="a person approved it")


def test_read_only_refuses_all_but_reads() -> None:
    guard = Guard(writable=False, audit=_Sink())
    guard.check(READ, "GET x", None)
    for request_class in (REPAIR, WRITE, FORBIDDEN):
        with pytest.raises(Refused):
            guard.check(request_class, "GET x", PERMIT)


def test_writing_needs_a_permit_and_an_audit_sink() -> None:
    with pytest.raises(Refused, match="permit"):
        Guard(writable=True, audit=_Sink()).check(WRITE, "PUT x", None)
    with pytest.raises(Refused, match="audit"):
        Guard(writable=True).check(WRITE, "PUT x", PERMIT)
    Guard(writable=True, audit=_Sink()).check(WRITE, "PUT x", PERMIT)


def test_forbidden_stays_forbidden_with_everything_granted() -> None:
    with pytest.raises(Refused, match="never sent"):
        Guard(writable=True, audit=_Sink()).check(FORBIDDEN, "GET x", PERMIT)
