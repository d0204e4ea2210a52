"""Backup and restore as jobs on simulated clusters: ends, cancelling, pausing, old states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from elysiadash.backups import following
from elysiadash.config.profile import Profile
from elysiadash.demo.flows import NOTHING
from elysiadash.demo.kept import Restore, keep
from elysiadash.jobs import control
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import Job, JobState
from tests.unit.backups.given import done, profile_of, submitted, told, until, work_on
from tests.unit.cli.clusters import InThread, cluster_in_thread

S = JobState
SMALL = ("Products", "Customers")


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds become tenths of them."""
    quick = following.Patience(poll_s=0.05, appears_s=1.5, silent_s=5, lands_s=1, cancel_s=5)
    monkeypatch.setattr(following, "Patience", lambda: quick)


@pytest.fixture
def here() -> Iterator[InThread]:
    with cluster_in_thread("healthy") as cluster:
        yield cluster


@pytest.fixture
def there(here: InThread) -> Iterator[InThread]:
    """Another cluster that keeps its backups in the same place; its nodes have other names."""
    with cluster_in_thread("empty") as cluster:
        cluster.cluster.model.backups = here.cluster.model.backups
        cluster.cluster.model.restores = here.cluster.model.restores
        yield cluster


def profile(cluster: InThread) -> Profile:
    return profile_of(cluster.cluster)


def raw(cluster: InThread, path: str) -> Any:
    with httpx.Client(base_url=cluster.url, trust_env=False, timeout=20) as http:
        return http.get(path).json()


def delete(cluster: InThread, *names: str) -> None:
    with httpx.Client(base_url=cluster.url, trust_env=False, timeout=20) as http:
        for name in names:
            assert http.delete(f"/v1/schema/{name}").status_code == 200


def test_there_and_back(tmp_path: Path, here: InThread, there: InThread) -> None:
    made = done(tmp_path, "backup", profile(here), backend="s3", id="one", include=SMALL)
    assert (made.state, made.ending) == (S.DONE, "BACKED_UP"), told(tmp_path, made)
    assert {one["name"] for one in made.checkpoint["collections"]} == set(SMALL)
    assert made.checkpoint["size_gib"] == 1.5
    assert any("STARTED" in text for text in told(tmp_path, made))

    taken = done(tmp_path, "restore", profile(here), backend="s3", id="one")
    assert taken.ending == "REFUSED"
    assert "--exclude" in (taken.reason or "")

    page = "/v1/objects?class=Products&limit=20&include=vector"
    before = raw(here, page)
    restored = done(tmp_path, "restore", profile(there), backend="s3", id="one")
    assert restored.ending == "RESTORED", told(tmp_path, restored)
    assert raw(there, page) == before
    assert restored.checkpoint["came_along"] == ["Catalog"]
    assert restored.checkpoint["different"] == []

    # The status of that restore is told here as well, and is not believed.
    delete(here, *SMALL)
    again = done(tmp_path, "restore", profile(here), backend="s3", id="one")
    assert again.ending == "RESTORED", told(tmp_path, again)
    assert raw(here, page) == before


def test_a_refused_one_sends_nothing(tmp_path: Path, here: InThread) -> None:
    job = done(tmp_path, "backup", profile(here), backend="gcs", id="one")
    assert (job.state, job.ending) == (S.FAILED, "REFUSED")
    assert here.calls("POST /v1/backups/{backend}") == 0
    assert "ENABLE_MODULES" in (job.reason or "")


def test_a_backup_that_is_cancelled_is_read_back(tmp_path: Path, here: InThread) -> None:
    here.cluster.world.time_scale = 5.0
    submitted(tmp_path, "backup", profile(here), backend="s3", id="one", include=SMALL)

    def cancel(database: Database, job: Job) -> None:
        until(lambda: here.calls("POST /v1/backups/{backend}"))
        with database.transaction() as tx:
            control.ask(tx, job.id, "cancel")

    ended = work_on(tmp_path, meanwhile=cancel)
    assert ended.state is S.CANCELLED
    assert raw(here, "/v1/backups/s3/one")["status"] == "CANCELED"
    # The id of a cancelled one can be used again.
    here.cluster.world.time_scale = 0.01
    again = done(tmp_path, "backup", profile(here), backend="s3", id="one", include=SMALL)
    assert again.ending == "BACKED_UP", told(tmp_path, again)


