"""What the data path loads before it is used: neither grpc nor protobuf nor httpx."""

from __future__ import annotations

import subprocess
import sys


def test_nothing_heavy_is_loaded_before_a_page_is_read() -> None:
    program = "import sys, elysiadash.weaviate.objects\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert not {"grpc", "google.protobuf", "httpx", "sqlite3", "textual"} & set(done.stdout.split())
