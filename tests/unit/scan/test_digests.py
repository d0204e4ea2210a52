"""Whole objects out of two halves that may slip against each other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.scan.canonical import CanonicalForm, Vector, WholeObject
from elysiadash.scan.compare import Comparison, Kind
from elysiadash.scan.digests import DigestScan
from elysiadash.scan.errors import CoordinatorsDisagree
from elysiadash.scan.extent import Extent
from elysiadash.scan.reading import read_object
from elysiadash.scan.rows import Digested
from elysiadash.weaviate.errors import BadAnswer, ConnectionLost
from tests.unit.scan.fake_node import EXTENT, HASTY, FakeNode, key, present, thing

FORM = CanonicalForm()


def _scan(node: FakeNode, *others: FakeNode, extent: Extent = EXTENT, page: int = 7) -> DigestScan:
    return DigestScan(
        node,  # type: ignore[arg-type]
        extent,
        FORM,
        owners=present,
        others=others,  # type: ignore[arg-type]
        patience=HASTY,
        page=page,
    )


async def _rows(scan: DigestScan) -> list[Digested]:
    return [row async for page in scan.pages() for row in page]


def _expected(objects: list[WholeObject]) -> list[Digested]:
    return [Digested(one.id, one.time, FORM.digest(one)) for one in sorted(objects)]


_THINGS = st.dictionaries(
    st.integers(0, 30).map(key), st.tuples(st.integers(1, 3), st.booleans()), max_size=25
).map(
    lambda known: [
        thing(one, time, vector=b"\0\0\x80?" if has else b"") for one, (time, has) in known.items()
    ]
)


@settings(deadline=None)
@given(_THINGS, st.integers(1, 9))
def test_every_object_is_digested_once(objects: list[WholeObject], page: int) -> None:
    scan = _scan(FakeNode(objects), page=page)
    assert asyncio.run(_rows(scan)) == _expected(objects)
    assert scan.counts.read_alone == scan.counts.vanished == 0


def _without(some: set[bytes]) -> Any:
    return lambda known: [one for one in known if one.id not in some]


def _older(some: set[bytes]) -> Any:
    return lambda known: [one._replace(time=99) if one.id in some else one for one in known]


_SLIPS = st.lists(
    st.none()
    | st.builds(
        lambda make, some: make(set(map(key, some))),
        st.sampled_from([_without, _older]),
        st.sets(st.integers(0, 30), max_size=4),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=200)
@given(_THINGS, st.integers(1, 9), _SLIPS, st.booleans())
def test_halves_that_slip_lose_no_object(
    objects: list[WholeObject], page: int, slips: list[Any], in_rest: bool
) -> None:
    node = FakeNode(objects, mishaps={"listed" if in_rest else "search": slips})
    other = FakeNode(objects)
    assert asyncio.run(_rows(_scan(node, other, page=page))) == _expected(objects)


async def test_a_row_that_never_joins_is_read_by_rest_alone() -> None:
    objects = [
        WholeObject(key(number), 1, b'{"a":1}', [Vector("v", False, b"\0\0\x80?\0\0\0\x80")])
        for number in range(3)
    ]
    late = _older({key(1)})
    node = FakeNode(objects, mishaps={"search": [late] * 9})
    scan = _scan(node, FakeNode(objects))
    assert await _rows(scan) == _expected(objects)
    assert scan.counts.read_alone >= 1


async def test_an_object_deleted_between_its_halves_is_no_object() -> None:
    objects = [thing(number) for number in range(3)]
    node = FakeNode(objects[:2], mishaps={"listed": [lambda known: objects]})
    scan = _scan(node)
    assert await _rows(scan) == _expected(objects[:2])
    assert scan.counts.vanished == 1


@settings(deadline=None)
@given(_THINGS, st.sets(st.integers(0, 30)), st.integers(1, 9))
def test_expired_objects_are_counted_apart(
    objects: list[WholeObject], expired: set[int], page: int
) -> None:
    hidden = set(map(key, expired))
    node = FakeNode(objects, expired=hidden)
    scan = _scan(node, extent=Extent(collection="Things", expires=True), page=page)
    assert asyncio.run(_rows(scan)) == _expected([one for one in objects if one.id not in hidden])
    assert scan.counts.hidden == len(hidden & {one.id for one in objects})


async def test_an_object_that_another_node_has_is_missed_loudly() -> None:
    objects = [thing(number) for number in range(4)]
    with pytest.raises(CoordinatorsDisagree) as it:
        await _rows(_scan(FakeNode(objects[:3]), FakeNode(objects, name="node-1")))
    assert it.value.ids == (key(3),)


async def test_a_failing_half_is_asked_for_again() -> None:
    objects = [thing(number) for number in range(9)]
    mishaps = {"listed": [BadAnswer("truncated")], "search": [None, ConnectionLost("cut")]}
    assert await _rows(_scan(FakeNode(objects, mishaps=mishaps))) == _expected(objects)


_FLOAT = b"\0\0\x80?"


@pytest.mark.parametrize(
    ("damaged", "kind"),
    [
        (lambda one: one._replace(vectors=[Vector("a", False, b"\1\0\x80?")]), Kind.DIFFERENT),
        (lambda one: one._replace(vectors=one.vectors[:1]), Kind.DIFFERENT),
        (lambda one: one._replace(vectors=[]), Kind.DIFFERENT),
        (lambda one: one._replace(properties=b'{"t":null,"d":"2020-01-01T00:00:00.5Z"}'),
         Kind.DIFFERENT),
        (lambda one: one._replace(properties=b'{"d":"2020-01-01T00:00:00Z"}'), Kind.DIFFERENT),
        (lambda one: one._replace(properties=b"{}"), Kind.DIFFERENT),
        (lambda one: None, Kind.MISSING),
    ],
)  # fmt: skip
async def test_each_damage_is_found(damaged: Any, kind: Kind) -> None:
    whole = WholeObject(
        key(2),
        1,
        b'{"d":"2020-01-01T00:00:00.5Z"}',
        [Vector("a", False, _FLOAT), Vector("b", False, b"\0\0\0@")],
    )
    source = [thing(1), whole, thing(3)]
    broken = damaged(whole)
    target = [thing(1), *([broken] if broken else []), thing(3)]
    comparison = Comparison[Digested, Digested]()
    pages = comparison.of_pages(_scan(FakeNode(source)).pages(), _scan(FakeNode(target)).pages())
    found = [one async for page in pages for one in page]
    assert [(one.kind, one.id) for one in found] == [(kind, key(2))]
    assert comparison.totals.same == 2


async def test_two_objects_vectors_swapped_are_two_differences() -> None:
    source = [thing(1), thing(2, vector=b"\0\0\0@")]
    target = [thing(1, vector=b"\0\0\0@"), thing(2)]
    comparison = Comparison[Digested, Digested]()
    pages = comparison.of_pages(_scan(FakeNode(source)).pages(), _scan(FakeNode(target)).pages())
    assert [one.kind async for page in pages for one in page] == [Kind.DIFFERENT] * 2


async def test_named_vectors_are_asked_for_by_name_too() -> None:
    form = CanonicalForm.of({"vectorConfig": {"b": {}, "a": {}}})
    asked: list[list[str]] = []

    class Noting(FakeNode):
        async def search(self, message: Any, extent: Extent) -> Any:
            asked.append(list(message.metadata.vectors) if message.metadata.vector else [])
            return await super().search(message, extent)

    node = Noting([thing(1)])
    scan = DigestScan(node, EXTENT, form, owners=present, patience=HASTY)  # type: ignore[arg-type]
    assert len(await _rows(scan)) == 1
    assert asked[0] == ["a", "b"]


async def test_one_object_is_read_whole() -> None:
    node = FakeNode([thing(0), thing(1), thing(2)])
    for number in (0, 1):
        single = await read_object(node, EXTENT, key(number), patience=HASTY)  # type: ignore[arg-type]
        assert single.whole == thing(number)
        assert single.joined
    assert (await read_object(node, EXTENT, key(7), patience=HASTY)).whole is None  # type: ignore[arg-type]
