"""Lines fill their width exactly, whatever text a server sends."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from elysiadash.tui.widgets.table import Cell, GlyphSet, Outline, SparkCell
from elysiadash.tui.widgets.table.cells import Align, AnyCell
from elysiadash.tui.widgets.table.glyphs import GLYPHS
from elysiadash.tui.widgets.table.layout import Layout, Wanted, lay_out
from elysiadash.tui.widgets.table.lines import HeaderLine, RowLine, TextLine, Title, draw
from elysiadash.tui.widgets.table.spark import draw_spark
from elysiadash.tui.widgets.table.text import fit, measure

SETS: list[GlyphSet] = ["braille", "blocks", "ascii"]
ALIGNS: list[Align] = ["left", "right", "center"]
NASTY = [
    "tenant[/x]",
    "[red]",
    "שלום עולם",
    "日本語コレクション",
    "👨‍👩‍👧‍👦",
    "👍🏻⚠️❤️",
    "🇩🇪🇫🇷",
    "e\u0301\u0301\u0301",
    "\u0301leading",
    "a\u200bb\u202ec\u2066",
    "\x1b[31mred\x07\x9b",
    "two\nlines\tand\r",
    "\ud800",
    "\xad\u2028",
    "x" * 5000,
    "\u200d",
]
texts = st.text() | st.sampled_from(NASTY) | st.text(st.characters(codec=None), max_size=30)


def as_fitted(text: str, width: int, align: Align = "left") -> str:
    return fit(text, width, align, "…", "�")


@given(texts, st.integers(0, 40), st.sampled_from(ALIGNS))
@example("日本", 3, "left")
@example("👨‍👩‍👧", 1, "right")
def test_text_fills_its_cells_exactly(text: str, width: int, align: Align) -> None:
    shown = as_fitted(text, width, align)
    assert cell_len(shown) == width
    assert cell_len("|" + shown + "|") == width + 2


@given(texts)
def test_nothing_that_moves_a_terminal_gets_through(text: str) -> None:
    shown = as_fitted(text, 2000)
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown)
    assert not set(shown) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200d\ufe0f"
    )
    shown.encode()


@given(texts, st.integers(1, 40))
def test_what_fits_is_not_cut_and_what_does_not_ends_in_an_ellipsis(text: str, width: int) -> None:
    shown = as_fitted(text, width)
    if measure(text) > width:
        assert "…" in shown[-3:]
    else:
        assert shown.count("…") == text.count("…")


@pytest.mark.parametrize(
    ("text", "width", "align", "expected"),
    [
        ("abc", 5, "left", "abc  "),
        ("abc", 5, "right", "  abc"),
        ("abc", 6, "center", " abc  "),
        ("abcdef", 5, "right", "abcd…"),
        ("日本語", 6, "left", "日本語"),
        ("日本語", 5, "left", "日本…"),
        ("日本語", 4, "left", "日… "),
        ("e\u0301te\u0301", 3, "left", "e\u0301te\u0301"),
        ("e\u0301te\u0301s", 3, "left", "e\u0301t…"),
        ("a\x1b[2Jb", 9, "left", "a�[2Jb   "),
        ("a\nb", 3, "left", "a b"),
        ("ab", 1, "left", "…"),
        ("[red]x[/]", 9, "left", "[red]x[/]"),
    ],
)
def test_fitted(text: str, width: int, align: Align, expected: str) -> None:
    assert as_fitted(text, width, align) == expected


def test_right_to_left_text_cannot_pull_the_next_column_into_it() -> None:
    assert as_fitted("שלום", 6) == "שלום\u200e  "
    assert as_fitted("שלום", 6, "right") == "  שלום\u200e"


wanteds = st.lists(
    st.builds(
        lambda least, more, priority, whole: Wanted(least, least + more, priority, whole),
        st.integers(1, 30),
        st.integers(0, 30),
        st.integers(0, 3),
        st.integers(0, 200),
    ),
    max_size=12,
)


def check(layout: Layout, wanted: list[Wanted]) -> None:
    end = layout.gutter
    for slot in layout.slots:
        assert slot.x >= end
        assert 0 <= slot.width <= max(wanted[slot.column].natural, layout.width)
        end = slot.x + slot.width
    assert end <= layout.width
    columns = [slot.column for slot in layout.slots]
    assert columns == sorted(columns)


@given(wanteds, st.integers(0, 300))
def test_columns_stay_inside_any_width_and_each_can_be_reached(
    wanted: list[Wanted], width: int
) -> None:
    seen: set[int] = set()
    step, last = 0, 0
    while step <= last:
        layout = lay_out(wanted, width, step)
        check(layout, wanted)
        last = layout.last_step
        seen |= {slot.column for slot in layout.slots}
        if layout.slots:
            assert layout.slots[0].column == 0
        step += 1
    assert lay_out(wanted, width, last + 5) == lay_out(wanted, width, last)
    if width >= 2:
        assert seen == set(range(len(wanted)))


@given(wanteds, st.integers(0, 300))
def test_low_priority_leaves_first(wanted: list[Wanted], width: int) -> None:
    layout = lay_out(wanted, width)
    shown = {slot.column for slot in layout.slots}
    left_out = set(range(1, len(wanted))) - shown
    for gone in left_out:
        for stays in shown - {0}:
            assert wanted[gone].priority <= wanted[stays].priority
    if left_out and layout.slots:
        assert layout.more_right


@given(wanteds, st.integers(0, 300))
def test_what_is_for_reading_to_the_end_takes_only_room_that_nobody_wants(
    wanted: list[Wanted], width: int
) -> None:
    plain = [each._replace(whole=0) for each in wanted]
    before, after = lay_out(plain, width), lay_out(wanted, width)
    assert [slot.column for slot in after.slots] == [slot.column for slot in before.slots]
    for old, new in zip(before.slots, after.slots, strict=True):
        assert new.width >= old.width
    used = sum(slot.width for slot in after.slots) + 2 * (len(after.slots) - 1) + after.gutter
    if used < width >= 40:
        assert all(slot.width >= wanted[slot.column].whole for slot in after.slots)


def test_room_goes_to_what_matters_most() -> None:
    wanted = [Wanted(4, 20, 1), Wanted(4, 10, 5), Wanted(4, 4, 0)]
    layout = lay_out(wanted, 39)
    assert [slot.width for slot in layout.slots] == [20, 10, 4]
    layout = lay_out(wanted, 25)
    assert [slot.width for slot in layout.slots] == [8, 10, 4]
    layout = lay_out(wanted, 12)
    assert [slot.column for slot in layout.slots] == [0, 1]
    assert layout.last_step == 1
    assert layout.more_right
    layout = lay_out(wanted, 12, 1)
    assert [slot.column for slot in layout.slots] == [0, 2]
    assert not layout.more_right


samples = st.lists(st.none() | st.floats(), max_size=60).map(tuple)


@given(samples, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.integers(0, 40))
def test_sparks_fill_their_cells_and_only_gaps_are_blank(
    values: tuple[float | None, ...], low: float, high: float, width: int
) -> None:
    cell = SparkCell(values, low, high)
    for name in SETS:
        drawn = draw_spark(cell, width, name)
        assert cell_len(drawn) == len(drawn) == width
        assert drawn.isascii() or name != "ascii"
    blocks = draw_spark(cell, len(values), "blocks")
    for sign, value in zip(blocks, values, strict=True):
        assert (sign == " ") == (value is None or value != value)


def test_sparks_have_a_fixed_scale() -> None:
    flat = [draw_spark(SparkCell((value,) * 4, 0, 100), 4, "blocks") for value in (0, 50, 100)]
    assert flat == ["▁▁▁▁", "▄▄▄▄", "████"]
    nearly = draw_spark(SparkCell((50, 50, 50, 51), 0, 100), 4, "blocks")
    assert len(set(nearly)) == 2
    assert abs(ord(nearly[0]) - ord(nearly[3])) == 1
    assert draw_spark(SparkCell((0, None, 100), 0, 100), 5, "blocks") == "  ▁ █"
    assert draw_spark(SparkCell((0, None, 100), 0, 100), 3, "ascii") == "_ #"
    assert draw_spark(SparkCell((0, 100, None, 50), 0, 100), 3, "braille") == " ⣸⢠"
    assert draw_spark(SparkCell((-5, 500), 0, 100), 2, "blocks") == "▁█"
    assert draw_spark(SparkCell((1, 2, 3), 0, 3), 2, "ascii") == "+#"


cells = st.one_of(
    st.builds(Cell, texts, st.sampled_from(["", "ok", "muted"]), st.sampled_from([None, -1, 0, 1])),
    st.builds(SparkCell, samples, st.just(0.0), st.just(10.0)),
)


@given(
    st.lists(cells, min_size=4, max_size=4),
    wanteds.filter(lambda wanted: len(wanted) == 4) | st.just([Wanted(3, 9)] * 4),
    st.integers(0, 120),
    st.integers(0, 4),
    st.booleans(),
    st.sampled_from(SETS),
    st.none() | st.builds(Outline, st.integers(0, 9), st.booleans(), st.booleans()),
)
def test_every_line_is_exactly_as_wide_as_the_table(
    row: list[AnyCell],
    wanted: list[Wanted],
    width: int,
    step: int,
    flag: bool,
    name: GlyphSet,
    outline: Outline | None,
) -> None:
    layout = lay_out(wanted, width, step)
    aligns: tuple[Align, ...] = ("left", "right", "center", "left")
    titles = tuple(Title(f"Title {at}", align, at == 1 or None) for at, align in enumerate(aligns))
    text = next((cell.text for cell in row if isinstance(cell, Cell)), "")
    for line in (
        RowLine(tuple(row), aligns, flag, not flag, outline),
        HeaderLine(titles),
        TextLine(text, "warning"),
    ):
        drawn = "".join(run.text for run in draw(line, layout, GLYPHS[name]))
        assert cell_len(drawn) == width


def drawn(line: RowLine | HeaderLine, wanted: list[Wanted], width: int, name: GlyphSet) -> str:
    return "".join(run.text for run in draw(line, lay_out(wanted, width), GLYPHS[name]))


def test_a_row_says_cursor_mark_tree_and_trend_with_signs() -> None:
    row = RowLine(
        (Cell("shard-1"), Cell("812", "", 1), Cell("ok", "ok", -1)),
        ("left", "right", "left"),
        cursor=True,
        marked=True,
        outline=Outline(1, expandable=True),
    )
    wanted = [Wanted(14, 14), Wanted(6, 6), Wanted(6, 6)]
    assert drawn(row, wanted, 40, "braille") == "▸●  ▷ shard-1       812↑  ok↓           "
    assert drawn(row, wanted, 40, "ascii") == ">*  + shard-1       812^  okv           "


def test_steady_numbers_stay_aligned_with_rising_ones() -> None:
    wanted = [Wanted(4, 4), Wanted(7, 7)]
    lines = [
        drawn(RowLine((Cell("a"), Cell("12", "", trend)), ("left", "right")), wanted, 20, "braille")
        for trend in (1, 0, -1)
    ]
    assert [line.index("12") for line in lines] == [10, 10, 10]


def test_neighbours_of_one_style_are_one_run() -> None:
    row = RowLine((Cell("a"), Cell("b"), Cell("c", "ok")), ("left", "left", "left"))
    runs = draw(row, lay_out([Wanted(3, 3)] * 3, 60), GLYPHS["braille"])
    assert [run.style for run in runs] == ["", "ok", ""]


def test_the_sorted_title_carries_its_direction() -> None:
    titles = (Title("Name", "left", False), Title("Size", "right", True))
    header = drawn(HeaderLine(titles), [Wanted(6, 6), Wanted(6, 6)], 40, "braille")
    assert header.startswith("  Name↑    ↓Size")


@given(st.integers(2, 6), st.integers(1, 20), st.integers(0, 30), st.integers(0, 300))
def test_columns_of_one_kind_are_of_one_width(many: int, least: int, more: int, width: int) -> None:
    wanted = [Wanted(least, least + more, 5)] * many
    widths = [slot.width for slot in lay_out(wanted, width).slots]
    if len(widths) == many:
        assert max(widths) - min(widths) <= 1
