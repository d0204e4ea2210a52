"""What changed, which way and how long ago."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.tui import numbers
from elysiadash.tui.widgets.table import Cell, Change, Changes, Column, Passing
from tests.tui.table.app import Clock, TableApp, Thing, screen_lines, settled


def size_column() -> Column[Thing]:
    return Column(
        "size",
        "Size",
        lambda thing: Cell(f"{thing.size}"),
        6,
        "right",
        sort_key=lambda thing: thing.size,
        compare=lambda thing: thing.size,
    )


def name_column() -> Column[Thing]:
    return Column("name", "Name", lambda thing: Cell(thing.name), 12)


async def test_a_changed_number_is_marked_for_a_minute() -> None:
    app = TableApp([Thing("a", 1), Thing("b", 5)], [name_column(), size_column()])
    async with app.run_test(size=(40, 6)) as pilot:
        await settled(pilot)
        assert "↑" not in "".join(screen_lines(app)[1:])
        app.table.set_rows([Thing("a", 2), Thing("b", 4)])
        await settled(pilot)
        assert screen_lines(app)[1].split() == ["▸", "a", "2↑"]
        assert screen_lines(app)[2].split() == ["b", "4↓"]
        app.clock.now += 59
        app.table.set_rows([Thing("a", 2), Thing("b", 4)])
        await settled(pilot)
        assert "2↑" in screen_lines(app)[1]
        app.clock.now += 2
        app.table.refresh_values()
        await settled(pilot)
        assert "↑" not in screen_lines(app)[1]
        assert app.table.changes.last("a") == Change("size", 1, 0.0)


async def test_digits_stay_in_line_whether_marked_or_not() -> None:
    app = TableApp([Thing("a", 10), Thing("b", 20)], [name_column(), size_column()])
    async with app.run_test(size=(40, 6)) as pilot:
        app.table.set_rows([Thing("a", 10), Thing("b", 21)])
        await settled(pilot)
        lines = screen_lines(app)
        assert lines[1].index("10") == lines[2].index("21")


updates = st.lists(
    st.dictionaries(st.sampled_from("abc"), st.none() | st.integers(0, 3), max_size=3), max_size=12
)


@given(updates)
def test_changes_equal_a_plain_model(loads: list[dict[str, int | None]]) -> None:
    clock = Clock()
    changes: Changes[Thing] = Changes([name_column(), size_column()], Passing(clock))
    values: dict[str, int] = {}
    model: dict[str, tuple[int, float]] = {}
    for load in loads:
        clock.now += 10
        changes.note([Thing(name, size) for name, size in load.items()], lambda row: row.name)
        values = {name: value for name, value in values.items() if name in load}
        model = {name: change for name, change in model.items() if name in load}
        for name, size in load.items():
            if size is None:
                continue
            if name in values and values[name] != size:
                model[name] = (1 if size > values[name] else -1, clock.now)
            values[name] = size
        for name in "abc":
            last = changes.last(name)
            assert (None if last is None else (last.way, last.at)) == model.get(name)


class Replayed:
    """A recording's time: goes on, or leaps."""

    def __init__(self) -> None:
        self.leaps = 0
        self.at = 0.0

    def now(self) -> float:
        return self.at


def test_nothing_is_compared_over_a_leap() -> None:
    course = Replayed()
    changes: Changes[Thing] = Changes([name_column(), size_column()], course)

    def note(at: float, size: int) -> None:
        course.at = at
        changes.note([Thing("a", size)], lambda row: row.name)

    note(0, 1)
    note(30, 2)
    assert changes.trend("a", "size") == 1
    course.leaps += 1
    note(10, 1)
    assert changes.last("a") is None, "a step back is no change, and what was behind is not yet"
    note(30, 2)
    assert changes.last("a") == Change("size", 1, 30)
    course.at = 80
    assert changes.age(Change("size", 1, 30)) == 50
    course.leaps += 1
    note(90, 9)
    assert not changes


def test_ages_are_coarse() -> None:
    found = [numbers.coarse_span(age) for age in (-1, 4.9, 59, 60, 3599, 3600, 86399, 86400)]
    assert found == ["0 s", "0 s", "55 s", "1 min", "59 min", "1 h", "23 h", "1 d"]
