"""``elysiadash`` under a wall clock that is off by the seconds that a file says.

``python -m tests.pty.jumping_clock FILE [WORDS]``
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

_real = time.time
_file = Path(sys.argv.pop(1))


def _jumping() -> float:
    try:
        return _real() + float(_file.read_text() or 0)
    except (OSError, ValueError):
        return _real()


time.time = _jumping

if __name__ == "__main__":
    from elysiadash.__main__ import main

    sys.exit(main())
