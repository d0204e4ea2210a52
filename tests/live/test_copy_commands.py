"""``copy`` and ``migrate`` as people run them: a process, its worker, and what is there then."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from elysiadash.migrate.transforms import example
from tests.contract.migration import Cluster, cluster_at
from tests.servers.real import RealCluster, skip_reason

pytestmark = pytest.mark.slow
MANY = 1_500


class Command:
    """Runs commands over a state folder of its own; its worker is ended with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("state", "config", "cache", "tmp"):
            (folder / name).mkdir(exist_ok=True)
        self.env = {
            **os.environ,
            "ELYSIADASH_STATE_DIR": str(folder / "state"),
            "ELYSIADASH_CONFIG_DIR": str(folder / "config"),
            "ELYSIADASH_CACHE_DIR": str(folder / "cache"),
            "TMPDIR": str(folder / "tmp"),
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "elysiadash", *words], env=self.env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    made = Command(tmp_path)
    try:
        yield made
    finally:
        made.start("worker", "--stop").communicate(timeout=60)


# On the demo


def test_a_copy_in_the_demo_is_verified_and_leaves_nothing(command: Command) -> None:
    process = command.start("copy", "Glossary", "Copied", "--demo", "--write", "--yes")
    out, err = process.communicate(timeout=150)
    assert process.returncode == 0, err
    assert "is done and verified" in out
    assert "DEMO" in err
    assert list((command.folder / "tmp").glob("elysiadash-demo-*")) == []


def test_a_demo_that_is_told_to_end_takes_its_worker_along(command: Command) -> None:
    process = command.start("copy", "Documents", "Copied", "--demo", "--write", "--yes")
    until = time.monotonic() + 60
    while not list((command.folder / "tmp").glob("elysiadash-demo-*/worker*")):
        assert time.monotonic() < until
        time.sleep(0.1)
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert list((command.folder / "tmp").glob("elysiadash-demo-*")) == []
    assert _workers_of(command.folder) == []


def test_a_dry_run_between_demos_writes_nothing(command: Command) -> None:
    process = command.start(
        "migrate", "Glossary", "--demo", "--target", "empty", "--freeze", "none", "--write",
        "--dry-run", "--json",
    )  # fmt: skip
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    (item,) = json.loads(out)["items"]
    assert (item["kind"], item["ending"], item["copied"]) == ("preflight", "CHECKED", 0)
    assert item["checkpoint"]["forecast"]["objects"] > 0


def _workers_of(folder: Path) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder / "tmp").encode() in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found


# On real servers


@pytest_asyncio.fixture
async def clusters() -> AsyncIterator[tuple[Cluster, Cluster]]:
    reason = skip_reason()
    if reason is not None:
        pytest.skip(reason)
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(2):
            real = await stack.enter_async_context(RealCluster(1))
            found.append(await stack.enter_async_context(cluster_at(real.nodes, real.grpc)))
        yield found[0], found[1]


def _ends(source: Cluster, target: Cluster) -> list[str]:
    words = []
    for option, cluster in (("", source), ("target-", target)):
        url = next(iter(cluster.nodes.values()))
        words += ["--target" if option else "--url", url]
        words += [f"--{option}grpc", cluster.grpc or ""]
        for name, address in cluster.nodes.items():
            words += [f"--{option}node", f"{name}={address}"]
    return words


async def _count(cluster: Cluster, name: str) -> int:
    body = {"query": "{Aggregate{%s{meta{count}}}}" % name}  # noqa: UP031
    data = (await cluster.raw.post("/v1/graphql", json=body)).json()["data"]
    count: int = data["Aggregate"][name][0]["meta"]["count"]
    return count


def _user(number: int) -> dict[str, Any]:
    return {
        "id": str(UUID(int=(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128))),
        "properties": {"body": f"text {number}", "email": f"u{number}@example.org"},
        "vector": [number / 7, 1.0, -0.0],
    }


@pytest.mark.real
async def test_a_migration_through_the_example_transform(
    clusters: tuple[Cluster, Cluster], command: Command
) -> None:
    """As a pipeline runs it: no terminal, the writers stopped before, two clusters."""
    source, target = clusters
    await source.create(
        {"class": "Users", "vectorizer": "none", "vectorIndexType": "flat",
         "properties": [{"name": n, "dataType": ["text"]} for n in ("body", "email")]}
    )  # fmt: skip
    await source.put("Users", [_user(n) for n in range(MANY)])
    words = [
        "migrate", "Users=People", *_ends(source, target), "--transform", example.__file__,
        "--freeze", "stopped", "--after", "thaw", "--write", "--yes", "--confirm", "Users",
        "--json",
    ]  # fmt: skip
    process = command.start(*words)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err
    (item,) = json.loads(out)["items"]
    assert (item["ending"], item["verified"]) == ("VERIFIED", "V2")
    assert (item["copied"], item["dead_letters"], item["missing"]) == (MANY, 0, 0)
    assert os.path.exists(item["report"])  # noqa: ASYNC240, PTH110
    assert await _count(target, "People") == MANY
    wanted = _user(7)
    found = (await target.raw.get(f"/v1/objects/People/{wanted['id']}")).json()["properties"]
    assert found.keys() == {"text", "migratedAt"}
    assert found["text"] == "text 7"
    assert "example.org" not in (await target.raw.get("/v1/objects")).text
