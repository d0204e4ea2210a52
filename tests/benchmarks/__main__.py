"""Every benchmark, one after the other: ``python -m tests.benchmarks``. Nothing is asserted."""

from __future__ import annotations

from tests.benchmarks import (
    app,
    copy_path,
    engine,
    exposition,
    fleet,
    paint,
    recording,
    refresh,
    scan,
    table,
    verify,
)
from tests.benchmarks.rows import print_rows

for title, benchmark in (
    ("exposition", exposition),
    ("refresh", refresh),
    ("paint", paint),
    ("table", table),
    ("recording", recording),
    ("scan", scan),
    ("fleet", fleet),
    ("app", app),
    ("copy path", copy_path),
    ("engine", engine),
    ("verify", verify),
):
    print_rows(title, benchmark.run())
    print()
