"""A client of its own for Prometheus' HTTP API; it reads, and knows no Weaviate.

Only ``/api/v1/query`` and ``/api/v1/query_range`` are ever asked, so no guard stands before it.
Thanos, Mimir and VictoriaMetrics speak the same API, often under a path of their own. Checked on
Prometheus 2.42.
"""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from elysiadash.config.profile import Limits, Profile, Prometheus
from elysiadash.config.redaction import register_secret
from elysiadash.weaviate.auth import reveal
from elysiadash.weaviate.errors import (
    AnswerTooLarge,
    BadAnswer,
    Forbidden,
    NoAnswer,
    NotSupported,
    Rejected,
    ServerFault,
    Unauthorized,
    Unreachable,
    WeaviateError,
)
from elysiadash.weaviate.network import translate
from elysiadash.weaviate.transport import ssl_context

if TYPE_CHECKING:
    import httpx

_DETAIL_CHARS = 300
_ERROR_BYTES = 64 * 1024
_AT_ONCE = 4
_API = (
    "prometheus.url is what stands before /api/v1; with a path such as /prometheus where it has one"
)


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One series at one moment: its labels, ``__name__`` among them, Unix seconds, and value."""

    labels: dict[str, str]
    at: float
    value: float


class Line(msgspec.Struct, frozen=True, gc=False):
    """One series over time: (Unix seconds, value), oldest first; what was not there is absent."""

    labels: dict[str, str]
    points: tuple[tuple[float, float], ...]


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What a query gave: ``samples`` of an instant, or ``lines`` over time.

    ``warnings`` are Prometheus' own words; Thanos says there that a store did not answer, so
    the numbers are then of a part only. ``bytes_read`` is the size after decompression.
    """

    samples: tuple[Sample, ...] = ()
    lines: tuple[Line, ...] = ()
    warnings: tuple[str, ...] = ()
    bytes_read: int = 0
    seconds: float = 0.0


class _Vector(msgspec.Struct, gc=False):
    metric: dict[str, str]
    value: tuple[float, str] | None = None


class _Matrix(msgspec.Struct, gc=False):
    metric: dict[str, str]
    values: list[tuple[float, str]] = []


class _Data(msgspec.Struct, gc=False):
    result_type: str = msgspec.field(name="resultType")
    result: msgspec.Raw


class _Body(msgspec.Struct, gc=False):
    status: str
    data: _Data | None = None
    error_type: str | None = msgspec.field(name="errorType", default=None)
    error: str | None = None
    warnings: list[str] | None = None


