"""What was left frozen is told without a way to a server, also where a later release left it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from elysiadash.jobs import claims, steps
from elysiadash.migrate.freeze.noted import STEP, Known, Undo, plain
from elysiadash.migrate.left_frozen import left_frozen
from elysiadash.migrate.phases import Freeze
from tests.unit.jobs.given import HandClock, opened, running

UNDO = Undo(mark="m", how=Freeze.READONLY, cluster="prod", collections=("Doc",))
KNOWN = Known(since=5.0, until=65.0, until_steady=100.0, boot="b")


def test_faces_can_ask_without_a_door_to_servers() -> None:
    code = (
        "import sys, elysiadash.migrate.left_frozen;"
        "found = {'httpx', 'grpc', 'google.protobuf', 'sqlite3'} & set(sys.modules);"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_freeze_is_told_until_it_is_put_back(tmp_path: Path) -> None:
    clock = HandClock()
    with opened(tmp_path, clock) as jobs:
        job, claim = running(jobs)
        with claims.held(jobs, claim) as tx:
            steps.begin(tx, "tenants-x", undo={"a": 1}, owed=True)
            steps.begin(tx, STEP, data=plain(KNOWN), undo=plain(UNDO), owed=True)
        with jobs.reading() as read:
            (found,) = left_frozen(read)
        assert (found.cluster, found.collections, found.how) == ("prod", ("Doc",), "readonly")
        assert (found.since, found.until) == (5.0, 65.0)
        assert (found.worker_lives, found.watched, found.is_forgotten) == (True, False, False)
        clock.pass_by(31)
        with jobs.reading() as read:
            assert left_frozen(read)[0].is_forgotten
        with jobs.transaction() as tx:
            steps.put_back(tx, job.id, STEP, who="anna")
        with jobs.reading() as read:
            assert left_frozen(read) == []


def test_freeze_of_a_later_release_is_told_too(tmp_path: Path) -> None:
    with opened(tmp_path) as jobs:
        _, claim = running(jobs)
        with claims.held(jobs, claim) as tx:
            steps.begin(tx, STEP, title="freeze by magic", undo={"how": "magic"}, owed=True)
        with jobs.reading() as read:
            (found,) = left_frozen(read)
        assert found.collections == ("freeze by magic",)
