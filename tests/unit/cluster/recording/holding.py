"""A process of its own that records: ``python -m ... PATH lock`` or ``PATH write``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.lock import RecorderLock
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from tests.unit.cluster.recording.large import large_batches
from tests.unit.cluster.recording.moments import ABOUT


def main(path: Path, what: str) -> None:
    """Hold the lock, or write as fast as it goes, until killed."""
    lock = RecorderLock(path)
    if not lock.take(time.time()):
        print("taken", flush=True)
        return
    if what == "lock":
        print("held", flush=True)
        time.sleep(600)
    writer = Writer(path, ABOUT, Retention(max_bytes=8 * 2**20))
    for number, batch in enumerate(large_batches("moments", 100_000)):
        at = batch.moment.at if batch.moment else 0.0
        event = Event(at=at, kind="node.left", message=str(number))
        frame = {"objects": {"C0000": float(number)}}
        writer.write(Batch(moment=batch.moment, points=((at, frame),), events=(event,)))
        if number % 5 == 4:
            writer.sweep(at)
        print(number, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
