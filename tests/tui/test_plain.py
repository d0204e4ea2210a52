"""Server text on one line, unable to move the cursor or to turn the line around; and no colour."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.tui.appearance import appearance_of
from elysiadash.tui.plain import plain
from tests.tui.reading import header, notice, rows, shown, stale_bar, stats
from tests.tui.still import lost, still_cluster


@given(st.text())
def test_nothing_that_moves_is_left(text: str) -> None:
    shown_text = plain(text)
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in shown_text)
    assert not set(shown_text) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f")
    assert len(shown_text) == len(text)


def test_ordinary_text_stays() -> None:
    assert plain("Documents 日本 עברית 👩‍👩‍👧‍👦 [/x]") == "Documents 日本 עברית 👩‍👩‍👧‍👦 [/x]"


async def test_without_colour_every_state_is_said_in_words_or_signs() -> None:
    watch = still_cluster()
    appearance = appearance_of({"NO_COLOR": "1", "TERM": "xterm-256color"})
    async with shown(watch, size=(200, 20), appearance=appearance) as (app, pilot):
        assert app.no_color
        assert any("✖ RES-501" in line for line in rows(stats(app).table))
        watch.lose(lost())
        watch.clock.now += 60
        await notice(app, pilot)
        assert "✖ prod-eu" in header(app)
        assert "stale" in header(app)
        assert "▲ stale" in (stale_bar(app) or "")
