"""Clusters and commands for the tests of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.clusters import InThread, cluster_in_thread
from tests.unit.cli.running import Cli

SHORT = """\
[defaults.timeouts]
connect = 1.0
probe = 0.6
park = 0.6
"""


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs commands in this process."""
    return Cli(capsys)


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """The user's settings file of this test; it does not exist at first."""
    return tmp_path / "config" / "config.toml"


@pytest.fixture
def impatient(config_file: Path) -> None:
    """Settings under which a hung node is found out in a moment."""
    config_file.write_text(SHORT)


@pytest.fixture(scope="module")
def healthy() -> Iterator[InThread]:
    """Three nodes that are well; a test leaves them as it found them."""
    with cluster_in_thread("healthy") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def troubled() -> Iterator[InThread]:
    """A cluster with a dead node, READONLY shards and more."""
    with cluster_in_thread("troubled") as cluster:
        yield cluster
