"""Prints the tests that failed in the run before, one to a line, as pytest takes them.

``python -m tests.failed``. Where workers share tests by groups, the cache has a group's name
behind each test's own, so that ``--last-failed`` would find none of them and run all.
"""

from __future__ import annotations

import json
from pathlib import Path

CACHE = Path(".pytest_cache/v/cache/lastfailed")


def failed(cache: Path = CACHE) -> list[str]:
    """The names, without those of their groups; a file that could not be imported is one, too."""
    try:
        found = json.loads(cache.read_text("utf-8"))
    except FileNotFoundError:
        return []
    return [_without_group(name) for name in found]


def _without_group(name: str) -> str:
    # A parameter of a test may have the sign, too: groups come behind its bracket.
    test, sign, group = name.rpartition("@")
    return test if sign and "]" not in group and "/" not in group else name


if __name__ == "__main__":
    print("\n".join(failed()))
