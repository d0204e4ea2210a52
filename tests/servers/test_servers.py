"""The servers that other tests rely on: found, started, broken on purpose, and always ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.servers.load import DOC, steady_deletes, steady_queries, steady_writes
from tests.servers.ports import BLOCK, PortBlock
from tests.servers.real import RealCluster, find_binary, skip_reason
from tests.servers.settings import environment, places

ROOT = Path(__file__).parents[2]


def test_binary_is_the_one_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "weaviate"
    binary.write_text("#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WEAVIATE_BIN", raising=False)
    assert find_binary() is None
    assert "WEAVIATE_BIN is not set" in (skip_reason() or "")
    binary.chmod(0o755)
    assert find_binary() == str(binary)
    assert skip_reason() is None
    monkeypatch.setenv("WEAVIATE_BIN", "/nowhere/weaviate")
    assert find_binary() is None
    assert "'/nowhere/weaviate'" in (skip_reason() or "")


def test_blocks_of_ports_do_not_overlap() -> None:
    blocks = [PortBlock() for _ in range(5)]
    try:
        firsts = sorted(block.first for block in blocks)
        gaps = [second - first for first, second in pairwise(firsts)]
        assert min(gaps) >= BLOCK
    finally:
        for block in blocks:
            block.release()


def test_each_node_gets_ports_of_its_own(tmp_path: Path) -> None:
    cluster = places(("a", "b", "c"), 20_001, tmp_path, "local")
    envs = [
        environment(place, cluster, gossip="local", metrics=True, keys=False, extra={})
        for place in cluster
    ]
    ports = [value for env in envs for name, value in env.items() if name.endswith("PORT")]
    assert len(set(ports)) == len(ports)
    assert {env["RAFT_JOIN"] for env in envs} == {"a:20006,b:20013,c:20020"}


def test_slow_gossip_gives_addresses_and_shares_the_raft_port(tmp_path: Path) -> None:
    cluster = places(("a", "b"), 20_001, tmp_path, "wan")
    first, second = (
        environment(place, cluster, gossip="wan", metrics=True, keys=False, extra={})
        for place in cluster
    )
    assert first["CLUSTER_ADVERTISE_ADDR"] != second["CLUSTER_ADVERTISE_ADDR"]
    assert first["RAFT_PORT"] == second["RAFT_PORT"]
    assert "CLUSTER_IN_LOCALHOST" not in first


def test_nothing_outlives_a_killed_test_process(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    ended, kept, watchdog = (int(word) for word in parent.stdout.readline().split())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    try:
        _until(lambda: not _alive(kept) and not folder.exists() and not _alive(watchdog))
        assert _alive(ended), "a process that was reported as ended was killed"
    finally:
        for pid in (ended, kept):
            if _alive(pid):
                os.killpg(pid, signal.SIGKILL)


_PARENT = """
import subprocess, sys, time
from pathlib import Path
from tests.servers.watchdog import Watchdog
watchdog = Watchdog()
watchdog.folder(Path(sys.argv[1]))
children = [subprocess.Popen(["sleep", "60"], start_new_session=True) for _ in range(2)]
for child in children:
    watchdog.started(child.pid)
watchdog.ended(children[0].pid)
print(children[0].pid, children[1].pid, watchdog.pid, flush=True)
time.sleep(60)
"""


async def test_loaded_cluster_answers_and_stays_busy(real_cluster: RealCluster) -> None:
    assert set(real_cluster.nodes) == set(real_cluster.metrics) == set(real_cluster.pids)
    async with httpx.AsyncClient(trust_env=False) as client:
        for url in real_cluster.metrics.values():
            metrics = await client.get(url + "/metrics")
            assert "weaviate_build_info" in metrics.text
    written = await steady_writes(real_cluster.url, DOC, 50, 0.4)
    searched = await steady_queries(real_cluster.url, DOC, 50, 0.4)
    deleted = await steady_deletes(real_cluster.url, DOC, written.ids, 100)
    for tally in (written, searched, deleted):
        assert (tally.sent, tally.accepted, tally.failures) == (20, 20, [])


@pytest.mark.slow
async def test_node_can_hang_die_and_come_back(fresh_real_cluster: RealCluster) -> None:
    cluster = fresh_real_cluster
    first, second, third = cluster.names
    cluster.hang(second)
    async with httpx.AsyncClient(trust_env=False, timeout=0.5) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get(cluster.nodes[second] + "/v1/.well-known/ready")
    cluster.resume(second)
    await cluster.wait_ready()
    await cluster.kill(third)
    assert third not in cluster.pids
    await cluster.wait_gone(third, seen_by=first)
    await cluster.restart(third)
    assert third in cluster.pids


@pytest.mark.slow
@pytest.mark.real
def test_cluster_by_hand_ends_with_its_input(tmp_path: Path) -> None:
    if (reason := skip_reason()) is not None:
        pytest.skip(reason)
    state = tmp_path / "state.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.real", "--nodes", "1", "--state", str(state)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
    )
    try:
        _until(state.exists, 60)
        written = json.loads(state.read_text())
        (pid,) = written["pids"].values()
        assert _alive(pid)
        assert httpx.get(written["url"] + "/v1/meta", trust_env=False).status_code == 200
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0
        assert not _alive(pid)
        assert not Path(written["folder"]).exists()
    finally:
        process.kill()
        process.wait()


def _until(reached: Callable[[], bool], timeout: float = 10) -> None:
    deadline = time.monotonic() + timeout
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    """True while the process runs; a zombie that nobody reaped counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, NotADirectoryError):
        return not Path("/proc/self").exists()
    return state != "Z"
