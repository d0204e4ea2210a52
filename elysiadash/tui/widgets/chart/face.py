"""What a chart says, line by line: name and figures, the plot with its scale, times and source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from elysiadash.config.moments import local_minute
from elysiadash.tui.numbers import UNKNOWN, span
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.chart.raster import DOTS, draw_plot
from elysiadash.tui.widgets.chart.scale import Scale, scale_of
from elysiadash.tui.widgets.table.glyphs import GlyphSet
from elysiadash.tui.widgets.table.text import fit, measure

Look = Literal["title", "figures", "axis", "plot", "words"]
Run = tuple[str, Look]
Line = tuple[Run, ...]

_DAY_S = 86400.0
_LEAST_STEP_TOLD_S = 60.0


class Trace(msgspec.Struct, frozen=True, gc=False):
    """One number over time in even steps, None is a gap; ``name`` tells several apart."""

    values: tuple[float | None, ...]
    name: str = ""

    @property
    def now(self) -> float | None:
        """The value of the newest step."""
        return self.values[-1] if self.values else None

    @property
    def known(self) -> tuple[float, ...]:
        """The values that are there."""
        return tuple(value for value in self.values if value is not None)


class ChartFace(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A chart's content. The first trace is filled from 0, the second one drawn as a line.

    ``start`` and ``end`` are wall-clock seconds, ``source`` says where the values come from,
    ``problem`` why values are missing, and ``write`` makes a figure of a value. A value of
    ``lowest`` is only known to be less, one of ``highest`` to be more.
    """

    title: str
    write: Callable[[float | None], str]
    traces: tuple[Trace, ...] = ()
    start: float = 0.0
    end: float = 0.0
    source: str = ""
    problem: str = ""
    lowest: float | None = None
    highest: float | None = None

    def figure(self, value: float | None) -> str:
        """A value in words, with ``<`` or ``>`` where no more is known of it."""
        text = self.write(value)
        if value is not None and self.lowest is not None and value <= self.lowest:
            return f"<{text}"
        if value is not None and self.highest is not None and value >= self.highest:
            return f">{text}"
        return text


def chart_lines(face: ChartFace, width: int, height: int, glyphs: GlyphSet) -> tuple[Line, ...]:
    """The whole chart: ``height`` lines, each ``width`` cells wide."""
    if width <= 0 or height <= 0:
        return ()
    head = _head(face, width)
    if height < 3:
        return (head,) + ((_foot(face, 0, width),) if height == 2 else ())
    rows = height - 2
    if not any(trace.known for trace in face.traces):
        return (head, *_reason(face, width, rows), _foot(face, 0, width))
    scale = scale_of(value for trace in face.traces for value in trace.values)
    labels = _labels(face, scale, rows, DOTS[glyphs])
    edge = max(measure(label) for label in labels)
    room = max(1, width - edge - 1)
    area, line = (*(trace.values for trace in face.traces[:2]), (), ())[:2]
    plot = draw_plot(area, line, scale, room, rows, glyphs)
    body: list[tuple[Run, Run]] = []
    for label, row in zip(labels, plot, strict=True):
        axis = fit(label, edge, "right", "…", "?") + ("┤" if label else "│")
        body.append(((axis, "axis"), (row, "plot")))
    return (head, *_cut_to(body, width), _foot(face, edge + 1, width))


def _cut_to(lines: Sequence[tuple[Run, Run]], width: int) -> tuple[Line, ...]:
    """Narrower than its own labels: the plot gives way."""
    return tuple(
        ((axis[:width], look), (plot[: max(0, width - len(axis))], other))
        for (axis, look), (plot, other) in lines
    )


def _head(face: ChartFace, width: int) -> Line:
    """The name on the left, now, least and greatest on the right."""
    title = plain(face.title)
    for figures in _figures(face):
        spare = width - measure(title) - measure(figures)
        if spare >= 2:
            return ((title, "title"), (" " * spare + figures, "figures"))
    # The figures say more than the whole of the name.
    figures = _figures(face)[-1]
    room = max(0, width - measure(figures) - 1)
    if room < 4:
        return ((fit(title, width, "left", "…", "?"), "title"),)
    return ((fit(title, room, "left", "…", "?"), "title"), (" " + figures, "figures"))


