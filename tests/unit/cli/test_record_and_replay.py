"""``record`` and ``replay``: what is refused and why, and what the app is started with."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from elysiadash.cli import start_app
from elysiadash.cluster.recording.file import recording_path
from elysiadash.cluster.recording.reader import Reader
from tests.unit.cli.clusters import InThread
from tests.unit.cli.running import Cli
from tests.unit.cluster.recording.moments import START, quiet, record

URL = "http://wv.test:8080"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the app was started with, at a terminal; the app itself is left out."""
    replays: list[Any] = []

    def run_replay(replay: Any, *, state_dir: Path | None, signs: str) -> int:
        replays.append(replay)
        replay.wished_signs = signs
        return 0

    module = ModuleType("elysiadash.tui.start")
    module.run_replay = run_replay  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "elysiadash.tui.start", module)
    monkeypatch.setattr(start_app, "is_terminal", lambda stream: True)
    return replays


def test_a_demo_is_recorded_into_a_file_for_a_while(
    cli: Cli, healthy: InThread, tmp_path: Path
) -> None:
    path = tmp_path / "incident.sqlite"
    started = time.monotonic()
    ran = cli("record", *healthy.flags(), "--for", "4s", "--file", str(path))
    assert ran.code == 0, ran
    assert ran.out == ""
    assert 4 <= time.monotonic() - started < 15
    assert "recording " in ran.err
    assert str(path) in ran.err
    with Reader(path) as reader:
        assert reader.contents().moments >= 1
        assert reader.contents().collections == 12


def test_what_cannot_be_recorded_is_refused(
    cli: Cli, config_file: Path, tmp_path: Path, healthy: InThread
) -> None:
    assert cli("record", *healthy.flags(), "--for", "soon").code == 64
    for file, why in ((os.devnull, "is not a file"), (str(tmp_path / "no/x"), "no folder")):
        ran = cli("record", *healthy.flags(), "--file", file)
        assert ran.code == 1
        assert why in ran.err
    assert not (tmp_path / "no").exists()
    other = tmp_path / "notes.txt"
    other.write_text("of somebody " * 100)
    ran = cli("record", *healthy.flags(), "--file", str(other))
    assert ran.code == 1
    assert "is not a recording" in ran.err
    assert other.read_text() == "of somebody " * 100
    assert "name another file" in ran.err
    damaged = tmp_path / "damaged.sqlite"
    record(damaged, quiet(3))
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:4096] + b"\x07" * (len(whole) - 4096))
    ran = cli("record", *healthy.flags(), "--file", str(damaged))
    assert ran.code == 1
    assert "is damaged" in ran.err
    assert "move it away" in ran.err
    assert "not there yet" not in ran.err
    config_file.write_text(f"[profiles.prod]\nurl = '{URL}'\nrecording.enabled = false\n")
    ran = cli("record", "--profile", "prod")
    assert ran.code == 1
    assert "recording.enabled = false" in ran.err


def test_without_a_folder_for_it_nothing_is_recorded(
    cli: Cli, config_file: Path, tmp_path: Path
) -> None:
    config_file.write_text(f"[profiles.prod]\nurl = '{URL}'\n")
    shutil.rmtree(tmp_path / "state")
    (tmp_path / "state").write_text("a file where the folder would be")
    ran = cli("record", "--profile", "prod", "--for", "1s")
    assert ran.code == 1
    assert "no folder that the recording could stay in" in ran.err
    assert "--file FILE" in ran.err
    assert "recorded" not in ran.err


def test_a_file_is_replayed_and_a_profile_s_own(
    cli: Cli, shown: list[Any], tmp_path: Path, config_file: Path
) -> None:
    config_file.write_text(f"[profiles.prod]\nurl = '{URL}'\n")
    path = tmp_path / "r.sqlite"
    record(path, quiet(100))
    assert cli("replay", str(path)).code == 0
    assert shown[-1].at == START + 495
    assert cli("replay", str(path), "--at", "5m").code == 0
    assert shown[-1].at == START + 195
    assert shown[-1].wished_signs == "auto"
    assert cli("replay", str(path), "--ascii").code == 0
    assert shown[-1].wished_signs == "ascii"
    own = recording_path(tmp_path / "state", "prod", URL)
    record(own, quiet(3))
    assert cli("replay", "--profile", "prod").code == 0
    assert shown[-1].path == own


def test_what_cannot_be_replayed_is_told(
    cli: Cli, shown: list[Any], tmp_path: Path, config_file: Path
) -> None:
    config_file.write_text(f"[profiles.prod]\nurl = '{URL}'\n")
    ran = cli("replay", "--profile", "prod")
    assert ran.code == 1
    assert "elysiadash record" in ran.err
    text = tmp_path / "notes.txt"
    text.write_text("of somebody " * 100)
    assert "is not a recording" in cli("replay", str(text)).err
    empty = tmp_path / "empty.sqlite"
    record(empty, [])
    assert "no moment" in cli("replay", str(empty)).err
    record(empty, quiet(1))
    assert cli("replay", str(empty), "--at", "noon").code == 64
    connection = sqlite3.connect(empty)
    connection.execute("UPDATE blobs SET body = x'00'")
    connection.commit()
    connection.close()
    assert "is damaged" in cli("replay", str(empty)).err
    assert shown == []


def test_without_a_terminal_nothing_is_shown(cli: Cli, tmp_path: Path) -> None:
    record(tmp_path / "r.sqlite", quiet(1))
    assert cli("replay", str(tmp_path / "r.sqlite")).code == 64


@pytest.mark.parametrize("what", ["folder", "pipe"])
def test_what_is_no_file_is_no_recording(
    cli: Cli, shown: list[Any], tmp_path: Path, what: str
) -> None:
    path = tmp_path / "there"
    path.mkdir() if what == "folder" else os.mkfifo(path)
    ran = cli("replay", str(path))
    assert ran.code == 1
    assert f"{path} is not a file" in ran.err
    assert shown == []


def test_a_recording_of_no_real_time_is_damaged(cli: Cli, shown: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    record(path, quiet(2, START))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE frames SET at = 1e300")
    ran = cli("replay", str(path))
    assert ran.code == 1
    assert "is damaged" in ran.err
