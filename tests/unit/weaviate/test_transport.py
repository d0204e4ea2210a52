"""The guarded way to a server: limits, retries, credentials, and failures in words."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from elysiadash.config.profile import Addresses, Auth, Limits, Profile, Secret, Timeouts, Tls
from elysiadash.weaviate.client import Client, tenant_page
from elysiadash.weaviate.errors import (
    AnswerTooLarge,
    BadAnswer,
    ConnectionLost,
    CredentialsUnavailable,
    NoAnswer,
    Refused,
    ServerFault,
    Unreachable,
    WeaviateError,
)
from elysiadash.weaviate.guard import AuditEntry, Guard, Permit
from elysiadash.weaviate.models import Tenant
from elysiadash.weaviate.transport import Call, Transport

Handler = Callable[[httpx.Request], httpx.Response]


def profile(**changes: object) -> Profile:
    fields: dict[str, object] = {"name": "test", "url": "http://wv:8080", **changes}
    return Profile(**fields)  # type: ignore[arg-type]


def client(handler: object, found: Profile | None = None, guard: Guard | None = None) -> Client:
    http = httpx.MockTransport(handler)  # type: ignore[arg-type]
    return Client(Transport(found or profile(), guard, http=http))


async def test_requests_carry_the_key_and_our_name_but_probes_do_not() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"version": "1.39.0"})

    auth = Auth(method="api-key", key=Secret(kind="clear", reference="tops3cret"))
    asking = client(handler, profile(auth=auth, headers={"X-Team": "sre"}))
    await asking.meta()
    await asking.ready()
    assert seen[0].headers["authorization"] == "Bearer tops3cret"
    assert seen[0].headers["x-team"] == "sre"
    assert seen[0].headers["x-weaviate-client"].startswith("elysiadash/")
    assert "authorization" not in seen[1].headers
    assert seen[1].headers["x-team"] == "sre"


async def test_an_unavailable_secret_is_named_by_its_source_only() -> None:
    auth = Auth(method="api-key", key=Secret(kind="env", reference="NO_SUCH_VARIABLE_HERE"))
    with pytest.raises(CredentialsUnavailable, match="NO_SUCH_VARIABLE_HERE"):
        await client(lambda r: httpx.Response(200), profile(auth=auth)).meta()


async def test_oidc_asks_the_issuer_once_and_again_after_a_401() -> None:
    tokens = iter(["first", "second"])
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        asked.append(path)
        if path == "/v1/.well-known/openid-configuration":
            return httpx.Response(
                200, json={"href": "http://idp/.well-known/openid-configuration", "clientId": "wv"}
            )
        if path == "/.well-known/openid-configuration":
            return httpx.Response(200, json={"token_endpoint": "http://idp/token"})
        if path == "/token":
            assert b"client_credentials" in request.content
            return httpx.Response(200, json={"access_token": next(tokens), "expires_in": 600})
        if request.headers["authorization"] == "Bearer second":
            return httpx.Response(200, json={"version": "1.39.0"})
        return httpx.Response(401 if "second" not in asked else 200, json={})

    auth = Auth(method="oidc", client_secret=Secret(kind="clear", reference="cs-secret"))
    asking = client(handler, profile(auth=auth))
    assert (await asking.meta()).version == "1.39.0"
    assert asked.count("/token") == 2
    assert (await asking.meta()).version == "1.39.0"
    assert asked.count("/token") == 2


async def test_an_identity_provider_that_fails_is_said_without_secrets() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500, text="cs-secret was wrong")

    auth = Auth(
        method="oidc",
        client_id="wv",
        client_secret=Secret(kind="clear", reference="cs-secret"),
        token_url="http://idp/token",
    )
    with pytest.raises(CredentialsUnavailable) as caught:
        await client(handler, profile(auth=auth)).meta()
    assert "identity provider answered 500" in str(caught.value)
    assert "cs-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("raised", "error", "words"),
    [
        (httpx.ConnectError("[Errno 111] Connection refused"), Unreachable, "refused"),
        (httpx.ConnectTimeout("slow"), Unreachable, "within the time limit"),
        (httpx.RemoteProtocolError("Server disconnected"), ConnectionLost, "ended before"),
        (httpx.ReadError("reset"), ConnectionLost, "ended before"),
        (httpx.ProxyError("407"), Unreachable, "proxy"),
        (httpx.DecodingError("bad gzip"), BadAnswer, "compression"),
    ],
)
async def test_network_failures_say_what_happened(
    raised: Exception, error: type[WeaviateError], words: str
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise raised

    with pytest.raises(error, match=words) as caught:
        await client(handler).meta()
    assert caught.value.request == "GET http://wv:8080/v1/meta"
    assert caught.value.__cause__ is None


async def test_a_broken_connection_is_tried_once_more_for_reads_only() -> None:
    calls = 0

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise httpx.RemoteProtocolError("keep-alive ended")
        return httpx.Response(200, json={"version": "1.39.0"})

    assert (await client(handler).meta()).version == "1.39.0"
    assert calls == 2

    calls = 0

    def always(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        raise httpx.RemoteProtocolError("gone")

    with pytest.raises(ConnectionLost):
        await client(always, profile(limits=Limits(retries=3))).meta()
    assert calls == 4

    calls = 0
    sink = _Sink()
    writing = client(handler, guard=Guard(writable=True, audit=sink))
    with pytest.raises(ConnectionLost):
        await writing.transport.send(
            Call(method="POST", path="/v1/objects", json={}, timeout=1, permit=PERMIT)
        )
    assert calls == 1


async def test_a_hung_server_is_given_up_at_the_limit() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        return httpx.Response(200)

    found = profile(timeouts=Timeouts(probe=0.05))
    asking = client(handler, found)
    with pytest.raises(NoAnswer, match=r"no answer within 0\.05 s"):
        await asking.ready()
    assert asking.transport.budget.load().in_flight == 0


async def test_answers_above_the_limit_are_dropped() -> None:
    found = profile(limits=Limits(answer_bytes=1 << 20))

    def declared(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"x" * (2 << 20))

    async def endless(request: httpx.Request) -> httpx.Response:
        async def body() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65536

        return httpx.Response(200, content=body())

    for handler in (declared, endless):
        with pytest.raises(AnswerTooLarge, match="1 MiB"):
            await client(handler, found).meta()


async def test_no_more_than_the_allowed_requests_are_in_flight_per_host() -> None:
    running = most = 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1
        return httpx.Response(200, json={"version": "1", "nodes": []})

    asking = client(handler, profile(limits=Limits(in_flight_per_host=4)))
    await asyncio.gather(*(asking.meta() for _ in range(20)), *(asking.nodes() for _ in range(9)))
    assert most == 4


async def test_calls_that_wait_for_a_lost_leader_do_not_hold_up_the_fast_lane() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tenants"):
            await asyncio.sleep(30)
        return httpx.Response(200, json={"nodes": [], "statistics": []})

    asking = client(handler)
    waiting = [asyncio.create_task(asking.tenants(f"C{n}")) for n in range(20)]
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        await asking.nodes()
        await asking.statistics()
        await asking.ready()
    for task in waiting:
        task.cancel()


class _Sink:
    def __init__(self, *, broken: bool = False) -> None:
        self.entries: list[AuditEntry] = []
        self.broken = broken

    def record(self, entry: AuditEntry) -> None:
        if self.broken:
            raise OSError(28, "No space left on device")
        self.entries.append(entry)


PERMIT = Permit(reason="approved in a test", job="j1")
WRITE = Call(method="PUT", path="/v1/schema/Doc", json={"a": 1}, timeout=1, permit=PERMIT)


async def test_a_write_is_audited_before_and_after_it_is_sent() -> None:
    sink = _Sink()
    sent: list[int] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(len(sink.entries))
        return httpx.Response(200, json={})

    await client(handler, guard=Guard(writable=True, audit=sink)).transport.send(WRITE)
    assert sent == [1]
    assert [entry.result for entry in sink.entries] == ["started", "ok"]
    assert sink.entries[1].permit == PERMIT
    assert sink.entries[1].body_hash


async def test_without_a_working_audit_log_nothing_is_sent() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError("sent")

    for guard in (
        Guard(writable=True, audit=_Sink(broken=True)),
        Guard(writable=True, audit=None),
        Guard(writable=False, audit=_Sink()),
    ):
        with pytest.raises(Refused):
            await client(handler, guard=guard).transport.send(WRITE)


async def test_refused_and_failed_writes_are_audited_too() -> None:
    sink = _Sink()
    with pytest.raises(Refused):
        await client(None, guard=Guard(writable=False, audit=sink)).transport.send(WRITE)

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(500, json={"error": [{"message": "no"}]})

    with pytest.raises(WeaviateError):
        await client(handler, guard=Guard(writable=True, audit=sink)).transport.send(WRITE)
    assert [entry.result for entry in sink.entries] == ["refused", "started", "server fault"]


async def test_a_redirect_is_not_followed_with_credentials() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "wv"
        return httpx.Response(302, headers={"location": "http://elsewhere/"})

    with pytest.raises(BadAnswer, match="redirect"):
        await client(handler).meta()


class _Words:
    """A reader that wants three pieces only."""

    def __init__(self) -> None:
        self.pieces = 0

    def feed(self, chunk: bytes) -> bool:
        self.pieces += 1
        return self.pieces < 3

    def close(self) -> int:
        return self.pieces


async def test_metrics_are_streamed_until_the_reader_wants_no_more() -> None:
    sent = 0

    async def handler(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "http://wv:2112/metrics"
        assert "authorization" not in request.headers

        async def body() -> AsyncIterator[bytes]:
            nonlocal sent
            while True:
                sent += 1
                yield b"x" * (1 << 20)

        return httpx.Response(200, content=body())

    auth = Auth(method="api-key", key=Secret(kind="clear", reference="k-e-y-1"))
    asking = client(handler, profile(auth=auth))
    assert await asking.metrics("http://wv:2112/metrics", _Words()) == 3
    assert sent <= 4


async def test_exact_counts_go_by_connect_else_by_graphql() -> None:
    shut: set[str] = set()
    paths: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        if "grpc-web" in request.url.path:
            assert request.headers["connect-protocol-version"] == "1"
            if "connect" in shut:
                return httpx.Response(404, text="Not Found\n")
            return httpx.Response(200, json={"singleResult": {"objectsCount": "4001"}})
        return httpx.Response(200, json={"data": {"Aggregate": {"Doc": [{"meta": {"count": 7}}]}}})

    assert await client(handler).exact_count("Doc") == 4001
    shut.add("connect")
    asking = client(handler)
    assert await asking.exact_count("Doc") == 7
    paths.clear()
    assert await asking.exact_count("Doc") == 7
    assert paths == ["/v1/graphql"]


async def test_a_tenants_count_needs_to_know_it_hot() -> None:
    with pytest.raises(Refused):
        await client(None).exact_count("Doc", "t1")


async def test_graphql_errors_in_a_200_are_errors() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if "grpc-web" in request.url.path:
            return httpx.Response(404, text="Not Found\n")
        return httpx.Response(200, json={"errors": [{"message": "tenant not active"}]})

    with pytest.raises(WeaviateError, match="tenant not active"):
        await client(handler).exact_count("Doc")


def test_tenants_are_paged_by_name_and_searched() -> None:
    tenants = tuple(Tenant(f"t{n:03}", "HOT" if n % 2 else "COLD") for n in (5, 1, 4, 2, 3, 10, 11))
    assert [t.name for t in tenant_page(tenants, 0, 3)] == ["t001", "t002", "t003"]
    assert [t.name for t in tenant_page(tenants, 2, 3)] == ["t011"]
    assert [t.name for t in tenant_page(tenants, 0, 9, search="T01")] == ["t010", "t011"]
    assert [t.name for t in tenant_page(tenants, 0, 9, state="COLD")] == ["t002", "t004", "t010"]


async def test_a_write_our_own_budget_refuses_leaves_no_trace_of_having_been_sent() -> None:
    sink = _Sink()
    found = profile(write=True, limits=Limits(requests_per_minute=1))
    writing = client(
        lambda _: httpx.Response(200, json={}), found, Guard(writable=True, audit=sink)
    )
    await writing.transport.send(WRITE)
    with pytest.raises(Refused, match="budget"):
        await writing.transport.send(WRITE)
    assert [entry.result for entry in sink.entries] == ["started", "ok"]


async def test_an_endless_error_page_is_not_read_to_its_end() -> None:
    read = 0

    async def handler(request: httpx.Request) -> httpx.Response:
        async def body() -> AsyncIterator[bytes]:
            nonlocal read
            while True:
                read += 65536
                yield b"x" * 65536

        return httpx.Response(500, content=body())

    with pytest.raises(ServerFault):
        await client(handler).meta()
    assert read < 4 << 20


def test_a_certificate_is_checked_unless_the_profile_says_otherwise() -> None:
    template = Addresses(template="https://{node}.wv:8080")
    checked = Transport(profile(nodes=template))._build_client()
    pool = checked._transport._pool  # type: ignore[attr-defined]
    assert pool._ssl_context.verify_mode == ssl.CERT_REQUIRED
    trusting = Transport(profile(tls=Tls(verify=False)))._build_client()
    pool = trusting._transport._pool  # type: ignore[attr-defined]
    assert pool._ssl_context.verify_mode == ssl.CERT_NONE


async def test_a_hung_identity_provider_holds_no_request_beyond_its_limit() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(30)
        return httpx.Response(200)

    auth = Auth(
        method="oidc",
        client_id="wv",
        client_secret=Secret(kind="clear", reference="cs-secret"),
        token_url="http://idp/token",
    )
    asking = client(handler, profile(auth=auth, timeouts=Timeouts(read=0.05)))
    with pytest.raises(CredentialsUnavailable, match=r"no token within 0\.05 s"):
        await asking.meta()


@pytest.mark.parametrize("body", [{}, {"anything": 1}, {"singleResult": {}}])
async def test_an_answer_without_a_count_is_no_zero(body: dict[str, object]) -> None:
    with pytest.raises(BadAnswer):
        await client(lambda _: httpx.Response(200, json=body)).exact_count("Doc")
