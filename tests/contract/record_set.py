"""Makes the project's own recordings: starts real servers, loads and breaks them, and records.

::

    python -m tests.contract.record_set [--out tests/contract/recordings]

needs a real Weaviate (``WEAVIATE_BIN``, or ``weaviate`` on PATH) and about five minutes. The
folder of the server's version is replaced.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from tests.contract import questions
from tests.contract.questions import Question
from tests.contract.record import Recorder, questions_for
from tests.servers.load import (
    ALIAS,
    AMOUNTS,
    DOC,
    EVENT,
    definitions,
    insert,
    load,
    object_of,
    set_shard,
    steady_queries,
)
from tests.servers.real import RealCluster
from tests.servers.settings import NOBODY, ROOT, VIEWER, WRONG

HERE = Path(__file__).parent / "recordings"
# Longer than any answer takes: a hung peer costs 30 s, a call to a missing leader up to 48 s.
_PATIENCE_S = 90.0


async def make(out: Path) -> None:
    """Record every state below ``out``."""
    async with RealCluster() as cluster:
        await load(cluster.url)
        version, asked = await questions_for(cluster.url, cluster.names)
        folder = out / version
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        users = (ROOT, VIEWER, NOBODY, WRONG)
        recorder = Recorder(folder, version, keys={user.user: user.key for user in users})
        _hide_folders(recorder, cluster)
        await _healthy(recorder, cluster, asked)
        await _readonly(recorder, cluster)
        await _one_node_dead(recorder, cluster)
        await _one_node_hung(recorder, cluster)
        await _operations(recorder, cluster)
        await _no_quorum(recorder, cluster)
    await _with_backups(recorder)
    await _with_keys(recorder)
    recorder.write_index()


async def _healthy(recorder: Recorder, cluster: RealCluster, asked: Sequence[Question]) -> None:
    await _flushed(cluster)
    await steady_queries(cluster.url, DOC, 20, 2)
    await steady_queries(cluster.url, EVENT, 20, 1)
    await recorder.record(
        "healthy",
        "three nodes, loaded, everything in order",
        [
            *asked,
            *(questions.metrics(node) for node in cluster.names[:1]),
            Question(f"schema-{ALIAS}", f"/v1/schema/{ALIAS}", headers={"consistency": "false"}),
            Question(f"nodes-verbose-{ALIAS}", f"/v1/nodes/{ALIAS}?output=verbose"),
        ],
        nodes=cluster.nodes,
        metrics=cluster.metrics,
    )


async def _readonly(recorder: Recorder, cluster: RealCluster) -> None:
    async with httpx.AsyncClient(base_url=cluster.url, trust_env=False) as client:
        shard = (await _placement(client, DOC))[0]["shard"]
        await set_shard(client, DOC, shard, "READONLY")
        await recorder.record(
            "readonly",
            f"one shard of {DOC} was set READONLY",
            [
                Question("nodes-verbose", "/v1/nodes?output=verbose"),
                Question(f"nodes-verbose-{DOC}", f"/v1/nodes/{DOC}?output=verbose"),
            ],
            nodes=cluster.nodes,
        )
        await set_shard(client, DOC, shard, "READY")


async def _one_node_dead(recorder: Recorder, cluster: RealCluster) -> None:
    first, _, last = cluster.names
    fan_out = [*questions.fan_out(), *questions.probes(cluster.names)]
    await cluster.kill(last)
    await recorder.record(
        "node-unavailable",
        f"{last} was killed a moment ago and is still a member",
        fan_out,
        nodes=cluster.nodes,
        together=True,
    )
    await cluster.wait_gone(last, seen_by=first)
    await asyncio.sleep(2)
    await recorder.record(
        "node-gone",
        f"{last} was killed and is no longer listed; its {EVENT} shard is missing from counts",
        [*fan_out, *questions.local_and_led(), *_of(DOC), *_of(EVENT)],
        nodes=cluster.nodes,
    )
    await cluster.restart(last)


async def _one_node_hung(recorder: Recorder, cluster: RealCluster) -> None:
    first, _, last = cluster.names
    fan_out = [
        *(_patient(question) for question in questions.fan_out()),
        *questions.probes(cluster.names),
    ]
    cluster.hang(last)
    await recorder.record(
        "node-hung",
        f"{last} hangs and is still a member: a fan-out waits 30 s for it",
        fan_out,
        nodes=cluster.nodes,
        together=True,
    )
    await cluster.wait_gone(last, seen_by=first)
    await recorder.record(
        "node-hung-gone",
        f"{last} hangs and is no longer listed",
        fan_out,
        nodes=cluster.nodes,
    )
    cluster.resume(last)
    await cluster.wait_ready()


async def _operations(recorder: Recorder, cluster: RealCluster) -> None:
    listing = [
        question for question in questions.local_and_led() if question.name.startswith("repl")
    ]
    async with httpx.AsyncClient(base_url=cluster.url, trust_env=False) as client:
        placed = (await _placement(client, EVENT))[0]
        source = placed["replicas"][0]
        target = next(name for name in cluster.names if name != source)
        await _post(
            client,
            "/v1/replication/replicate",
            {
                "collection": EVENT,
                "shard": placed["shard"],
                "sourceNode": source,
                "targetNode": target,
                "type": "COPY",
            },
        )
        await recorder.record(
            "copying",
            f"a shard of {EVENT} is being copied to another node",
            listing,
            nodes=cluster.nodes,
        )

        async def copied() -> bool:
            (operation,) = (await client.get("/v1/replication/replicate/list")).json()
            return bool(operation["status"]["state"] == "READY")

        await _until(copied)
        change = await client.put(f"/v1/schema/{EVENT}/properties/n/index/rangeFilters", json={})
        change.raise_for_status()
        indexes = [
            Question("tasks", "/v1/tasks"),
            Question(f"indexes-{EVENT}", f"/v1/schema/{EVENT}/indexes"),
        ]
        await recorder.record(
            "indexing",
            f"an inverted index of {EVENT} is being built",
            indexes,
            nodes=cluster.nodes,
            together=True,
        )

        async def built() -> bool:
            (task,) = (await client.get("/v1/tasks")).json()["reindex"]
            return bool(task["status"] == "FINISHED")

        await _until(built)
        await recorder.record(
            "operations-done",
            f"a shard of {EVENT} was copied, and an inverted index built",
            [*listing, *indexes, *_of(EVENT)],
            nodes=cluster.nodes,
        )


async def _no_quorum(recorder: Recorder, cluster: RealCluster) -> None:
    first, *others = cluster.names
    for name in others:
        await cluster.kill(name)
    for name in others:
        await cluster.wait_gone(name, seen_by=first)
    await recorder.record(
        "no-quorum",
        f"{first} is the only node left of three",
        [
            _patient(question)
            for question in (
                *questions.probes(cluster.names),
                *questions.fan_out(),
                *questions.local_and_led(),
                Question(
                    f"sharding-state-{DOC}", f"/v1/replication/sharding-state?collection={DOC}"
                ),
            )
        ],
        nodes=cluster.nodes,
        together=True,
    )


async def _with_backups(recorder: Recorder) -> None:
    async with RealCluster(1) as cluster:
        _hide_folders(recorder, cluster)
        await _event_only(cluster)
        async with httpx.AsyncClient(base_url=cluster.url, trust_env=False) as client:
            listing = [Question("backups-filesystem", "/v1/backups/filesystem")]
            await _post(client, "/v1/backups/filesystem", {"id": "nightly-1"})
            await recorder.record(
                "backup-running", "a backup has just begun", listing, nodes=cluster.nodes
            )

            async def done() -> bool:
                (backup,) = (await client.get("/v1/backups/filesystem")).json()
                return bool(backup["status"] == "SUCCESS")

            await _until(done)
            await recorder.record(
                "one-node",
                "a single node with one finished backup",
                [*questions.fan_out(), *listing],
                nodes=cluster.nodes,
            )


async def _with_keys(recorder: Recorder) -> None:
    async with RealCluster(1, keys=True) as cluster:
        _hide_folders(recorder, cluster)
        await _event_only(cluster)
        async with httpx.AsyncClient(
            base_url=cluster.url, headers=cluster.headers, trust_env=False
        ) as client:
            await _post(client, f"/v1/authz/users/{VIEWER.user}/assign", {"roles": ["viewer"]})
        await recorder.record(
            "keys",
            "API keys and RBAC; asked by each user, without a key, and with a wrong one",
            questions.by_users(EVENT, (None, ROOT.user, VIEWER.user, NOBODY.user, WRONG.user)),
            nodes=cluster.nodes,
        )


async def _event_only(cluster: RealCluster) -> None:
    async with httpx.AsyncClient(
        base_url=cluster.url, headers=cluster.headers, trust_env=False, timeout=60
    ) as client:
        event = next(one for one in definitions(1) if one["class"] == EVENT)
        await _post(client, "/v1/schema", event)
        await insert(client, (object_of(EVENT, number) for number in range(500)))


async def _flushed(cluster: RealCluster) -> None:
    """Until verbose nodes count the objects of Doc: a memtable is flushed after a minute."""
    async with httpx.AsyncClient(base_url=cluster.url, trust_env=False) as client:

        async def counted() -> bool:
            nodes = (await client.get(f"/v1/nodes/{DOC}?output=verbose")).json()["nodes"]
            found = sum(shard["objectCount"] for node in nodes for shard in node["shards"])
            return bool(found == AMOUNTS["small"].docs * len(nodes))

        await _until(counted, 300)


async def _placement(client: httpx.AsyncClient, collection: str) -> list[dict[str, Any]]:
    answer = await client.get("/v1/replication/sharding-state", params={"collection": collection})
    shards: list[dict[str, Any]] = answer.json()["shardingState"]["shards"]
    return sorted(shards, key=lambda shard: str(shard["shard"]))


async def _post(client: httpx.AsyncClient, path: str, body: Any) -> None:
    answer = await client.post(path, json=body)
    if answer.status_code >= 300:
        raise RuntimeError(f"POST {path}: {answer.status_code} {answer.text[:300]}")


async def _until(reached: Callable[[], Awaitable[bool]], timeout: float = 120) -> None:
    deadline = time.monotonic() + timeout
    while not await reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not reached in {timeout:g} s")
        await asyncio.sleep(0.2)


def _of(collection: str) -> list[Question]:
    """Where the collection is, and how many objects it has."""
    wanted = ("nodes-verbose-", "sharding-state-", "connect-count-", "graphql-count-")
    return [
        question
        for question in questions.reading([{"class": collection}], [])
        if question.name.startswith(wanted)
    ]


def _patient(question: Question) -> Question:
    return replace(question, limit=max(question.limit, _PATIENCE_S))


def _hide_folders(recorder: Recorder, cluster: RealCluster) -> None:
    recorder.hide(f"{cluster.folder}/backups", "/var/lib/weaviate-backups")
    for name in cluster.names:
        recorder.hide(f"{cluster.folder}/{name}", "/var/lib/weaviate")


def main() -> None:
    """The command line described at the top of this file."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.record_set")
    parser.add_argument("--out", type=Path, default=HERE, metavar="DIR")
    asyncio.run(make(parser.parse_args().out))


if __name__ == "__main__":
    main()
