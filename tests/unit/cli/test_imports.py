"""What a command loads at its start, which an import graph cannot see."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("textual", "httpx", "grpc", "google.protobuf", "uvicorn", "sqlite3")


def loaded(*words: str) -> set[str]:
    """The modules that are loaded after a command has run in a process of its own."""
    program = (
        "import sys\n"
        "from elysiadash.cli.main import run\n"
        f"run({list(words)!r})\n"
        "print('\\n' + ' '.join(sorted(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["--help"],
        ["check", "--help"],
        ["stats", "--help"],
        ["config", "path"],
        ["config", "show"],
        [],
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_loaded_before_it_is_wanted(words: list[str]) -> None:
    modules = loaded(*words)
    assert not [name for name in HEAVY if name in modules]
    assert not [name for name in modules if name.startswith("elysiadash.tui.")]
    assert not [name for name in modules if name.startswith("elysiadash.demo.")]


def test_the_version_costs_next_to_nothing() -> None:
    modules = loaded("--version")
    assert not {"typer", "msgspec", "asyncio", "rich", "logging"} & modules


@pytest.mark.parametrize(
    "words", [["jobs"], ["jobs", "show", "x"], ["audit"], ["worker", "--stop"]]
)
def test_jobs_are_asked_for_without_a_way_to_any_server(words: list[str]) -> None:
    modules = loaded(*words)
    assert not {"httpx", "grpc", "google.protobuf", "textual", "rich", "typer"} & modules
    assert not [name for name in modules if name.startswith("elysiadash.worker")]


def test_help_draws_nothing() -> None:
    assert "rich" not in loaded("check", "--help")


def test_a_check_loads_neither_the_app_nor_grpc() -> None:
    modules = loaded("check", "--url=http://127.0.0.1:9", "--timeout=3")
    assert "httpx" in modules, "the check did not get as far as asking"
    assert not {"textual", "grpc", "google.protobuf", "uvicorn", "sqlite3"} & modules
    assert not [
        name for name in modules if name.startswith(("elysiadash.tui.", "elysiadash.demo."))
    ]
