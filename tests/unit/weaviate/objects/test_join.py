"""Two pages that slip against each other: nothing lost, nothing twice, nothing half."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.weaviate.objects.join import Half, Joined, OutOfOrder, join, without_expired
from elysiadash.weaviate.objects.rows import Vector

State = dict[int, int]
"""Id -> update time: what a server holds at one moment."""

states = st.dictionaries(st.integers(0, 60), st.integers(1, 3), max_size=40)
changes = st.dictionaries(st.integers(0, 60), st.integers(4, 6) | st.none(), max_size=8)


def _id(number: int) -> str:
    return str(UUID(int=number))


def _changed(state: State, change: dict[int, int | None]) -> State:
    later: dict[int, int | None] = {**state, **change}
    return {number: time for number, time in later.items() if time is not None}


def _page(state: State, after: str, limit: int, kind: str) -> list[Half]:
    ids = sorted(number for number in state if _id(number) > after)[:limit]
    return [
        Half(
            _id(number),
            state[number],
            (kind, number, state[number])
            if kind == "properties"
            else (Vector("", f"{number}/{state[number]}".encode()),),
        )
        for number in ids
    ]


def _joined(state: State, change: dict[int, int | None], after: str, limit: int) -> Joined:
    left = _page(state, after, limit, "properties")
    return join(left, _page(_changed(state, change), after, limit, "v"), limit=limit, after=after)


@given(states, changes, st.integers(1, 12))
def test_every_row_of_both_moments_is_joined_or_told(
    state: State, change: dict[int, int | None], limit: int
) -> None:
    later = _changed(state, change)
    seen: list[str] = []
    after = ""
    for _ in range(200):
        page = _joined(state, change, after, limit)
        told = [row.id for row in page.rows] + page.apart
        assert all(after < one <= page.cursor for one in told)
        seen += sorted(told)
        if page.ended:
            break
        assert page.cursor > after, "the cursor stands still"
        after = page.cursor
    assert seen == sorted(set(seen)), "a row came twice, or out of order"
    assert set(seen) == {_id(number) for number in state.keys() | later.keys()}


@given(states, changes, st.integers(1, 12))
def test_a_joined_row_is_of_one_state(
    state: State, change: dict[int, int | None], limit: int
) -> None:
    later = _changed(state, change)
    for row in _joined(state, change, "", limit).rows:
        number = UUID(row.id).int
        assert row.updated_ms == state[number] == later[number]
        assert row.properties == ("properties", number, state[number])
        assert row.vectors == (Vector("", f"{number}/{state[number]}".encode()),)


@given(states, st.integers(1, 12))
def test_pages_of_one_moment_join_whole(state: State, limit: int) -> None:
    page = _joined(state, {}, "", limit)
    assert page.apart == []
    assert [row.id for row in page.rows] == [_id(number) for number in sorted(state)][:limit]
    assert page.ended == (len(state) < limit)


@given(states, st.integers(1, 12))
def test_an_empty_page_beside_a_full_one_loses_nothing(state: State, limit: int) -> None:
    full = _page(state, "", limit, "properties")
    page = join(full, [], limit=limit, after="")
    assert page.rows == []
    assert page.apart == [half.id for half in full]


def test_a_later_row_waits_for_its_own_page() -> None:
    left = _page({1: 1, 2: 1, 3: 1}, "", 3, "properties")
    right = _page({1: 1, 3: 1, 4: 1}, "", 3, "v")
    page = join(left, right, limit=3, after="")
    assert [row.id for row in page.rows] == [_id(1), _id(3)]
    assert page.apart == [_id(2)]
    assert page.cursor == _id(3), "4 may have a sibling before it in the other page"


@pytest.mark.parametrize("ids", [[2, 1], [1, 1], [0]])
def test_ids_that_do_not_rise_are_no_page(ids: list[int]) -> None:
    halves = [Half(_id(number), 1, None) for number in ids]
    with pytest.raises(OutOfOrder):
        join(halves, [], limit=9, after=_id(0))


def test_what_grpc_hides_is_left_out_and_what_rest_lacks_is_not() -> None:
    """5 expired; 7 was added between the pages, behind the one of properties."""
    properties = _page({1: 1, 5: 1, 9: 1}, "", 10, "properties")
    vectors = _page({1: 1, 7: 1, 9: 1}, "", 10, "vectors")
    found = without_expired(join(properties, vectors, limit=10, after=""), vectors)
    assert [row.id for row in found.rows] == [_id(1), _id(9)]
    assert (found.apart, found.hidden, found.cursor) == ([_id(7)], (_id(5),), _id(9))
