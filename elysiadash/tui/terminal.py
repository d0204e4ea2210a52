"""Leaving the terminal as it was, whatever ends the app: a signal, a lost terminal, a hang."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any

HARD_EXIT_AFTER_S = 3.0
LOOK_EVERY_S = 2.0
"""Seconds between two looks whether the terminal is still there."""

_SIGNALS = {
    signal.SIGHUP: 128 + signal.SIGHUP,
    signal.SIGTERM: 128 + signal.SIGTERM,
    signal.SIGINT: 128 + signal.SIGINT,
    # Their default leaves the terminal as the app had it.
    signal.SIGQUIT: 128 + signal.SIGQUIT,
    signal.SIGUSR1: 128 + signal.SIGUSR1,
    signal.SIGUSR2: 128 + signal.SIGUSR2,
}
_RESET = (
    "\x1b[?2004l\x1b[?7h\x1b[?2048l"  # paste mode, line wrap, resize reports
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l"  # mouse and focus reports
    "\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"  # keyboard protocol, alternate screen, cursor, colours
)
_PUSH_TITLE, _POP_TITLE = "\x1b[22;2t", "\x1b[23;2t"


class Terminal:
    """The terminal we were started in, as a context: signals, title and a way out.

    Only the main thread may enter it. ``leave`` is called, on any thread, with the exit code
    when the app has to go; when the process still lives ``HARD_EXIT_AFTER_S`` later, the
    terminal is restored from here and the process ended.
    """

    def __init__(self, title: str) -> None:
        self._title = "".join(char for char in title if char.isprintable())
        self._leave: Callable[[int], None] | None = None
        self._wanted: int | None = None
        self._attributes: list[Any] | None = None
        self._handlers: dict[signal.Signals, Any] = {}
        self._over = threading.Event()
        self._leaving = threading.Lock()
        self._letting_go: Callable[[], AbstractContextManager[None]] = nullcontext
        self._stopped_itself = False

    def __enter__(self) -> Terminal:
        self._attributes = _attributes()
        self._write(f"{_PUSH_TITLE}\x1b]2;{self._title}\x07")
        for number in _SIGNALS:
            # Not the loop's own handlers: those never run while the loop is stuck in a write to
            # a terminal that is gone. This also ends "ignored", as nohup leaves it.
            self._handlers[number] = signal.signal(number, self._on_signal)
        if self._attributes is not None:
            threading.Thread(target=self._watch, name="terminal-watchdog", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._write(f"\x1b]2;\x07{_POP_TITLE}")

    def retitle(self, title: str) -> None:
        """Give the terminal another title."""
        self._title = "".join(char for char in title if char.isprintable())
        self._write(f"\x1b]2;{self._title}\x07")

    def size(self) -> tuple[int, int] | None:
        """Columns and lines right now; None where the terminal does not tell, or is gone."""
        try:
            columns, lines = os.get_terminal_size(sys.__stdout__.fileno())  # type: ignore[union-attr]
        except (OSError, ValueError, AttributeError):
            return None
        return (columns, lines) if columns and lines else None

    def on_leave(self, leave: Callable[[int], None]) -> None:
        """Say how the app is told to go: called from a signal handler or a thread."""
        self._leave = leave
        if self._wanted is not None:
            leave(self._wanted)

    def let_go_with(self, letting_go: Callable[[], AbstractContextManager[None]]) -> None:
        """Obey a shell's job control from now on; called in the event loop.

        ``letting_go`` gives the terminal back for as long as its block lasts, and draws anew.
        In the loop's turn, for Textual's own handlers write from inside the signal: one that
        comes while something is written would wait for itself for ever.
        """
        self._letting_go = letting_go
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self.stop)
        loop.add_signal_handler(signal.SIGCONT, self._continued)

    def stop(self) -> None:
        """Give the terminal back and stop until a shell brings us to the foreground."""
        with self._letting_go():
            self._stopped_itself = True
            os.kill(os.getpid(), signal.SIGSTOP)
            # A shell's "bg" goes on with us, and does not give us the terminal.
            while _in_background():
                os.kill(os.getpid(), signal.SIGSTOP)

    def _continued(self) -> None:
        """Somebody else stopped us, and a shell may have set the terminal meanwhile."""
        by_us, self._stopped_itself = self._stopped_itself, False
        if by_us:
            return
        with self._letting_go():
            while _in_background():
                os.kill(os.getpid(), signal.SIGSTOP)

    def arm(self, code: int) -> None:
        """End the process with ``code`` in three seconds, unless the app has gone by then."""
        if self._leaving.acquire(blocking=False):
            threading.Thread(target=self._force, args=(code,), daemon=True).start()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._go(_SIGNALS[signal.Signals(number)])

    def _go(self, code: int) -> None:
        self._wanted = code
        self.arm(code)
        if self._leave is not None:
            self._leave(code)

    def _watch(self) -> None:
        while not self._over.wait(LOOK_EVERY_S):
            if _attributes() is None:
                # Without a terminal and with the signal lost, the app would spin for ever.
                self._go(128 + signal.SIGHUP)
                return

    def _force(self, code: int) -> None:
        if self._over.wait(HARD_EXIT_AFTER_S):
            return
        self._write(_RESET + _POP_TITLE)
        _restore(self._attributes)
        os._exit(code)

    def _write(self, text: str) -> None:
        """Write to the terminal if it takes it at once; a stuck one must not hold us."""
        out = sys.__stderr__
        if out is None or not out.isatty():
            return
        try:
            _, writable, _ = select.select([], [out], [], 0.2)
            if writable:
                os.write(out.fileno(), text.encode())
        except OSError:
            # The terminal is gone: nobody is left to see it.
            return


def has_shell() -> bool:
    """Whether somebody could bring us back once we are stopped.

    A program that leads its session, as in ``tmux new elysiadash``, or whose parent is of another
    one, has no shell with jobs above it: stopped, it would stay so for ever.
    """
    own, parent = os.getpgrp(), os.getppid()
    try:
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != own
    except ProcessLookupError:
        return False


def _in_background() -> bool:
    """Whether our terminal is another job's."""
    try:
        return os.tcgetpgrp(0) != os.getpgrp()
    except OSError:
        # It is gone, or none that controls us: then there are no jobs.
        return False


def _attributes() -> list[Any] | None:
    """The terminal's settings; None where standard input is not a terminal (any more)."""
    import termios

    try:
        return termios.tcgetattr(sys.__stdin__.fileno()) if sys.__stdin__ else None
    except (termios.error, ValueError, OSError):
        return None


def _restore(attributes: list[Any] | None) -> None:
    import termios

    if attributes is None or sys.__stdin__ is None:
        return
    try:
        termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, attributes)
    except (termios.error, OSError):
        return


def bear_foreign_bytes() -> None:
    """Turn typed or pasted bytes that are no UTF-8 into replacement characters.

    Textual 8.2's reader decodes strictly, and one such byte (a Latin-1 paste) ends the app.
    """
    import codecs
    from functools import partial

    from textual.drivers import linux_driver

    def lenient(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
        return partial(codecs.getincrementaldecoder(encoding), "replace")

    linux_driver.getincrementaldecoder = lenient  # type: ignore[attr-defined, assignment]
