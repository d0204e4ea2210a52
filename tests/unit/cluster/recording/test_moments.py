"""What is written is what is read: moments, whatever changed between them."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.cluster.recording.decoder import Decoder
from elysiadash.cluster.recording.encoder import Encoder
from elysiadash.cluster.recording.frames import Naming, apply, block_parts, keyframe_blocks
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.parts import COLUMNS, encode
from elysiadash.cluster.recording.reader import Reader
from elysiadash.cluster.slices import Key, Kind, Slice
from elysiadash.cluster.stats import CollectionStats
from tests.unit.cluster.recording.moments import START, plain, record, stories


@given(story=stories(), seed=st.integers(0, 2**16))
@settings(max_examples=60, deadline=None)
def test_every_moment_reads_as_it_was_in_any_order(story: list[Moment], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.sqlite"
        record(path, story)
        with Reader(path) as reader:
            index, cursor, decoder = reader.index(), reader.cursor(), Decoder()
            assert list(index.times) == [moment.at for moment in story]
            order = [*range(len(story)), *range(len(story))]
            random.Random(seed).shuffle(order)
            for place in order:
                parts = cursor.move(index.ids[place], index.keyframes[place])
                found = decoder.moment(index.times[place], parts)
                assert plain(found) == plain(story[place])


@given(story=stories(4))
@settings(max_examples=40, deadline=None)
def test_only_what_changed_is_in_a_delta(story: list[Moment]) -> None:
    encoder = Encoder()
    parts = encoder.everything(story[0])
    for moment in story[1:]:
        before = dict(parts)
        changes = encoder.changes(moment)
        assert all(before.get(name) != content for name, content in changes.items())
        apply(parts, changes)
        again = Encoder().everything(moment)
        assert parts == again


@given(
    parts=st.dictionaries(st.sampled_from(["state\ta", "schema\tb", "x\tc"]), st.binary()),
    changes=st.lists(
        st.dictionaries(st.text(min_size=1, max_size=3), st.none() | st.binary()), max_size=5
    ),
)
def test_deltas_name_parts_the_same_for_writer_and_reader(
    parts: dict[str, bytes], changes: list[dict[str, bytes | None]]
) -> None:
    blocks = keyframe_blocks(parts)
    read = {name: content for block in blocks for name, content in block_parts(block).items()}
    assert read == parts
    writer, reader = Naming(read), Naming(list(read))
    for change in changes:
        assert reader.decode(writer.encode(change, b"abc"), b"abc") == change


def test_an_unchanged_part_is_the_same_object_again() -> None:
    rows = (CollectionStats(collection="Docs", objects=1), CollectionStats(collection="Chunks"))
    moments = [Moment(at=START, rows=rows), Moment(at=START + 5, rows=(rows[0],))]
    encoder, decoder = Encoder(), Decoder()
    parts = encoder.everything(moments[0])
    first = decoder.moment(START, parts)
    apply(parts, encoder.changes(moments[1]))
    second = decoder.moment(START + 5, parts)
    assert second.rows[0] is next(row for row in first.rows if row.collection == "Docs")


def test_fields_and_kinds_of_another_release_are_left_out() -> None:
    row = CollectionStats(collection="Docs", objects=1)
    key = Key(Kind.COUNT, "Docs")
    parts = Encoder().everything(Moment(at=START, rows=(row,), slices={key: Slice(7, START)}))
    facts, numbers, replicas = msgspec.msgpack.decode(parts[COLUMNS])
    numbers[numbers.index("objects_per_s")] = "of_a_later_release"
    parts[COLUMNS] = encode([facts, numbers, replicas])
    parts["state\thead\tlater\t"] = parts["state\thead\tcount\tDocs"]
    found = Decoder().moment(START, parts)
    assert found.rows == (row,)
    assert list(found.slices) == [key]