class PrometheusClient:
    """Asks one Prometheus, at most four queries at a time.

    ``timeout`` is seconds for a whole query; Prometheus is told it, so that it gives up too.
    """

    def __init__(
        self,
        profile: Profile,
        setting: Prometheus,
        *,
        http: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.setting = setting
        self._profile = profile
        self._limits: Limits = profile.limits
        self._timeout = profile.timeouts.metrics
        self._http = http
        self._client: httpx.AsyncClient | None = None
        self._signed: dict[str, str] | None = None
        self._opening = asyncio.Lock()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    @property
    def address(self) -> str:
        """The address for messages: no credentials, no query."""
        parts = urlsplit(self.setting.url)
        return f"{parts.scheme}://{parts.netloc.rsplit('@', 1)[-1]}{parts.path}"

    async def query(self, promql: str, at: float | None = None) -> Answer:
        """The value of an expression at the moment ``at`` (Unix seconds; None: Prometheus' now).

        Raises the ``WeaviateError`` that fits.
        """
        form = {"query": promql, "timeout": f"{self._timeout:g}s"}
        if at is not None:
            form["time"] = f"{at:.3f}"
        return await self._ask("/api/v1/query", form)

    async def query_range(self, promql: str, start: float, end: float, step: float) -> Answer:
        """The values at ``start``, ``start + step``, ... up to ``end`` (Unix seconds).

        Raises the ``WeaviateError`` that fits.
        """
        form = {
            "query": promql,
            "start": f"{start:.3f}",
            "end": f"{end:.3f}",
            "step": f"{step:.3f}",
            "timeout": f"{self._timeout:g}s",
        }
        return await self._ask("/api/v1/query_range", form)

    async def aclose(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        if self._client is not None:
            await self._client.aclose()

    async def _ask(self, path: str, form: Mapping[str, str]) -> Answer:
        request = f"POST {self.address}{path}"
        client, signed = await self._ready()
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with self._slots, asyncio.timeout(self._timeout):
                status, body = await self._exchange(client, path, form, request, signed)
            if status == 401 and (renewed := await self._renewed(signed)) is not None:
                async with self._slots, asyncio.timeout(self._timeout):
                    status, body = await self._exchange(client, path, form, request, renewed)
        except WeaviateError:
            raise
        except BaseException as error:
            failure = translate(error, request, self._timeout)
            if failure is error:
                raise
            raise _of_prometheus(failure) from None
        seconds = loop.time() - started
        return await asyncio.to_thread(_read_answer, status, body, request, seconds)

    async def _exchange(
        self,
        client: httpx.AsyncClient,
        path: str,
        form: Mapping[str, str],
        request: str,
        signed: Mapping[str, str],
    ) -> tuple[int, bytes]:
        url = self.setting.url + path
        built = client.build_request("POST", url, data=dict(form), headers=signed)
        response = await client.send(built, stream=True)
        try:
            limit = self._limits.metrics_bytes if response.status_code < 300 else _ERROR_BYTES
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > limit:
                    if response.status_code < 300:
                        raise _too_large(limit, request)
                    break
            return response.status_code, bytes(body[:limit])
        finally:
            await response.aclose()

    async def _ready(self) -> tuple[httpx.AsyncClient, dict[str, str]]:
        """The connections, and the headers that say who asks."""
        async with self._opening:
            if self._signed is None:
                self._signed = await self._headers()
            if self._client is None:
                self._client = await asyncio.to_thread(self._build_client)
            return self._client, self._signed

    async def _renewed(self, refused: Mapping[str, str]) -> dict[str, str] | None:
        """The headers with the key as it is now, after a 401; None where it is still the same.

        Tokens of a cluster are renewed every hour or so, in a file or by a command.
        """
        async with self._opening:
            # Of several queries that were refused, the first reads the key anew for all.
            if self._signed is None or self._signed == refused:
                self._signed = None
                self._signed = await self._headers()
            return self._signed if self._signed != refused else None

    async def _headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        if self.setting.tenant is not None:
            headers["X-Scope-OrgID"] = self.setting.tenant
        if self.setting.key is not None:
            key = await reveal(self.setting.key, "key of prometheus")
            if self.setting.user is not None:
                pair = base64.b64encode(f"{self.setting.user}:{key}".encode()).decode()
                # A server may echo the header; the pair gives the password away.
                register_secret(pair)
                headers["Authorization"] = f"Basic {pair}"
            else:
                headers["Authorization"] = f"Bearer {key}"
        return headers

    def _build_client(self) -> httpx.AsyncClient:
        import httpx

        return httpx.AsyncClient(
            verify=ssl_context(self._profile.tls),
            proxy=self._profile.proxy,
            transport=self._http,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=self._profile.timeouts.connect),
            limits=httpx.Limits(
                max_connections=_AT_ONCE, keepalive_expiry=self._limits.keepalive_s
            ),
        )


def _read_answer(status: int, body: bytes, request: str, seconds: float) -> Answer:
    """For a thread: thousands of series take a while to decode."""
    if not 200 <= status < 300:
        raise _error_of(status, body, request)
    found = _decode(_Body, body, request)
    if found.status != "success" or found.data is None:
        raise _told(found, status, request)
    warnings = tuple(_short(text) for text in found.warnings or ())
    if found.data.result_type == "matrix":
        lines = _decode(list[_Matrix], found.data.result, request)
        read = tuple(Line(line.metric, _points(line.values, request)) for line in lines)
        return Answer(lines=read, warnings=warnings, bytes_read=len(body), seconds=seconds)
    if found.data.result_type != "vector":
        raise BadAnswer(
            f"Prometheus answered a {_short(found.data.result_type)}, not a vector",
            request=request,
        )
    vectors = _decode(list[_Vector], found.data.result, request)
    samples = tuple(
        Sample(vector.metric, vector.value[0], _number(vector.value[1], request))
        for vector in vectors
        if vector.value is not None
    )
    return Answer(samples=samples, warnings=warnings, bytes_read=len(body), seconds=seconds)


def _decode(kind: Any, body: bytes | msgspec.Raw, request: str) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadAnswer(
            "the answer is not what Prometheus sends",
            request=request,
            hint=f"another program or a login page answers at this address; {_API}",
        ) from None


def _points(values: list[tuple[float, str]], request: str) -> tuple[tuple[float, float], ...]:
    read = ((at, _number(text, request)) for at, text in values)
    return tuple((at, value) for at, value in read if not math.isnan(value))


def _number(text: str, request: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadAnswer("a value in the answer is no number", request=request) from None


def _error_of(status: int, body: bytes, request: str) -> WeaviateError:
    """The error that a status stands for, with Prometheus' own words where it said some."""
    try:
        found: _Body | None = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    common: dict[str, Any] = {"request": request, "status": status}
    if status == 401:
        return Unauthorized(
            "Prometheus did not accept who we are (401)",
            hint="check prometheus.key_env and prometheus.user of the profile",
            **common,
        )
    if status == 403:
        return Forbidden(
            "Prometheus does not let us ask (403)",
            hint="the key of prometheus in the profile needs the right to query",
            **common,
        )
    if 300 <= status < 400:
        return BadAnswer(
            f"a redirect ({status}) instead of an answer of Prometheus",
            hint=f"a login page may stand before it; {_API}",
            **common,
        )
    if found is not None and found.status == "error":
        return _told(found, status, request)
    if status in (404, 405, 501):
        return NotSupported(
            f"no Prometheus answers at this address ({status})", hint=_API, **common
        )
    if status >= 500:
        return ServerFault(
            f"Prometheus, or a proxy before it, failed with {status}",
            hint="it is asked again at the next interval",
            **common,
        )
    return Rejected(
        f"Prometheus refused the query ({status})",
        detail=_short(body.decode("utf-8", "replace")) or None,
        hint="check prometheus.match and prometheus.tenant of the profile",
        **common,
    )


def _told(found: _Body, status: int, request: str) -> WeaviateError:
    """An error in Prometheus' own form: ``{"status":"error","errorType":...,"error":...}``."""
    detail = _short(found.error or "") or None
    common: dict[str, Any] = {"request": request, "status": status, "detail": detail}
    if found.error_type in ("timeout", "canceled"):
        return NoAnswer(
            "Prometheus gave the query up",
            hint="it is overloaded or the query too large: narrow prometheus.match, "
            "or raise timeouts.metrics",
            **common,
        )
    if found.error_type in ("unavailable", "internal") or status >= 500:
        return ServerFault("Prometheus failed", hint="it may be starting", **common)
    return Rejected(
        f"Prometheus refused the query ({status})",
        hint="check prometheus.match, disk and node_label of the profile",
        **common,
    )


def _of_prometheus(failure: BaseException) -> BaseException:
    """The network's words name servers; this one is Prometheus."""
    if isinstance(failure, NoAnswer):
        failure.hint = "Prometheus may be overloaded; raise timeouts.metrics if it always is"
    if isinstance(failure, Unreachable) and failure.what.startswith("no connection:"):
        failure.hint = "check that Prometheus runs and that prometheus.url is right"
    return failure


def _too_large(limit: int, request: str) -> AnswerTooLarge:
    return AnswerTooLarge(
        f"the answer of Prometheus is larger than {limit / 1048576:.0f} MiB and was dropped",
        request=request,
        hint="narrow prometheus.match to this cluster, or raise limits.metrics_bytes",
    )


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _DETAIL_CHARS else flat[: _DETAIL_CHARS - 1] + "…"
