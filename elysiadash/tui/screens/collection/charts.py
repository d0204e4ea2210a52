"""Charts of the collection over the chosen time window."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from math import ceil
from typing import ClassVar

import msgspec
from textual.binding import BindingType
from textual.containers import Grid
from textual.events import Resize
from textual.widget import Widget

from elysiadash.cluster.charted import PARTIAL_OF, SOURCE
from elysiadash.cluster.series import PROMETHEUS, Series
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.stats import CollectionStats
from elysiadash.tui import values
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.charts import CHARTS, ChartPlan
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.partial_counts import partial_words
from elysiadash.tui.screens.collection.look import Look
from elysiadash.tui.screens.collection.pane import Pane
from elysiadash.tui.widgets.chart import Chart, ChartFace, Trace
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.window import window_name

_LEAST_WIDTH = 38
"""Cells that a chart needs beside another one."""
_STEPS_A_SAMPLE = 1.25
_USUAL_PACE_S = 15.0
_LEAST_STEPS = 8
_SOONEST_S, _LATEST_S = 5.0, 30.0


_OF_ROWS = frozenset({"table.left", "table.right", "table.mark", "table.select"})
"""Keys of a list that mean nothing to charts."""


class ChartsPane(Pane, can_focus=True):
    """As many charts as have room; the others are reached by moving up and down.

    Only charts that are seen are asked for, and no sooner than their picture can change.
    """

    NAME = "charts"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("table", but=_OF_ROWS)]
    DEFAULT_CSS = """
    ChartsPane > #plots { grid-gutter: 0 2; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._charts = [Chart(ChartFace(title=plan.title, write=plan.write)) for plan in CHARTS]
        self._first = 0
        self._across = self._down = 1
        self._asked: tuple[object, ...] = ()
        self._asked_at = float("-inf")

    def content_widgets(self) -> Iterable[Widget]:
        """All charts; those without room are hidden."""
        yield Grid(*self._charts, id="plots")

    def take_keys(self) -> None:
        """The pane itself has the keys."""
        self.focus()

    @property
    def seen(self) -> list[tuple[ChartPlan, Chart]]:
        """The charts that have room now."""
        many = self._across * self._down
        return list(zip(CHARTS, self._charts, strict=True))[self._first : self._first + many]

    def notes(self) -> list[Piece]:
        """The window, and which charts are seen."""
        shown, many = len(self.seen), len(CHARTS)
        notes: list[Piece] = [f"last {window_name(self.dash.window)}"]
        if shown < many:
            notes.append(f"· {self._first + 1}–{self._first + shown} of {many}, j k for the others")
        return notes

    # Room

    def on_resize(self, event: Resize) -> None:
        """Other room, other charts."""
        self._lay_out()

    def _lay_out(self) -> None:
        width, height = self.size.width, self.size.height - 1
        across = max(1, min(3, width // _LEAST_WIDTH))
        rows = ceil(len(CHARTS) / across)
        self._across, self._down = across, max(1, min(rows, height // Chart.LEAST_HEIGHT))
        self._show(self._first)

    def _show(self, first: int) -> None:
        """Let these charts be seen, from a multiple of what stands side by side."""
        before = [plan.key for plan, _ in self.seen if self._asked]
        last = len(CHARTS) - self._across * self._down
        self._first = max(0, min(first, last)) // self._across * self._across
        plots = self.query_one("#plots", Grid)
        plots.styles.grid_size_columns, plots.styles.grid_size_rows = self._across, self._down
        shown = {id(chart) for _, chart in self.seen}
        for chart in self._charts:
            chart.display = id(chart) in shown
        self.tell()
        if before and before != [plan.key for plan, _ in self.seen]:
            self.live.wake()

    def action_move(self, lines: int) -> None:
        """The next charts."""
        self._show(self._first + self._across * lines)

    def action_page(self, pages: int) -> None:
        """As many charts on as are seen."""
        self._show(self._first + self._across * self._down * pages)

    def action_first(self) -> None:
        """The first charts."""
        self._show(0)

    def action_last(self) -> None:
        """The last charts."""
        self._show(len(CHARTS))

    # Data

    def facts_changed(self, fresh: Freshness) -> None:
        """Time moves on: so do the charts, even where nothing new is answered."""
        gone = self.look is not None and self.look.gone_at is not None
        stale = fresh.remembered or not fresh.connected or gone
        for plan, chart in zip(CHARTS, self._charts, strict=True):
            chart.stale = stale or _source(plan) in fresh.late
        if self._asked and self.live.frozen_at is None and self._is_due():
            self.live.wake()

    async def pull(self, look: Look) -> None:
        """Ask for the charts that are seen, where they can be other than they are."""
        await super().pull(look)
        self.tell()
        seen = self.seen
        steps = [self._steps(plan, chart) for plan, chart in seen]
        keys = tuple(plan.key for plan, _ in seen)
        wanted = (keys, tuple(steps), self.dash.window, look.row is None)
        if wanted == self._asked and not self._is_due():
            return
        self._asked, self._asked_at = wanted, self.dash.watched.store.clock()
        faces = await asyncio.gather(
            *(self._face(plan, look, many) for (plan, _), many in zip(seen, steps, strict=True))
        )
        for (_, chart), face in zip(seen, faces, strict=True):
            chart.show(face)

    def _is_due(self) -> bool:
        many = max(_LEAST_STEPS, *(self._steps(plan, chart) for plan, chart in self.seen))
        step = self.dash.window / many
        # The clock of a recording can go back.
        age = abs(self.dash.watched.store.clock() - self._asked_at)
        held = self.live.frozen_at is not None
        return not held and age >= min(_LATEST_S, max(_SOONEST_S, step / 2))

    def _steps(self, plan: ChartPlan, chart: Chart) -> int:
        """As many as can be told apart, and no more than there can be samples for."""
        samples = int(self.dash.window / (_STEPS_A_SAMPLE * self._pace(_source(plan))))
        return max(_LEAST_STEPS, min(2 * chart.size.width, samples))

    def _pace(self, source: Kind) -> float:
        """Seconds between two samples."""
        asking = self.dash.watched.pollers.get(source)
        if asking is None:
            return _USUAL_PACE_S
        return max(
            asking.schedule.interval, asking.schedule.cost_factor * (asking.last_seconds or 0.0)
        )

    async def _face(self, plan: ChartPlan, look: Look, steps: int) -> ChartFace:
        found = [await self._series(metric, look, steps) for metric, _ in plan.metrics]
        traces = tuple(
            Trace(series.values, name)
            for series, (_, name) in zip(found, plan.metrics, strict=True)
        )
        first = found[0]
        problem = next((series.problem for series in found if series.problem), None)
        metric = plan.metrics[0][0]
        has_gaps = None in first.values and first.source != PROMETHEUS
        if problem is None and metric in PARTIAL_OF and has_gaps:
            partial = await self._series(PARTIAL_OF[metric], look, steps)
            problem = partial_words(metric, first, partial, look.row)
        if problem is None and not any(series.known for series in found):
            reason = values.reason(look.row, metric) if look.row is not None else None
            problem = reason or "no sample in this time yet"
        if problem is None and plan.key == "latency" and look.row and look.row.query_ms_p50_below:
            problem = f"p50 is less than {plan.write(look.row.query_ms_p50)}"
        lowest, highest = _bounds(look.row) if plan.key == "latency" and look.row else (None, None)
        return ChartFace(
            title=plan.title,
            write=plan.write,
            traces=traces,
            start=first.start,
            end=first.end,
            source=first.source,
            problem=problem or "",
            lowest=lowest,
            highest=highest,
        )

    async def _series(self, metric: str, look: Look, steps: int) -> Series:
        """The window until now; while frozen, until then."""
        seconds, watch = self.dash.window, self.dash.watched
        held = self.live.frozen_at
        late = 0 if held is None else ceil((watch.store.clock() - held) * steps / seconds)
        whole = steps + max(0, late)
        series = await watch.series(metric, look.collection, seconds * whole / steps, whole)
        if whole == steps:
            return series
        end = series.start + seconds
        return msgspec.structs.replace(series, end=end, values=series.values[:steps])


def _source(plan: ChartPlan) -> Kind:
    """The question whose answers the chart is of."""
    return SOURCE[plan.metrics[0][0]]


def _bounds(row: CollectionStats) -> tuple[float | None, float | None]:
    """The ends of the server's buckets, as far as the row lies at one of them."""
    lowest = row.query_ms_p50 if row.query_ms_p50_below else None
    if row.query_ms_p95_below:
        lowest = row.query_ms_p95
    return lowest, row.query_ms_p95 if row.query_ms_above else None
