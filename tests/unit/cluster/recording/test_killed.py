"""A writer that is killed at any moment leaves a file that reads, and that another goes on with."""

from __future__ import annotations

import random
import sqlite3
import time
from pathlib import Path

import pytest

from elysiadash.cluster.recording.decoder import Decoder
from elysiadash.cluster.recording.reader import Reader
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from tests.unit.cluster.recording.large import large_batches
from tests.unit.cluster.recording.moments import ABOUT
from tests.unit.cluster.recording.test_lock import first_line, holding


@pytest.mark.slow
def test_kill_at_random_points(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    chance = random.Random()
    for _ in range(4):
        with holding(path, "write") as process:
            assert first_line(process) == "0"
            time.sleep(chance.uniform(0.05, 1.0))
            process.kill()
            assert process.stdout is not None
            told = [int(line) for line in process.stdout.read().split()]
        # What was told as written is there: SQLite's journal survives a killed process.
        _check(path, told[-1] if told else 0)
    writer = Writer(path, ABOUT, Retention())
    for batch in large_batches("moments", 3):
        writer.write(batch)
    writer.close()
    _check(path, 0)


def _check(path: Path, last: int) -> None:
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()
    with Reader(path) as reader:
        index, cursor, decoder = reader.index(), reader.cursor(), Decoder()
        assert len(index)
        for place in range(len(index)):
            moment = decoder.moment(
                index.times[place], cursor.move(index.ids[place], index.keyframes[place])
            )
            assert len(moment.rows) == 600
        newest = max(int(event.message) for event in reader.events(None, None, 10_000))
        assert newest >= last


def test_what_failed_half_way_is_not_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.sqlite"
    writer = Writer(path, ABOUT, Retention())
    batches = list(large_batches("moments", 4))
    writer.write(batches[0])
    with monkeypatch.context() as patched:
        patched.setattr(Writer, "_put_moment", _fail)
        with pytest.raises(sqlite3.OperationalError):
            writer.write(Batch(moment=batches[1].moment, points=((1.0, {"objects": {"A": 1.0}}),)))
    writer.write(batches[2])
    writer.close()
    with Reader(path) as reader:
        index, cursor = reader.index(), reader.cursor()
        assert list(index.times) == [batches[0].moment.at, batches[2].moment.at]  # type: ignore[union-attr]
        assert reader.samples("objects", "A", 0.0, 10.0) == []
        rows = Decoder().moment(0.0, cursor.move(index.ids[1], index.keyframes[1])).rows
        assert rows == batches[2].moment.rows  # type: ignore[union-attr]


def _fail(*_: object) -> int:
    raise sqlite3.OperationalError("database or disk is full")
