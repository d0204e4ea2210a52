"""``copy`` and ``migrate``: what becomes a job, what is asked first, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elysiadash.cli import consent, copy_command
from elysiadash.cli.exits import Exit
from elysiadash.cli.job_following import Followed
from elysiadash.config.reference import resolve
from elysiadash.jobs import control, outcomes, queue
from elysiadash.jobs.claims import claim_next, held
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import Job, JobState
from elysiadash.migrate.freeze import STOPPED
from elysiadash.migrate.spec import Spec, spec_of
from tests.unit.cli.clusters import InThread, cluster_in_thread
from tests.unit.cli.running import Cli, valid_document

YES = ("--write", "--yes", "--detach")


@pytest.fixture(scope="module")
def other() -> Iterator[InThread]:
    """A cluster to copy to."""
    with cluster_in_thread("empty") as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are put in, and nobody does them."""
    monkeypatch.setattr(copy_command, "ensure_worker", lambda _: None)


@pytest.fixture
def name(healthy: InThread) -> str:
    """A collection of the source."""
    return next(iter(healthy.cluster.model.collections))


def jobs() -> Database:
    return Database.open(Path(os.environ["ELYSIADASH_STATE_DIR"]))


def job_of(text: str) -> Job:
    with jobs() as database, database.reading() as read:
        return queue.get(read, text.strip())


def spec(job: Job) -> Spec:
    return spec_of(job.spec)


def count() -> int:
    with jobs() as database, database.reading() as read:
        return len(queue.newest(read))


