"""``jobs roll-back`` and ``jobs delete-old``: what is refused before anything becomes a job."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from elysiadash.cli import delete_old_command, roll_back_command
from elysiadash.config.profile import Profile
from elysiadash.config.reference import of, resolve
from elysiadash.jobs import claims, events, outcomes, queue, steps
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse, Job
from elysiadash.migrate.phases import Freeze, Verify
from elysiadash.migrate.spec import MIGRATE, Spec, TransformFile, Wanted, new_job, spec_of
from tests.unit.cli.running import Cli

OLD = Profile(name="old", url="http://127.0.0.1:9", write=False)
NEW = Profile(name="new", url="http://127.0.0.1:8", write=True)


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are put in, and nobody does them."""
    for module in (roll_back_command, delete_old_command):
        monkeypatch.setattr(module, "ensure_worker", lambda _: None)


def jobs() -> Database:
    return Database.open(Path(os.environ["ELYSIADASH_STATE_DIR"]))


def moved(
    ending: str | None = "VERIFIED", cut: Mapping[str, Any] | None = None, **spec: Any
) -> str:
    """A job that came to its end; its name."""
    given: dict[str, Any] = {
        "source": of(OLD),
        "target": of(NEW),
        "collections": (Wanted(name="Doc", target="Docs"),),
    } | spec
    uses = (ClusterUse("old", OLD.url), ClusterUse("new", NEW.url))
    with jobs() as database:
        with database.transaction() as tx:
            job = queue.submit(tx, new_job(MIGRATE, Spec(**given), uses))
        claim = claims.claim_next(database, "w1")
        assert claim is not None
        with claims.held(database, claim) as tx:
            if cut is not None:
                steps.begin(tx, "cut-over", title="alias", data=dict(cut))
                steps.end(tx, "cut-over", data=dict(cut))
            if ending in (None, "DIFFERENT"):
                outcomes.fail(tx, "it differs", ending=ending)
            else:
                outcomes.finish(tx, ending=ending)
    return job.id


def job_of(text: str) -> Job:
    with jobs() as database, database.reading() as read:
        return queue.get(read, text.strip())


YES = ("--write", "--detach", "--confirm", "Doc")


def test_it_becomes_a_job_with_the_ends_swapped(cli: Cli) -> None:
    first = moved(
        freeze=Freeze.STOPPED, verify=Verify.NONE, settings=("replicationConfig.factor=1",),
        answers={"stopped": "stopped"}, accepted=("vectorless",),
    )  # fmt: skip
    ran = cli("jobs", "roll-back", first, "--freeze-limit", "7", "--rate", "90", *YES)
    assert ran.code == 0, ran
    assert "objects deleted in the new place are deleted in the old one" in ran.err
    job = job_of(ran.out)
    made = spec_of(job.spec)
    assert (made.rolls_back, made.targets, job.rate) == (first, {"Docs": "Doc"}, 90.0)
    assert (resolve(made.source).url, resolve(made.target).url) == (NEW.url, OLD.url)
    assert resolve(made.target).write, "--write, although the profile says read-only"
    assert (made.freeze, made.freeze_limit_s, made.verify) == (Freeze.STOPPED, 7.0, Verify.V2)
    # What a person said for the first one does not count for this one.
    assert (made.answers, made.accepted, made.settings) == ({}, (), ())
    with jobs() as database, database.reading() as read:
        told = [one.text for one in events.after(read, first)]
    assert f"job {job.id} begins to take back what this job moved" in told
    again = cli("jobs", "roll-back", first, *YES)
    assert again.code == 1
    assert f"job {job.id} takes it back already" in again.err


def test_a_read_only_place_is_refused_and_its_name_is_typed(cli: Cli) -> None:
    first = moved()
    ran = cli("jobs", "roll-back", first, "--confirm", "Doc")
    assert (ran.code, "old is read-only" in ran.err) == (1, True)
    ran = cli("jobs", "roll-back", first, "--write", "--yes")
    assert (ran.code, "not done without its name" in ran.err) == (64, True)
    ran = cli("jobs", "roll-back", first, "--freeze", "stopped", *YES)
    assert (ran.code, "nothing writes to Docs from the freeze on" in ran.err) == (64, True)


@pytest.mark.parametrize(
    ("ending", "spec", "said"),
    [
        ("DIFFERENT", {}, "could take a loss for a delete"),
        (None, {}, "could take a loss for a delete"),
        ("VERIFIED", {"transform": TransformFile(path="/t.py", sha256="0")}, "one way"),
        ("VERIFIED", {"settings": ("properties.secret=null",)}, "one way"),
        ("VERIFIED", {"schema_only": True}, "nothing to take back"),
    ],
)
def test_what_cannot_be_taken_back(
    cli: Cli, ending: str | None, spec: dict[str, Any], said: str
) -> None:
    ran = cli("jobs", "roll-back", moved(ending, **spec), *YES)
    assert ran.code == 1
    assert said in ran.err


def test_an_old_collection_is_known_by_its_cut_over(cli: Cli) -> None:
    same = {"source": of(NEW), "target": of(NEW), "alias": "Live"}
    cut = {"alias": "Live", "old": "Doc", "new": "Docs", "at": 1.0}
    for ending, spec, step, said in (
        ("VERIFIED", {}, None, "brought no alias away"),
        ("VERIFIED", same, None, "was not brought away from any collection"),
        ("DIFFERENT", same, cut, "nothing is deleted before its copy is verified"),
    ):
        ran = cli("jobs", "delete-old", moved(ending, step, **spec), "--confirm", "Doc")
        assert (ran.code, said in ran.err) == (1, True), ran
    first = moved("VERIFIED", cut, **same)
    ran = cli("jobs", "delete-old", first, "--confirm", "Docs", "--detach")
    assert (ran.code, "not done without its name" in ran.err) == (64, True)
    ran = cli("jobs", "delete-old", first, "--confirm", "Doc", "--detach")
    job = job_of(ran.out)
    retires = spec_of(job.spec).retires
    assert retires is not None
    assert (job.kind, retires.collection, retires.job) == ("retire", "Doc", first)
