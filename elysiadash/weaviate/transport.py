"""One HTTP client per profile: guarded, counted, bounded, with errors in words.

All pollers share it. At most ``limits.in_flight_per_host`` requests are open per host; more
slow the pool down for all.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import msgspec

from elysiadash import __version__
from elysiadash.config.profile import Profile, Secret, Tls
from elysiadash.weaviate.answers import Answer, raise_for_status
from elysiadash.weaviate.auth import Authenticator, reveal
from elysiadash.weaviate.budget import Budget
from elysiadash.weaviate.errors import (
    AnswerTooLarge,
    ConnectionLost,
    Refused,
    Unauthorized,
    Unreachable,
    WeaviateError,
)
from elysiadash.weaviate.guard import (
    AuditEntry,
    Facts,
    Guard,
    Permit,
    RequestClass,
    body_hash,
    classify,
)
from elysiadash.weaviate.network import translate

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

_ERROR_BYTES = 1 << 20
_HASHED_HERE_BYTES = 64 * 1024

Lane = Literal["probe", "fast", "slow"]


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request: where to, what, how long to wait, and by whose leave.

    ``base`` is the address (None: the transport's contact), ``timeout`` in seconds for the whole
    call, ``signed`` False leaves credentials out (readiness, metrics).
    """

    method: str
    path: str
    base: str | None = None
    params: dict[str, Any] = {}
    headers: dict[str, str] = {}
    json: Any = None
    content: bytes | None = None
    timeout: float
    limit_bytes: int | None = None
    signed: bool = True
    lane: Lane = "slow"
    """Whose places among the requests in flight it takes."""
    permit: Permit | None = None
    facts: Facts | None = None
    message: Any = None
    """The protobuf message that ``content`` holds; the guard reads it."""


