"""The log: JSON lines without secrets, a file of bounded size, nothing on a full screen."""

from __future__ import annotations

import json
import logging
import stat
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.config.logs import JsonLines, LogSetup, RotatingFile, register_secret, set_up
from elysiadash.config.tuning import LogSettings

SECRET = "correct-horse-battery"

SetUp = Callable[..., LogSetup]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[SetUp]:
    """``set_up`` into a folder of the test's own, taken down afterwards."""
    running: list[LogSetup] = []
    root, own = logging.getLogger(), logging.getLogger("elysiadash")
    before = (root.level, own.level)

    def begin(
        settings: LogSettings | None = None,
        log_dir: Path | None = tmp_path,
        full_screen: bool = True,
    ) -> LogSetup:
        running.append(set_up(settings or LogSettings(), log_dir, full_screen=full_screen))
        return running[-1]

    yield begin
    for one in running:
        one.close()
    root.setLevel(before[0])
    own.setLevel(before[1])


def entries(setup: LogSetup) -> list[dict[str, Any]]:
    assert setup.file is not None
    return [json.loads(line) for line in setup.file.read_text().splitlines()]


def test_an_entry_is_one_json_object(start: SetUp, tmp_path: Path) -> None:
    setup = start()
    logging.getLogger("elysiadash.cluster").info(
        "polled %s\nin %d ms", "nodes", 12, extra={"profile": "prod", "sizes": (1, 2.5)}
    )
    assert setup.file == tmp_path / "elysiadash.log"
    assert setup.message is None
    (entry,) = entries(setup)
    at = entry.pop("at")
    assert at.endswith("Z")
    assert len(at) == len("2025-01-01T00:00:00.000Z")
    assert entry.pop("process") > 0
    assert entry == {
        "level": "info",
        "logger": "elysiadash.cluster",
        "message": "polled nodes\nin 12 ms",
        "profile": "prod",
        "sizes": [1, 2.5],
    }


def test_only_its_owner_reads_the_file(start: SetUp) -> None:
    file = start().file
    assert file is not None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_level_holds_for_us_and_warnings_for_others(start: SetUp) -> None:
    setup = start(LogSettings(level="debug"))
    logging.getLogger("elysiadash.x").debug("ours")
    logging.getLogger("httpx").info("GET http://host/")
    logging.getLogger("asyncio").warning("slow")
    assert [entry["message"] for entry in entries(setup)] == ["ours", "slow"]


def test_nothing_below_the_level(start: SetUp) -> None:
    setup = start(LogSettings(level="error"))
    logging.getLogger("elysiadash").warning("quiet")
    logging.getLogger("elysiadash").error("loud")
    assert [entry["message"] for entry in entries(setup)] == ["loud"]


def test_secrets_are_masked_wherever_they_stand(start: SetUp) -> None:
    setup = start()
    register_secret(SECRET)
    log = logging.getLogger("elysiadash")

    class Request:
        def __repr__(self) -> str:
            return f"Request({SECRET})"

    log.warning("sent %s", SECRET)
    log.warning("sent", extra={"headers": {"Authorization": "Bearer abc", "X": [SECRET]}})
    log.warning("sent", extra={"api_key": "unregistered-value", "tokens": 3, "request": Request()})
    log.warning("GET http://user:unregistered-value@host/v1?token=unregistered-value")
    try:
        local_value = f"{SECRET}-only-in-a-local"
        raise ValueError(f"bad key {SECRET}")
    except ValueError:
        log.exception("failed")
    assert local_value
    assert setup.file is not None
    text = setup.file.read_text()
    assert SECRET not in text
    assert "unregistered-value" not in text
    assert "only-in-a-local" not in text
    assert "Bearer abc" not in text
    found = entries(setup)
    assert found[1]["headers"] == {"Authorization": "***", "X": ["***"]}
    assert (found[2]["api_key"], found[2]["tokens"]) == ("***", 3)
    assert "ValueError: bad key ***" in found[4]["error"]
    assert "Traceback" in found[4]["error"]


def test_a_secret_that_json_would_escape_is_masked_too(start: SetUp) -> None:
    setup = start()
    register_secret('quo"ted\\value')
    logging.getLogger("elysiadash").warning('got quo"ted\\value')
    assert entries(setup)[0]["message"] == "got ***"


def test_a_secret_across_the_end_of_a_long_text_is_masked(start: SetUp) -> None:
    setup = start()
    register_secret(SECRET)
    logging.getLogger("elysiadash").warning("x" * (16 * 1024 - 5) + SECRET + "y" * 100)
    message = entries(setup)[0]["message"]
    assert "corr" not in message
    assert len(message) < 17 * 1024


def test_the_file_is_rotated_and_bounded(start: SetUp, tmp_path: Path) -> None:
    setup = start(LogSettings(max_bytes=2000, backups=2))
    for number in range(100):
        logging.getLogger("elysiadash").warning("entry %d %s", number, "x" * 100)
    names = sorted(path.name for path in tmp_path.glob("elysiadash.log*"))
    assert names == ["elysiadash.log", "elysiadash.log.1", "elysiadash.log.2"]
    assert max((tmp_path / name).stat().st_size for name in names) < 2000 + 400
    assert entries(setup)[-1]["message"].startswith("entry 99 ")


