"""The demo as a process: says where it is, and never outlives who started it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

_COMMAND = [sys.executable, "-m", "elysiadash.demo"]


@pytest.fixture
def start() -> Iterator[Any]:
    """Starts demos, and ends those that a failed test leaves behind."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: str) -> tuple[subprocess.Popen[bytes], list[dict[str, Any]]]:
        process = subprocess.Popen(
            [*_COMMAND, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        running.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())["clusters"]

    yield begin
    for process in running:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _is_gone(address: str) -> bool:
    try:
        httpx.get(f"{address}/v1/.well-known/live", timeout=1)
    except httpx.TransportError:
        return True
    return False


def _eventually_gone(address: str, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if _is_gone(address):
            return True
        time.sleep(0.05)
    return False


def test_it_prints_one_line_that_says_where_everything_is(start: Any) -> None:
    process, clusters = start("--scenario", "both")
    assert [cluster["name"] for cluster in clusters] == ["demo-healthy", "demo-troubled"]
    for cluster in clusters:
        assert cluster["nodes"].keys() == cluster["metrics"].keys()
        assert httpx.get(f"{cluster['url']}/v1/.well-known/ready").status_code == 200
        assert httpx.get(f"{cluster['control']}/faults").status_code == 200
        host, port = cluster["grpc"].split(":")
        assert (host, port.isdigit()) == ("127.0.0.1", True)
    process.stdin.close()
    assert process.wait(5) == 0
    assert process.stdout.read() == b""
    assert all(_is_gone(cluster["url"]) for cluster in clusters)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_in_order_when_asked_to(start: Any, number: signal.Signals) -> None:
    process, (cluster,) = start()
    process.send_signal(number)
    assert process.wait(5) == 0
    assert _is_gone(cluster["url"])


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    """The parent is killed and closes nothing: another process still holds the demo's stdin."""
    script = f"""
import os, subprocess, sys, time
keeps_stdin_open, stdin = os.pipe()
demo = subprocess.Popen({_COMMAND!r}, stdin=keeps_stdin_open, stdout=subprocess.PIPE)
holder = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"],
                          pass_fds=[stdin], stdout=subprocess.DEVNULL)
print(holder.pid, demo.stdout.readline().decode().strip(), flush=True)
time.sleep(30)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    try:
        assert parent.stdout is not None
        holder, line = parent.stdout.readline().decode().split(" ", 1)
        address = json.loads(line)["clusters"][0]["url"]
        assert not _is_gone(address)
        parent.kill()
        assert _eventually_gone(address)
        os.kill(int(holder), signal.SIGKILL)
    finally:
        parent.kill()
        parent.communicate()


def test_a_faults_file_is_read_and_a_wrong_one_refused(start: Any, tmp_path: Path) -> None:
    good = tmp_path / "faults.json"
    good.write_text('{"faults": [{"kind": "status", "route": "/v1/meta", "status": 418}]}')
    _, (cluster,) = start("--faults", str(good), "--no-traffic", "--seed", "9")
    assert httpx.get(f"{cluster['url']}/v1/meta").status_code == 418

    bad = tmp_path / "bad.json"
    bad.write_text('{"faults": [{"kind": "explode"}]}')
    done = subprocess.run([*_COMMAND, "--faults", str(bad)], capture_output=True, text=True)
    assert done.returncode == 64
    assert str(bad) in done.stderr
    assert "explode" in done.stderr


def test_keys_are_asked_for_when_wanted(start: Any) -> None:
    _, (cluster,) = start("--auth", "--scenario", "empty")
    address = f"{cluster['url']}/v1/meta"
    assert httpx.get(address).status_code == 401
    headers = {"Authorization": "Bearer demo-viewer-key"}
    assert httpx.get(address, headers=headers).status_code == 200


def test_wrong_usage_is_told(start: Any) -> None:
    done = subprocess.run([*_COMMAND, "--scale", "big"], capture_output=True, text=True)
    assert done.returncode == 64
    assert "5000x10" in done.stderr
    assert done.stdout == ""
