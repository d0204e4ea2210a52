"""What is really sent to terminals of many, few and no colours, and to those with ASCII only."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from contextlib import suppress

import pytest

from tests.tui.test_themes import ROOT

pytestmark = pytest.mark.slow

_LONG_S = 60.0
"""Far above anything measured: the machine may be busy."""
_LEFT_OUT = {"NO_COLOR", "COLORTERM", "TERM", "LC_ALL", "LC_CTYPE", "LANG", "ELYSIADASH_ASCII"}
_SGR = re.compile(rb"\x1b\[([\d;]*)m")


def sent(theme: str = "dark", keys: bytes = b"", until: bytes = b"Glossary", **env: str) -> bytes:
    """All that the app writes until it has shown its rows, or what the keys bring."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _LEFT_OUT and not name.startswith("TEXTUAL_")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.tui.looks_app", theme],
        cwd=ROOT,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env={**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", **env},
    )
    output = b""
    deadline = time.monotonic() + _LONG_S
    wanted = [b"Glossary", *([until] if keys else [])]
    try:
        for number, text in enumerate(wanted):
            if number:
                os.write(master, keys)
            while text not in output:
                assert time.monotonic() < deadline, output[-2000:]
                if select.select([master], [], [], 0.1)[0]:
                    output += os.read(master, 65536)
        process.send_signal(signal.SIGTERM)
        while process.poll() is None:
            assert time.monotonic() < deadline, "still running"
            with suppress(OSError):
                if select.select([master], [], [], 0.05)[0]:
                    output += os.read(master, 65536)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)
        os.close(slave)
    return output


def colours(output: bytes) -> set[str]:
    """Which kinds of colours were sent: "true", "256", "16"."""
    found = set()
    for match in _SGR.findall(output):
        codes = [int(code) for code in match.split(b";") if code]
        while codes:
            code = codes.pop(0)
            if code in (38, 48):
                kind = codes.pop(0)
                found.add("true" if kind == 2 else "256")
                del codes[: 3 if kind == 2 else 1]
            elif 30 <= code <= 37 or 40 <= code <= 47 or 90 <= code <= 107:
                found.add("16")
    return found


def _bold_reverse(output: bytes) -> set[int]:
    codes = {int(code) for match in _SGR.findall(output) for code in match.split(b";") if code}
    return codes & {1, 7}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({"COLORTERM": "truecolor"}, {"true"}),
        ({"TERM": "xterm-256color"}, {"256"}),
        ({"TERM": "tmux-256color"}, {"256"}),
        ({"TERM": "xterm"}, {"16"}),
        ({"TERM": "screen"}, {"16"}),
        ({"COLORTERM": "truecolor", "NO_COLOR": "1"}, set()),
        ({"TERM": "vt220"}, set()),
    ],
)
def test_only_colours_that_the_terminal_has_are_sent(
    theme: str, env: dict[str, str], wanted: set[str]
) -> None:
    output = sent(theme, **env)
    assert colours(output) == wanted
    # What is marked is marked in some way, also without colours.
    assert _bold_reverse(output) if not wanted else True


@pytest.mark.parametrize("env", [{"ELYSIADASH_ASCII": "1"}, {"LC_ALL": "C"}, {"TERM": "linux"}])
def test_ascii_only_sends_ascii_only(env: dict[str, str]) -> None:
    output = sent(keys=b"?", until=b"esc closes", **env)
    foreign = {byte for byte in output if byte > 127}
    assert not foreign, output[output.index(bytes([min(foreign)])) - 40 :][:80]


def test_the_palette_sends_ascii_only_too() -> None:
    output = sent(
        keys=b"\x10",
        until=b"Back to where you came from",
        ELYSIADASH_ASCII="1",
        COLORTERM="truecolor",
    )
    assert output.isascii()
