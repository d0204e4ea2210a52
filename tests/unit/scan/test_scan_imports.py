"""What importing the scans loads: neither a network library nor another room than it may know."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import importlib, pkgutil, sys
import elysiadash.scan
for module in pkgutil.iter_modules(elysiadash.scan.__path__):
    importlib.import_module(f"elysiadash.scan.{module.name}")
wrong = [n for n in ("grpc", "google.protobuf", "httpx", "textual", "sqlite3") if n in sys.modules]
rooms = [n for n in sys.modules if n.startswith("elysiadash.")
         and n.split(".")[1] not in ("scan", "weaviate", "config", "proto")]
print(wrong + rooms)
"""


def test_importing_it_loads_no_network_library_and_no_other_room() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
