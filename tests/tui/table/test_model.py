"""Whatever happens to the rows, the cursor and the marks stay on things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.tui.widgets.table import (
    Cell,
    Column,
    Cursor,
    Marked,
    SortBy,
    Sorting,
    Succession,
    TableModel,
    arrange,
)


class Thing(NamedTuple):
    name: str
    size: int | None
    rate: float | None = None
    bad: bool = False


COLUMNS: list[Column[Thing]] = [
    Column("name", "Name", lambda thing: Cell(thing.name), sort_key=lambda thing: thing.name),
    Column("size", "Size", lambda thing: Cell(str(thing.size)), sort_key=lambda thing: thing.size),
    Column(
        "rate",
        "Rate",
        lambda thing: Cell(str(thing.rate)),
        sort_key=lambda thing: thing.rate,
        descending_first=True,
    ),
    Column("note", "Note", lambda _: Cell("")),
]

things = st.lists(
    st.builds(
        Thing,
        st.sampled_from([f"n{number}" for number in range(12)]),
        st.none() | st.integers(0, 3),
        st.none() | st.floats(allow_infinity=True, allow_nan=True),
        st.booleans(),
    ),
    unique_by=lambda thing: thing.name,
    max_size=12,
)
sorts = st.none() | st.builds(SortBy, st.sampled_from(["name", "size", "rate"]), st.booleans())
FILTERS: list[Callable[[Thing], bool] | None] = [
    None,
    lambda thing: thing.name in {"n1", "n2", "n3", "n4"},
    lambda thing: thing.size is not None,
    lambda thing: False,
]
changes = st.one_of(
    st.tuples(st.just("rows"), things, st.booleans()),
    st.tuples(st.just("sort"), sorts),
    st.tuples(st.just("filter"), st.sampled_from(FILTERS)),
    st.tuples(st.just("problems"), st.booleans()),
)
steps = st.one_of(
    changes,
    st.tuples(st.just("move"), st.integers(-5, 5)),
    st.tuples(st.just("mark")),
)


def table(rows: list[Thing] | None = None) -> TableModel[Thing]:
    model = TableModel(COLUMNS, lambda thing: thing.name, lambda thing: thing.bad)
    model.set_rows(rows or [])
    return model


def names(*given: str) -> list[Thing]:
    return [Thing(name, None) for name in given]


def change(model: TableModel[Thing], step: tuple[object, ...]) -> None:
    match step:
        case ("rows", list() as rows, bool() as hold):
            model.set_rows(rows, hold)
        case ("sort", SortBy() | None as sort):
            model.set_sort(sort)
        case ("filter", keep):
            model.set_filter(keep)  # type: ignore[arg-type]
        case ("problems", bool() as only):
            model.set_problems_only(only)
        case ("move", int() as lines):
            model.move(lines)
        case ("mark",):
            model.toggle_mark()
        case _:
            raise AssertionError(step)


@given(things, st.lists(steps, max_size=20))
def test_changes_never_move_the_cursor_to_another_thing(
    first: list[Thing], script: list[tuple[object, ...]]
) -> None:
    model = table(first)
    for step in script:
        before = model.cursor.key
        change(model, step)
        cursor = model.cursor
        if step[0] != "move" and before is not None:
            assert cursor.key == before
        if cursor.lost is None and cursor.key is not None:
            assert model.shown[cursor.place] == cursor.key
            current = model.current()
            assert current is not None
            assert current.name == cursor.key
        else:
            assert model.current() is None
            assert cursor.key not in model.shown
            assert (cursor.lost == "filtered") == (model.row(cursor.key) is not None)


@given(things, st.lists(steps, max_size=20))
def test_marks_are_on_living_things_shown_or_said_to_be_hidden(
    first: list[Thing], script: list[tuple[object, ...]]
) -> None:
    model = table(first)
    wanted: set[object] = set()
    for step in script:
        if step[0] == "mark" and model.current() is not None:
            wanted ^= {model.cursor.key}
        change(model, step)
        wanted = {key for key in wanted if model.row(key) is not None}
        marked = model.marked
        assert {*marked.shown, *marked.hidden} == wanted
        assert len(marked.shown) + len(marked.hidden) == len(wanted)
        assert list(marked.shown) == [key for key in model.shown if key in wanted]
        assert not set(marked.hidden) & set(model.shown)


@given(things, sorts, st.sampled_from(FILTERS), st.booleans())
def test_order_equals_python_sorted(
    rows: list[Thing],
    sort: SortBy | None,
    keep: Callable[[Thing], bool] | None,
    problems_only: bool,
) -> None:
    model = table()
    model.set_sort(sort)
    model.set_filter(keep)
    model.set_problems_only(problems_only)
    model.set_rows(rows)
    kept = [row for row in rows if keep is None or keep(row)]
    kept = [row for row in kept if row.bad or not problems_only]
    if sort is not None:
        kept.sort(key=lambda row: row.name)

        def value(row: Thing) -> object:
            return getattr(row, sort.column)

        known = [row for row in kept if value(row) is not None and value(row) == value(row)]
        unknown = [row for row in kept if row not in known]
        kept = sorted(known, key=value, reverse=sort.descending) + unknown  # type: ignore[arg-type]
    assert list(model.shown) == [row.name for row in kept]
    assert model.total == len(rows)
    assert model.problems == {row.name for row in rows if row.bad}


@given(things, things, sorts, st.sampled_from(FILTERS))
def test_held_rows_keep_their_order_and_new_ones_come_last(
    before: list[Thing],
    after: list[Thing],
    sort: SortBy | None,
    keep: Callable[[Thing], bool] | None,
) -> None:
    model = table(before)
    model.set_sort(sort)
    model.set_filter(keep)
    shown = list(model.shown)
    model.set_rows(after, hold=True)
    living = {row.name for row in after}
    stayed = [key for key in shown if key in living]
    assert list(model.shown[: len(stayed)]) == stayed
    held = list(model.shown)
    model.rearrange()
    free = list(model.shown)
    assert [key for key in free if key not in shown] == held[len(stayed) :]
    fresh = table(after)
    fresh.set_filter(keep)
    fresh.set_sort(sort)
    assert free == list(fresh.shown)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 99), st.none() | st.integers(0, 5)), max_size=200))
def test_arrange_sorts_thousands_as_it_sorts_two(pairs: list[tuple[int, int | None]]) -> None:
    keys = list(range(len(pairs)))
    up = arrange(pairs, keys, Sorting(lambda pair: pair[1]))
    down = arrange(pairs, keys, Sorting(lambda pair: pair[1], descending=True))
    unknown = [at for at in keys if pairs[at][1] is None]
    assert up[len(up) - len(unknown) :] == down[len(down) - len(unknown) :] == unknown
    assert sorted(up) == keys
    values = [pairs[at][1] for at in down if pairs[at][1] is not None]
    assert values == sorted(values, reverse=True)  # type: ignore[type-var]
    for one, two in pairwise(down):
        if pairs[one][1] == pairs[two][1]:
            assert one < two


def test_keys_that_do_not_compare_still_give_one_order() -> None:
    rows = [Thing("a", 1), Thing("b", 1), Thing("c", 1)]
    keys = ["x", 3, None]
    first = arrange(rows, keys, Sorting(lambda _: 0))
    again = arrange(rows[::-1], keys[::-1], Sorting(lambda _: 0))
    assert [keys[at] for at in first] == [keys[::-1][at] for at in again]


def test_a_thing_listed_twice_is_shown_once_with_its_newest_values() -> None:
    model = table([Thing("a", 1), Thing("b", 2), Thing("a", 3)])
    assert list(model.shown) == ["a", "b"]
    assert model.row("a") == Thing("a", 3)
    assert model.total == 2


def test_the_cursor_starts_on_the_first_row_and_says_when_it_is_gone() -> None:
    model = table(names("a", "b", "c"))
    assert model.cursor == Cursor("a", 0)
    model.move(1)
    model.set_rows(names("a", "c"))
    assert model.cursor == Cursor("b", 1, "gone")
    assert model.current() is None
    model.set_rows(names("z", "a", "b", "c"))
    assert model.cursor == Cursor("b", 2)


@pytest.mark.parametrize(("lines", "expected"), [(1, "c"), (-1, "a"), (2, "d"), (-9, "a")])
def test_moving_from_a_gone_row_chooses_a_neighbour_at_the_old_place(
    lines: int, expected: str
) -> None:
    model = table(names("a", "b", "c", "d"))
    model.move(1)
    model.set_rows(names("a", "c", "d"))
    model.move(lines)
    assert model.cursor.key == expected
    assert model.cursor.lost is None


def test_moving_up_from_a_gone_last_row_goes_to_the_new_last() -> None:
    model = table(names("a", "b", "c"))
    model.move(9)
    model.set_rows(names("a", "b"))
    model.move(-1)
    assert model.cursor == Cursor("b", 1)


class Families(Succession[Thing]):
    """Things of one first letter take each other's place."""

    def heir(self, key: object, rows: Sequence[Thing]) -> str | None:
        return next((row.name for row in rows if row.name[:1] == str(key)[:1]), None)


