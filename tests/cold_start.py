"""Prints how long the entry points take to import, and how many modules: figures, no verdict.

``python -m tests.cold_start``
"""

from __future__ import annotations

import subprocess
import sys
import time

STATEMENTS = {
    "bare python": "pass",
    "elysiadash": "import elysiadash",
    "elysiadash.cli.main": "import elysiadash.cli.main",
    "elysiadash.cluster.connect": "import elysiadash.cluster.connect",
    "elysiadash.tui.app": "import elysiadash.tui.app",
}
RUNS = 3


def measure(statement: str) -> tuple[float, int]:
    """The best of some runs in milliseconds, and the modules loaded afterwards."""
    program = f"{statement}\nimport sys\nprint(len(sys.modules))"
    best, modules = float("inf"), 0
    for _ in range(RUNS):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        best = min(best, (time.perf_counter() - started) * 1000)
        modules = int(done.stdout)
    return best, modules


def main() -> None:
    """Print the table."""
    base = 0.0
    for name, statement in STATEMENTS.items():
        milliseconds, modules = measure(statement)
        base = base or milliseconds
        ratio = milliseconds / base
        print(f"{name:28} {milliseconds:6.0f} ms  {ratio:5.1f} x bare  {modules:5} modules")


if __name__ == "__main__":
    main()
