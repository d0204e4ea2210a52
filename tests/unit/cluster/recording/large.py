"""Batches that fill a recording quickly: random, so that they do not compress."""

from __future__ import annotations

import random
from collections.abc import Iterator

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.writer import Batch
from elysiadash.cluster.stats import CollectionStats
from tests.unit.cluster.recording.moments import START


def large_batches(what: str, count: int) -> Iterator[Batch]:
    """So many batches of moments, points or events, five seconds apart."""
    chance = random.Random(7)
    for number in range(count):
        at = START + 5.0 * number
        if what == "moments":
            yield Batch(moment=Moment(at=at, rows=_rows(chance)))
        elif what == "points":
            frame = {"objects_per_s": {f"C{n}": chance.random() for n in range(4000)}}
            yield Batch(moment=Moment(at=at), points=((at, frame),))
        else:
            yield Batch(moment=Moment(at=at), events=_events(chance, at))


def _rows(chance: random.Random) -> tuple[CollectionStats, ...]:
    return tuple(
        CollectionStats(
            collection=f"C{number:04d}",
            objects=chance.randrange(2**40),
            objects_per_s=chance.random(),
            queries_per_s=chance.random(),
        )
        for number in range(600)
    )


def _events(chance: random.Random, at: float) -> tuple[Event, ...]:
    return tuple(
        Event(at=at, kind="node.left", message=f"{chance.getrandbits(800):x}") for _ in range(80)
    )