def _figures(face: ChartFace) -> tuple[str, ...]:
    """Now, least and greatest, in words and shorter; named pairs where there are two traces."""
    traces = [trace for trace in face.traces if trace.known]
    if not traces:
        return ("",)
    now = _joined([face.figure(trace.now) for trace in traces])
    least = _joined([face.figure(min(trace.known)) for trace in traces])
    most = _joined([face.figure(max(trace.known)) for trace in traces])
    names = "/".join(trace.name for trace in traces if trace.name)
    named = f"{names} " if names else ""
    return (
        f"{named}now {now}  min {least}  max {most}",
        f"{named}{now}, {least} to {most}",
        *((f"{named}{now}  max {most}", f"{named}{now}") if named else ()),
    )


def _joined(figures: list[str]) -> str:
    """``4.1 / 18 ms``: the unit once where both have it."""
    units = {figure.rpartition(" ")[2] for figure in figures if figure != UNKNOWN}
    if len(figures) > 1 and len(units) == 1 and all(" " in figure for figure in figures):
        unit = units.pop()
        return "/".join(figure.removesuffix(f" {unit}") for figure in figures) + f" {unit}"
    return "/".join(figures)


def _labels(face: ChartFace, scale: Scale, rows: int, dots: int) -> list[str]:
    """The scale beside the rows of ``dots`` dots, the highest first: both ends and 0."""
    labels = [""] * rows
    labels[rows - 1 - scale.zero(rows * dots) // dots] = "0"
    if scale.low < 0 and rows > 2:
        labels[-1] = face.write(scale.low)
    labels[0] = face.write(scale.high) if rows > 1 else f"0…{face.write(scale.high)}"
    return labels


def _no_sample(face: ChartFace) -> str:
    """Before anything was asked for there is no time either."""
    return "no sample in this time" if face.end else "reading…"


def _reason(face: ChartFace, width: int, rows: int) -> tuple[Line, ...]:
    """Why there is nothing to draw, in the middle."""
    words = _wrapped(plain(face.problem or _no_sample(face)), max(1, width - 2))[:rows]
    above = (rows - len(words)) // 2
    lines = [""] * above + words + [""] * (rows - above - len(words))
    return tuple(((fit(f"  {line}", width, "left", "…", "?"), "words"),) for line in lines)


def _wrapped(words: str, width: int) -> list[str]:
    lines = [""]
    for word in words.split():
        joined = f"{lines[-1]} {word}".strip()
        if measure(joined) <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    return [line for line in lines if line] or [""]


def _foot(face: ChartFace, left: int, width: int) -> Line:
    """The times at the ends, and between them where the values come from."""
    if face.end <= face.start:
        return ((" " * width, "axis"),)
    first, last = _minute(face.start, face), _minute(face.end, face)
    room = width - left - measure(first) - measure(last) - 2
    if room < 1:
        return ((fit(" " * left + f"{first}–{last}", width, "left", "…", "?"), "axis"),)
    between = fit(_source(face), room, "center", "…", "?")
    return ((" " * left + f"{first} {between} {last}", "axis"),)


def _source(face: ChartFace) -> str:
    """``this session since 03:02``, what is wrong with it, and how coarse it is."""
    shown = next((trace for trace in face.traces if trace.known), None)
    words = plain(face.source)
    if shown is None:
        return words
    step = (face.end - face.start) / len(shown.values)
    begin = next(at for at, value in enumerate(shown.values) if value is not None)
    if begin:
        words += f" since {_minute(face.start + begin * step, face)}"
    if step >= _LEAST_STEP_TOLD_S:
        words += f", means of {span(step)}"
    return f"{words}; {plain(face.problem)}" if face.problem else words


def _minute(at: float, face: ChartFace) -> str:
    return local_minute(at, day=face.end - face.start > _DAY_S)
