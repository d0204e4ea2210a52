"""The audit log: what was sent is in it, nothing secret is, and a crash costs one line."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elysiadash.config.redaction import forget_secrets, register_secret
from elysiadash.jobs import audit_reader
from elysiadash.jobs.audit import AuditLog
from elysiadash.jobs.audit_reader import AuditLine, Wanted, page
from elysiadash.weaviate.guard import AuditEntry, AuditSink, Guard, Permit, RequestClass


def entry(number: int = 0, **changes: Any) -> AuditEntry:
    fields: dict[str, Any] = {
        "at": 1_796_040_000.0 + number,
        "verb": "PUT",
        "path": f"/v1/schema/Doc{number}",
        "request_class": RequestClass.WRITE,
        "body_hash": "ab" * 32,
        "permit": Permit(reason="approved by anna", plan="p1", job="20261130-7f3k"),
        "result": "ok",
        "seconds": 0.25,
    }
    return AuditEntry(**{**fields, **changes})


def log(state: Path, **about: Any) -> AuditLog:
    return AuditLog(state, **{"profile": "prod", "user": "anna", **about})


def lines(state: Path, **wanted: Any) -> list[AuditLine]:
    return list(page(state, Wanted(**wanted), limit=10_000).lines)


def test_it_is_the_guards_sink(tmp_path: Path) -> None:
    sink: AuditSink = log(tmp_path)
    guard = Guard(writable=True, audit=sink)
    assert guard.audit is not None
    guard.audit.record(entry())
    (line,) = lines(tmp_path)
    assert line.raw == {
        "at": "2026-11-30T12:00:00.000Z",
        "user": "anna",
        "profile": "prod",
        "job": "20261130-7f3k",
        "pid": os.getpid(),
        "verb": "PUT",
        "path": "/v1/schema/Doc0",
        "request_class": "write",
        "body_hash": "ab" * 32,
        "permit": {
            "reason": "approved by anna",
            "plan": "p1",
            "job": "20261130-7f3k",
            "phase": None,
        },
        "result": "ok",
        "seconds": 0.25,
    }
    assert line.time == 1_796_040_000.0


def test_it_is_for_its_owner_and_keeps_what_was_there(tmp_path: Path) -> None:
    state = tmp_path / "own"
    for number in range(3):
        mine = log(state)
        mine.record(entry(number))
        mine.close()
        mine.close()
    assert stat.S_IMODE((state / "audit.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert [line.path for line in lines(state)] == [f"/v1/schema/Doc{n}" for n in (2, 1, 0)]


def test_the_job_is_the_permits_then_the_logs(tmp_path: Path) -> None:
    mine = log(tmp_path, job="20261130-0001")
    mine.record(entry(permit=None))
    mine.record(entry(permit=Permit(reason="x")))
    mine.record(entry())
    assert [line.job for line in lines(tmp_path)] == [
        "20261130-7f3k", "20261130-0001", "20261130-0001",
    ]  # fmt: skip


def test_other_entries_keep_their_own_fields(tmp_path: Path) -> None:
    class Copied(msgspec.Struct):
        at: float
        job: str
        objects: int

    log(tmp_path).record(Copied(0.5, "20261130-0002", 50_000))
    (line,) = lines(tmp_path)
    assert (line.at, line.job) == ("1970-01-01T00:00:00.500Z", "20261130-0002")
    assert line.raw["objects"] == 50_000


def test_no_credential_reaches_it(tmp_path: Path) -> None:
    register_secret("of-a-vault-9731")
    try:
        reason = "sent of-a-vault-9731, Bearer abcdefghij, https://a:pw@b/"
        log(tmp_path).record(entry(path="/v1/x?token=abcdefgh", permit=Permit(reason=reason)))
    finally:
        forget_secrets()
    text = (tmp_path / "audit.jsonl").read_text()
    for word in ("9731", "abcdefgh", ":pw@"):
        assert word not in text
    assert len(lines(tmp_path)) == 1


@pytest.mark.parametrize("torn", [b'{"at": "2026', b"\xff\xfe\x00", b'{"at": 7}', b"[1, 2]"])
def test_a_torn_line_costs_itself_only(tmp_path: Path, torn: bytes) -> None:
    log(tmp_path).record(entry(1))
    with (tmp_path / "audit.jsonl").open("ab") as file:
        file.write(torn)
    found = page(tmp_path)
    assert (len(found.lines), found.unreadable) == (1, 1)
    log(tmp_path).record(entry(2))
    found = page(tmp_path)
    assert [line.path for line in found.lines] == ["/v1/schema/Doc2", "/v1/schema/Doc1"]
    assert found.unreadable == 1


def test_processes_and_threads_share_it_without_a_lock(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from tests.unit.jobs.test_audit import entry, log\n"
        "mine = log(pathlib.Path(sys.argv[1]), user=sys.argv[2])\n"
        "for number in range(150): mine.record(entry(number, path='/' + 'x' * 2000))\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), f"user {number}"])
        for number in range(3)
    ]
    mine = log(tmp_path, user="threads")
    threads = [
        threading.Thread(target=lambda: [mine.record(entry(n)) for n in range(50)])
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(60) for process in started] == [0, 0, 0]
    found = page(tmp_path, limit=10_000)
    assert found.unreadable == 0
    by_user = [line.user for line in found.lines]
    assert {user: by_user.count(user) for user in set(by_user)} == {
        "user 0": 150, "user 1": 150, "user 2": 150, "threads": 150,
    }  # fmt: skip


def test_a_moved_log_is_begun_anew(tmp_path: Path) -> None:
    mine = log(tmp_path)
    mine.record(entry(1))
    (tmp_path / "audit.jsonl").rename(tmp_path / "audit.old")
    mine.record(entry(2))
    (line,) = lines(tmp_path)
    assert line.path == "/v1/schema/Doc2"


def test_a_full_disk_raises_and_the_next_line_is_whole(tmp_path: Path) -> None:
    mine = log(tmp_path)
    mine.record(entry(1))
    size = (tmp_path / "audit.jsonl").stat().st_size
    pid = os.fork()
    if pid == 0:
        # A limit of the process stands in for the disk: the line is cut in its middle.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, size + 40))
        try:
            log(tmp_path).record(entry(2))
        except OSError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    mine.record(entry(3))
    found = page(tmp_path)
    assert [line.path for line in found.lines] == ["/v1/schema/Doc3", "/v1/schema/Doc1"]
    assert found.unreadable == 1


def test_a_folder_that_cannot_be_made_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        log(tmp_path / "file" / "state").record(entry())


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert page(tmp_path) == audit_reader.AuditPage((), None, 0)


def test_what_is_wanted(tmp_path: Path) -> None:
    for number in range(6):
        who = "anna" if number % 2 else "otto"
        job = f"20261130-7f3k.00{number}" if number < 4 else "20261130-7f3"
        mine = log(tmp_path, user=who, profile="dev" if number == 5 else "prod")
        result = "refused" if number == 3 else "ok"
        mine.record(entry(number, permit=Permit(reason="x", job=job), result=result))

    def numbers(**wanted: Any) -> list[int]:
        return [int(str(line.path)[-1]) for line in lines(tmp_path, **wanted)]

    assert numbers(user="anna") == [5, 3, 1]
    assert numbers(job="20261130-7f3k") == [3, 2, 1, 0]
    assert numbers(job="20261130-7f3k.002") == [2]
    assert numbers(job="20261130-7f3") == [5, 4]
    assert numbers(result="refused") == [3]
    assert numbers(profile="dev", user="anna") == [5]
    assert numbers(since=1_796_040_004.0) == [5, 4]


def test_since_bears_a_clock_that_was_put_back(tmp_path: Path) -> None:
    mine = log(tmp_path)
    for number in (0, 100, 101, 20, 21, 102):
        mine.record(entry(number))
    found = [line.time - 1_796_040_000.0 for line in lines(tmp_path, since=1_796_040_100.0)]
    assert found == [102, 101, 100]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    texts=st.lists(st.integers(0, 300), max_size=40),
    block=st.integers(1, 700),
    limit=st.integers(1, 7),
    tail=st.sampled_from(
        [b"", b"\n", b"\n\n", b'{"at'],
    ),
)
def test_pages_together_are_the_log_backwards(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[int],
    block: int,
    limit: int,
    tail: bytes,
) -> None:
    state = tmp_path_factory.mktemp("audit")
    written = [
        {"at": "2026-11-30T12:00:00.000Z", "n": n, "x": "é" * x} for n, x in enumerate(texts)
    ]
    text = "".join(json.dumps(line) + "\n" for line in written).encode()
    (state / "audit.jsonl").write_bytes(text + tail)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_reader, "_BLOCK", block)
        found: list[int] = []
        unreadable = 0
        before: int | None = None
        while True:
            one = page(state, before=before, limit=limit)
            assert len(one.lines) <= limit
            found += [line.raw["n"] for line in one.lines]
            unreadable += one.unreadable
            before = one.next
            if before is None:
                break
    assert found == list(reversed(range(len(texts))))
    assert unreadable == (tail == b'{"at')


def test_an_endless_line_costs_neither_memory_nor_its_neighbours(tmp_path: Path) -> None:
    mine = log(tmp_path)
    mine.record(entry(1))
    with (tmp_path / "audit.jsonl").open("ab") as file:
        file.write(b"x" * 3_000_000 + b"\n")
    mine.record(entry(2))
    found = page(tmp_path)
    assert [line.path for line in found.lines] == ["/v1/schema/Doc2", "/v1/schema/Doc1"]
    assert found.unreadable == 1


def test_a_page_looks_through_so_much_and_says_where_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_reader, "_READ_AT_ONCE", 2_000)
    mine = log(tmp_path)
    for number in range(100):
        mine.record(entry(number))
    pages, before, found = 0, None, list[AuditLine]()
    while True:
        one = page(tmp_path, Wanted(since=1_796_040_000.0, user="nobody"), before=before)
        pages, before, found = pages + 1, one.next, [*found, *one.lines]
        if before is None:
            break
    assert (found, pages > 10) == ([], True)
