"""The objects of a shard: made from their number when asked for, in the order of their ids.

A shard of millions keeps none of them. Object `k` has an id whose first 48 bits are the bits of
`k` in reverse under a mask of the shard: ids are spread evenly, stay the same while the shard
grows, and the next one after any id is found without sorting.
"""

from __future__ import annotations

import base64
import heapq
import random
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from elysiadash.demo.definitions import Definition, vector_configurations
from elysiadash.demo.model import Collection, Model, Shard
from elysiadash.demo.writes import StoredObject, Vectors

_MASK_64 = (1 << 64) - 1
_SPREAD_BITS = 48
_GOLDEN = 0x9E37_79B9_7F4A_7C15
_WORDS = (
    *("amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "harbor", "inlet"),
    *("jetty", "kelp", "lagoon", "meadow", "north", "orchard", "prairie", "quarry", "river"),
    *("summit", "tundra", "upland", "valley", "willow", "yarrow", "zephyr"),
)


def object_id(shard: Shard, number: int) -> str:
    """The id of the shard's object of that number: a UUID, as text."""
    high = (_reversed_bits(number, _SPREAD_BITS) ^ (shard.key >> 16)) << 16
    high |= 0x4000 | (shard.key & 0x0FFF)
    low = (_mixed(number ^ shard.key) & ~(0b11 << 62)) | (0b10 << 62)
    return str(UUID(int=(high << 64) | low))


class ShardObjects:
    """What one shard holds at one moment, clients' writes included.

    Without `vectors` objects are made without theirs, which is most of the work.
    """

    def __init__(
        self,
        model: Model,
        collection: Collection,
        shard: Shard,
        at: float,
        *,
        vectors: bool = True,
    ) -> None:
        self._vectors = vectors
        self._collection = collection
        self._shard = shard
        past = collection.past
        self._started_at = model.started_at if past is None else past.since
        self._imports = collection.imports if past is None else past.imports
        count = shard.objects
        if shard.share:
            count += int(shard.share * collection.arrived(model.started_at, at))
        self._made = count

    def get(self, identity: str) -> StoredObject | None:
        """The object of that id, or None."""
        writes = self._shard.writes
        if writes is not None and writes.touched(identity):
            return writes.get(identity)
        number = self._number_of(identity)
        return None if number is None else self._make(number, identity)

    def after(self, identity: str) -> Iterator[StoredObject]:
        """Objects whose id comes after `identity` (all, if it is empty), in order of id."""
        writes = self._shard.writes
        if writes is None:
            for known, number in self._made_after(identity):
                yield self._make(number, known)
            return
        written = [(known, -1) for known in writes.after(identity)]
        for known, number in heapq.merge(self._made_after(identity), written):
            if number >= 0:
                if not writes.touched(known):
                    yield self._make(number, known)
            else:
                stored = writes.get(known)
                if stored is not None:
                    yield stored

    def _made_after(self, identity: str) -> Iterator[tuple[str, int]]:
        if not self._made:
            return
        bits = max(1, (self._made - 1).bit_length())
        shift = _SPREAD_BITS - bits
        mask = (self._shard.key >> 16) >> shift
        first = 0 if not identity else UUID(identity).int >> (128 - bits)
        for place in range(first, 1 << bits):
            number = _reversed_bits(place ^ mask, bits)
            if number >= self._made:
                continue
            known = object_id(self._shard, number)
            if known > identity:
                yield known, number

    def _number_of(self, identity: str) -> int | None:
        spread = UUID(identity).int >> (128 - _SPREAD_BITS)
        number = _reversed_bits(spread ^ (self._shard.key >> 16), _SPREAD_BITS)
        if number < self._made and object_id(self._shard, number) == identity:
            return number
        return None

    def _make(self, number: int, identity: str) -> StoredObject:
        collection, shard = self._collection, self._shard
        rng = random.Random(shard.key ^ number * _GOLDEN)
        created = int(self._written_at(number) * 1000)
        return StoredObject(
            id=identity,
            created_ms=created,
            updated_ms=created,
            properties={
                known["name"]: value
                for known in collection.definition["properties"]
                if (value := _value(known, rng)) is not None
            },
            vectors=self._make_vectors(rng) if self._vectors else {},
            tenant=shard.name if collection.multi_tenant else "",
        )

    def _make_vectors(self, rng: random.Random) -> Vectors:
        lengths = self._collection.lengths
        return {
            name: _vector(configuration, lengths.get(name, 8), rng)
            for name, configuration in vector_configurations(self._collection.definition).items()
            if not configuration.get("skip", False)
        }

    def _written_at(self, number: int) -> float:
        """When the object was written: evenly over the collection's past, then as it comes."""
        shard, collection = self._shard, self._collection
        if number < shard.objects:
            age = self._started_at - collection.created_at
            return collection.created_at + age * number / max(1, shard.objects)
        rate = shard.share * self._imports.rate
        return self._started_at + (number - shard.objects) / max(rate, 1e-9)


def _reversed_bits(number: int, bits: int) -> int:
    return int(f"{number:0{bits}b}"[::-1], 2)


def _mixed(number: int) -> int:
    """A 64-bit number that looks random, the same for the same input."""
    number = (number * _GOLDEN) & _MASK_64
    number = ((number ^ (number >> 30)) * 0xBF58_476D_1CE4_E5B9) & _MASK_64
    number = ((number ^ (number >> 27)) * 0x94D0_49BB_1331_11EB) & _MASK_64
    return number ^ (number >> 31)


def _vector(
    configuration: Definition, dimensions: int, rng: random.Random
) -> list[float] | list[list[float]]:
    if configuration.get("multivector", {}).get("enabled", False):
        return [_row(dimensions, rng) for _ in range(rng.randrange(2, 6))]
    return _row(dimensions, rng)


def _row(dimensions: int, rng: random.Random) -> list[float]:
    """Numbers that a float32 holds exactly, so that every way of writing them agrees."""
    return [value / 32_768 for value in array("h", rng.randbytes(2 * dimensions))]


def _value(known: Definition, rng: random.Random) -> Any:
    """A value of the property's data type; now and then a property is absent."""
    data_type = known["dataType"][0]
    if rng.random() < 0.02:
        return None
    if data_type.endswith("[]"):
        single = {**known, "dataType": [data_type[:-2]]}
        return [_single(single, rng) for _ in range(rng.randrange(0, 4))]
    return _single(known, rng)


def _single(known: Definition, rng: random.Random) -> Any:
    match known["dataType"][0]:
        case "text":
            words = 2 if known.get("tokenization") == "field" else rng.randrange(4, 14)
            return " ".join(rng.choices(_WORDS, k=words))
        case "int":
            return rng.randrange(0, 10_000)
        case "number":
            return rng.randrange(0, 1_000_000) / 1000
        case "boolean":
            return rng.random() < 0.5
        case "date":
            moment = datetime.fromtimestamp(1_700_000_000 + rng.randrange(0, 60_000_000), UTC)
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        case "uuid":
            return str(UUID(int=rng.getrandbits(128), version=4))
        case "geoCoordinates":
            return {
                "latitude": rng.randrange(-8_000, 8_000) / 128,
                "longitude": rng.randrange(-16_000, 16_000) / 128,
            }
        case "blob":
            return base64.b64encode(rng.randbytes(24)).decode()
        case "object":
            nested = known.get("nestedProperties", [])
            return {inner["name"]: _single(inner, rng) for inner in nested}
        case _:
            return None
