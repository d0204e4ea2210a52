"""A worker that is killed while it backs up or restores: the next finds its own work again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from elysiadash.jobs import control, events, queue
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import Job, JobState
from tests.faults.backup_process import POINTS
from tests.faults.test_worker_kill import ROOT, env
from tests.unit.backups.given import profile_of, submitted
from tests.unit.cli.clusters import InThread, cluster_in_thread

SMALL = ("Products",)
CREATE = "POST /v1/backups/{backend}"
RESTORE = "POST /v1/backups/{backend}/{id}/restore"


@pytest.fixture
def here() -> Iterator[InThread]:
    with cluster_in_thread("healthy") as cluster:
        yield cluster


def worked(state: Path, point: str) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.backup_process", str(state), point],
        cwd=ROOT, env=env(), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert point == "none" or done.returncode == -9, done
    return done.returncode


def job_of(state: Path, name: str) -> tuple[Job, list[str]]:
    with Database.open(state) as database, database.reading() as read:
        found = events.after(read, name, limit=1000)
        return queue.get(read, name), [one.text for one in found]


def put_in(state: Path, kind: str, cluster: InThread, **what: Any) -> str:
    profile = profile_of(cluster.cluster)
    return submitted(state, kind, profile, backend="s3", id="one", **what).id


@pytest.mark.parametrize("point", POINTS)
def test_a_backup_goes_on_after_its_worker_was_killed(
    tmp_path: Path, here: InThread, point: str
) -> None:
    name = put_in(tmp_path, "backup", here, include=SMALL)
    worked(tmp_path, point)
    worked(tmp_path, "none")
    job, texts = job_of(tmp_path, name)
    assert job.ending == "BACKED_UP", texts
    assert here.calls(CREATE) == 1
    assert [one["id"] for one in here.cluster.model.backups].count("one") == 1


@pytest.mark.parametrize("point", POINTS)
def test_a_restore_goes_on_after_its_worker_was_killed(
    tmp_path: Path, here: InThread, point: str
) -> None:
    put_in(tmp_path, "backup", here, include=SMALL)
    worked(tmp_path, "none")
    with httpx.Client(base_url=here.url, trust_env=False) as http:
        assert http.delete("/v1/schema/Products").status_code == 200
    name = put_in(tmp_path, "restore", here)
    worked(tmp_path, point)
    worked(tmp_path, "none")
    job, texts = job_of(tmp_path, name)
    assert job.ending == "RESTORED", (job.reason, texts)
    assert here.calls(RESTORE) == 1
    assert "Products" in here.cluster.model.collections


def test_what_a_dead_worker_began_is_cancelled_by_the_next(tmp_path: Path, here: InThread) -> None:
    here.cluster.world.time_scale = 20.0
    name = put_in(tmp_path, "backup", here, include=SMALL)
    worked(tmp_path, "told")
    with Database.open(tmp_path) as database, database.transaction() as tx:
        control.ask(tx, name, "cancel")
    worked(tmp_path, "none")
    job, texts = job_of(tmp_path, name)
    assert job.state is JobState.CANCELLED, texts
    (mine,) = [one for one in here.cluster.model.backups if one["id"] == "one"]
    assert mine["status"] == "CANCELED"


def test_a_request_whose_answer_was_lost_is_found_again(tmp_path: Path, here: InThread) -> None:
    """The old restore's state is there, the new one has the same words: reading back decides."""
    put_in(tmp_path, "backup", here, include=SMALL)
    worked(tmp_path, "none")
    for _ in range(2):
        with httpx.Client(base_url=here.url, trust_env=False) as http:
            assert http.delete("/v1/schema/Products").status_code == 200
        name = put_in(tmp_path, "restore", here)
        worked(tmp_path, "sent")
        worked(tmp_path, "none")
        job, texts = job_of(tmp_path, name)
        assert job.ending == "RESTORED", (job.reason, texts)
    assert here.calls(RESTORE) == 2
