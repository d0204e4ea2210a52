"""Bytes that are no UTF-8 must not end the app."""

from __future__ import annotations

import pytest
from textual.drivers import linux_driver

from elysiadash.tui.terminal import bear_foreign_bytes


def test_the_terminals_reader_replaces_what_is_no_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux_driver, "getincrementaldecoder", linux_driver.getincrementaldecoder)
    with pytest.raises(UnicodeDecodeError):
        linux_driver.getincrementaldecoder("utf-8")().decode(b"a\xffb")
    bear_foreign_bytes()
    decode = linux_driver.getincrementaldecoder("utf-8")().decode
    assert decode(b"a\xffb") == "a\ufffdb"
    assert decode(b"\xc3") + decode(b"\xa9") == "\u00e9"