def test_a_restore_that_is_cancelled_brings_nothing(
    tmp_path: Path, here: InThread, there: InThread
) -> None:
    assert done(tmp_path, "backup", profile(here), backend="s3", id="one", include=SMALL).ending
    there.cluster.world.time_scale = 5.0
    submitted(tmp_path, "restore", profile(there), backend="s3", id="one")

    def cancel(database: Database, job: Job) -> None:
        until(lambda: there.calls("POST /v1/backups/{backend}/{id}/restore"))
        with database.transaction() as tx:
            control.ask(tx, job.id, "cancel")

    ended = work_on(tmp_path, meanwhile=cancel)
    assert ended.state is S.CANCELLED
    assert raw(there, "/v1/schema")["classes"] == []


def test_the_server_cannot_pause_and_that_is_said(tmp_path: Path, here: InThread) -> None:
    here.cluster.world.time_scale = 0.1
    submitted(tmp_path, "backup", profile(here), backend="s3", id="one", include=SMALL)

    def pause(database: Database, job: Job) -> None:
        until(lambda: here.calls("POST /v1/backups/{backend}"))
        with database.transaction() as tx:
            control.ask(tx, job.id, "pause")

    job = work_on(tmp_path, meanwhile=pause)
    assert job.state is S.DONE
    assert any("cannot pause" in text for text in told(tmp_path, job))


def test_a_success_without_the_collections_is_not_believed(
    tmp_path: Path, here: InThread, there: InThread
) -> None:
    """Another cluster's restore ends with SUCCESS while ours brings nothing."""
    assert done(tmp_path, "backup", profile(here), backend="s3", id="one", include=SMALL).ending
    model = there.cluster.model
    submitted(tmp_path, "restore", profile(there), backend="s3", id="one")

    def lie(database: Database, job: Job) -> None:
        until(lambda: model.landing)
        ours = model.landing[0]
        model.restores["one"] = Restore(
            "one", "elsewhere", [], keep(model, [], 0.0), 0.0, 0.0, status="SUCCESS"
        )
        ours.status = "FAILED"

    job = work_on(tmp_path, meanwhile=lie)
    assert job.state is S.FAILED
    assert "not here: " in (job.reason or "")


def test_counts_that_differ_are_an_ending_of_their_own(
    tmp_path: Path, here: InThread, there: InThread
) -> None:
    here.cluster.model.collections["Products"].imports = NOTHING
    assert done(tmp_path, "backup", profile(here), backend="s3", id="one", include=("Products",))
    kept = here.cluster.model.backups[-1]["kept"].collections["Products"]
    next(iter(kept.shards.values())).objects -= 3
    job = done(tmp_path, "restore", profile(there), backend="s3", id="one")
    assert (job.state, job.ending) == (S.DONE, "DIFFERENT")
    (words,) = job.checkpoint["different"]
    assert "Products has" in words


def test_a_failed_backup_says_why_and_that_its_id_is_used_up(
    tmp_path: Path, here: InThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """READONLY after the look: the server accepts it, and fails."""
    submitted(tmp_path, "backup", profile(here), backend="s3", id="one", include=("Products",))
    real = following.create

    async def freeze_first(*given: Any, **more: Any) -> Any:
        shard = next(iter(here.cluster.model.collections["Products"].shards.values()))
        shard.frozen = dict.fromkeys(shard.nodes, "manually set by user")
        return await real(*given, **more)

    monkeypatch.setattr(following, "create", freeze_first)
    job = work_on(tmp_path)
    assert job.state is S.FAILED
    assert "store is read-only" in (job.reason or "")
    assert "used up" in (job.reason or "")
