"""Every answer of the wide set, old versions and rare states included, is understood.

The wide set lies beside a developer's clone, in ``../shared/recordings``; a user's clone has none.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from elysiadash.config.profile import Profile
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.node_metrics import NodeMetricsReader
from elysiadash.weaviate.transport import Transport

WIDE = Path(__file__).parents[3] / "shared" / "recordings"

_ROW = re.compile(r"^\| `?([^`| ]+)`? \| (GET|POST) (/\S+)([^|]*)\|(?:[^|]*\|)? (\d{3}) \|", re.M)

Ask = Callable[[Client, re.Match[str]], Awaitable[object]]


def _count(client: Client, route: re.Match[str]) -> Awaitable[object]:
    return client.exact_count("Doc")


ASKS: list[tuple[str, Ask]] = [
    (r"GET /v1/\.well-known/ready", lambda client, route: client.ready()),
    (r"GET /v1/\.well-known/live", lambda client, route: client.live()),
    (r"GET /v1/meta", lambda client, route: client.meta()),
    (
        r"GET /v1/nodes(?:/(?P<name>\w+))?(?:\?output=verbose)?",
        lambda client, route: client.nodes(collection=route["name"]),
    ),
    (r"GET /v1/cluster/statistics", lambda client, route: client.statistics()),
    (r"GET /v1/schema", lambda client, route: client.schema()),
    (r"GET /v1/schema/(?P<name>\w+)", lambda client, route: client.collection(route["name"])),
    (r"GET /v1/schema/(?P<name>\w+)/tenants", lambda client, route: client.tenants(route["name"])),
    (r"GET /v1/schema/(?P<name>\w+)/indexes", lambda client, route: client.indexes(route["name"])),
    (r"GET /v1/aliases", lambda client, route: client.aliases()),
    (
        r"GET /v1/replication/sharding-state\?collection=(?P<name>\w+)",
        lambda client, route: client.sharding_state(route["name"]),
    ),
    (
        r"GET /v1/replication/replicate/list(?:\?\S*)?",
        lambda client, route: client.replication_operations(),
    ),
    (r"GET /v1/tasks", lambda client, route: client.tasks()),
    (r"GET /v1/backups/(?P<name>\w+)", lambda client, route: client.backups(route["name"])),
    (r"GET /v1/users/own-info", lambda client, route: client.own_info()),
    (r"POST /v1/grpc-web/weaviate\.v1\.Weaviate/Aggregate", _count),
    (
        r"GET (?::metrics-port)?/metrics",
        lambda client, route: client.metrics("http://wide:2112", NodeMetricsReader(1 << 26)),
    ),
]


@dataclass(frozen=True)
class Answered:
    """One file of the wide set: what was asked and how it was answered."""

    path: Path
    method: str
    route: str
    status: int

    def response(self) -> httpx.Response:
        """The answer as it came; some files are the bare body, some hold the headers too."""
        raw = self.path.read_bytes()
        document = _json(raw)
        if isinstance(document, dict) and "body_text" in document:
            content_type = document["headers"].get("content-type", "")
            raw = (document["body_text"] or "").encode()
        else:
            content_type = "text/plain" if self.path.suffix == ".txt" else "application/json"
            # An answer without a body was kept as an empty JSON text.
            raw = b"" if document in ("", None) and self.status >= 400 else raw
        return httpx.Response(self.status, headers={"content-type": content_type}, content=raw)


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _answered() -> list[tuple[Answered, Ask, re.Match[str]]]:
    found = []
    for index in sorted(WIDE.glob("**/INDEX.md")):
        for file, method, route, _, status in _ROW.findall(index.read_text()):
            one = Answered(index.parent / file, method, route, int(status))
            for pattern, ask in ASKS:
                matched = re.fullmatch(pattern, f"{method} {route}")
                if matched and one.path.exists():
                    found.append((one, ask, matched))
    return found


@pytest.mark.skipif(not WIDE.is_dir(), reason="no wide set of recordings beside this clone")
@pytest.mark.parametrize(
    ("version", "understood", "not_supported"),
    [("1.30.23", 7, 5), ("1.33.18", 10, 2), ("1.38.11", 12, 0), ("1.39.0", 140, 1)],
)
async def test_wide_set_is_understood(version: str, understood: int, not_supported: int) -> None:
    kinds: Counter[str] = Counter()
    for answered, ask, route in _answered():
        if answered.path.relative_to(WIDE).parts[0] != version:
            continue
        outcome = await _outcome(answered, ask, route)
        fits = outcome == "understood" if answered.status < 400 else outcome != "bad answer"
        assert fits, f"{answered.path.relative_to(WIDE)}: {outcome}"
        kinds[outcome] += 1
    assert kinds["understood"] >= understood, kinds
    assert kinds["not supported"] >= not_supported, kinds


async def _outcome(answered: Answered, ask: Ask, route: re.Match[str]) -> str:
    """``understood``, or the kind of error that came of the answer."""
    http = httpx.MockTransport(lambda _: answered.response())
    client = Client(Transport(Profile(name="wide", url="http://wide:8080"), http=http))
    try:
        await ask(client, route)
    except WeaviateError as error:
        return error.kind
    finally:
        await client.aclose()
    return "understood"
