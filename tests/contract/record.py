"""Records a server's answers to the console's reading requests, as files that tests replay.

::

    python -m tests.contract.record --url URL --out DIR [--version VERSION] [--metrics-url URL]

Each answer is a file with the bare body; ``index.json`` says what was asked and how it was
answered. Keys are never written, and the texts named by ``--hide TEXT=INSTEAD`` (paths, host
names) are replaced. Only requests that read are sent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from tests.contract.questions import Question, errors, metrics, of_tenant, reading

# Histograms of no use to the console that make up most of a metrics page.
_BULKY = {
    "lsm_memtable_durations_ms",
    "weaviate_http_request_size_bytes",
    "weaviate_http_response_size_bytes",
    "weaviate_grpc_server_request_size_bytes",
    "weaviate_grpc_server_response_size_bytes",
}
_SHARDS_KEPT = 4
_TRIMMED = f"trimmed: {_SHARDS_KEPT} shards a collection, without {', '.join(sorted(_BULKY))}"


class Recorder:
    """Asks the questions and keeps the answers below ``out``.

    ``hide`` maps texts of this machine to what is written instead; ``keys`` maps users to keys.
    """

    def __init__(
        self,
        out: Path,
        version: str,
        *,
        hide: Mapping[str, str] | None = None,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        self._out = out
        self._version = version
        self._hide = dict(hide or {})
        self._keys = dict(keys or {})
        self._states: dict[str, str] = {}
        self._recordings: list[dict[str, Any]] = []

    def hide(self, text: str, instead: str) -> None:
        """From now on ``text`` is written as ``instead``."""
        self._hide[text] = instead

    async def record(
        self,
        state: str,
        meaning: str,
        questions: Iterable[Question],
        *,
        nodes: Mapping[str, str],
        metrics: Mapping[str, str] | None = None,
        together: bool = False,
    ) -> None:
        """Ask all questions of ``nodes`` (name -> URL) in one state of the cluster.

        ``together`` sends them at once, for states that do not last.
        """
        self._states[state] = meaning
        async with httpx.AsyncClient(trust_env=False) as client:
            asks = [
                self._ask(client, state, question, nodes, metrics or {}) for question in questions
            ]
            if together:
                self._recordings += await asyncio.gather(*asks)
            else:
                self._recordings += [await ask for ask in asks]

    def write_index(self) -> None:
        """Write ``index.json``; without it the recordings mean nothing."""
        index = {
            "version": self._version,
            "states": self._states,
            "recordings": [
                {name: value for name, value in entry.items() if value not in (None, "", {})}
                for entry in self._recordings
            ],
        }
        text = json.dumps(index, indent=1, ensure_ascii=False)
        (self._out / "index.json").write_text(text + "\n", "utf-8")

    async def _ask(
        self,
        client: httpx.AsyncClient,
        state: str,
        question: Question,
        nodes: Mapping[str, str],
        metrics: Mapping[str, str],
    ) -> dict[str, Any]:
        node = question.node or next(iter(nodes))
        base = metrics[node] if question.path == "/metrics" else nodes[node]
        entry = {
            "state": state,
            "name": question.name,
            "node": node,
            "method": question.method,
            "path": question.path,
            "headers": dict(question.headers),
            "user": question.user,
            "body": question.body,
            "note": question.note,
        }
        headers = dict(question.headers)
        if question.user is not None:
            headers["Authorization"] = f"Bearer {self._keys[question.user]}"
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            answer = await client.request(
                question.method,
                base + question.path,
                headers=headers,
                content=question.content(),
                timeout=question.limit,
            )
        except httpx.ConnectError:
            return entry | {"outcome": "refused"}
        except httpx.TimeoutException:
            return entry | {"outcome": "no answer", "seconds": question.limit}
        except httpx.RemoteProtocolError:
            return entry | {"outcome": "closed", "seconds": round(loop.time() - started, 3)}
        return (
            entry
            | {
                "outcome": "answered",
                "status": answer.status_code,
                "content_type": answer.headers.get("content-type", ""),
                "seconds": round(loop.time() - started, 3),
                "file": self._keep(state, question, answer),
            }
            | ({"note": _TRIMMED} if question.path == "/metrics" else {})
        )

    def _keep(self, state: str, question: Question, answer: httpx.Response) -> str | None:
        if not answer.content:
            return None
        text = answer.text
        if question.path == "/metrics":
            text = trimmed(text)
        for hidden, instead in self._hide.items():
            text = text.replace(hidden, instead)
        for user, key in self._keys.items():
            text = text.replace(key, f"<key of {user}>")
        suffix = "json" if "json" in answer.headers.get("content-type", "") else "txt"
        file = Path(state) / f"{question.name}.{suffix}"
        (self._out / file).parent.mkdir(parents=True, exist_ok=True)
        (self._out / file).write_bytes(text.encode())
        return file.as_posix()


def trimmed(exposition: str) -> str:
    """A metrics page without the bulkiest histograms and most shards of large collections."""
    kept: list[str] = []
    shards: dict[str, set[str]] = defaultdict(set)
    family = ""
    for line in exposition.splitlines(keepends=True):
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
        if family in _BULKY:
            continue
        shard = re.search(r'shard_name="([^"]+)"', line)
        collection = re.search(r'class_name="([^"]*)"', line)
        if shard and collection:
            known = shards[collection[1]]
            if len(known) < _SHARDS_KEPT:
                known.add(shard[1])
            if shard[1] not in known:
                continue
        kept.append(line)
    return "".join(kept)


async def questions_for(
    url: str, nodes: Sequence[str], *, headers: Mapping[str, str] | None = None
) -> tuple[str, list[Question]]:
    """The server's version, and what to ask of a cluster with the collections it has."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, headers=dict(headers or {})) as ask:
        version = str((await ask.get("/v1/meta")).raise_for_status().json()["version"])
        answer = await ask.get("/v1/schema", headers={"consistency": "false"})
        schema = sorted(answer.raise_for_status().json()["classes"], key=lambda one: one["class"])
        asked = reading(schema, nodes)
        multi = [entry["class"] for entry in schema if entry["multiTenancyConfig"]["enabled"]]
        single = [entry["class"] for entry in schema if entry["class"] not in multi]
        for collection in multi[:1]:
            tenants = (await ask.get(f"/v1/schema/{collection}/tenants")).json()
            for status in ("HOT", "COLD"):
                names = sorted(t["name"] for t in tenants if t["activityStatus"] == status)
                for name in names[:1]:
                    asked += of_tenant(collection, name, status.lower())
        if single and multi:
            asked += errors(single[0], multi[0])
    return version, asked


