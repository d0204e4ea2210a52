"""The real process in panes of any size, and in one that changes its size."""

from __future__ import annotations

import random
import time

import pytest

from tests.pty.conftest import Start

pytestmark = pytest.mark.slow

_SIZES = [(20, 3), (40, 10), (59, 14), (60, 15), (80, 24), (120, 30), (200, 50), (300, 80)]


@pytest.mark.parametrize(("columns", "lines"), _SIZES, ids=lambda value: str(value))
def test_a_size(start: Start, columns: int, lines: int) -> None:
    pane = start("--url", "http://127.0.0.1:9", columns=columns, lines=lines)
    # The first line names the cluster, or at least the end of its name.
    pane.until(lambda text: "0.1:9" in text.split("\n")[0], "the cluster's name")
    # A sheet over three lines is no sheet, but must do no harm.
    pane.press("?")
    pane.until(lambda text: "keys" in text or lines < 10, "the sheet")
    pane.press("\x1b")
    pane.wait_without("esc closes")
    # Sooner, the next key and this one would be taken for one.
    time.sleep(0.3)
    pane.press(":q\r")
    assert pane.wait() == 0
    assert b"Traceback" not in pane.written


def test_changing_sizes(start: Start) -> None:
    pane = start("demo", columns=160, lines=40)
    pane.wait_for("12 collections", "Translations")
    shuffled = random.Random(4)
    sizes = [*_SIZES, *reversed(_SIZES), (1, 1), (2, 80), (300, 2)]
    sizes += [(shuffled.randint(1, 300), shuffled.randint(1, 80)) for _ in range(30)]
    for columns, lines in sizes:
        pane.resize(columns, lines)
        pane.press(shuffled.choice("jkGg") if lines > 3 else "j")
    for columns, lines in ((20, 3), (60, 15), (160, 40)):
        pane.resize(columns, lines)
        pane.until(lambda text: "healthy" in text.split("\n")[0], f"a header of {columns}x{lines}")
    text = pane.wait_for("12 collections", "Translations")
    assert pane.alive
    assert "our own fault" not in text


def test_a_sheet_and_a_detail_change_their_size(start: Start) -> None:
    pane = start("demo", columns=160, lines=40)
    pane.wait_for("12 collections", "Translations")
    for keys, seen in ((":collection Documents\r", "› Documents ›"), ("?", "esc closes")):
        pane.press(keys)
        pane.wait_for(seen)
        for columns, lines in (*_SIZES, (5, 5), (1, 1), (160, 40)):
            pane.resize(columns, lines)
        pane.wait_for(seen)
    assert "our own fault" not in pane.text
