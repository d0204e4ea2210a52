"""Answers have the keys that a real 1.39.0 answered with, endpoint by endpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from elysiadash.demo import SimulatedCluster
from elysiadash.demo.exposition import CONTENT_TYPE

_RECORDINGS = Path(__file__).parents[4] / "shared" / "recordings" / "1.39.0"

pytestmark = pytest.mark.skipif(
    not _RECORDINGS.is_dir(), reason="no recordings beside the project (../shared/recordings)"
)

#: Recording -> the same question to the simulator, and parts that may differ: names that are data.
_SAME_KEYS = [
    ("nodes-minimal.json", "/v1/nodes"),
    ("nodes-verbose.json", "/v1/nodes?output=verbose"),
    ("nodes-class-Doc-minimal.json", "/v1/nodes/Documents"),
    ("nodes-class-Doc-verbose.json", "/v1/nodes/Documents?output=verbose"),
    ("nodes-class-Event-verbose.json", "/v1/nodes/Events?output=verbose"),
    ("cluster-statistics.json", "/v1/cluster/statistics"),
    ("schema-class-LegacyArticle.json", "/v1/schema/AuditLog"),
    ("aliases.json", "/v1/aliases"),
    ("alias-one.json", "/v1/aliases/Docs"),
    ("tenants.json", "/v1/schema/Customers/tenants"),
    ("tenant-one-cold.json", "/v1/schema/Customers/tenants/tenant-0001"),
    ("indexes-Doc.json", "/v1/schema/Documents/indexes"),
    ("replication-sharding-state-Doc.json", "/v1/replication/sharding-state?collection=Documents"),
    ("replication-list.json", "/v1/replication/replicate/list"),
    ("tasks.json", "/v1/tasks"),
    ("backups-filesystem.json", "/v1/backups/s3"),
    ("shards-Doc.json", "/v1/schema/Documents/shards"),
]


def _keys(value: Any, path: str = "") -> set[str]:
    """Every path of keys; list positions count as one."""
    if isinstance(value, dict):
        return {
            deeper
            for key, inner in value.items()
            for deeper in {f"{path}.{key}", *_keys(inner, f"{path}.{key}")}
        }
    if isinstance(value, list):
        return {deeper for inner in value for deeper in _keys(inner, f"{path}[]")}
    return set()


@pytest.mark.parametrize(("recording", "path"), _SAME_KEYS)
async def test_the_keys_are_the_recorded_ones(
    recording: str, path: str, client: httpx.AsyncClient
) -> None:
    recorded = json.loads((_RECORDINGS / recording).read_text())
    answer = await client.get(path)
    assert answer.status_code == 200
    assert _keys(answer.json()) == _keys(recorded)


@pytest.mark.parametrize(
    ("recorded", "simulated"),
    [("Event", "SupportTickets"), ("Customer", "Customers")],
)
async def test_definitions_have_the_recorded_keys(
    recorded: str, simulated: str, client: httpx.AsyncClient
) -> None:
    expected = json.loads((_RECORDINGS / f"schema-class-{recorded}.json").read_text())
    found = (await client.get(f"/v1/schema/{simulated}")).json()
    dynamic = found["vectorConfig"]["default"]
    if dynamic["vectorIndexType"] == "dynamic":
        dynamic["vectorIndexConfig"] = dynamic["vectorIndexConfig"]["hnsw"]
    found.pop("description", None)
    assert _keys(found) == _keys(expected)
    assert list(found) == list(expected)
    zero = {name: value for name, value in found["shardingConfig"].items() if not value}
    assert (len(zero) == 8) is found["multiTenancyConfig"]["enabled"]


_ERRORS = [
    ("errors/404-unknown-route.json", "GET", "/v1/nosuchroute"),
    ("errors/405-delete-nodes.json", "DELETE", "/v1/nodes"),
    ("errors/405-get-graphql.json", "GET", "/v1/graphql"),
    ("errors/405-patch-schema.json", "PATCH", "/v1/schema"),
    ("errors/422-nodes-bad-output.json", "GET", "/v1/nodes?output=bogus"),
    ("errors/404-nodes-unknown-class.json", "GET", "/v1/nodes/Nope?output=verbose"),
    ("errors/404-unknown-class.json", "GET", "/v1/schema/Nope"),
    ("errors/404-indexes-unknown-class.json", "GET", "/v1/schema/Nope/indexes"),
    ("errors/404-shards-unknown-class.json", "GET", "/v1/schema/Nope/shards"),
    ("errors/404-objects-unknown-class.json", "GET", "/v1/objects?class=Nope"),
    ("errors/404-alias-unknown.json", "GET", "/v1/aliases/Nope"),
    ("errors/404-tenant-unknown.json", "GET", "/v1/schema/Customers/tenants/nope"),
    ("errors/404-replicate-unknown.json", "GET",
     "/v1/replication/replicate/00000000-0000-0000-0000-000000000000"),
    ("errors/422-replicate-bad-uuid.json", "GET", "/v1/replication/replicate/xyz"),
    ("errors/404-sharding-state-unknown.json", "GET",
     "/v1/replication/sharding-state?collection=Nope"),
    ("errors/400-sharding-state-no-collection.json", "GET", "/v1/replication/sharding-state"),
    ("errors/400-replicate-list-shard-only.json", "GET", "/v1/replication/replicate/list?shard=x"),
    ("namespaces.json", "GET", "/v1/namespaces"),
    ("objects-get-by-id-404.json", "GET",
     "/v1/objects/Documents/00000000-0000-0000-0000-000000000000"),
    ("users-own-info-anonymous.json", "GET", "/v1/users/own-info"),
    ("well-known-live.json", "GET", "/v1/.well-known/live"),
    ("well-known-ready.json", "GET", "/v1/.well-known/ready"),
    ("well-known-openid-off.json", "GET", "/v1/.well-known/openid-configuration"),
    ("rest-aggregate-Doc.json", "POST", "/v1/aggregate/Doc"),
]  # fmt: skip


@pytest.mark.parametrize(("recording", "method", "path"), _ERRORS)
async def test_refusals_are_the_recorded_ones(
    recording: str, method: str, path: str, client: httpx.AsyncClient
) -> None:
    envelope = json.loads((_RECORDINGS / recording).read_text())
    answer = await client.request(method, path)
    assert answer.status_code == envelope["status"]
    assert answer.text == envelope["body_text"]
    for header in ("content-type", "allow", "vary", "access-control-allow-origin"):
        assert answer.headers.get(header) == envelope["headers"].get(header)


@pytest.mark.parametrize(
    ("recording", "headers"),
    [
        ("errors/401-anonymous-with-bearer.json", {"Authorization": "Bearer x"}),
    ],
)
async def test_a_key_that_nobody_asked_for_is_refused(
    recording: str, headers: dict[str, str], client: httpx.AsyncClient
) -> None:
    envelope = json.loads((_RECORDINGS / recording).read_text())
    answer = await client.get("/v1/meta", headers=headers)
    assert (answer.status_code, answer.text) == (envelope["status"], envelope["body_text"])


async def test_backends_that_are_not_there_are_refused(client: httpx.AsyncClient) -> None:
    envelope = json.loads((_RECORDINGS / "errors/422-backup-unknown-backend.json").read_text())
    answer = await client.get("/v1/backups/gcs")
    assert answer.status_code == 422
    assert answer.text == envelope["body_text"].replace("s3", "gcs")


async def test_writes_are_refused_as_recorded(client: httpx.AsyncClient) -> None:
    for name, sent in {
        "errors/400-schema-malformed-json.json": {"content": '{"class":'},
        "errors/415-wrong-content-type.json": {"data": {"x": "1"}},
        "errors/422-schema-missing-body.json": {},
        "errors/422-schema-bad-class.json": {"json": {"class": "9bad"}},
    }.items():
        envelope = json.loads((_RECORDINGS / name).read_text())
        answer = await client.post("/v1/schema", **sent)  # type: ignore[arg-type]
        assert (answer.status_code, answer.text) == (envelope["status"], envelope["body_text"])


async def test_metrics_have_the_recorded_families(
    cluster: SimulatedCluster, client: httpx.AsyncClient
) -> None:
    def families(text: str) -> dict[str, str]:
        heads = [line.split() for line in text.splitlines() if line.startswith("# TYPE")]
        return {words[2]: words[3] for words in heads}

    answer = await client.get(cluster.metrics["node-0"])
    recorded = (_RECORDINGS / "metrics-node0.txt").read_text()
    assert families(answer.text) == families(recorded)
    assert answer.headers["content-type"] == CONTENT_TYPE


async def test_series_have_the_recorded_labels_in_the_recorded_order(
    cluster: SimulatedCluster, client: httpx.AsyncClient
) -> None:
    def labels(text: str) -> dict[str, set[tuple[str, ...]]]:
        found: dict[str, set[tuple[str, ...]]] = {}
        for line in text.splitlines():
            if not line.startswith("#") and "{" in line:
                name, rest = line.split("{", 1)
                names = [part.rsplit(",", 1)[-1] for part in rest.split('="')[:-1]]
                found.setdefault(name, set()).add(tuple(name.split('"')[-1] for name in names))
        return found

    simulated = labels((await client.get(cluster.metrics["node-0"])).text)
    recorded = labels((_RECORDINGS / "metrics-node0.txt").read_text())
    for name in recorded.keys() & simulated.keys():
        assert simulated[name] <= recorded[name], name
