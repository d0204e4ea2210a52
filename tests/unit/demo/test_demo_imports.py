"""What importing the demo costs, and whom it may know."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import sys
import elysiadash.demo
wrong = [n for n in ("grpc", "google.protobuf", "uvicorn", "httpx", "textual") if n in sys.modules]
rooms = [n for n in sys.modules if n.startswith("elysiadash.")
         and n.split(".")[1] not in ("demo", "proto", "schema")]
print(wrong + rooms)
"""


def test_importing_it_loads_no_server_and_no_other_room() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
