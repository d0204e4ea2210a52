"""What starting the app loads: no network, no database, before the first paint."""

from __future__ import annotations

import subprocess
import sys

import pytest

LATE = ("httpx", "grpc", "sqlite3", "google.protobuf", "uvicorn", "typer", "elysiadash.demo")


@pytest.mark.parametrize("module", ["elysiadash.tui.app", "elysiadash.tui.screens.collection"])
def test_the_face_loads_no_network_and_no_database(module: str) -> None:
    asked = f"import sys, {module}, elysiadash.cluster.connect; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "textual.app" in loaded
    assert loaded.isdisjoint(LATE)
