"""Every error body seen on a real server becomes the right error, in words."""

from __future__ import annotations

import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.config.redaction import register_secret
from elysiadash.weaviate.answers import Answer, decode, message_of, raise_for_status
from elysiadash.weaviate.errors import (
    BadAnswer,
    Forbidden,
    NotFound,
    NotSupported,
    Rejected,
    ServerFault,
    Unauthorized,
    WeaviateError,
)
from elysiadash.weaviate.models import MOST_NODES, Meta, Nodes, Schema, Statistics

HTML = b"<!DOCTYPE html><html><head><title>Sign in</title></head></html>"


def answer(status: int, body: bytes = b"", content_type: str = "application/json") -> Answer:
    return Answer(status, content_type, "", body, "GET http://wv/v1/x", 0.01)


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (401, b'{"code":401,"message": "anonymous access not enabled."}', Unauthorized, "set auth"),
        (401, b'{"code":401,"message":"unauthorized: invalid api key"}', Unauthorized, "check the"),
        (401, b"", Unauthorized, "check the key"),
        (
            401,
            b'{"code":401,"message":"no authentication scheme is configured"}',
            Unauthorized,
            "remove auth",
        ),
        (403, b'{"error":[{"message":"rbac: forbidden"}]}', Forbidden, "rbac: forbidden"),
        (403, b"", Forbidden, "role"),
        (
            404,
            b'{"code":404,"message":"path /v1/x was not found"}',
            NotSupported,
            "does not offer",
        ),
        (404, b"Not Found\n", NotSupported, "does not offer"),
        (404, HTML, NotSupported, "does not offer"),
        (404, b"", NotFound, "not found"),
        (404, b'{"error":[{"message":"class \\"Nope\\" not found"}]}', NotFound, 'class "Nope"'),
        (405, b'{"code":405,"message":"method GET is not allowed"}', NotSupported, "405"),
        (501, b"", NotSupported, "501"),
        (501, b'"operation x has not yet been implemented"', NotSupported, "not yet"),
        (422, b'{"error":[{"message":"multi-tenancy is not enabled"}]}', Rejected, "multi-tenancy"),
        (429, b'{"errorCode":"USAGE_LIMIT_EXCEEDED","message":"limit"}', Rejected, "limit"),
        (500, b'{"error":[{"message":"leader not found"}]}', ServerFault, "no raft leader"),
        (422, b'{"error":[{"message":"leader not found"}]}', ServerFault, "no raft leader"),
        (
            500,
            b'{"code":"unknown","message":"extract auth: unauthorized: invalid api key"}',
            Unauthorized,
            "did not accept",
        ),
        (502, HTML, ServerFault, "a proxy answered 502"),
        (503, b'{"error": "MCP server is not enabled."}', ServerFault, "MCP"),
        (302, b"", BadAnswer, "redirect"),
    ],
)
def test_statuses_become_errors_in_words(
    status: int, body: bytes, error: type[WeaviateError], words: str
) -> None:
    with pytest.raises(error) as caught:
        raise_for_status(answer(status, body))
    assert words in str(caught.value)
    assert "GET http://wv/v1/x" in str(caught.value)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (HTML, "HTML page"),
        (b"", "empty body"),
        (b'{"nodes":[{"name":"a"', "cut off"),
        (b'{"nodes":[{"name":7}]}', "another type"),
        (b'{"nodes":[{"name":"a","shards":[{"class":"C","objectCount":1e300}]}]}', "another type"),
        (b'{"x":' * 5000, "cut off"),
        (b'{"nodes":"\xff"}', "answer"),
    ],
    ids=["html", "empty", "truncated", "wrong type", "huge number", "deep", "not utf-8"],
)
def test_bodies_that_are_no_answer_say_what_they_are(body: bytes, words: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        decode(Nodes, answer(200, body))
    assert words in str(caught.value)


def test_unknown_states_and_fields_are_kept_as_they_are() -> None:
    body = b'{"nodes":[{"name":"a","status":"DREAMING","newField":{"x":1},"shards":null}]}'
    assert decode(Nodes, answer(200, body)).nodes[0].status == "DREAMING"


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_our_error(body: bytes) -> None:
    message_of(body)
    with contextlib.suppress(BadAnswer):
        decode(Nodes, answer(200, body))
    with pytest.raises(WeaviateError):
        raise_for_status(answer(500, body))


def test_the_servers_words_are_cut_short() -> None:
    words = message_of(b'{"error":[{"message":"' + b"x" * 5000 + b'"}]}')
    assert words is not None
    assert len(words) <= 300


@pytest.mark.parametrize("kind", [Nodes, Statistics, Schema, Meta])
def test_json_of_another_program_is_no_answer(kind: type) -> None:
    for body in (b"{}", b'{"message":"please log in"}'):
        with pytest.raises(BadAnswer, match="not what Weaviate sends"):
            decode(kind, answer(200, body))


@pytest.mark.parametrize("number", ["-3", "1" + "0" * 400, "1.5"])
def test_counts_that_cannot_be_are_no_answer(number: str) -> None:
    body = f'{{"nodes":[{{"name":"a","shards":[{{"class":"C","objectCount":{number}}}]}}]}}'
    with pytest.raises(BadAnswer):
        decode(Nodes, answer(200, body.encode()))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Nodes, {"nodes": [{"name": "n"}] * (MOST_NODES + 1)}),
        (Statistics, {"statistics": [{"name": "n"}] * (MOST_NODES + 1)}),
        (
            Statistics,
            {
                "statistics": [
                    {"name": "n", "raft": {"latestConfiguration": [{"id": "n"}] * (MOST_NODES + 1)}}
                ]
            },
        ),
    ],
)
def test_more_nodes_than_any_cluster_has_are_no_answer(kind: type, body: object) -> None:
    with pytest.raises(BadAnswer, match="more than 1,000 nodes"):
        decode(kind, answer(200, msgspec.json.encode(body)))


def test_the_largest_cluster_is_an_answer() -> None:
    body = msgspec.json.encode({"nodes": [{"name": str(n)} for n in range(MOST_NODES)]})
    assert len(decode(Nodes, answer(200, body)).nodes) == MOST_NODES


def test_a_secret_that_the_server_echoes_is_not_repeated() -> None:
    register_secret("k3y-that-is-secret")
    body = b'{"error":[{"message":"bad header Bearer k3y-that-is-secret"}]}'
    with pytest.raises(ServerFault) as caught:
        raise_for_status(answer(500, body))
    assert "k3y-that-is-secret" not in str(caught.value)
    assert caught.value.detail is not None
    assert "k3y-that-is-secret" not in caught.value.detail
