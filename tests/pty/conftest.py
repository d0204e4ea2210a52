"""Processes in panes, with their files in a folder of the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.pty.pane import Pane, app, at_home

Start = Callable[..., Pane]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts ``elysiadash`` with the words given; ends what still runs."""
    with ExitStack() as stack:

        def started(*words: str, env: dict[str, str] | None = None, **options: Any) -> Pane:
            variables = at_home(tmp_path, **(env or {}))
            return stack.enter_context(app(*words, env=variables, **options))

        yield started
