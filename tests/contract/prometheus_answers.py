"""Records what Prometheus answers to our queries, and plays it again.

The answers were made by ``python -m tests.contract.prometheus_answers``: a real Prometheus on the
simulator's metrics ports. What a query is asked for (its moment, its limits) is not compared.
"""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx

from elysiadash.cluster.prometheus import PrometheusAsks
from elysiadash.cluster.store import Store
from elysiadash.config.profile import Intervals, Profile, Prometheus
from elysiadash.demo.cluster import simulated
from elysiadash.demo.scenarios import Scale
from elysiadash.weaviate.prometheus import PrometheusClient
from tests.servers.prometheus import RealPrometheus

ANSWERS = Path(__file__).parent / "recordings" / "prometheus" / "answers.json"
URL = "http://prometheus:9090"
CHARTED = ("objects", "queries_per_s", "query_ms_p95", "imports_per_s", "vector_queue")
STEPS = 5
STEP_S = 2.0


def _key(request: httpx.Request) -> str:
    query = parse_qs(request.content.decode())["query"][0]
    return f"{request.url.path} {query}"


class Replayed(httpx.AsyncBaseTransport):
    """Answers each query as it was answered when it was recorded."""

    def __init__(self) -> None:
        self.recorded: dict[str, Any] = json.loads(ANSWERS.read_text("utf-8"))
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer; a query that was not recorded is an error of the test."""
        key = _key(request)
        self.asked.append(key)
        return httpx.Response(200, json=self.recorded["answers"][key])


class _Recording(httpx.AsyncBaseTransport):
    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self._network = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._network.handle_async_request(request)
        body = await answer.aread()
        self.answers[_key(request)] = json.loads(body)
        headers = {"content-type": "application/json"}
        return httpx.Response(answer.status_code, content=body, headers=headers)


def asks(url: str, http: httpx.AsyncBaseTransport, store: Store | None = None) -> PrometheusAsks:
    """The questions as they were recorded, with their answers in ``store``."""
    setting = Prometheus(url=url, match='job="demo"')
    profile = Profile(
        name="test",
        url="http://wv:8080",
        prometheus=setting,
        intervals=Intervals(metrics=8.0),
    )
    return PrometheusAsks(profile, store or Store(), PrometheusClient(profile, setting, http=http))


async def record() -> None:
    """Make the file anew."""
    recording = _Recording()
    scale = Scale(collections=6, shards=3)
    async with simulated(scale=scale) as cluster:
        targets = list(cluster.metrics.values())
        async with RealPrometheus({"demo": targets}) as prometheus:
            await asyncio.sleep(12)
            store = Store()
            asking = asks(prometheus.url, recording, store)
            await asking.poll()
            end = round(time.time() - 1.0, 1)
            for metric in CHARTED:
                await asking.range(metric, "", end - STEPS * STEP_S, end, STEPS)
            await asking.aclose()
    document = {"end": end, "nodes": list(cluster.nodes), "answers": recording.answers}
    ANSWERS.parent.mkdir(parents=True, exist_ok=True)
    ANSWERS.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(record())
