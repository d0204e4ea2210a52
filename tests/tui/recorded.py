"""A recording of the still cluster: half an hour in which a node goes and comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.recorder import about_profile
from elysiadash.cluster.recording.replay import Replay
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from elysiadash.cluster.slices import Kind, Slice
from tests.tui.still import NODES, START, five_rows, still_cluster, three_nodes

MOMENTS = 61
STEP = 30.0


def record_still(
    path: Path,
    *,
    demo: bool = False,
    queue: Callable[[int], int] | None = None,
    time_of: Callable[[int], float] | None = None,
    unasked: int = 0,
    about: Mapping[str, str | None] = {},
) -> Path:
    """Sixty-one moments, half a minute apart, the last one at ``START``; away from 20 to 39.

    ``queue`` is what waits for the index in every collection and ``time_of`` the second of a
    moment, by its number; before number ``unasked`` nothing was said of shards yet. ``about`` is
    said of the cluster besides, None: not at all.
    """
    watch = still_cluster()
    known = {**about_profile(watch.profile, demo=demo), **about}
    kept = {name: value for name, value in known.items() if value is not None}
    writer = Writer(path, kept, Retention())
    for number in range(MOMENTS):
        at = START - STEP * (MOMENTS - 1 - number) if time_of is None else time_of(number)
        away = 20 <= number < 40
        rows = tuple(
            msgspec.structs.replace(row, objects=row.objects and row.objects + 1000 * number)
            for row in sorted(five_rows(), key=lambda row: row.collection)
        )
        if queue is not None:
            rows = tuple(msgspec.structs.replace(row, vector_queue=queue(number)) for row in rows)
        slices = {
            key: msgspec.structs.replace(piece, fetched_at=at - 2.0)
            for key, piece in watch.store.slices().items()
            if number >= unasked or key.kind is not Kind.VERBOSE
        }
        assert all(isinstance(piece, Slice) for piece in slices.values())
        moment = Moment(
            at=at,
            slices=slices,
            rows=rows,
            cluster=three_nodes(missing=NODES[2] if away else None),
            load=watch.own,
        )
        frame = {"objects_per_s": {"Documents": 20.0 * number}}
        events = []
        if number in (20, 40):
            kind, words = ("node.left", "left") if away else ("node.joined", "came back")
            events.append(Event(at=at, kind=kind, node=NODES[2], message=f"{NODES[2]} {words}"))
        writer.write(Batch(moment=moment, points=((at, frame),), events=tuple(events)))
    writer.close()
    return path


def replay_of_still(folder: Path, *, demo: bool = False) -> Replay:
    """That recording, at its last moment."""
    return Replay.open(record_still(folder / "r.sqlite", demo=demo))
