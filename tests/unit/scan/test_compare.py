"""A comparison finds what a comparison of two dictionaries finds, however the pages fall."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.scan.compare import Comparison, Difference, Kind, same_time
from elysiadash.scan.errors import OutOfOrder
from elysiadash.scan.rows import Digested

_ROWS = st.dictionaries(
    st.integers(0, 40).map(lambda number: number.to_bytes(16)),
    st.tuples(st.integers(1, 2), st.sampled_from([b"x" * 8, b"y" * 8])),
    max_size=30,
).map(lambda known: [Digested(key, *known[key]) for key in sorted(known)])
_PAGES = st.lists(st.integers(0, 5), max_size=20)


def _expected(source: list[Digested], target: list[Digested]) -> list[Difference]:
    left, right = ({row.id: row for row in rows} for rows in (source, target))
    found = []
    for key in sorted(left.keys() | right.keys()):
        one, other = left.get(key), right.get(key)
        if one and other and one.digest != other.digest:
            found.append(Difference(Kind.DIFFERENT, key, one.time, other.time))
        elif one and not other:
            found.append(Difference(Kind.MISSING, key, one.time, None))
        elif other and not one:
            found.append(Difference(Kind.EXTRA, key, None, other.time))
    return found


async def _paged(rows: list[Digested], sizes: list[int]) -> AsyncIterator[list[Digested]]:
    start = 0
    for size in sizes:
        yield rows[start : start + size]
        start += size
    yield rows[start:]


@given(_ROWS, _ROWS, _PAGES, _PAGES)
def test_scans_and_ledgers_are_compared_alike(
    source: list[Digested], target: list[Digested], cuts: list[int], others: list[int]
) -> None:
    by_rows = Comparison[Digested, Digested]()
    found = list(by_rows.of_rows(source, target))
    assert found == _expected(source, target)

    by_pages = Comparison[Digested, Digested]()

    async def all_of_them() -> list[Difference]:
        pages = by_pages.of_pages(_paged(source, cuts), _paged(target, others))
        return [one async for page in pages for one in page]

    assert sorted(asyncio.run(all_of_them()), key=lambda one: one.id) == found
    assert by_pages.totals == by_rows.totals
    totals = by_rows.totals
    assert (totals.source, totals.target) == (len(source), len(target))
    assert totals.equal == (found == [])
    assert totals.missing + totals.extra + totals.different == len(found)


@given(_ROWS, _PAGES, _PAGES)
def test_differences_of_pages_come_in_order(
    rows: list[Digested], cuts: list[int], others: list[int]
) -> None:
    async def ids() -> list[bytes]:
        pages = Comparison[Digested, Digested]().of_pages(
            _paged(rows[::2], cuts), _paged(rows[1::2], others)
        )
        return [one.id async for page in pages for one in page]

    assert asyncio.run(ids()) == [row.id for row in rows]


def test_a_delta_goes_by_times() -> None:
    rows = [Digested(bytes(15) + b"\1", 1, b"x" * 8), Digested(bytes(15) + b"\2", 1, b"x" * 8)]
    later = [rows[0]._replace(digest=b"y" * 8), rows[1]._replace(time=2)]
    (found,) = Comparison[Digested, Digested](same_time).of_rows(rows, later)
    assert (found.id, found.source_time, found.target_time) == (rows[1].id, 1, 2)


def test_a_stream_out_of_order_is_refused_also_across_pages() -> None:
    one, other = Digested(bytes(16), 1, bytes(8)), Digested(b"\1" * 16, 1, bytes(8))
    with pytest.raises(OutOfOrder):
        list(Comparison[Digested, Digested]().of_rows([other, one], [one]))
    with pytest.raises(OutOfOrder):
        list(Comparison[Digested, Digested]().of_rows([one], [one, one]))

    async def across() -> None:
        pages = Comparison[Digested, Digested]().of_pages(
            _paged([other, one], [1]), _paged([one, other], [])
        )
        async for _ in pages:
            pass

    with pytest.raises(OutOfOrder):
        asyncio.run(across())