def at_terminal(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    given = iter(answers)

    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return f"{next(given)}\n"

    monkeypatch.setattr(consent, "is_terminal", lambda _: True)
    monkeypatch.setattr("sys.stdin", Terminal())


# What becomes a job


def test_a_copy_inside_a_cluster(cli: Cli, healthy: InThread, name: str) -> None:
    ran = cli("copy", name, "Copied", *healthy.flags(), *YES)
    assert ran.code == 0, ran
    job = job_of(ran.out)
    assert (job.kind, job.title, job.state) == ("copy", f"copy {name} to Copied", "QUEUED")
    made = spec(job)
    assert made.same_cluster
    assert made.targets == {name: "Copied"}
    assert (made.freeze, made.verify, made.strategy) == ("none", "V2", "online")
    profile = resolve(made.source)
    assert (profile.url, profile.write) == (healthy.url, True)
    (use,) = job.clusters
    assert (use.url, len(use.hosts)) == (healthy.url, 3)


def test_every_option_reaches_the_spec(
    cli: Cli, healthy: InThread, other: InThread, name: str, tmp_path: Path
) -> None:
    transform = tmp_path / "t.py"
    transform.write_text("def transform(obj): return obj")
    ran = cli(
        "migrate", f"{name}=Other", *healthy.flags(), "--target", other.url,
        "--target-node", f"n1={other.url}", "--target-auth", "env:THEIR_KEY",
        "--tenant", "a", "--tenant", "b", "--set", "replicationConfig.factor=1", "--transform",
        str(transform), "--strategy", "offline", "--freeze", "readonly", "--freeze-limit", "7",
        "--after", "thaw", "--hold-limit", "8", "--writer-key", "file:key",
        "--window", "22:00-05:30", "--rate", "900",
        "--executor", "dask", "--scheduler", "tcp://s:8786", "--processes", "3", "--accept",
        "vectorless", "--verify-level", "V4", "--schema-only", *YES,
    )  # fmt: skip
    assert ran.code == 0, ran
    job = job_of(ran.out)
    made = spec(job)
    assert (job.kind, job.rate) == ("migrate", 900.0)
    assert made.collections[0].tenants == ("a", "b")
    assert made.targets == {name: "Other"}
    assert made.settings == ("replicationConfig.factor=1",)
    assert made.transform is not None
    assert made.transform.path == str(transform)
    assert (made.strategy, made.freeze, made.freeze_limit_s) == ("offline", "readonly", 7.0)
    assert (made.after, made.hold_limit_s, made.window) == ("thaw", 8.0, ("22:00", "05:30"))
    assert made.writer_key == f"file:{Path.cwd() / 'key'}", "a worker stands in another folder"
    assert (made.executor, made.scheduler, made.processes) == ("dask", "tcp://s:8786", 3)
    assert (made.accepted, made.verify, made.schema_only) == (("vectorless",), "V4", True)
    assert not made.same_cluster
    source, target = resolve(made.source), resolve(made.target)
    assert (source.url, source.auth.key) == (healthy.url, None)
    assert target.url == other.url
    assert target.write
    assert target.auth.key is not None
    assert target.auth.key.reference == "THEIR_KEY"
    assert target.nodes.named == {"n1": other.url}
    assert [use.hosts != () for use in job.clusters] == [False, True]


def test_no_verify_no_data_and_alias(cli: Cli, healthy: InThread, name: str) -> None:
    words = ("--no-verify", "--no-data", "--alias", "Live")
    made = spec(job_of(cli("col", "copy", name, "Copied", *healthy.flags(), *words, *YES).out))
    assert (made.verify, made.schema_only, made.alias) == ("none", True, "Live")
    assert made.freeze == "auto", "an alias that is moved needs a freeze"


def test_a_target_of_the_settings_and_its_own_key(
    cli: Cli, healthy: InThread, other: InThread, name: str, config_file: Path
) -> None:
    config_file.write_text(
        f'[profiles.next]\nurl = "{other.url}"\nwrite = true\n'
        'auth = { method = "api-key", key_env = "NEXT_KEY" }\n'
        f'[profiles.now]\nurl = "{healthy.url}"\n'
    )
    words = ("migrate", name, "--profile", "now", "--target", "next", "--yes", "--detach")
    made = spec(job_of(cli(*words).out))
    assert (resolve(made.source).write, resolve(made.target).write) == (False, True)
    key = resolve(made.target).auth.key
    assert key is not None
    assert key.reference == "NEXT_KEY"
    with jobs() as database, database.transaction() as tx:
        for job in queue.newest(tx):
            control.ask(tx, job.id, "cancel")
    made = spec(job_of(cli(*words, "--auth", "env:ANOTHER").out))
    key = resolve(made.target).auth.key
    assert key is not None
    assert key.reference == "ANOTHER"
    assert resolve(made.source).auth.key is None, "the target's key went to the source"


def test_the_same_cluster_by_another_name_is_one_cluster(
    cli: Cli, healthy: InThread, name: str
) -> None:
    ran = cli("copy", name, "Copied", *healthy.flags(), "--target", f"{healthy.url}/", *YES)
    assert spec(job_of(ran.out)).same_cluster


# What is refused before anything is asked


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["copy"], "copy which collection to what?"),
        (["copy", "A", "B", "--writer-key", "s3cret"], "never the key"),
        (["copy", "A"], "copy which collection to what?"),
        (["copy", "A", "a"], "A cannot be copied to itself"),
        (["copy", "A", "B-C"], "no name for a collection"),
        (["migrate", "--target", "http://x:1"], "which collections?"),
        (["migrate", "A", "B=A", "--target", "http://x:1"], "A is named twice"),
        (["copy", "A", "B", "--target-grpc", "x:1"], "is about another cluster"),
        (["copy", "A", "B", "--executor", "dask"], "belong together"),
        (["migrate", "A=B", "--strategy", "backup"], "belong together"),
        (["copy", "A", "B", "--alias", "L", "--freeze", "none"], "--alias needs a freeze"),
        (["copy", "A", "B", "--alias", "L", "--strategy", "offline"], "--alias needs a freeze"),
        (["copy", "A", "--target", "http://x:1", "--alias", "L"], "inside one cluster"),
        (["copy", "A", "B", "--window", "25:00-26:00"], "22:00-05:30"),
        (["copy", "A", "B", "--window", ""], "--window is empty"),
        (["copy", "A", "B", "--alias", ""], "--alias is empty"),
        (["copy", "A", "B", "--tenant", ""], "--tenant is empty"),
        (["copy", "A", "B", "--set", ""], "--set is empty"),
        (["copy", "A", "B", "--freeze-limit", "inf"], "--freeze-limit"),
        (["copy", "A", "B", "--hold-limit", "1e300"], "--hold-limit"),
        (["copy", "A", "B", "--dry-run", "--rehearse"], "give one of them"),
        (["copy", "A", "B", "--demo", "--detach"], "a demo ends with its command"),
        (
            ["copy", "A", "--url", "http://x:1", "--target", "http://y:1", "--auth", "env:K"],
            "whose key does --auth name?",
        ),
        (["copy", "A", "B", "--transform", "nowhere.py"], "cannot be read"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(
    cli: Cli, words: list[str], said: str, healthy: InThread
) -> None:
    where = [] if {"--url", "--demo"} & set(words) else healthy.flags()
    ran = cli(*words, *where, "--write")
    assert ran.code == Exit.USAGE, ran
    assert said in ran.err
    assert count() == 0


def test_an_unknown_collection_has_a_likely_name(cli: Cli, healthy: InThread, name: str) -> None:
    ran = cli("copy", name[:-1], "Copied", *healthy.flags(), *YES)
    assert ran.code == Exit.FAILED
    assert f"did you mean {name}?" in ran.err
    assert count() == 0


def test_nothing_is_begun_read_only(cli: Cli, healthy: InThread, name: str) -> None:
    ran = cli("copy", name, "Copied", *healthy.flags(), "--yes", "--detach")
    assert ran.code == Exit.FAILED
    assert "read-only" in ran.err
    assert count() == 0


def test_an_unreachable_source_is_told(cli: Cli) -> None:
    ran = cli("copy", "A", "B", "--url", "http://127.0.0.1:9", *YES)
    assert ran.code == Exit.FAILED
    assert "127.0.0.1:9" in ran.err
    assert count() == 0


# What is asked


def test_without_a_terminal_a_yes_is_needed(cli: Cli, healthy: InThread, name: str) -> None:
    ran = cli("copy", name, "Copied", *healthy.flags(), "--write", "--detach")
    assert ran.code == Exit.USAGE
    assert "--yes answers it" in ran.err
    assert count() == 0


@pytest.mark.parametrize("answer", ["n", ""])
def test_a_no_begins_nothing(
    cli: Cli, healthy: InThread, name: str, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_terminal(monkeypatch, answer)
    ran = cli("copy", name, "Copied", *healthy.flags(), "--write", "--detach")
    assert ran.code == Exit.FAILED
    assert "nothing was begun" in ran.err
    assert count() == 0


def test_overwriting_wants_the_name_typed(
    cli: Cli, healthy: InThread, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("copy", name, "Copied", *healthy.flags(), "--overwrite", *YES)
    ran = cli(*words)
    assert ran.code == Exit.USAGE
    assert "--confirm Copied answers it" in ran.err
    assert count() == 0
    assert cli(*words, "--confirm", name).code == Exit.USAGE, "another name was taken"
    made = spec(job_of(cli(*words, "--confirm", "Copied").out))
    assert made.overwrite
    at_terminal(monkeypatch, "copied")
    ran = cli("copy", name, "Copied2", *healthy.flags(), "--overwrite", *YES)
    assert ran.code == Exit.FAILED, "a name that differs was taken"


def test_stopped_writers_are_said_to_the_engine(cli: Cli, healthy: InThread, name: str) -> None:
    words = ("copy", name, "Copied", *healthy.flags(), "--freeze", "stopped", *YES)
    assert cli(*words).code == Exit.USAGE
    made = spec(job_of(cli(*words, "--confirm", name).out))
    assert made.answers == {STOPPED: "stopped"}


# The same work twice


def test_the_same_again_is_the_same_job(cli: Cli, healthy: InThread, name: str) -> None:
    words = ("copy", name, "Copied", *healthy.flags(), *YES)
    first, second = cli(*words), cli(*words)
    assert first.out == second.out
    assert "does just that" in second.err
    assert count() == 1
    with jobs() as database, database.transaction() as tx:
        control.ask(tx, first.out.strip(), "pause")
    third = cli(*words)
    assert third.out == first.out
    assert job_of(third.out).state is JobState.QUEUED, "a paused one was not resumed"


def test_the_same_with_other_options_is_not_begun_twice(
    cli: Cli, healthy: InThread, name: str
) -> None:
    first = cli("copy", name, "Copied", *healthy.flags(), *YES).out.strip()
    ran = cli("copy", name, "Copied", *healthy.flags(), "--no-verify", *YES)
    assert ran.code == Exit.FAILED
    assert f"elysiadash jobs cancel {first}" in ran.err
    assert count() == 1


def test_what_preflight_refused_is_begun_anew_with_other_options(
    cli: Cli, healthy: InThread, name: str
) -> None:
    first = cli("copy", name, "Copied", *healthy.flags(), *YES).out.strip()
    with jobs() as database:
        claim = claim_next(database, "w")
        assert claim is not None
        with held(database, claim) as tx:
            outcomes.fail(tx, "the target has it", ending="REFUSED")
    second = cli(
        "copy", name, "Copied", *healthy.flags(), "--overwrite", "--confirm", "Copied", *YES
    )
    assert second.code == 0, second
    assert second.out.strip() != first


# To the end


def _ending(monkeypatch: pytest.MonkeyPatch, ending: str, code: Exit, **checkpoint: Any) -> None:
    """A worker that ends each job so, without a process."""

    def follow(database: Database, job: str, **_: Any) -> Followed:
        claim = claim_next(database, "w")
        assert claim is not None
        with held(database, claim) as tx:
            outcomes.enter(tx, "PREFLIGHT", checkpoint=checkpoint)
            outcomes.finish(tx, ending=ending)
        with database.reading() as read:
            return Followed(job=queue.get(read, job), code=code, words=f"job {job} is over")

    monkeypatch.setattr(copy_command, "follow", follow)


def test_the_end_of_the_job_is_the_end_of_the_command(
    cli: Cli, healthy: InThread, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ending(monkeypatch, "CAUGHT_UP", Exit.CAUGHT_UP, copied=7)
    words = ("copy", name, "Copied", *healthy.flags(), "--write", "--yes")
    ran = cli(*words)
    assert ran.code == Exit.CAUGHT_UP
    assert "is over" in ran.out
    (item,) = cli.document(*words, "--json", code=Exit.CAUGHT_UP)["items"]
    assert (item["kind"], item["copied"], item["ending"]) == ("copy", 7, "CAUGHT_UP")


@pytest.mark.parametrize(("after", "until_held"), [("hold", True), ("thaw", False)])
def test_only_a_hold_lets_the_command_go_before_the_job_ends(
    cli: Cli,
    healthy: InThread,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    after: str,
    until_held: bool,
) -> None:
    told: list[bool] = []

    def follow(database: Database, job: str, *, until_held: bool) -> Followed:
        told.append(until_held)
        with database.reading() as read:
            return Followed(job=queue.get(read, job), code=Exit.OK, words="over")

    monkeypatch.setattr(copy_command, "follow", follow)
    words = ("copy", name, "Copied", *healthy.flags(), "--write", "--yes", "--after", after)
    assert cli(*words).code == Exit.OK
    assert told == [until_held]


def test_a_dry_run_prints_plan_and_forecast_and_needs_no_leave(
    cli: Cli, healthy: InThread, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = [
        {"code": "names", "result": "ok", "about": name, "text": "free"},
        {"code": "vectorless", "result": "blocks", "about": name, "text": "3 have no vector",
         "way_out": "say so", "liftable": True},
    ]  # fmt: skip
    forecast = {"objects": 1000, "bytes": 4_100_000, "seconds_p50": 61.0, "freeze_seconds": 2.0}
    _ending(monkeypatch, "CHECKED", Exit.OK, checks=checks, forecast=forecast)
    ran = cli("copy", name, "Copied", *healthy.flags(), "--dry-run")
    assert ran.code == 0, ran
    assert ran.out.splitlines()[:5] == [
        f"BLOCKS  vectorless  {name}: 3 have no vector",
        "        say so",
        "        to go on all the same: --accept vectorless",
        f"ok      names  {name}: free",
        "forecast: 1,000 objects · 4.1 MB on the target's disks · 1m01s · "
        "writers are kept out for 2 s",
    ]
    document = valid_document(
        cli("copy", name, "Copied", *healthy.flags(), "--dry-run", "--json").out
    )
    assert document["items"][0]["kind"] == "preflight"
    with jobs() as database, database.reading() as read:
        assert {job.kind for job in queue.newest(read)} == {"preflight"}


def test_a_rehearsal_writes_and_so_needs_leave(cli: Cli, healthy: InThread, name: str) -> None:
    ran = cli("copy", name, "Copied", *healthy.flags(), "--rehearse")
    assert ran.code == Exit.FAILED
    assert "read-only" in ran.err
    made = job_of(cli("copy", name, "Copied", *healthy.flags(), "--rehearse", *YES).out)
    assert made.kind == "rehearsal"
