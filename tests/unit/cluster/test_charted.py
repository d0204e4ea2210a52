"""What of a row is charted: a count of a part is never drawn as the whole."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from elysiadash.cluster.charted import CHARTED, PARTIAL_OF, frame_of
from elysiadash.cluster.history import History
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.replay import Replay
from elysiadash.cluster.recording.retention import Retention
from elysiadash.cluster.recording.writer import Batch, Writer
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import APPROXIMATE, EXACT, PARTIAL, CollectionStats

WHOLE = CollectionStats(
    collection="Doc", objects=900, objects_are=APPROXIMATE, shards=3, shards_answered=3
)
PART = CollectionStats(
    collection="Doc",
    objects=600,
    objects_are=PARTIAL,
    shards=3,
    shards_answered=2,
    missing_nodes=("node-2",),
)


def charted(row: CollectionStats, field: str = "objects") -> tuple[float | None, float | None]:
    frame = frame_of([row])
    return frame[field]["Doc"], frame[PARTIAL_OF[field]].get("Doc")


def test_a_count_without_a_node_s_shards_is_a_gap_and_kept_apart() -> None:
    assert charted(WHOLE) == (900, None)
    assert charted(PART) == (None, 600)
    assert frame_of([WHOLE]).keys() == set(CHARTED)


def test_only_what_was_told_anew_is_in_a_frame() -> None:
    shards, metrics = frame_of([WHOLE], {Kind.VERBOSE}), frame_of([WHOLE], {Kind.METRICS})
    assert shards.keys() == {
        *("objects", "objects_partial", "objects_per_s"),
        *("vector_queue", "vector_queue_partial"),
    }
    assert metrics.keys() == set(CHARTED) - shards.keys()
    assert frame_of([WHOLE], {Kind.SCHEMA}) == {}


def test_objects_of_inactive_tenants_are_never_counted_and_no_gap() -> None:
    resting = CollectionStats(
        collection="Doc",
        multi_tenant=True,
        objects=500,
        objects_are=PARTIAL,
        shards=4,
        shards_answered=4,
        inactive_tenants=6,
    )
    assert charted(resting) == (500, None)
    dark = CollectionStats(
        collection="Doc",
        multi_tenant=True,
        objects=300,
        objects_are=PARTIAL,
        shards=4,
        shards_answered=3,
        inactive_tenants=6,
    )
    assert charted(dark) == (None, 300)


def test_how_many_shards_there_should_be_is_not_known() -> None:
    blind = CollectionStats(
        collection="Doc", objects=600, objects_are=PARTIAL, shards=2, shards_answered=2
    )
    assert charted(blind) == (None, 600)


@pytest.mark.parametrize("field", ["queries_per_s", "imports_per_s"])
def test_a_rate_without_a_node_s_metrics_is_a_gap_and_kept_apart(field: str) -> None:
    row = CollectionStats(collection="Doc", metrics_nodes=3, live_nodes=3, expected_nodes=3)
    whole = msgspec.structs.replace(row, **{field: 8.0})
    part = msgspec.structs.replace(row, **{field: 5.3}, metrics_nodes=2, live_nodes=2)
    assert charted(whole, field) == (8.0, None)
    assert charted(part, field) == (None, 5.3)
    assert charted(msgspec.structs.replace(part, **{field: None}), field) == (None, None)


def test_how_long_queries_took_is_no_sum() -> None:
    row = CollectionStats(collection="Doc", query_ms_p95=18.0, metrics_nodes=2, live_nodes=3)
    assert frame_of([row])["query_ms_p95"] == {"Doc": 18.0}


def test_a_queue_without_some_shards_is_a_gap_and_kept_apart() -> None:
    queued = [msgspec.structs.replace(row, vector_queue=0) for row in (WHOLE, PART)]
    assert charted(queued[0], "vector_queue") == (0, None)
    assert charted(queued[1], "vector_queue") == (None, 0)
    counted = msgspec.structs.replace(queued[1], objects_are=EXACT)
    assert charted(counted, "vector_queue") == (None, 0), "only the objects were counted"
    tenants = CollectionStats(collection="Doc", vector_queue=4, multi_tenant=True)
    assert charted(tenants, "vector_queue") == (4, None)
    dark = msgspec.structs.replace(tenants, missing_nodes=("node-2",))
    assert charted(dark, "vector_queue") == (None, 4)


def test_history_keeps_the_gap() -> None:
    history = History(10)
    for number, row in enumerate((WHOLE, PART, WHOLE)):
        history.append(15.0 * number, frame_of([row]))
    assert history.points("objects", "Doc").values == (900, None, 900)


async def test_a_recording_played_back_keeps_the_gap(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "r.sqlite", {"name": "sim"}, Retention())
    for number in range(40):
        row = PART if 10 <= number < 30 else WHOLE
        at = 1000.0 + 15 * number
        points = ((at, frame_of([row])),)
        writer.write(Batch(moment=Moment(at=at, rows=(row,)), points=points))
    writer.close()
    replay = Replay.open(tmp_path / "r.sqlite")
    series = await replay.series("objects", "Doc", 600, 40)
    assert series.values == (900,) * 10 + (None,) * 20 + (900,) * 10
    assert replay.history.points("objects", "Doc").values == series.values
    assert (await replay.series(PARTIAL_OF["objects"], "Doc", 600, 40)).known == (600,) * 20
    await replay.aclose()
