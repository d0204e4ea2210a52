"""Colours in the real process: what its environment says of them holds from the first byte."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pty.pane import app, at_home

_RGB = re.compile(rb"[34]8;2;(\d+);(\d+);(\d+)")


@pytest.mark.parametrize(("no_color", "is_grey"), [("", False), ("1", True)])
def test_an_empty_no_color_is_no_wish(tmp_path: Path, no_color: str, is_grey: bool) -> None:
    env = at_home(tmp_path, COLORTERM="truecolor", NO_COLOR=no_color)
    pane = app("demo", env=env, cwd=tmp_path, columns=100, lines=26)
    try:
        pane.wait_for("12 collections", "Translations")
        colours = {match.groups() for match in _RGB.finditer(pane.written)}
        assert all(len(set(colour)) == 1 for colour in colours) is is_grey
    finally:
        pane.close()
