"""``jobs`` and ``worker``: lists, one job, steering, following, and how the command ends."""

from __future__ import annotations

import csv
import functools
import io
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from elysiadash.cli import job_following, jobs_command, jobs_steering
from elysiadash.cli.exits import Exit
from elysiadash.cli.job_endings import code_of, next_step, words_of
from elysiadash.jobs import (
    claims,
    control,
    dead_letters,
    events,
    folder,
    outcomes,
    queue,
    ranges,
    steps,
)
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.keyspace import evenly
from elysiadash.jobs.launch import launch, stop
from elysiadash.migrate.freeze.noted import STEP
from elysiadash.migrate.freeze.thawing import NotThawed
from tests.unit.cli.running import Cli
from tests.unit.jobs.given import HERE, new, now, opened, taken

ROOT = Path(__file__).parents[3]
FAKE = (sys.executable, "-m", "tests.faults.fake_worker")
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    stop(tmp_path / "state")


@pytest.fixture
def jobs(state: Path) -> Iterator[Database]:
    with opened(state) as database:
        yield database


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a worker is started, it is one with the engines of tests."""
    fake = functools.partial(launch, arguments=FAKE, env=ENV)
    monkeypatch.setattr(job_following, "launch", fake)


def submitted(jobs: Database, **what: Any) -> Job:
    with jobs.transaction() as tx:
        return queue.submit(tx, new(**what), who="anna")


def until(look: Callable[[], Any], seconds: float = 10.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


# Lists and one job


def test_no_jobs(cli: Cli) -> None:
    assert cli("jobs").out.strip() == "no jobs"
    assert cli.document("jobs", "list", "--json")["items"] == []


def test_jobs_are_listed_the_newest_first(cli: Cli, jobs: Database) -> None:
    first = submitted(jobs, title="copy A to B", clusters=(HERE,), expected=1000)
    second = submitted(jobs, title="copy C[/red] to D\x1b", kind="migrate", after=first.id)
    ran = cli("jobs")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert [line.split()[0] for line in lines] == ["JOB", second.id, first.id]
    assert "C[/red] to D\\x1b" in ran.out
    assert f"waits for job {first.id}, which is QUEUED" in ran.out
    assert "no worker lives" in ran.err
    document = cli.document("jobs", "--json")
    assert document["worker"] is None
    one = document["items"][1]
    assert (one["state"], one["expected"], one["fraction"]) == ("QUEUED", 1000, 0)
    assert one["clusters"] == ["prod"]
    assert one["objects_per_s"] is None
    assert "three pieces" in one["not_exposed"]["objects_per_s"]
    (only,) = cli.document("jobs", "list", "--kind", "migrate", "--json")["items"]
    assert only["job"] == second.id
    assert cli.document("jobs", "list", "--state", "done", "--json")["items"] == []
    assert cli("jobs", "list", "--state", "gone").code == Exit.USAGE
    rows = list(csv.DictReader(io.StringIO(cli("jobs", "--format", "csv").out)))
    assert [row["job"] for row in rows] == [second.id, first.id]


def test_one_job_is_shown_with_what_it_found(cli: Cli, jobs: Database) -> None:
    job = submitted(jobs, title="migrate Docs", spec={"strategy": "online"}, expected=30)
    claim = taken(jobs)
    proof = {"level": "V2", "source": 30, "target": 30, "missing": 0, "extra": 0, "different": 0}
    with claims.held(jobs, claim) as tx:
        ranges.add(tx, job.id, evenly(2))
        steps.begin(tx, "freeze", title="freeze Docs", undo={"how": "thaw"}, owed=True)
        outcomes.enter(tx, "PROVEN", checkpoint={"proof": proof, "copied": 30, "deleted": 1,
                                                 "report": "report.json"})  # fmt: skip
    (item,) = cli.document("jobs", "show", job.id[-4:], "--json")["items"]
    assert item["job"] == job.id
    assert (item["phase"], item["strategy"], item["copied"]) == ("PROVEN", "online", 30)
    assert (item["source_objects"], item["target_objects"], item["missing"]) == (30, 30, 0)
    # Proven, and not over: a green word comes at the end only.
    assert item["verified"] is None
    assert item["steps"][0]["owed"]
    assert item["worker"]["pid"] == os.getpid()
    ran = cli("jobs", "show", job.id)
    assert "OWES          freeze Docs: must still be put back" in ran.out
    with claims.held(jobs, claim) as tx:
        steps.put_back(tx, job.id, "freeze", who="engine")
        outcomes.finish(tx, ending="VERIFIED")
    (item,) = cli.document("jobs", "show", job.id, "--json")["items"]
    assert item["verified"] == "V2"
    assert item["seconds"] is not None
    where = folder.make(jobs.folder, job.id)
    assert item["report"] == str(where / "report.json")
    assert cli("jobs", "report", job.id).code == 1
    (where / "report.json").write_text("{}\n")
    (where / "report.md").write_text("# Docs\n")
    for words, out in (((), "# Docs\n"), (("--json",), "{}\n")):
        ran = cli("jobs", "report", job.id, *words)
        assert (ran.code, ran.out) == (1, out)
        assert "DO NOT TRUST THIS REPORT: this is no report of a migration" in ran.err


def test_a_refused_job_says_why_on_a_line_and_whole_where_it_is_shown(
    cli: Cli, jobs: Database
) -> None:
    job = submitted(jobs, spec={"accepted": ["freeze-time"]})
    checks = [
        {"code": code, "result": result, "about": f"Docs{number} of next", "liftable": True,
         "text": "there is a collection of this name", "way_out": "choose another one"}
        for number, (code, result) in enumerate(
            [("target-name", "blocks"), ("freeze-time", "blocks"), ("times", "warns"),
             ("capacity", "blocks")]
        )
    ]  # fmt: skip
    with claims.held(jobs, taken(jobs)) as tx:
        outcomes.enter(tx, "PREFLIGHT", checkpoint={"checks": checks})
        outcomes.fail(tx, "; ".join(["the whole of it"] * 40), ending="REFUSED")
    # For programs nothing is cut.
    assert cli("jobs", "list").out.count("the whole of it") == 40
    shown = cli("jobs", "show", job.id).out.splitlines()
    at = next(number for number, line in enumerate(shown) if line.startswith("why"))
    assert [line.strip() for line in shown[at : at + 5]] == [
        "why           2 checks of the preflight",
        "target-name  Docs0 of next: there is a collection of this name",
        "choose another one",
        "capacity  Docs3 of next: there is a collection of this name",
        "choose another one",
    ]
    with jobs.reading() as read:
        found = queue.get(read, job.id)
    short = jobs_command.shortened("", jobs_command.refused_by(found))
    assert short == "Docs0 of next: there is a collection of this name (and 1 check more)"


def test_a_long_reason_is_cut_to_a_line() -> None:
    assert jobs_command.shortened("short") == "short"
    cut = jobs_command.shortened("long " * 40)
    assert (len(cut) <= 72, cut[-1]) == (True, "…")


@pytest.mark.parametrize("verb", ["show", "pause", "attach", "thaw", "cancel", "report"])
def test_a_job_must_be_named_and_known(cli: Cli, verb: str) -> None:
    ran = cli("jobs", verb)
    assert ran.code == Exit.USAGE
    assert "which job?" in ran.err
    ran = cli("jobs", verb, "7f3k")
    assert ran.code == Exit.USAGE
    assert "there is no job 7f3k" in ran.err


def test_a_newer_file_is_told(cli: Cli, state: Path) -> None:
    with Database.open(state) as database:
        database._connection.execute("PRAGMA user_version=99")
    ran = cli("jobs")
    assert ran.code == 1
    assert "later release" in ran.err


# Steering


def test_what_nobody_works_on_is_steered_at_once(
    cli: Cli, jobs: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_steering, "ensure_worker", lambda _: None)
    job = submitted(jobs)
    assert cli("jobs", "priority", job.id, "7").code == 0
    assert cli("jobs", "rate", job.id, "500").code == 0
    found = now(jobs, job.id)
    assert (found.priority, found.rate) == (7, 500)
    assert cli("jobs", "rate", job.id, "none").code == 0
    assert cli("jobs", "priority", job.id, "--", "-3").code == 0
    found = now(jobs, job.id)
    assert (found.priority, found.rate) == (-3, None)
    ran = cli("jobs", "pause", job.id)
    assert (ran.code, ran.err) == (0, f"job {job.id}: paused\n")
    (item,) = cli.document("jobs", "resume", job.id, "--json")["items"]
    assert item["state"] == "QUEUED"
    assert cli("jobs", "postpone", job.id, "2h").code == 0
    found = now(jobs, job.id)
    assert found.not_before is not None
    assert 7100 < found.not_before - time.time() < 7300
    ran = cli("jobs", "cancel", job.id)
    assert ran.code == Exit.USAGE
    assert "--yes" in ran.err
    assert cli("jobs", "cancel", job.id, "--yes").code == 0
    assert now(jobs, job.id).state is JobState.CANCELLED
    ran = cli("jobs", "pause", job.id)
    assert ran.code == 1
    assert "is CANCELLED and cannot be paused" in ran.err
    ran = cli("jobs", "thaw", job.id)
    assert ran.code == 1
    assert "holds nothing frozen" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("priority", "x"),
        ("priority", "1001"),
        ("rate", "0"),
        ("rate", "nan"),
        ("rate", "fast"),
        ("postpone", "soon"),
        ("postpone", "2020-01-01T00:00:00Z"),
        ("postpone", "99999999999999d"),
        ("priority",),
        ("rate",),
        ("postpone",),
    ],
)
def test_senseless_values_are_refused(cli: Cli, jobs: Database, words: tuple[str, ...]) -> None:
    job = submitted(jobs)
    assert cli("jobs", words[0], job.id, *words[1:]).code == Exit.USAGE
    with jobs.reading() as read:
        assert control.latest(read, job.id) == []


def test_any_whole_number_limits_the_list(cli: Cli, jobs: Database) -> None:
    job = submitted(jobs)
    ran = cli("jobs", "--limit", str(2**64))
    assert ran.code == 0
    assert job.id in ran.out


def test_what_has_ended_takes_no_answer(cli: Cli, jobs: Database) -> None:
    job = submitted(jobs)
    with claims.held(jobs, taken(jobs)) as tx:
        outcomes.fail(tx, "it broke")
    ran = cli("jobs", "answer", job.id, "yes")
    assert ran.code == Exit.FAILED
    assert "asks nothing" in ran.err
    with jobs.reading() as read:
        assert control.latest(read, job.id) == []


def test_the_next_three_twelve_is_meant() -> None:
    at = time.mktime((2026, 11, 30, 22, 0, 0, 0, 0, -1))
    assert time.localtime(jobs_steering.later("03:12", at))[2:5] == (1, 3, 12)
    assert time.localtime(jobs_steering.later("23:30", at))[2:5] == (30, 23, 30)
    assert jobs_steering.later("90s", at) == at + 90


def frozen(jobs: Database) -> tuple[Job, claims.Claim]:
    """A job that has frozen something, as a later release notes it."""
    job = submitted(jobs)
    claim = taken(jobs)
    with claims.held(jobs, claim) as tx:
        steps.begin(tx, STEP, title="freeze Docs of prod", undo={"how": "later"}, owed=True)
    return job, claim


def test_what_is_frozen_is_told_with_every_list(cli: Cli, jobs: Database) -> None:
    job, claim = frozen(jobs)
    ran = cli("jobs")
    assert "FROZEN since" in ran.err
    assert "its job ends it" in ran.err
    assert f"elysiadash jobs thaw {job.id}" in ran.err
    with claims.held(jobs, claim) as tx:
        outcomes.fail(tx, "the source is gone")
    assert "NOBODY IS LEFT WHO THAWS IT" in cli("jobs").err
    (item,) = cli.document("jobs", "show", job.id, "--json")["items"]
    assert item["steps"][0]["owed"]


def test_what_was_left_frozen_is_told_by_every_command(cli: Cli, jobs: Database) -> None:
    job, claim = frozen(jobs)
    words = ("nodes", "--url", "http://127.0.0.1:1")
    assert "FROZEN" not in cli(*words).err
    with claims.held(jobs, claim) as tx:
        outcomes.fail(tx, "the source is gone")
    ran = cli(*words)
    assert "NOBODY IS LEFT WHO THAWS IT" in ran.err
    assert f"elysiadash jobs thaw {job.id}" in ran.err
    assert "FROZEN" not in ran.out


def test_a_worker_that_lives_is_told_to_thaw(
    cli: Cli, jobs: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_steering, "_PATIENCE_S", 0.1)
    job, _ = frozen(jobs)
    ran = cli("jobs", "thaw", job.id)
    assert (ran.code, "will" in ran.err) == (0, True)
    with jobs.reading() as read:
        assert [one.value for one in control.still_open(read, job.id)] == [{"word": "thaw"}]


def test_a_held_job_of_stopped_writers_hears_that_the_application_has_moved(
    cli: Cli, jobs: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_steering, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(jobs_steering, "ensure_worker", lambda _: None)
    job = submitted(jobs)
    with claims.held(jobs, taken(jobs)) as tx:
        outcomes.enter(tx, "HELD")
    assert cli("jobs", "thaw", job.id).code == 0
    with jobs.reading() as read:
        assert [one.value for one in control.still_open(read, job.id)] == [{"word": "thaw"}]


def test_without_a_worker_it_is_thawed_from_here(
    cli: Cli, jobs: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, claim = frozen(jobs)
    with claims.held(jobs, claim) as tx:
        outcomes.fail(tx, "the source is gone")
    asked: list[tuple[Path, str]] = []

    def thaw(state: Path, name: str, who: str) -> tuple[str, ...]:
        asked.append((state, name))
        if len(asked) == 1:
            raise NotThawed("prod-1 does not answer")
        return ("Docs of prod can be written again",)

    monkeypatch.setattr(jobs_steering, "thaw_now", thaw)
    ran = cli("jobs", "thaw", job.id)
    assert ran.code == 1
    assert "prod-1 does not answer" in ran.err
    assert "stays frozen" in ran.err
    ran = cli("jobs", "thaw", job.id)
    assert (ran.code, ran.err) == (0, "Docs of prod can be written again\n")
    assert asked == [(jobs.folder, job.id)] * 2


def test_a_question_is_answered_and_the_job_goes_on(
    cli: Cli, jobs: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_steering, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(jobs_steering, "ensure_worker", lambda _: None)
    job = submitted(jobs)
    with claims.held(jobs, taken(jobs)) as tx:
        outcomes.save(tx, {"question": "delete 5,000 objects?"})
        outcomes.pause(tx, "delete 5,000 objects?")
    ran = cli("jobs", "attach", job.id)
    assert ran.code == Exit.PAUSED
    assert f"elysiadash jobs answer {job.id} ANSWER" in ran.err
    ran = cli("jobs", "answer", job.id)
    assert ran.code == Exit.USAGE
    assert "delete 5,000 objects?" in ran.err
    assert cli("jobs", "answer", job.id, "yes").code == 0
    assert now(jobs, job.id).state is JobState.QUEUED
    with jobs.reading() as read:
        (wish,) = control.still_open(read, job.id)
    assert wish.value == {"word": "yes", "question": "delete 5,000 objects?"}


def test_what_runs_is_steered_by_its_worker(cli: Cli, jobs: Database, fakes: None) -> None:
    job = submitted(jobs, kind="count", spec={"n": 10_000})
    launch(jobs.folder, arguments=FAKE, env=ENV)
    until(lambda: now(jobs, job.id).checkpoint)
    assert cli("jobs", "pause", job.id).err == f"job {job.id}: paused\n"
    assert now(jobs, job.id).state is JobState.PAUSED
    at = now(jobs, job.id).checkpoint["at"]
    assert cli("jobs", "resume", job.id).code == 0
    until(lambda: now(jobs, job.id).checkpoint["at"] > at)
    assert cli("jobs", "cancel", job.id, "-y").err == f"job {job.id}: cancelled\n"
    assert now(jobs, job.id).state is JobState.CANCELLED


def test_a_failed_one_is_resumed(cli: Cli, jobs: Database, fakes: None) -> None:
    job = submitted(jobs, kind="raises")
    ran = cli("jobs", "attach", job.id)
    assert ran.code == Exit.JOB_FAILED
    assert ran.out == (
        f"job {job.id} failed: full: the target is full; free space there, then resume the job\n"
    )
    assert f"elysiadash jobs resume {job.id}" in ran.err
    assert cli("jobs", "resume", job.id).code == 0
    until(lambda: now(jobs, job.id).state is JobState.FAILED)
    with jobs.reading() as read:
        assert (
            sum(event.text.startswith("RUNNING → FAILED") for event in events.after(read, job.id))
            == 2
        )


# Following


def test_it_is_followed_to_its_end_with_a_worker_of_its_own(
    cli: Cli, jobs: Database, fakes: None
) -> None:
    job = submitted(jobs, kind="count", spec={"n": 4})
    ran = cli("jobs", "attach", job.id)
    assert ran.code == 0
    assert ran.out == f"job {job.id} is counted\n"
    told = [line.split(" ", 1)[1] for line in ran.err.splitlines()]
    assert told == [
        "put into the queue by anna",
        "QUEUED → RUNNING",
        *("1", "2", "3", "4"),
        "RUNNING → DONE (COUNTED)",
    ]
    (item,) = cli.document("jobs", "attach", job.id, "--json")["items"]
    assert item["state"] == "DONE"


def test_a_killed_worker_is_replaced_by_whoever_follows(
    cli: Cli, jobs: Database, fakes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_following, "_WORKER_LOOK_S", 0.2)
    job = submitted(jobs, kind="count", spec={"n": 60, "each": 0.05})
    first = launch(jobs.folder, arguments=FAKE, env=ENV).pid

    def kill() -> None:
        until(lambda: now(jobs, job.id).checkpoint)
        os.kill(first, signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    ran = cli("jobs", "attach", job.id)
    thread.join()
    assert ran.code == 0
    assert "taken over from" in ran.err


def test_a_worker_that_cannot_be_started_is_told(
    cli: Cli, jobs: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = functools.partial(launch, arguments=[sys.executable, "-c", "raise SystemExit('no')"])
    monkeypatch.setattr(job_following, "launch", broken)
    job = submitted(jobs, kind="count")
    ran = cli("jobs", "attach", job.id)
    assert ran.code == 1
    assert "worker ended at once" in ran.err
    assert "the job is kept" in ran.err


def test_many_events_are_told_whole_and_old_ones_not(
    cli: Cli, jobs: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    job = submitted(jobs)
    claim = taken(jobs)
    with claims.held(jobs, claim) as tx:
        for number in range(50):
            events.note(tx, job.id, "x", f"old {number}")
        outcomes.pause(tx, "the target answers no more")
    ran = cli("jobs", "attach", job.id)
    assert ran.code == Exit.PAUSED
    assert ran.out == f"job {job.id} is paused: the target answers no more\n"
    assert "old 5\n" not in ran.err
    assert "old 49\n" in ran.err
    with jobs.transaction() as tx:
        for number in range(500):
            events.note(tx, job.id, "x", f"new {number}")
    with jobs.reading() as read:
        since = next(one.id for one in events.before(read, job.id, limit=600) if "old" in one.text)
    capsys.readouterr()
    followed = job_following.follow(jobs, job.id, since=since)
    assert followed.code == Exit.PAUSED
    told = [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert [line for line in told if "new" in line] == [f"new {number}" for number in range(500)]


def test_a_batch_is_followed_with_its_children(cli: Cli, jobs: Database, fakes: None) -> None:
    with jobs.transaction() as tx:
        batch = queue.submit_batch(
            tx, new(kind="batch"), [new(kind="count", spec={"n": 1}), new(kind="raises")]
        )
    ran = cli("jobs", "attach", batch.id)
    assert ran.code == Exit.JOB_FAILED
    assert f"{batch.id}.001 1" in ran.err
    assert f"{batch.id}.002 WARNING: RUNNING → FAILED (FULL)" in ran.err
    assert "1 of 2 jobs failed" in ran.out


def test_a_held_migration_lets_its_command_go(jobs: Database) -> None:
    job = submitted(jobs)
    claim = taken(jobs)
    with claims.held(jobs, claim) as tx:
        outcomes.enter(tx, "HELD")
    followed = job_following.follow(jobs, job.id, until_held=True)
    assert followed.code == Exit.OK
    assert f"jobs thaw {job.id}" in followed.words


def test_a_held_migration_with_dead_letters_is_not_called_well(jobs: Database) -> None:
    job = submitted(jobs)
    claim = taken(jobs)
    with claims.held(jobs, claim) as tx:
        outcomes.enter(tx, "HELD")
        dead_letters.put(tx, bytes(16), "slipped in behind the cut-over")
    followed = job_following.follow(jobs, job.id, until_held=True)
    assert followed.code == Exit.DIFFERENT
    assert "1 objects are in its dead letters" in followed.words


@pytest.mark.parametrize(
    ("state_", "ending", "code", "words"),
    [
        ("DONE", "VERIFIED", 0, "is done and verified"),
        ("DONE", "NOT_VERIFIED", 0, "is done; not verified, as was asked"),
        ("DONE", None, 0, "is done"),
        ("DONE", "DIFFERENT", 10, "is over, with differences"),
        ("FAILED", "DIFFERENT", 10, "failed: over, with differences"),
        ("FAILED", "REFUSED", 11, "failed: refused by its preflight"),
        ("PAUSED", None, 12, "is paused"),
        ("CANCELLED", "ABORTED", 13, "is aborted"),
        ("CANCELLED", None, 13, "is cancelled"),
        ("DONE", "CAUGHT_UP", 14, "is caught up; nothing was cut over"),
        ("FAILED", "FAILED", 15, "failed"),
        ("FAILED", "CRASHED", 15, "failed: given up"),
        ("DONE", "ROLLED_BACK", 16, "is rolled back"),
    ],
)
def test_each_way_to_end_has_its_code(
    jobs: Database, state_: str, ending: str | None, code: int, words: str
) -> None:
    job = submitted(jobs)
    ended = msgspec.structs.replace(job, state=JobState(state_), ending=ending)
    assert code_of(ended) == code
    assert words_of(ended) == f"job {job.id} {words}"


@pytest.mark.parametrize(
    ("ending", "words"), [("REFUSED", "once that is mended: "), ("FAILED", "to go on: ")]
)
def test_a_refused_job_is_not_said_to_go_on_as_it_is(
    jobs: Database, ending: str, words: str
) -> None:
    job = submitted(jobs)
    failed = msgspec.structs.replace(job, state=JobState.FAILED, ending=ending)
    assert next_step(failed) == f"{words}elysiadash jobs resume {job.id}"


FACE = """
import sys
sys.path.insert(0, {root!r})
from elysiadash.cli import job_following
from elysiadash.cli.main import run
from elysiadash.jobs.launch import launch
job_following.launch = lambda state: launch(state, arguments={fake!r})
sys.exit(run(["jobs", "attach", {job!r}]))
"""


def on_a_terminal(jobs: Database, job: Job) -> tuple[int, int]:
    """``jobs attach`` on a terminal of its own: process and terminal."""
    program = FACE.format(root=str(ROOT), fake=list(FAKE), job=job.id)
    pid, terminal = pty.fork()
    if pid == 0:
        env = {**ENV, "ELYSIADASH_STATE_DIR": str(jobs.folder), "TERM": "xterm", "COLUMNS": "100"}
        os.execve(sys.executable, [sys.executable, "-c", program], env)  # noqa: S606
    return pid, terminal


def read_until(terminal: int, text: bytes) -> bytes:
    said = b""
    while text not in said:
        said += os.read(terminal, 4096)
    return said


def test_ctrl_c_ends_the_following_and_not_the_job(jobs: Database) -> None:
    job = submitted(jobs, kind="count", spec={"n": 10_000}, expected=10_000)
    pid, terminal = on_a_terminal(jobs, job)
    said = read_until(terminal, b"\x1b[")
    until(lambda: now(jobs, job.id).checkpoint.get("at", 0) > 3)
    os.write(terminal, b"\x03")
    said += read_until(terminal, b"jobs attach")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == Exit.INTERRUPTED
    os.close(terminal)
    at = now(jobs, job.id).checkpoint["at"]
    until(lambda: now(jobs, job.id).checkpoint["at"] > at + 3)
    assert f"job {job.id} goes on".encode() in said


def test_the_job_goes_on_when_the_terminal_is_closed(jobs: Database) -> None:
    job = submitted(jobs, kind="count", spec={"n": 10_000})
    pid, terminal = on_a_terminal(jobs, job)
    until(lambda: now(jobs, job.id).checkpoint.get("at", 0) > 3)
    os.close(terminal)
    os.waitpid(pid, 0)
    at = now(jobs, job.id).checkpoint["at"]
    until(lambda: now(jobs, job.id).checkpoint["at"] > at + 3)


# The worker's own command


def test_the_worker_is_started_and_ended_by_its_command(state: Path) -> None:
    words = [sys.executable, "-m", "elysiadash", "worker"]
    env = {**ENV, "ELYSIADASH_STATE_DIR": str(state)}

    def ran(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*words, *more], env=env, capture_output=True, text=True, timeout=30, check=False
        )

    assert "no worker lives" in ran("--stop").stderr
    first = ran("--detached")
    assert (first.returncode, "has begun" in first.stderr) == (0, True)
    again = ran("--detached")
    assert (again.stdout, "there already" in again.stderr) == (first.stdout, True)
    by_hand = ran()
    assert (by_hand.returncode, "there already" in by_hand.stderr) == (0, True)
    ended = ran("--stop")
    assert (ended.returncode, ended.stdout) == (0, first.stdout)
    assert ran("--idle", "0").returncode == 0
