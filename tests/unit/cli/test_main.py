"""The words of the command line, and every way a command can end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from elysiadash import __version__
from elysiadash.cli import nodes_command, parser
from elysiadash.cli.exits import Exit
from tests.unit.cli.clusters import InThread
from tests.unit.cli.running import Cli

PROGRAM = [sys.executable, "-m", "elysiadash"]


def test_the_version(cli: Cli) -> None:
    assert cli("--version") == (0, f"elysiadash {__version__}\n", "")
    assert cli("--url", "http://wv.test", "--version").out == f"elysiadash {__version__}\n"


def test_help_is_plain_and_names_every_command(cli: Cli) -> None:
    ran = cli("--help")
    assert ran.code == 0
    for name in ("stats", "nodes", "collections", "check", "config", "demo", "diag", "col"):
        assert re.search(rf"^  {name}\b", ran.out, re.M)
    assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    "words",
    [
        ["stats"],
        ["nodes"],
        ["collections"],
        ["check"],
        ["diag"],
        ["col", "stats"],
        ["col", "list"],
        ["config", "show"],
    ],
    ids=" ".join,
)
def test_every_command_can_be_pointed_at_a_cluster(cli: Cli, words: list[str]) -> None:
    text = cli(*words, "--help").out
    for flag in (
        "--profile",
        "--demo",
        "--url",
        "--grpc",
        "--node",
        "--metrics-url",
        "--auth",
        "--write",
        "--config",
        "--log-level",
    ):
        assert flag in text, flag


@pytest.mark.parametrize(
    "words",
    [
        ["stats", "--bogus"],
        ["bogus"],
        ["stats", "--format", "yaml"],
        ["stats", "--interval", "soon", "--watch"],
        ["--bogus"],
        ["config"],
        ["config", "chek"],
        ["demo", "--scenario", "nope", "--serve"],
        ["stats", "--scenario", "nope"],
        ["stats", "--demo", "--log-level", "loud"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_64_and_prints_no_data(cli: Cli, words: list[str]) -> None:
    ran = cli(*words)
    assert ran.code == Exit.USAGE
    assert ran.err


def test_a_misspelt_command_names_the_nearest(cli: Cli) -> None:
    assert "stats" in cli("stat").err


def test_a_fault_of_ours_has_no_traceback_on_the_screen(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(nodes_command, "any_answer", broken)
    ran = cli("nodes", "--url", "http://127.0.0.1:9")
    assert ran.code == 1
    assert "our own fault: ZeroDivisionError" in ran.err
    assert "Traceback" not in ran.err
    assert "elysiadash diag" in ran.err


def test_ctrl_c_ends_quietly(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(nodes_command, "nodes", interrupted)
    assert cli("nodes") == (130, "", "")


def test_one_parser_for_all_commands_can_be_built_twice() -> None:
    assert parser.build() is not parser.build()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_signals_end_a_watch_cleanly(healthy: InThread, number: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "stats", "--watch", "--json", "--metrics=basic", *healthy.flags()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"{")
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code
    assert err == b""


def test_a_reader_that_leaves_is_no_traceback(healthy: InThread) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "stats", "-w", "-n1", "--json", "--metrics=basic", *healthy.flags()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(20) == Exit.BROKEN_PIPE
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def test_a_thread_that_waits_for_a_name_server_does_not_hold_the_exit() -> None:
    program = (
        "import socket, sys, time\n"
        "socket.getaddrinfo = lambda *a, **k: time.sleep(60)\n"
        "sys.argv = ['elysiadash', 'check', '--timeout=1', '--url=http://wv.test:8080']\n"
        "from elysiadash.__main__ import main\n"
        "sys.exit(main())\n"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=50)
    assert done.returncode in (2, 3), done
    assert done.stdout.startswith(b"ELYSIADASH ")
    assert time.monotonic() - started < 45


def test_an_encoding_that_lacks_a_letter_is_no_failure() -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [*PROGRAM, "stats", "--profile", "größe"], capture_output=True, env=env, timeout=50
    )
    assert done.returncode == Exit.USAGE
    assert b"Traceback" not in done.stderr
    assert b"gr\\xf6\\xdfe" in done.stderr
