"""``audit``: the newest lines, those that are wanted, and what is written from now on."""

from __future__ import annotations

import csv
import errno
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elysiadash.cli import audit_command
from elysiadash.cli.exits import Exit
from elysiadash.jobs.audit import FILE_NAME, AuditLog
from elysiadash.jobs.audit_reader import Wanted, added, end_of, page
from elysiadash.jobs.database import Database
from elysiadash.weaviate.guard import AuditEntry, Permit
from tests.unit.cli.running import Cli, valid_document
from tests.unit.jobs.given import submitted

ROOT = Path(__file__).parents[3]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def entry(
    path: str = "/v1/schema", *, job: str | None = None, at: float | None = None
) -> AuditEntry:
    return AuditEntry(
        at=time.time() if at is None else at,
        verb="POST",
        path=path,
        request_class="write",
        body_hash="ab",
        permit=Permit(reason="create Docs", job=job),
        result="sent",
        seconds=None,
    )


def write(state: Path, *entries: AuditEntry, profile: str = "prod", user: str = "anna") -> None:
    log = AuditLog(state, profile=profile, user=user)
    for one in entries:
        log.record(one)
    log.close()


def paths(document: dict[str, list[dict[str, str]]]) -> list[str]:
    return [item["path"] for item in document["items"]]


def test_nothing_yet(cli: Cli) -> None:
    assert cli("audit").out.strip() == "nothing was written"
    assert cli.document("audit", "--json")["items"] == []


def test_a_job_is_found_by_the_end_of_its_name(cli: Cli, state: Path) -> None:
    with Database.open(state) as database:
        job = submitted(database).id
    write(state, entry("/v1/mine", job=job), entry("/v1/other", job="20261130-0001"))
    short = job.partition("-")[2]
    assert paths(cli.document("audit", "--job", short, "--json")) == ["/v1/mine"]
    assert paths(cli.document("audit", "--job", f"{job}", "--json")) == ["/v1/mine"]


def test_a_job_that_is_gone_keeps_its_lines_and_a_wrong_name_is_told(cli: Cli, state: Path) -> None:
    write(state, entry("/v1/old", job="20261130-0001"))
    assert paths(cli.document("audit", "--job", "20261130-0001", "--json")) == ["/v1/old"]
    ran = cli("audit", "--job", "nonsense")
    assert ran.out.strip() == "no such line was written"
    assert "there is no job nonsense" in ran.err


def test_the_newest_come_last(cli: Cli, state: Path) -> None:
    write(state, *(entry(f"/v1/{number}") for number in range(5)))
    ran = cli("audit")
    assert ran.code == 0
    assert ran.out.startswith("AT ")
    assert "POST /v1/0" in ran.out
    assert "create Docs" in ran.out
    document = cli.document("audit", "--json")
    assert paths(document) == [f"/v1/{number}" for number in range(5)]
    assert (document["unreadable"], document["more"]) == (0, False)
    assert document["items"][0]["reason"] == "create Docs"
    document = cli.document("audit", "--limit", "2", "--json")
    assert paths(document) == ["/v1/3", "/v1/4"]
    assert document["more"]
    assert "--limit gives more" in cli("audit", "--limit", "2").err
    rows = list(csv.DictReader(io.StringIO(cli("audit", "--format", "csv").out)))
    assert [row["path"] for row in rows] == [f"/v1/{number}" for number in range(5)]


def test_lines_are_chosen(cli: Cli, state: Path) -> None:
    write(state, entry("/old", at=time.time() - 7200), entry("/a", job="20261130-7f3k.001"))
    write(state, entry("/b"), profile="next", user="bob")
    assert paths(cli.document("audit", "--profile", "next", "--json")) == ["/b"]
    assert paths(cli.document("audit", "--user", "anna", "--json")) == ["/old", "/a"]
    assert paths(cli.document("audit", "--job", "20261130-7f3k", "--json")) == ["/a"]
    assert paths(cli.document("audit", "--since", "1h", "--json")) == ["/a", "/b"]
    assert paths(cli.document("audit", "--result", "refused", "--json")) == []
    assert cli("audit", "--since", "soon").code == Exit.USAGE


def test_what_is_no_line_of_ours_is_told(cli: Cli, state: Path) -> None:
    write(state, entry("/a"))
    with (state / FILE_NAME).open("ab") as file:
        file.write(b'{"at": "2026-1\nnonsense\n')
    write(state, entry("/b\x1b[2J"))
    ran = cli("audit")
    assert "2 lines of" in ran.err
    assert "/b\\x1b[2J" in ran.out
    assert cli.document("audit", "--json")["unreadable"] == 2


def test_a_full_disk_behind_the_output_is_not_the_logs_fault(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(audit_command, "_show", full)
    with pytest.raises(OSError, match="No space"):
        audit_command.audit(audit_command.AuditWish())


def test_a_log_that_cannot_be_read_is_told(cli: Cli, state: Path) -> None:
    (state / FILE_NAME).mkdir(parents=True)
    ran = cli("audit")
    assert ran.code == 1
    assert "cannot be read" in ran.err


def test_what_is_written_from_now_on_is_followed(state: Path) -> None:
    write(state, entry("/before"))
    env = {**os.environ, "PYTHONPATH": str(ROOT), "ELYSIADASH_STATE_DIR": str(state)}
    words = [sys.executable, "-m", "elysiadash", "audit", "--follow", "--json"]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        try:
            assert paths(valid_document(following.stdout.readline())) == ["/before"]
            write(state, entry("/after"))
            assert paths(valid_document(following.stdout.readline())) == ["/after"]
        finally:
            following.terminate()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(st.lists(st.integers(1, 400), max_size=12), st.integers(0, 3))
def test_however_a_log_grows_each_line_comes_once(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], rubbish: int
) -> None:
    folder = tmp_path_factory.mktemp("log")
    lines = [
        msgspec.json.encode({"at": "2026-11-30T00:00:00Z", "path": f"/{number}", "user": "anna"})
        for number in range(8)
    ]
    whole = b"\n".join([*lines, *[b"rubbish"] * rubbish, b""])
    seen: list[str | None] = []
    place = end_of(folder)
    strange = 0
    with (folder / FILE_NAME).open("wb", buffering=0) as file:
        start = 0
        for cut in [*cuts, len(whole)]:
            file.write(whole[start : start + cut])
            start += cut
            news = added(folder, place, Wanted(user="anna"))
            place, strange = news.place, strange + news.unreadable
            seen += [line.path for line in news.lines]
    assert seen == [f"/{number}" for number in range(8)]
    assert strange == rubbish
    assert [line.path for line in reversed(page(folder).lines)] == seen
    # Put aside and begun anew.
    (folder / FILE_NAME).write_bytes(lines[0] + b"\n")
    place = added(folder, place).place
    assert place == end_of(folder)