def test_the_cursor_follows_to_the_heir_of_a_gone_row_and_remembers_until_it_moves() -> None:
    model: TableModel[Thing] = TableModel(COLUMNS, lambda thing: thing.name, succession=Families())
    model.set_rows(names("a1", "b1", "c1"))
    model.move(1)
    model.set_rows(names("a1", "c1", "b2"))
    assert model.cursor == Cursor("b2", 2, followed="b1")
    model.set_rows(names("b2", "c1", "a1"))
    assert model.cursor == Cursor("b2", 0, followed="b1")
    model.set_filter(lambda thing: thing.name != "b3")
    model.set_rows(names("b3", "c1", "a1"))
    assert model.cursor == Cursor("b2", 0, "gone")
    model.set_filter(None)
    assert model.cursor == Cursor("b3", 0, followed="b2")
    model.move(1)
    assert model.cursor == Cursor("c1", 1)


def test_a_cursor_waits_for_a_row_that_is_not_there_yet() -> None:
    model = table()
    model.move_to_key("b")
    assert model.current() is None
    model.set_rows(names("a", "b"))
    assert model.cursor == Cursor("b", 1)


def test_seek_goes_round_and_stays_when_nothing_matches() -> None:
    model = table(names("a", "b1", "c", "b2"))
    places = []
    for _ in range(3):
        assert model.seek(lambda thing: thing.name.startswith("b"))
        places.append(model.cursor.place)
    assert places == [1, 3, 1]
    model.seek(lambda thing: thing.name.startswith("b"), backwards=True)
    assert model.cursor.place == 3
    assert not model.seek(lambda thing: thing.name == "x")
    assert model.cursor.place == 3


def test_marks_hidden_by_a_filter_are_told_apart() -> None:
    model = table(names("a", "b", "c"))
    model.set_marks(["a", "c", "never there"])
    model.set_filter(lambda thing: thing.name != "a")
    assert model.marked == Marked(("c",), ("a",))


def test_an_arrangement_asked_for_before_the_sort_changed_is_made_anew() -> None:
    model = table()
    late = model.request([Thing("a", 1), Thing("b", 2)]).run()
    model.set_sort(SortBy("size", descending=True))
    model.apply(late)
    assert list(model.shown) == ["b", "a"]


def test_sorting_by_the_same_column_again_reverses() -> None:
    model = table()
    assert model.next_sort("size") == SortBy("size", False)
    model.set_sort(SortBy("size", False))
    assert model.next_sort("size") == SortBy("size", True)
    assert model.next_sort("rate") == SortBy("rate", True)
    assert model.next_sort("note") is None
    with pytest.raises(ValueError, match="note"):
        model.set_sort(SortBy("note"))
    with pytest.raises(KeyError):
        model.set_sort(SortBy("missing"))


def test_two_columns_of_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="same key"):
        TableModel([COLUMNS[0], COLUMNS[0]], lambda thing: thing.name)
