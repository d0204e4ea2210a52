"""The client of Prometheus: what it sends, what it takes, and every failure in words."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from elysiadash.config.profile import Auth, Limits, Profile, Prometheus, Secret, Timeouts
from elysiadash.weaviate.errors import AnswerTooLarge, BadAnswer, Unauthorized, WeaviateError
from elysiadash.weaviate.prometheus import PrometheusClient

EMPTY = {"status": "success", "data": {"resultType": "vector", "result": []}}
SECRET = "s3cret-of-prometheus"

Handler = Callable[[httpx.Request], httpx.Response]


def client(handler: Handler, **setting: object) -> PrometheusClient:
    profile = Profile(
        name="test",
        url="http://wv:8080",
        auth=Auth(method="api-key", key=Secret(kind="clear", reference="weaviates-own-key")),
        headers={"X-Team": "sre"},
        limits=Limits(metrics_bytes=1 << 20),
        timeouts=Timeouts(metrics=5.0),
    )
    fields: dict[str, object] = {"url": "http://prom:9090/base", **setting}
    return PrometheusClient(
        profile,
        Prometheus(**fields),  # type: ignore[arg-type]
        http=httpx.MockTransport(handler),
    )


def answering(status: int, json: object = None, text: str | None = None) -> Handler:
    return lambda _: (
        httpx.Response(status, json=json) if text is None else httpx.Response(status, text=text)
    )


async def test_it_asks_two_routes_only_and_sends_nothing_of_the_clusters() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=EMPTY)

    asking = client(handler, tenant="eu")
    await asking.query('up{job="a"}', 12.5)
    await asking.query_range("up", 1.0, 2.0, 0.5)
    assert [(one.method, str(one.url)) for one in seen] == [
        ("POST", "http://prom:9090/base/api/v1/query"),
        ("POST", "http://prom:9090/base/api/v1/query_range"),
    ]
    assert parse_qs(seen[0].content.decode()) == {
        "query": ['up{job="a"}'], "time": ["12.500"], "timeout": ["5s"]
    }  # fmt: skip
    for request in seen:
        assert "authorization" not in request.headers
        assert "x-team" not in request.headers
        assert request.headers["x-scope-orgid"] == "eu"


@pytest.mark.parametrize(
    ("user", "value"),
    [
        (None, f"Bearer {SECRET}"),
        ("sre", "Basic " + base64.b64encode(f"sre:{SECRET}".encode()).decode()),
    ],
)
async def test_its_own_key_goes_along_and_an_echo_of_it_is_not_shown(
    user: str | None, value: str
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == value
        error = {"status": "error", "errorType": "execution", "error": f"no: {value}"}
        return httpx.Response(422, json=error)

    with pytest.raises(WeaviateError) as failed:
        await client(handler, user=user, key=Secret(kind="clear", reference=SECRET)).query("up")
    assert value.split()[1] not in str(failed.value)
    assert "no: " in str(failed.value)


async def test_vectors_and_matrices_are_read_and_what_is_no_number_is_left_out() -> None:
    vector = {"resultType": "vector", "result": [{"metric": {"a": "b"}, "value": [1.5, "+Inf"]}]}
    line = {"metric": {}, "values": [[1, "2"], [2, "NaN"], [3, "4.5"]]}
    matrix = {"resultType": "matrix", "result": [line]}
    body = {"status": "success", "warnings": ["a store is away"]}
    found = await client(answering(200, {**body, "data": vector})).query("a")
    (sample,) = found.samples
    assert (sample.labels, sample.at, sample.value) == ({"a": "b"}, 1.5, math.inf)
    assert found.warnings == ("a store is away",)
    assert found.bytes_read > 0
    read = await client(answering(200, {**body, "data": matrix})).query("a")
    assert read.lines[0].points == ((1.0, 2.0), (3.0, 4.5))


def error(kind: str, words: str = "why not") -> dict[str, str]:
    return {"status": "error", "errorType": kind, "error": words}


@pytest.mark.parametrize(
    ("handler", "kind", "words"),
    [
        (answering(400, error("bad_data")), "rejected", "refused the query (400)"),
        (answering(422, error("execution")), "rejected", "why not"),
        (answering(503, error("timeout")), "no answer", "gave the query up"),
        (answering(500, error("internal")), "server fault", "Prometheus failed"),
        (answering(502, text="<html>"), "server fault", "a proxy before it, failed with 502"),
        (answering(401, text="no"), "unauthorized", "did not accept who we are"),
        (answering(403, text="no"), "forbidden", "does not let us ask"),
        (answering(404, text="404 page not found"), "not supported", "what stands before /api/v1"),
        (answering(302, text=""), "bad answer", "redirect (302)"),
        (answering(401 + 28, text="slow down"), "rejected", "slow down"),
        (answering(200, text="<html>"), "bad answer", "not what Prometheus sends"),
        (answering(200, {"version": "1.39.0"}), "bad answer", "another program"),
        (answering(200, error("execution")), "rejected", "why not"),
        (
            answering(200, {"status": "success", "data": {"resultType": "scalar", "result": []}}),
            "bad answer",
            "answered a scalar",
        ),
    ],
)
async def test_failures_are_told_in_words(handler: Handler, kind: str, words: str) -> None:
    with pytest.raises(WeaviateError) as failed:
        await client(handler).query("up")
    assert failed.value.kind == kind
    assert words in str(failed.value)
    assert "prom:9090/base/api/v1/query" in str(failed.value)


async def test_an_endless_answer_is_dropped() -> None:
    with pytest.raises(AnswerTooLarge, match="larger than 1 MiB"):
        await client(answering(200, text="x" * (2 << 20))).query("up")


async def test_a_value_that_is_no_number_is_told() -> None:
    result = [{"metric": {}, "value": [1, "many"]}]
    body = {"status": "success", "data": {"resultType": "vector", "result": result}}
    with pytest.raises(BadAnswer, match="no number"):
        await client(answering(200, body)).query("up")


async def test_no_connection_names_prometheus() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(WeaviateError) as failed:
        await client(refuse).query("up")
    assert failed.value.kind == "unreachable"
    assert failed.value.hint == "check that Prometheus runs and that prometheus.url is right"


async def test_a_key_that_was_renewed_meanwhile_is_read_again_after_a_401(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first")
    seen: list[str] = []
    good = {"first"}

    def handler(request: httpx.Request) -> httpx.Response:
        given = request.headers["Authorization"].removeprefix("Bearer ")
        seen.append(given)
        if given not in good:
            return httpx.Response(401)
        return httpx.Response(200, json=EMPTY)

    asked = client(handler, key=Secret("file", str(token)))
    await asked.query("up")
    token.write_text("second")
    good.clear()
    good.add("second")
    # Several at once: each is answered, and the key is the new one from then on.
    await asyncio.gather(*(asked.query("up") for _ in range(3)))
    seen.clear()
    await asked.query("up")
    assert seen == ["second"]
    good.clear()
    with pytest.raises(Unauthorized):
        await asked.query("up")
    # The same key again would only be refused again.
    assert seen == ["second", "second"]
    await asked.aclose()
