"""The demo as a process beside us, and the mark that its numbers carry."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from elysiadash.cli import demo_process
from elysiadash.cli.demo_process import demo_clusters
from elysiadash.cli.exits import CommandFailed
from tests.unit.cli.running import Cli, valid_document


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_command_on_the_demo_carries_its_mark(cli: Cli, config_file: Path) -> None:
    config_file.write_text("= broken settings do not matter to the demo")
    ran = cli("--demo", "nodes", "--json")
    document = valid_document(ran.out)
    assert document["cluster"]["demo"] is True
    assert document["cluster"]["name"] == "demo-healthy"
    assert {item["status"] for item in document["items"]} == {"healthy"}
    assert "DEMO" in ran.err
    ran = cli("check", "--scenario", "troubled")
    assert ran.code == 2
    assert ran.out.startswith("ELYSIADASH CRITICAL - DEMO: demo-troubled")


def test_the_mark_is_in_tables_too(cli: Cli) -> None:
    ran = cli("collections", "--demo")
    assert ran.code == 0
    assert ran.out.startswith("DEMO (simulated)")


def test_the_process_ends_with_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def noting(*words: object, **more: object) -> subprocess.Popen[bytes]:
        started.append(start(*words, **more))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(demo_process.subprocess, "Popen", noting)
    with demo_clusters("empty") as clusters:
        assert clusters[0].name == "demo-empty"
        assert is_alive(started[0].pid)
    assert not is_alive(started[0].pid)


def test_wrong_words_for_the_demo_are_told() -> None:
    with (
        pytest.raises(CommandFailed, match="is not a size"),
        demo_clusters("healthy", scale="many"),
    ):
        pytest.fail("it started")


def test_serving_prints_addresses_until_told_to_stop() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "elysiadash", "demo", "--serve", "--scenario=empty"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        document = valid_document(line)
        assert document["items"][0]["name"] == "demo-empty"
        assert json.loads(line)["items"][0]["nodes"]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert b"Traceback" not in err
