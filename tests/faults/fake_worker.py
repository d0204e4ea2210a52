"""A real worker, guarded, with engines of tests: ``python -m tests.faults.fake_worker``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from elysiadash.config.logs import set_up
from elysiadash.config.tuning import LogSettings
from elysiadash.jobs.errors import JobsError
from elysiadash.worker.main import run
from tests.faults.fake_engines import ENGINES

if __name__ == "__main__":
    set_up(LogSettings(), None, full_screen=False)
    try:
        sys.exit(
            run(
                Path(os.environ["ELYSIADASH_STATE_DIR"]),
                engines=ENGINES,
                idle_s=float(os.environ.get("IDLE_S", "60")),
                guarded="guarded" in sys.argv,
            )
        )
    except JobsError as error:
        sys.exit(str(error))
