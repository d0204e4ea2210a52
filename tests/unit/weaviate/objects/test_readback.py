"""Going through a server's ids in search of some: all that are there, in few questions."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.weaviate.errors import AnswerTooLarge, BadAnswer
from elysiadash.weaviate.objects.readback import before, walk

_NUMBERS = st.sets(st.integers(0, 400) | st.integers(0, 2**128 - 1), max_size=80)


def _id(number: int) -> str:
    return str(UUID(int=number))


class _Server:
    """Holds ids, and answers at most ``most`` of them at a time."""

    def __init__(self, numbers: set[int], most: int = 10_000) -> None:
        self._ids = sorted(map(_id, numbers))
        self._most = most
        self.asked = 0

    async def page(self, after: str, limit: int) -> list[tuple[str, int]]:
        self.asked += 1
        if limit > self._most:
            raise AnswerTooLarge("too large")
        found = [one for one in self._ids if one > after][:limit]
        return [(one, UUID(one).int % 97) for one in found]


@given(_NUMBERS, _NUMBERS)
async def test_what_is_there_is_found_and_nothing_else(held: set[int], wanted: set[int]) -> None:
    server = _Server(held)
    found = await walk(map(_id, wanted), server.page)
    assert found == {_id(number): number % 97 for number in held & wanted}
    assert server.asked <= len(wanted)


@given(_NUMBERS, st.integers(1, 5))
async def test_an_answer_that_is_too_large_is_asked_for_in_parts(held: set[int], most: int) -> None:
    server = _Server(held, most)
    assert (await walk(map(_id, held), server.page)).keys() == set(map(_id, held))


async def test_ids_that_lie_together_take_one_question() -> None:
    server = _Server(set(range(1_000)))
    await walk(map(_id, range(1_000)), server.page)
    assert server.asked == 1


async def test_a_server_that_answers_with_earlier_ids_is_not_asked_for_ever() -> None:
    async def page(after: str, limit: int) -> list[tuple[str, int]]:
        return [(_id(0), 0)] * limit

    with pytest.raises(BadAnswer, match="order"):
        await walk([_id(5), _id(6)], page)


def test_the_cursor_before_an_id_lets_it_come_first() -> None:
    assert before(_id(0)) == ""
    assert before(_id(1)) == _id(0)
    assert before("01000000-0000-0000-0000-000000000000") < "01000000-0000-0000-0000-000000000000"
