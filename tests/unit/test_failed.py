"""What is run once more is what failed, and never everything."""

from __future__ import annotations

import json
from pathlib import Path

from tests.failed import failed


def test_the_groups_name_is_left_out(tmp_path: Path) -> None:
    cache = tmp_path / "lastfailed"
    names = {
        "tests/a.py::test_it[copy.curl-u]@pty-actions-3": True,
        "tests/a.py::test_it@group": True,
        "tests/a.py::test_it[a@b]": True,
        "tests/a.py::test_it": True,
        "tests/broken.py": True,
    }
    cache.write_text(json.dumps(names), "utf-8")
    assert failed(cache) == [
        "tests/a.py::test_it[copy.curl-u]",
        "tests/a.py::test_it",
        "tests/a.py::test_it[a@b]",
        "tests/a.py::test_it",
        "tests/broken.py",
    ]


def test_no_cache_is_nothing(tmp_path: Path) -> None:
    assert failed(tmp_path / "lastfailed") == []
