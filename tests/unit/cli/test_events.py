"""``events``: from a recording, whoever wrote it, and as they happen."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from elysiadash.cli.own_writes import Following
from elysiadash.cli.own_writes import written as written_of
from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.file import recording_path
from elysiadash.cluster.recording.lock import RecorderLock
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from elysiadash.demo import Fault
from tests.unit.cli.clusters import cluster_in_thread
from tests.unit.cli.running import Cli, valid_document
from tests.written import Written

URL = "http://wv.test:8080"
PROGRAM = [sys.executable, "-m", "elysiadash"]


@pytest.fixture
def recorded(config_file: Path, tmp_path: Path) -> Path:
    """The profile's own recording, with three events; another process is still writing it."""
    config_file.write_text(f"[profiles.prod]\nurl = '{URL}'\n")
    path = recording_path(tmp_path / "state", "prod", URL)
    now = time.time()
    events = (
        Event(at=now - 7200, kind="node.left", node="n2", message="n2 left", severity="critical"),
        Event(at=now - 600, kind="node.joined", node="n2", message="n2 came back"),
        Event(
            at=now - 60, kind="collection.created", collection="Docs", message="Docs was created"
        ),
    )
    writer = Writer(path, {}, Retention())
    writer.write(Batch(events=events))
    return path


def kinds(document: dict[str, list[dict[str, str]]]) -> list[str]:
    return [item["kind"] for item in document["items"]]


@pytest.mark.usefixtures("recorded")
def test_newest_first_as_a_document(cli: Cli) -> None:
    document = cli.document("events", "--profile", "prod", "--json")
    assert document["kind"] == "events"
    assert document["cluster"]["name"] == "prod"
    assert kinds(document) == ["collection.created", "node.joined", "node.left"]


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--since", "1h"], ["collection.created", "node.joined"]),
        (["--until", "5m"], ["node.joined", "node.left"]),
        (["--since", "1h", "--until", "5m"], ["node.joined"]),
        (["--kind", "node"], ["node.joined", "node.left"]),
        (["--severity", "critical"], ["node.left"]),
        (["--limit", "1"], ["collection.created"]),
        (["n2", "--limit", "1"], ["node.joined"]),
        (["Docs"], ["collection.created"]),
        (["nobody"], []),
    ],
    ids=" ".join,
)
def test_what_is_wanted_only(cli: Cli, words: list[str], expected: list[str]) -> None:
    assert kinds(cli.document("events", *words, "--profile", "prod", "--json")) == expected


@pytest.mark.usefixtures("recorded")
def test_for_people_and_for_spreadsheets(cli: Cli) -> None:
    ran = cli("events", "--profile", "prod")
    assert ran.out.index("Docs was created") < ran.out.index("n2 left")
    rows = cli("events", "--profile", "prod", "--format", "csv").out.splitlines()
    assert rows[0].startswith("at,severity,kind,")
    assert len(rows) == 4


@pytest.mark.usefixtures("recorded")
def test_wrong_times_are_wrong_usage(cli: Cli) -> None:
    for words in (["--since", "soon"], ["--since", "5m", "--until", "1h"], ["-f", "--since", "1h"]):
        ran = cli("events", *words, "--profile", "prod")
        assert ran.code == 64
        assert ran.out == ""


def test_nothing_recorded_names_the_way(cli: Cli, config_file: Path, tmp_path: Path) -> None:
    config_file.write_text(f"[profiles.prod]\nurl = '{URL}'\n")
    ran = cli("events", "--profile", "prod")
    assert ran.code == 1
    assert "elysiadash record" in ran.err
    path = recording_path(tmp_path / "state", "prod", URL)
    path.parent.mkdir(parents=True)
    path.write_text("something else " * 100)
    ran = cli("events", "--profile", "prod")
    assert ran.code == 1
    assert "not a recording" in ran.err


def test_an_event_that_cannot_be_read_is_told_and_costs_no_other(cli: Cli, recorded: Path) -> None:
    connection = sqlite3.connect(recorded)
    connection.execute("UPDATE events SET body = x'00' WHERE id = (SELECT min(id) FROM events)")
    connection.commit()
    connection.close()
    ran = cli("events", "--profile", "prod", "--json")
    assert ran.code == 0
    assert len(valid_document(ran.out)["items"]) == 2
    assert "1 of 3 events of that time cannot be read" in ran.err


def test_a_damaged_recording_is_told_in_words(cli: Cli, recorded: Path) -> None:
    connection = sqlite3.connect(recorded)
    connection.execute("UPDATE events SET body = x'00'")
    connection.commit()
    connection.close()
    ran = cli("events", "--profile", "prod")
    assert ran.code == 1
    assert f"{recorded} is damaged" in ran.err
    assert "Traceback" not in ran.err


