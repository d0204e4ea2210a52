"""``backup``: list, status, create, restore, cancel, and how each ends."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from elysiadash.cli import job_following
from elysiadash.jobs.launch import launch, stop
from tests.unit.backups.given import until
from tests.unit.cli.clusters import InThread, cluster_in_thread
from tests.unit.cli.running import Cli

ROOT = Path(__file__).parents[3]
WRITE = ("--write", "--yes")


@pytest.fixture
def here() -> Iterator[InThread]:
    with cluster_in_thread("healthy") as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A real worker, of this source."""
    words = (sys.executable, "-m", "elysiadash", "worker", "--detached", "--idle", "5")
    ours = functools.partial(launch, arguments=words, env={**os.environ, "PYTHONPATH": str(ROOT)})
    monkeypatch.setattr(job_following, "launch", ours)
    yield
    stop(tmp_path / "state")


def test_a_backup_is_made_listed_and_restored(cli: Cli, here: InThread) -> None:
    at = ("--url", here.url, *WRITE)
    ran = cli("backup", "create", "one", "--include", "Products", *at)
    assert ran.code == 0, ran
    assert "is backed up" in ran.out
    assert "STARTED" in ran.err

    (item,) = [
        one
        for one in cli.document("backup", "list", "--url", here.url, "--json")["items"]
        if one["backup"] == "one"
    ]
    assert (item["status"], item["collections"], item["size_gib"]) == (
        "SUCCESS", ["Products"], 1.5,
    )  # fmt: skip
    assert item["job"]
    assert "one" in cli("backup", "--url", here.url).out
    assert cli("backup", "list", "--url", here.url, "--format", "csv").out.startswith("backend,")

    ran = cli("backup", "restore", "one", *at)
    assert ran.code == 11, ran
    assert "Products" in ran.out
    with httpx.Client(base_url=here.url, trust_env=False) as http:
        assert http.delete("/v1/schema/Products").status_code == 200
    again = cli("backup", "restore", "one", *at)
    assert again.code == 1
    assert "jobs resume" in again.err
    document = cli.document("backup", "restore", "one", "--include", "Products", *at, "--json")
    assert document["items"][0]["ending"] == "RESTORED"
    items = cli.document("backup", "status", "one", "--url", here.url, "--json")["items"]
    assert [one["what"] for one in items] == ["backup", "restore"]


def test_a_dry_run_looks_and_sends_nothing(cli: Cli, here: InThread) -> None:
    words = ("backup", "create", "one", "--url", here.url, "--dry-run")
    document = cli.document(*words, "--json")
    assert document["request"] == {"id": "one"}
    assert not document["blocked"]
    assert "Products" in document["collections"]
    document = cli.document(*words, "--include", "No", "--json", code=11)
    assert [one["code"] for one in document["items"] if one["result"] == "blocks"] == [
        "collections"
    ]
    ran = cli(*words)
    assert (ran.code, "readonly-shards" in ran.out) == (0, True)
    assert here.calls("POST /v1/backups/{backend}") == 0


def test_one_that_runs_is_cancelled_through_its_job(cli: Cli, here: InThread) -> None:
    here.cluster.world.time_scale = 5.0
    at = ("--url", here.url, *WRITE)
    assert cli("backup", "create", "one", "--include", "Products", *at, "--detach").code == 0
    until(lambda: here.calls("POST /v1/backups/{backend}"))
    ran = cli("backup", "cancel", "one", *at)
    assert ran.code == 0, ran
    assert "CANCELED" in ran.out
    (job,) = cli.document("jobs", "list", "--json")["items"]
    assert job["state"] == "CANCELLED"


def test_one_of_another_is_cancelled_and_read_back(cli: Cli, here: InThread) -> None:
    here.cluster.world.time_scale = 5.0
    with httpx.Client(base_url=here.url, trust_env=False) as http:
        assert http.post("/v1/backups/s3", json={"id": "theirs"}).status_code == 200
    ran = cli("backup", "cancel", "theirs", "--url", here.url, *WRITE)
    assert (ran.code, "CANCELED" in ran.out) == (0, True), ran
    assert cli("backup", "cancel", "theirs", "--url", here.url, *WRITE).code == 0
    done = here.cluster.model.backups[0]["id"]
    ran = cli("backup", "cancel", done, "--url", here.url, *WRITE)
    assert ran.code == 1
    assert "is SUCCESS already: nothing was cancelled" in ran.err
    ran = cli("backup", "cancel", "nobodys", "--url", here.url, *WRITE)
    assert ran.code == 1
    assert "knows no backup nobodys" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["create", "one"], 1, "read-only"),
        (["create", "Bad ID", "--write"], 64, "no id of a backup"),
        (["create", "--write"], 64, "which backup?"),
        (["create", "x", "--write", "--include", "A", "--exclude", "B"], 64, "together"),
        (["create", "x", "--write", "--backend", "s3"], 64, "--yes answers it"),
        (["restore", "x", "--write", "--node-mapping", "a"], 64, "maps no node"),
        (["list", "--backend", "gcs"], 1, "no backup backend gcs"),
        (["status", "nobodys"], 1, "knows no backup"),
        (["cancel", "x"], 1, "read-only"),
    ],
)
def test_what_is_wrong_is_told(
    cli: Cli, healthy: InThread, words: list[str], code: int, told: str
) -> None:
    ran = cli("backup", *words, "--url", healthy.url)
    assert ran.code == code, ran
    assert told in ran.err


def test_the_demo_lives_as_long_as_the_job(cli: Cli) -> None:
    assert threading.current_thread() is threading.main_thread()
    ran = cli("backup", "restore", "x", "--demo", "--write", "--detach", "--yes")
    assert ran.code == 64
    ran = cli("backup", "create", "one", "--demo", "--include", "Products", *WRITE)
    assert ran.code == 0, ran
