"""Rows of several nodes side by side: what differs is found, however their pages are cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.migrate.replicas import SideBySide
from elysiadash.scan.rows import IdTime
from tests.unit.migrate.two_ends import key

VIEW = st.dictionaries(st.integers(0, 15), st.integers(1, 3), max_size=16)


async def _pages(view: dict[int, int], size: int) -> AsyncIterator[list[IdTime]]:
    rows = [IdTime(key(number), view[number]) for number in sorted(view)]
    for start in range(0, len(rows), size):
        await asyncio.sleep(0)
        yield rows[start : start + size]


@given(views=st.lists(st.tuples(VIEW, st.integers(1, 6)), min_size=1, max_size=4))
def test_what_differs_is_found_and_nothing_else(views: list[tuple[dict[int, int], int]]) -> None:
    async def compared() -> tuple[list[bytes], int]:
        streams = {str(number): _pages(view, size) for number, (view, size) in enumerate(views)}
        both = SideBySide(streams)
        return [one async for found in both.differing() for one in found], both.same

    found, same = asyncio.run(compared())
    told = [view for view, _ in views]
    everywhere = {number for view in told for number in view}
    alike = {one for one in everywhere if len({view.get(one) for view in told}) == 1}
    assert found == [key(one) for one in sorted(everywhere - alike)]
    assert same == len(alike)