def test_without_backups_the_file_is_bounded_too(start: SetUp, tmp_path: Path) -> None:
    setup = start(LogSettings(max_bytes=2000, backups=0))
    for number in range(100):
        logging.getLogger("elysiadash").warning("entry %d %s", number, "x" * 100)
    assert [path.name for path in tmp_path.glob("elysiadash.log*")] == ["elysiadash.log"]
    assert setup.file is not None
    assert setup.file.stat().st_size < 2000 + 400
    assert entries(setup)[-1]["message"].startswith("entry 99 ")


def test_two_processes_share_a_file_without_rotating_twice(tmp_path: Path) -> None:
    # Two handlers on one path stand for two processes: they know nothing of each other.
    path = tmp_path / "shared.log"
    one, other = (RotatingFile(path, 1000, 3) for _ in range(2))
    try:
        record = logging.makeLogRecord({"msg": "x" * 600, "levelno": 30, "levelname": "WARNING"})
        one.emit(record)
        one.emit(record)
        one.emit(record)  # rotates
        other.emit(record)  # its stream is the rotated file's
        one.emit(record)
    finally:
        one.close()
        other.close()
    kept = {p.name: p.read_text().count("\n") for p in tmp_path.glob("shared*")}
    assert kept == {"shared.log": 1, "shared.log.1": 2, "shared.log.2": 2}


def test_a_file_that_was_deleted_comes_back(start: SetUp) -> None:
    setup = start()
    assert setup.file is not None
    setup.file.unlink()
    logging.getLogger("elysiadash").warning("still here")
    assert entries(setup)[0]["message"] == "still here"


@pytest.mark.parametrize("full_screen", [True, False])
def test_a_place_that_cannot_be_written_is_told_and_nothing_raises(
    start: SetUp, tmp_path: Path, capsys: pytest.CaptureFixture[str], full_screen: bool
) -> None:
    (tmp_path / "file").write_text("")
    setup = start(log_dir=tmp_path / "file", full_screen=full_screen)
    assert setup.file is None
    assert "cannot be written (Not a directory); name another with log.file" in str(setup.message)
    logging.getLogger("elysiadash").warning("where to?")
    warnings.warn("old thing", stacklevel=1)
    printed = capsys.readouterr()
    assert printed.out == ""
    if full_screen:
        assert printed.err == ""
    else:
        assert json.loads(printed.err.splitlines()[0])["message"] == "where to?"


def test_no_folder_at_all_is_silent_on_a_full_screen(
    start: SetUp, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = start(log_dir=None)
    assert (setup.file, setup.message) == (None, None)
    logging.getLogger("asyncio").error("Task exception was never retrieved")
    assert capsys.readouterr().err == ""


def test_a_named_file_goes_before_the_folder(start: SetUp, tmp_path: Path) -> None:
    setup = start(LogSettings(file=str(tmp_path / "own.log")))
    logging.getLogger("elysiadash").warning("here")
    assert setup.file == tmp_path / "own.log"
    assert len(entries(setup)) == 1
    assert not (tmp_path / "elysiadash.log").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_borne_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    handler = RotatingFile(Path("/dev/full"), 10**6, 1)
    handler.emit(logging.makeLogRecord({"msg": "x", "levelname": "INFO"}))
    assert handler.lost == 1
    handler.stream = None  # its buffer cannot be flushed either
    handler.close()
    assert capsys.readouterr().err == ""


def test_what_cannot_be_formatted_is_counted_not_printed(
    start: SetUp, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no words")

    setup = start()
    log = logging.getLogger("elysiadash")
    log.warning("broken", extra={"thing": Broken()})
    log.warning("after")
    assert [entry["message"] for entry in entries(setup)] == ["after"]
    assert capsys.readouterr().err == ""


def test_arguments_that_do_not_fit_their_text_are_kept() -> None:
    record = logging.makeLogRecord({"msg": "%d of %s", "args": ("three",)})
    assert json.loads(JsonLines().format(record))["message"] == "%d of %s ('three',)"


def test_closing_twice_is_fine_and_ends_the_log(start: SetUp) -> None:
    handlers = logging.getLogger().handlers[:]
    setup = start()
    assert len(logging.getLogger().handlers) == len(handlers) + 1
    logging.getLogger("elysiadash").warning("before")
    setup.close()
    setup.close()
    assert logging.getLogger().handlers == handlers
    logging.getLogger("elysiadash").warning("after")
    assert [entry["message"] for entry in entries(setup)] == ["before"]


def test_a_closed_stderr_is_borne(start: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    start(log_dir=None, full_screen=False)
    monkeypatch.setattr(sys, "stderr", None)
    logging.getLogger("elysiadash").warning("into the void")


@settings(max_examples=30, deadline=None)
@given(
    extra=st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary()),
            lambda inner: st.one_of(
                st.lists(inner), st.dictionaries(st.text(), inner), st.sets(st.integers())
            ),
            max_leaves=10,
        ),
    ),
    message=st.text(st.characters()),
)
def test_any_record_is_one_line_of_json(extra: dict[str, Any], message: str) -> None:
    record = logging.makeLogRecord({**extra, "msg": message, "args": ()})
    line = JsonLines().format(record)
    assert "\n" not in line
    assert isinstance(json.loads(line), dict)
