"""Charts that cannot lie: the scale holds 0, gaps stay blank, every line has its width."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.tui import numbers
from elysiadash.tui.widgets.chart import ChartFace, Trace, chart_lines, draw_plot, scale_of
from elysiadash.tui.widgets.table.glyphs import GlyphSet
from elysiadash.tui.widgets.table.text import measure

SETS: tuple[GlyphSet, ...] = get_args(GlyphSet)
values = st.lists(st.none() | st.floats(-1e9, 1e9), max_size=60)


def face(*traces: Trace, problem: str = "") -> ChartFace:
    """Ten minutes of something."""
    return ChartFace(
        title="Queries/s",
        write=numbers.rate,
        traces=traces,
        start=0.0,
        end=600.0,
        source="this session",
        problem=problem,
    )


def text(found: ChartFace, width: int, height: int, glyphs: GlyphSet = "braille") -> list[str]:
    """The lines as text."""
    lines = chart_lines(found, width, height, glyphs)
    return ["".join(words for words, _ in line) for line in lines]


@given(values, st.integers(1, 120), st.integers(1, 12), st.sampled_from(SETS))
def test_every_line_has_the_width_it_was_given(
    found: list[float | None], width: int, height: int, glyphs: GlyphSet
) -> None:
    lines = text(face(Trace(tuple(found))), width, height, glyphs)
    assert len(lines) == height
    assert {measure(line) for line in lines} == {width}


@given(values)
def test_the_scale_holds_zero_and_every_value(found: list[float | None]) -> None:
    scale = scale_of(found)
    assert scale.low <= 0 < scale.high
    for value in found:
        assert value is None or scale.low <= value <= scale.high


@pytest.mark.parametrize("glyphs", SETS)
def test_flat_and_low_is_not_drawn_as_flat_and_high(glyphs: GlyphSet) -> None:
    scale = scale_of([100.0])
    low = draw_plot([0.0] * 20, (), scale, 20, 4, glyphs)
    middle = draw_plot([45.0] * 20, (), scale, 20, 4, glyphs)
    high = draw_plot([100.0] * 20, (), scale, 20, 4, glyphs)
    assert [row.strip() != "" for row in low] == [False, False, False, True]
    assert [row.strip() != "" for row in middle] == [False, False, True, True]
    assert [row.strip() != "" for row in high] == [True, True, True, True]


@pytest.mark.parametrize("glyphs", SETS)
def test_what_was_not_seen_is_blank(glyphs: GlyphSet) -> None:
    found = [5.0] * 10 + [None] * 10 + [5.0] * 10
    plot = draw_plot(found, (), scale_of(found), 30, 3, glyphs)
    assert all(row[11:19].strip() == "" for row in plot)
    assert all(row[:9].strip() for row in plot)


def test_a_small_difference_is_drawn_small() -> None:
    found = [50.0, 50.0, 50.0, 51.0]
    plot = draw_plot(found, (), scale_of(found), 4, 4, "blocks")
    assert plot == ("▃▃▃▄", "████", "████", "████")


def test_figures_unit_times_and_source_stand_beside_it() -> None:
    lines = text(face(Trace((None, 4.0, 10.0, 7.0))), 60, 6)
    assert lines[0].startswith("Queries/s")
    assert lines[0].endswith("now 7  min 4  max 10")
    assert lines[1].startswith("10┤")
    assert lines[-2].lstrip().startswith("0┤")
    assert "this session since" in lines[-1]


def test_now_is_not_the_last_value_before_a_gap() -> None:
    lines = text(face(Trace((4.0, 10.0, None))), 60, 6)
    assert lines[0].endswith("now –  min 4  max 10")


def test_no_sample_says_why() -> None:
    lines = text(face(Trace((None, None)), problem="no metrics: set metrics in the profile"), 60, 6)
    assert any("no metrics: set metrics in the profile" in line for line in lines)
    assert not any("┤" in line for line in lines)


def query_time() -> ChartFace:
    traces = (Trace((10.0, 20.0, 10.0), "p50"), Trace((10.0, 3200.0, 77.7), "p95"))
    made = face(*traces)
    return msgspec.structs.replace(
        made, title="Query time", write=numbers.milliseconds, lowest=10.0
    )


@pytest.mark.parametrize("width", [38, 49, 60, 90])
def test_two_figures_are_named_and_the_title_stays_whole(width: int) -> None:
    head = text(query_time(), width, 6)[0]
    assert head.startswith("Query time ")
    assert "p50/p95" in head
    assert "<10/77.7 ms" in head
    assert (width < 48) or "20 ms/3.2 s" in head


def test_a_value_at_the_end_of_the_scale_of_buckets_is_less_or_more() -> None:
    found = query_time()
    assert [found.figure(value) for value in (10.0, 10.1, None)] == ["<10 ms", "10.1 ms", "–"]
    assert msgspec.structs.replace(found, highest=3200.0).figure(3200.0) == ">3.2 s"
    assert not text(found, 60, 6)[1].lstrip().startswith("<")
