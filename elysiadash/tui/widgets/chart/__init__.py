"""Charts that cannot lie: a fixed baseline, figures beside it, and gaps that stay gaps.

Owners import from here; the modules below it are the chart's own.
"""

from elysiadash.tui.widgets.chart.chart import Chart
from elysiadash.tui.widgets.chart.face import ChartFace, Trace, chart_lines
from elysiadash.tui.widgets.chart.raster import draw_plot
from elysiadash.tui.widgets.chart.scale import Scale, scale_of

__all__ = ["Chart", "ChartFace", "Scale", "Trace", "chart_lines", "draw_plot", "scale_of"]