class Transport:
    """The guarded way to one profile's servers."""

    def __init__(
        self,
        profile: Profile,
        guard: Guard | None = None,
        *,
        budget: Budget | None = None,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.profile = profile
        self.guard = guard or Guard()
        self.contact = profile.url
        """Where requests without a base go; another node's address while the url is down."""
        self.budget = budget or Budget(profile.limits.requests_per_minute)
        self.http = http
        """What replaces the network in tests."""
        self._client: httpx.AsyncClient | None = None
        self._opening = asyncio.Lock()
        self._slots: dict[tuple[str, Lane], asyncio.Semaphore] = {}
        self._extra_headers: dict[str, str] = {}
        self._auth = Authenticator(
            profile.auth, profile.url, lambda: self._issuer_client(), profile.timeouts.read
        )

    async def send(self, call: Call) -> Answer:
        """Send one request and read its whole answer.

        Raises the ``WeaviateError`` that fits; the answer of an error status never returns.
        A reading request whose connection broke before an answer is sent again, as often as
        ``limits.retries`` says.
        """
        tries_left = self.profile.limits.retries
        renewed = False
        while True:
            try:
                return await self._send_once(call)
            except ConnectionLost:
                if tries_left <= 0 or self._class_of(call) is not RequestClass.READ:
                    raise
                tries_left -= 1
            except Unauthorized:
                if renewed or not call.signed or not self._auth.forget():
                    raise
                renewed = True

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[AsyncIterator[bytes]]:
        """Send one request and hand out its body chunk by chunk, decoded, nothing kept."""
        async with self._open(call) as (response, request):
            if response.status_code >= 400:
                body = await _beginning(response, _ERROR_BYTES)
                raise_for_status(_answer(response, body, request, 0.0))
            yield response.aiter_bytes()

    async def aclose(self) -> None:
        """Close all connections; the transport cannot be used afterwards."""
        if self._client is not None:
            await self._client.aclose()

    def address(self, base: str | None, path: str) -> str:
        """The request's address for messages and the log: no credentials, no query."""
        parts = urlsplit(base or self.contact)
        host = parts.netloc.rsplit("@", 1)[-1]
        return f"{parts.scheme}://{host}{parts.path.rstrip('/')}{path}"

    async def _send_once(self, call: Call) -> Answer:
        loop = asyncio.get_running_loop()
        # Opening the client is our own time, not the server's.
        await self._ready_client()
        started = loop.time()
        async with self._open(call) as (response, request):
            if response.status_code >= 400:
                body = await _beginning(response, _ERROR_BYTES)
            else:
                limit = call.limit_bytes or self.profile.limits.answer_bytes
                body = await _read(response, limit, request)
            answer = _answer(response, body, request, loop.time() - started)
            raise_for_status(answer)
            return answer

    @asynccontextmanager
    async def _open(self, call: Call) -> AsyncIterator[tuple[httpx.Response, str]]:
        """One watched HTTP request, its answer not read yet."""
        base = call.base or self.contact
        request = f"{call.method} {self.address(call.base, call.path)}"
        content = call.content if call.json is None else json.dumps(call.json).encode()
        client = await self._ready_client()
        async with self.watched(call, request, content):
            # Before a place is taken: a token may have to be fetched, under a limit of its own.
            headers = await self._headers(call)
            async with self._slot(base, call.lane), asyncio.timeout(call.timeout):
                response = await client.send(
                    client.build_request(
                        call.method,
                        base.rstrip("/") + call.path,
                        params=call.params or None,
                        headers=headers,
                        content=content,
                        # Connecting ends before the call does: a firewall is no hung node.
                        timeout=self._connecting(call.timeout),
                    ),
                    stream=True,
                )
                try:
                    yield response, request
                finally:
                    await response.aclose()

    @asynccontextmanager
    async def watched(self, call: Call, request: str, content: bytes | None) -> AsyncIterator[None]:
        """Guard, count and audit whatever is sent inside; network failures become our own.

        Used by every door, REST and gRPC alike.
        """
        request_class = self._class_of(call)
        digest = await self._digest(request_class, content)
        try:
            self.guard.check(request_class, request, call.permit)
        except Refused:
            with contextlib.suppress(OSError):
                self._audit(call, request_class, digest, "refused", None)
            raise
        started = self.budget.start(request)
        result = "ok"
        try:
            self._audit_start(call, request_class, digest, request)
            yield
        except BaseException as error:
            failure = translate(error, request, call.timeout)
            result = _result_of(failure)
            if failure is error:
                raise
            raise failure from None
        finally:
            seconds = self.budget.end(started, request_class, result)
            self._audit_end(call, request_class, digest, result, seconds)
            log.debug("request", extra={"request": request, "result": result, "s": seconds})

    def _slot(self, base: str, lane: Lane) -> AbstractAsyncContextManager[object]:
        """A place among the requests in flight to one host; probes wait for none.

        Calls that wait on a lost leader take all places there are, so half are kept for nodes
        and statistics, of which two each may hang.
        """
        if lane == "probe":
            return nullcontext()
        kept = max(1, self.profile.limits.in_flight_per_host // 2)
        places = kept if lane == "fast" else max(1, self.profile.limits.in_flight_per_host - kept)
        return self._slots.setdefault((urlsplit(base).netloc, lane), asyncio.Semaphore(places))

    def _connecting(self, timeout: float) -> httpx.Timeout:
        import httpx

        return httpx.Timeout(None, connect=min(self.profile.timeouts.connect, 0.75 * timeout))

    async def credentials(self) -> str | None:
        """The Authorization header for a door of its own (gRPC)."""
        await self._ready_client()
        return await self._auth.header()

    def _class_of(self, call: Call) -> RequestClass:
        return classify(
            call.method,
            call.path,
            params=call.params,
            headers=call.headers,
            body=call.json if call.message is None else call.message,
            facts=call.facts,
        )

    async def _digest(self, request_class: RequestClass, content: bytes | None) -> str | None:
        """The body's hash for the audit lines; that of a batch of objects takes a while."""
        if request_class is RequestClass.READ or self.guard.audit is None:
            return None
        if content is None or len(content) < _HASHED_HERE_BYTES:
            return body_hash(content)
        return await asyncio.to_thread(body_hash, content)

    def _audit_start(
        self, call: Call, request_class: RequestClass, digest: str | None, request: str
    ) -> None:
        """A write whose trace cannot be kept is not sent."""
        try:
            self._audit(call, request_class, digest, "started", None)
        except OSError as error:
            raise Refused(
                f"the audit log cannot be written ({error.strerror}), so nothing was sent",
                request=request,
                hint="free space in, or give access to, the state directory",
            ) from None

    def _audit_end(
        self,
        call: Call,
        request_class: RequestClass,
        digest: str | None,
        result: str,
        seconds: float,
    ) -> None:
        try:
            self._audit(call, request_class, digest, result, seconds)
        except OSError as error:
            # It was sent and its start is on record: failing now would hide the result.
            log.error("the audit log cannot be written: %s", error.strerror)

    def _audit(
        self,
        call: Call,
        request_class: RequestClass,
        digest: str | None,
        result: str,
        seconds: float | None,
    ) -> None:
        if request_class is RequestClass.READ or self.guard.audit is None:
            return
        self.guard.audit.record(
            AuditEntry(
                at=_wall_clock(),
                verb=call.method,
                path=call.path,
                request_class=request_class,
                body_hash=digest,
                permit=call.permit,
                result=result,
                seconds=seconds,
            )
        )

    async def _headers(self, call: Call) -> dict[str, str]:
        # A gateway may want the profile's headers from probes too; the metrics port is none of it.
        own = self._extra_headers if call.path.startswith("/v1/") else {}
        headers = {**own, **call.headers}
        if call.json is not None:
            headers.setdefault("Content-Type", "application/json")
        if call.signed and (value := await self._auth.header()) is not None:
            headers["Authorization"] = value
        return headers

    async def _ready_client(self) -> httpx.AsyncClient:
        async with self._opening:
            if self._client is None:
                self._extra_headers = await _plain_headers(self.profile.headers)
                self._client = await asyncio.to_thread(self._build_client)
        return self._client

    def _issuer_client(self) -> httpx.AsyncClient:
        if self._client is None:
            raise Unreachable("the connection is not open yet")
        return self._client

    def _build_client(self) -> httpx.AsyncClient:
        # httpx costs 100 ms to import: it comes here, in a thread, after the first paint.
        import httpx

        limits = self.profile.limits
        hosts = 1 + len(self.profile.nodes.known()) + len(self.profile.metrics.known())
        return httpx.AsyncClient(
            verify=ssl_context(self.profile.tls),
            proxy=self.profile.proxy,
            transport=self.http,
            trust_env=False,
            follow_redirects=False,
            headers={"X-Weaviate-Client": f"elysiadash/{__version__}"},
            # The whole call has its own limit; connecting has a shorter one.
            timeout=httpx.Timeout(None, connect=self.profile.timeouts.connect),
            limits=httpx.Limits(
                max_connections=limits.in_flight_per_host * max(hosts, 4),
                max_keepalive_connections=limits.in_flight_per_host * max(hosts, 4),
                keepalive_expiry=limits.keepalive_s,
            ),
        )


async def _beginning(response: httpx.Response, limit: int) -> bytes:
    """The start of an error's body: its status must not be lost in an endless page."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) >= limit:
            break
    return bytes(body[:limit])


def _result_of(failure: BaseException) -> str:
    if isinstance(failure, WeaviateError):
        return failure.kind
    return "cancelled" if isinstance(failure, asyncio.CancelledError) else "internal"


async def _read(response: httpx.Response, limit: int, request: str) -> bytes:
    declared = response.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit, request)
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit, request)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit: int, request: str) -> AnswerTooLarge:
    return AnswerTooLarge(
        f"the answer is larger than {limit / 1048576:.0f} MiB and was dropped",
        request=request,
        hint="raise limits.answer_bytes of the profile if this size is expected",
    )


def _answer(response: httpx.Response, body: bytes, request: str, seconds: float) -> Answer:
    return Answer(
        status=response.status_code,
        content_type=response.headers.get("content-type", ""),
        location=response.headers.get("location", ""),
        body=body,
        request=request,
        seconds=seconds,
        date=response.headers.get("date", ""),
    )


def ssl_context(tls: Tls) -> ssl.SSLContext | bool:
    """How certificates are checked, and which one we show."""
    context = ssl.create_default_context(cafile=tls.ca_file)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context


async def _plain_headers(headers: Mapping[str, str | Secret]) -> dict[str, str]:
    return {
        name: await reveal(value, f"header {name}") if isinstance(value, Secret) else value
        for name, value in headers.items()
    }


def _wall_clock() -> float:
    import time

    return time.time()