async def record_one(arguments: argparse.Namespace) -> None:
    """Record the server that the arguments name, as the state ``healthy``."""
    key = os.environ.get(arguments.key_env) if arguments.key_env else None
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    node = "node"
    version, asked = await questions_for(arguments.url, [node], headers=headers)
    out = arguments.out / (arguments.version or version)
    recorder = Recorder(
        out,
        arguments.version or version,
        hide=dict(pair.split("=", 1) for pair in arguments.hide),
        keys={"user": key} if key else {},
    )
    if key:
        asked = [replace(question, user="user") for question in asked]
    if arguments.metrics_url:
        asked.append(metrics(node))
    await recorder.record(
        "healthy",
        "as found",
        asked,
        nodes={node: arguments.url.rstrip("/")},
        metrics={node: (arguments.metrics_url or "").rstrip("/").removesuffix("/metrics")},
    )
    recorder.write_index()


def main() -> None:
    """The command line described at the top of this file."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.record")
    parser.add_argument("--url", required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--version", help="the folder's name; the server's version if not given")
    parser.add_argument("--metrics-url")
    parser.add_argument("--key-env", metavar="NAME", help="the variable that holds the API key")
    parser.add_argument("--hide", action="append", default=[], metavar="TEXT=INSTEAD")
    asyncio.run(record_one(parser.parse_args()))


if __name__ == "__main__":
    main()
