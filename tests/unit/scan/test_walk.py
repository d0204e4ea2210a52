"""A walk gives every id of its range once and in order, or says that it cannot vouch for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from elysiadash.proto import weaviate_pb2 as pb
from elysiadash.scan.errors import (
    CoordinatorsDisagree,
    OutOfOrder,
    OwnersAway,
    RowTooLarge,
    ScanFailed,
)
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.keys import FIRST, LAST, as_text
from elysiadash.scan.owners import Owners
from elysiadash.weaviate.errors import (
    BadAnswer,
    ConnectionLost,
    Forbidden,
    Rejected,
    ServerFault,
    Unreachable,
    WeaviateError,
)
from tests.unit.scan.fake_node import EXTENT, HASTY, FakeNode, key, present, thing

_NUMBERS = st.sets(
    st.integers(0, 40) | st.sampled_from([2**128 - 1, 2**128 - 2, 2**64]), max_size=30
)

_AWAY = Owners(frozenset({"node-2"}))


def _empty(known: list[Any]) -> list[Any]:
    return []


def _short(known: list[Any]) -> list[Any]:
    return known[::2]


def _scan(node: FakeNode, *others: FakeNode, extent: Extent = EXTENT, **options: Any) -> IdTimeScan:
    given: dict[str, Any] = {"owners": present, "patience": HASTY, "page": 7} | options
    return IdTimeScan(node, extent, others=others, **given)  # type: ignore[arg-type]


async def _ids(scan: IdTimeScan) -> list[bytes]:
    return [row.id async for page in scan.pages() for row in page]


@settings(deadline=None)
@given(_NUMBERS, st.integers(1, 12), st.tuples(st.integers(0, 45), st.integers(0, 45)))
def test_a_range_is_its_ids_both_ends_included(
    numbers: set[int], page: int, ends: tuple[int, int]
) -> None:
    lower, upper = (key(number) for number in sorted(ends))
    known = sorted(map(key, numbers))
    node = FakeNode(map(thing, known))
    extent = Extent(collection="Things", lower=lower, upper=upper)
    found = asyncio.run(_ids(_scan(node, extent=extent, page=page)))
    assert found == [one for one in known if lower <= one <= upper]
    assert asyncio.run(_ids(_scan(node, page=page))) == known


_FAILURES = [ConnectionLost("cut"), ServerFault("500"), BadAnswer("truncated"), Unreachable("no")]
_FAILING = st.lists(st.sampled_from([None, None, *_FAILURES]), max_size=5)
_LYING = st.lists(st.sampled_from([None, None, _empty, _short, *_FAILURES]), max_size=5)


@settings(deadline=None, max_examples=200)
@given(_NUMBERS, st.integers(1, 12), _LYING, _FAILING, st.booleans())
def test_mishaps_never_make_a_scan_shorter(
    numbers: set[int], page: int, lying: list[Any], failing: list[Any], other_lies: bool
) -> None:
    if page <= 2 * len(numbers):
        # A full page that lacks rows looks like a whole one; that is what comparing is for.
        lying = [mishap for mishap in lying if mishap is not _short]
    known = sorted(map(key, numbers))
    first, second = (failing, lying) if other_lies else (lying, failing)
    node = FakeNode(map(thing, known), mishaps={"search": first, "listed": failing})
    other = FakeNode(map(thing, known), name="node-1", mishaps={"search": second})
    try:
        found = asyncio.run(_ids(_scan(node, other, page=page)))
    except (WeaviateError, ScanFailed) as error:
        event(type(error).__name__)
    else:
        event("whole")
        assert found == known


async def test_the_nil_id_is_there_and_only_an_empty_cursor_gives_it() -> None:
    node = FakeNode([thing(FIRST), thing(LAST)])
    assert await _ids(_scan(node)) == [FIRST, LAST]
    assert node.asked[0][:2] == ("search", "")
    scan = _scan(node, extent=Extent(collection="Things", lower=key(1)))
    assert await _ids(scan) == [LAST]
    assert node.asked[-1][1] != ""


async def test_an_empty_page_is_asked_for_again_through_another_node() -> None:
    things = [thing(number) for number in range(10)]
    node = FakeNode(things, mishaps={"search": [_empty]})
    other = FakeNode(things, name="node-1")
    scan = _scan(node, other)
    assert len(await _ids(scan)) == 10
    assert other.asked[0] == ("search", "", 7)
    assert scan.counts.confirmations >= 1


async def test_a_node_that_lacks_what_another_has_is_named() -> None:
    node = FakeNode([thing(1), thing(2)])
    other = FakeNode([thing(1), thing(2), thing(3)], name="node-1")
    with pytest.raises(
        CoordinatorsDisagree, match=r"node-1 knows 1 ids that node-0 does not"
    ) as it:
        await _ids(_scan(node, other))
    assert it.value.ids == (key(3),)


async def test_another_node_that_lacks_what_the_asked_one_has_confirms_nothing() -> None:
    node = FakeNode([thing(1), thing(2)])
    with pytest.raises(CoordinatorsDisagree, match="node-0 knows 1 ids that node-1"):
        await _ids(_scan(node, FakeNode([thing(1)], name="node-1")))


async def test_a_scan_without_others_is_the_nodes_own_view() -> None:
    node = FakeNode([thing(1), thing(2)])
    assert await _ids(_scan(node)) == [key(1), key(2)]


async def test_what_was_written_in_between_is_read() -> None:
    node = FakeNode([thing(1)])
    other = FakeNode([thing(1), thing(2)], name="node-1")

    def written(known: list[Any]) -> list[Any]:
        node.objects[key(2)] = thing(2)
        return known

    other.mishaps["search"] = [written]
    assert await _ids(_scan(node, other)) == [key(1), key(2)]


async def test_what_arrives_late_at_one_replica_is_waited_for() -> None:
    node = FakeNode([thing(1)])
    other = FakeNode([thing(1), thing(2)], name="node-1")
    arriving = iter(range(3, 6))

    def written(known: list[Any]) -> list[Any]:
        # Each time the node knows what the other knew before, and one more is on its way.
        node.objects |= other.objects
        for late in arriving:
            other.objects[key(late)] = thing(late)
            break
        return known

    other.mishaps["search"] = [None, *[written] * 9]
    assert await _ids(_scan(node, other)) == [key(number) for number in range(1, 6)]


async def test_a_disagreement_can_be_settled_or_noted() -> None:
    node = FakeNode([thing(1), thing(4)])
    other = FakeNode([thing(number) for number in range(1, 4)], name="node-1")
    noted: list[CoordinatorsDisagree] = []

    async def note(disagreement: CoordinatorsDisagree) -> bool:
        noted.append(disagreement)
        return False

    assert await _ids(_scan(node, other, settle=note)) == [key(1), key(4)]
    assert {each for one in noted for each in one.ids} == {key(2), key(3)}

    async def repair(disagreement: CoordinatorsDisagree) -> bool:
        both = node.objects | other.objects
        node.objects, other.objects = dict(both), dict(both)
        return True

    found = await _ids(_scan(node, other, settle=repair))
    assert found == [key(number) for number in range(1, 5)]


@pytest.mark.parametrize("first_gone", [False, True])
async def test_what_was_deleted_in_between_is_no_disagreement(first_gone: bool) -> None:
    node, other = (FakeNode([thing(1), thing(2)], name=f"node-{name}") for name in range(2))
    early, late = (node, other) if first_gone else (other, node)
    del early.objects[key(2)]

    def deleted(known: list[Any]) -> list[Any]:
        late.objects.pop(key(2), None)
        return known

    other.mishaps["search"] = [deleted]
    assert await _ids(_scan(node, other)) == [key(1)] if first_gone else [key(1), key(2)]


async def test_protobuf_that_hides_what_rest_lists_is_a_disagreement() -> None:
    node = FakeNode([thing(number) for number in range(5)], expired=map(key, range(5)))
    with pytest.raises(CoordinatorsDisagree, match="REST knows 5 ids"):
        await _ids(_scan(node))


@settings(deadline=None)
@given(_NUMBERS, st.sets(st.integers(0, 40)), st.integers(1, 12))
def test_expired_objects_hide_none_that_follow(
    numbers: set[int], expired: set[int], page: int
) -> None:
    node = FakeNode(map(thing, map(key, numbers)), expired=map(key, expired))
    scan = _scan(node, extent=Extent(collection="Things", expires=True), page=page)
    assert asyncio.run(_ids(scan)) == sorted(map(key, numbers - expired))


async def test_what_the_last_question_brings_is_not_lost() -> None:
    things = [thing(number) for number in range(3)]
    # A page and its confirmation in each round, until those of the last one.
    node = FakeNode(things, mishaps={"search": [_empty] * 6})
    assert await _ids(_scan(node)) == [key(0), key(1), key(2)]


async def test_the_nodes_own_doors_failing_for_good_is_raised() -> None:
    node = FakeNode([thing(1)], mishaps={"search": [ConnectionLost("cut")] * 3})
    with pytest.raises(ConnectionLost):
        await _ids(_scan(node))
    node = FakeNode([thing(1)], mishaps={"search": [Forbidden("no")]})
    with pytest.raises(Forbidden):
        await _ids(_scan(node))
    assert len(node.asked) == 1


async def test_ids_that_do_not_rise_are_refused() -> None:
    things = [thing(number) for number in range(5)]
    node = FakeNode(things, mishaps={"search": [lambda known: known[::-1]]})
    with pytest.raises(OutOfOrder, match=as_text(key(4))):
        await _ids(_scan(node))
    node = FakeNode(things, mishaps={"search": [lambda known: [known[0], known[0]]]})
    with pytest.raises(OutOfOrder):
        await _ids(_scan(node))


async def test_a_row_before_its_cursor_is_refused() -> None:
    class Deaf(FakeNode):
        async def search(self, message: pb.SearchRequest, extent: Extent) -> pb.SearchReply:
            message.after = ""
            return await super().search(message, extent)

    with pytest.raises(OutOfOrder):
        await _ids(_scan(Deaf(map(thing, range(9))), page=4))


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([_AWAY], "node-2 is away"),
        ([Owners(), _AWAY], "node-2 is away"),
        ([Owners(), Owners(), _AWAY], "node-2 is away"),
        ([Owners(mark=1), Owners(mark=1), Owners(mark=2)], "came back"),
    ],
)
async def test_a_dead_owner_stops_the_scan_before_inside_and_after(
    answers: list[Owners], words: str
) -> None:
    coming = iter(answers)

    async def owners() -> Owners:
        return next(coming)

    with pytest.raises(OwnersAway, match=words):
        await _ids(_scan(FakeNode([thing(1)]), owners=owners))


async def test_each_page_is_counted_by_what_it_had() -> None:
    asked = []

    async def pace(rows: int) -> None:
        asked.append(rows)

    node = FakeNode(map(thing, range(20)))
    await _ids(_scan(node, pace=pace))
    # The last one is asked for again, and an answer without rows costs nothing.
    assert sum(asked) >= 20
    assert len(asked) == len(node.asked)
    asked.clear()
    await _ids(_scan(FakeNode([thing(1)]), pace=pace, page=500))
    assert max(asked) == 1, "a small collection is not charged for pages that it does not fill"


async def test_a_page_that_is_too_large_is_halved_until_it_fits() -> None:
    too_large = Rejected("refused", detail="CLIENT: Received message larger than max (9 vs. 8)")
    too_many = ServerFault("500", detail="query maximum results exceeded: the total limit")
    node = FakeNode(map(thing, range(20)), mishaps={"search": [too_large, too_many]})
    assert len(await _ids(_scan(node, page=8))) == 20
    assert [limit for _, _, limit in node.asked[:3]] == [8, 4, 2]
    assert max(limit for _, _, limit in node.asked[2:]) == 2
    node = FakeNode([thing(1)], mishaps={"search": [too_large] * 4})
    with pytest.raises(RowTooLarge):
        await _ids(_scan(node, page=8))


async def test_pages_stay_below_half_of_the_largest_message() -> None:
    node = FakeNode(map(thing, range(50)))
    await _ids(_scan(node, page=5000, max_message=4000))
    assert max(limit for _, _, limit in node.asked) <= 4000 // 2 // 120


async def test_a_scan_left_early_leaves_no_task() -> None:
    node = FakeNode(map(thing, range(50)))
    pages = _scan(node).pages()
    assert len(await anext(pages)) == 7
    await pages.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == {asyncio.current_task()}
