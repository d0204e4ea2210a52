"""Objects made on demand: in order of id, each found again, the same while the shard grows."""

from __future__ import annotations

from itertools import islice
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.demo.blueprint import CollectionPlan, build_model
from elysiadash.demo.clock import MANUAL_START, ManualClock
from elysiadash.demo.model import Collection, Model, Shard
from elysiadash.demo.objects import ShardObjects, object_id
from elysiadash.demo.writes import FLUSHED_FROM, StoredObject

_EVERY_TYPE = (
    "t:text k:text:field i:int n:number b:boolean d:date u:uuid g:geoCoordinates blob:blob"
    " o:object ts:text[] is:int[] ns:number[] bs:boolean[] ds:date[] us:uuid[] os:object[]"
)


def _shard(objects: int, seed: int = 1) -> tuple[Model, Collection, Shard]:
    plan = CollectionPlan("Thing", _EVERY_TYPE, objects, shards=1)
    model = build_model("test", [plan], nodes=3, seed=seed, clock=ManualClock(), traffic=False)
    collection = model.collections["Thing"]
    return model, collection, next(iter(collection.shards.values()))


def _ids(objects: ShardObjects, after: str = "") -> list[str]:
    return [stored.id for stored in objects.after(after)]


@given(st.integers(0, 80), st.integers(1, 50))
def test_all_objects_come_once_and_in_order(count: int, seed: int) -> None:
    ids = _ids(ShardObjects(*_shard(count, seed), at=MANUAL_START, vectors=False))
    assert len(ids) == count
    assert ids == sorted(set(ids))


@given(st.integers(1, 60), st.uuids())
def test_after_any_id_come_exactly_the_later_ones(count: int, cursor: UUID) -> None:
    objects = ShardObjects(*_shard(count), at=MANUAL_START, vectors=False)
    ids = _ids(objects)
    assert _ids(objects, str(cursor)) == [known for known in ids if known > str(cursor)]
    assert _ids(objects, ids[0]) == ids[1:]


@given(st.integers(0, 10**9), st.integers(1, 20))
def test_ids_are_version_4_and_found_again(number: int, seed: int) -> None:
    model, collection, shard = _shard(0, seed)
    shard.objects = number + 1
    identity = object_id(shard, number)
    assert UUID(identity).version == 4
    objects = ShardObjects(model, collection, shard, MANUAL_START)
    found = objects.get(identity)
    assert found is not None
    assert found.id == identity
    assert next(islice(objects.after(""), 1)).id <= identity


def test_ids_stay_while_the_shard_grows() -> None:
    model, collection, shard = _shard(1_000)
    before = set(_ids(ShardObjects(model, collection, shard, MANUAL_START)))
    shard.objects = 1_700
    assert before < set(_ids(ShardObjects(model, collection, shard, MANUAL_START)))


def test_an_object_is_the_same_every_time_and_its_seed_decides() -> None:
    identity = object_id(_shard(50)[2], 7)
    first, again = (ShardObjects(*_shard(50), at=MANUAL_START).get(identity) for _ in range(2))
    assert first == again
    assert ShardObjects(*_shard(50, seed=2), at=MANUAL_START).get(identity) is None


def test_an_object_is_the_same_with_and_without_its_vectors() -> None:
    identity = object_id(_shard(50)[2], 7)
    full = ShardObjects(*_shard(50), at=MANUAL_START).get(identity)
    plain = ShardObjects(*_shard(50), at=MANUAL_START, vectors=False).get(identity)
    assert full is not None
    assert plain is not None
    assert full.properties == plain.properties
    assert (len(full.vectors), len(plain.vectors)) == (1, 0)


def test_what_is_written_lies_over_what_was_made() -> None:
    model, collection, shard = _shard(20)
    objects = ShardObjects(model, collection, shard, MANUAL_START)
    ids = _ids(objects)
    writes = model.writes_of(shard)
    writes.delete(ids[3], MANUAL_START)
    changed = StoredObject(ids[5], 1, 2, {"t": "changed"})
    writes.put(changed, MANUAL_START, is_new=False)
    added = StoredObject("00000000-0000-4000-8000-000000000000", 1, 2, {"t": "added"})
    writes.put(added, MANUAL_START, is_new=True)

    now = _ids(objects)
    assert now == sorted({*ids, added.id} - {ids[3]})
    assert objects.get(ids[3]) is None
    assert objects.get(ids[5]) is changed
    assert objects.get(added.id) is added
    assert model.true_count(collection, shard, MANUAL_START) == 20


def test_a_small_tail_of_writes_is_never_listed() -> None:
    model, collection, shard = _shard(20)
    node = shard.nodes[0]
    writes = model.writes_of(shard)
    for number in range(FLUSHED_FROM - 1):
        stored = StoredObject(str(UUID(int=number)), 1, 2, {})
        writes.put(stored, MANUAL_START + 1, is_new=True)
    at = MANUAL_START + 3_600
    assert model.true_count(collection, shard, at) == 20 + FLUSHED_FROM - 1
    assert model.listed_count(collection, shard, node, at) == 20

    writes.put(StoredObject(str(UUID(int=FLUSHED_FROM)), 1, 2, {}), MANUAL_START + 1, is_new=True)
    assert model.listed_count(collection, shard, node, at) == 20 + FLUSHED_FROM