def test_a_recording_of_another_process(tmp_path: Path) -> None:
    """``record`` as a process of its own: who records is told, its events read, its end clean."""
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with cluster_in_thread() as cluster:
        flags = cluster.flags()
        recorder = subprocess.Popen(
            [*PROGRAM, "record", *flags], stderr=subprocess.PIPE, text=True, env=environment
        )
        assert recorder.stderr is not None
        first = recorder.stderr.readline()
        try:
            assert first.startswith("recording "), first
            (path,) = _until(lambda: list((tmp_path / "state").glob("recordings/*.sqlite")))
            refused = subprocess.run(
                [*PROGRAM, "record", *flags], capture_output=True, text=True, timeout=30
            )
            assert refused.returncode == 1
            assert f"is being recorded by process {recorder.pid} since 20" in refused.stderr
            assert str(path) in refused.stderr
            time.sleep(3)
            with cluster.fault(Fault(kind="node_down", node="node-2", start=-60)):
                ask = [*PROGRAM, "events", *flags, "--json"]
                found = _until(lambda: _events(ask))
            assert any(item["node"] == "node-2" for item in found)
        finally:
            recorder.send_signal(signal.SIGTERM)
            told = recorder.stderr.read()
            assert recorder.wait(20) == 0
            recorder.stderr.close()
        assert "moments in" in told
        lock = RecorderLock(path)
        assert lock.take(0.0), "the lock outlived its process"
        lock.release()


def _events(ask: list[str]) -> list[dict[str, str]]:
    ran = subprocess.run(ask, capture_output=True, text=True, timeout=30)
    items = valid_document(ran.stdout)["items"] if ran.stdout else []
    return [item for item in items if item["kind"].startswith("node.")]


def _until(look):  # type: ignore[no-untyped-def]
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError("it did not come")


def test_follow_prints_what_changes() -> None:
    with cluster_in_thread() as cluster:
        process = subprocess.Popen(
            [*PROGRAM, "events", "--follow", "--format", "json", *cluster.flags()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            assert "watching" in process.stderr.readline()
            time.sleep(4)
            with cluster.fault(Fault(kind="node_down", node="node-2", start=-60)):
                document = msgspec.json.decode(process.stdout.readline())
            assert document["items"][0]["node"] == "node-2"
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        assert process.returncode == 130


@pytest.mark.usefixtures("recorded")
def test_our_own_writes_are_among_them_whoever_sent_them(cli: Cli, tmp_path: Path) -> None:
    written = Written(tmp_path / "state", time.time() - 300, profile="prod")
    for number in range(5):
        written.range("m-1", number)
    Written(tmp_path / "state", time.time() - 30, profile="other").request("/v1/schema/X")
    document = cli.document("events", "--profile", "prod", "--since", "1h", "--json")
    assert kinds(document) == ["collection.created", "write.sent", "node.joined"]
    own = document["items"][1]
    assert (own["name"], own["collection"], own["after"]) == ("m-1", "Documents", "copy")
    assert "250,000 objects of Documents written" in own["message"]
    ask = ("events", "--profile", "prod", "--json", "--kind", "write")
    assert kinds(cli.document(*ask)) == ["write.sent"]
    assert kinds(cli.document(*ask, "--severity", "warning")) == []


def test_a_write_that_was_recorded_too_is_there_once(
    cli: Cli, recorded: Path, tmp_path: Path
) -> None:
    Written(tmp_path / "state", time.time() - 300, profile="prod").range("m-1", 1)
    (own,) = written_of(tmp_path / "state", "prod", None, None)
    Writer(recorded, {}, Retention()).write(Batch(events=(own,)))
    document = cli.document("events", "--profile", "prod", "--json")
    assert kinds(document).count("write.sent") == 1


def test_what_we_wrote_is_known_without_a_recording(
    cli: Cli, config_file: Path, tmp_path: Path
) -> None:
    config_file.write_text(f"[profiles.prod]\nurl = '{URL}'\n")
    Written(tmp_path / "state", time.time() - 300, profile="prod").range("m-1", 1)
    ran = cli("events", "--profile", "prod", "--json")
    assert ran.code == 0
    assert kinds(valid_document(ran.out)) == ["write.sent"]
    assert "nothing is recorded of prod" in ran.err


def test_following_tells_what_begins_and_what_came_of_it(tmp_path: Path) -> None:
    written = Written(tmp_path, 1_790_000_000.0)
    written.range("m-0", 1)
    following = Following(tmp_path, "prod-eu")
    assert following.look(written.now) == ()
    written.range("m-1", 1)
    written.request("/v1/schema/X")
    begun = following.look(written.now)
    assert [event.name for event in begun] == ["m-1", None]
    written.range("m-1", 2)
    assert following.look(written.now) == ()
    # What was said whole at once is not said again.
    (whole,) = following.look(written.now + 1000)
    assert "100,000 objects" in whole.message
    assert following.look(written.now + 2000) == ()
