"""Faults of our own: work in the background that ends nothing when it fails, and what is said."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from textual.app import App
from textual.dom import DOMNode
from textual.worker import Worker, get_current_worker

from elysiadash.tui.plain import plain

log = logging.getLogger(__name__)

_SHOWN_S = 60.0
"""Seconds that a fault is shown of work that is not done again by itself."""


class Faults(App[None]):
    """The part of the app that knows which of our own work has failed."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._faults: dict[str, str] = {}

    def _tick(self) -> None:
        """Show the fault, or that it is over."""
        raise NotImplementedError

    @property
    def fault(self) -> str | None:
        """A fault of our own that is not over, in words."""
        return next(iter(self._faults.values()), None)

    def run_guarded(
        self,
        work: Callable[[], Awaitable[None]],
        doing: str,
        *,
        group: str,
        of: DOMNode | None = None,
        again: bool = False,
        tell: Callable[[str], None] | None = None,
    ) -> Worker[None]:
        """Run work of ours beside everything else; a fault in it is logged and shown, and ends
        nothing else.

        ``doing`` says what was being done, and ``of`` is the screen or pane with which the work
        ends. A fault is over when the same work succeeds; if it is not done ``again`` by itself,
        also after a minute. ``tell`` gets the words where they have to be said elsewhere too.
        """
        guarded = partial(self._guarded, work, doing, of or self, again=again, tell=tell)
        return (of or self).run_worker(guarded, name=doing, group=group, exit_on_error=False)

    async def _guarded(
        self,
        work: Callable[[], Awaitable[None]],
        doing: str,
        of: DOMNode,
        *,
        again: bool,
        tell: Callable[[str], None] | None,
    ) -> None:
        try:
            await work()
        except Exception as error:
            # A screen that was left can be gone before its work hears of it.
            if get_current_worker().is_cancelled or not of.is_attached:
                # Nobody waits for it any more; what is shown by now may be another cluster.
                log.exception("fault while %s, after it was given up", doing)
                return
            show = self.report_fault if again else self.fault_for_a_while
            words = show(doing, error)
            if tell is not None:
                tell(words)
        else:
            self.fault_over(doing)

    def report_fault(self, doing: str, error: BaseException) -> str:
        """Log a fault of ours and show it above the data; returns it in words.

        One that lasts is logged once: work that is done each second would fill the log.
        """
        first = _innermost(error)
        said = plain(str(first))[:200]
        words = f"our own fault ({doing}): {type(first).__name__}: {said}"
        if self._faults.get(doing) != words:
            log.error("fault while %s", doing, exc_info=error)
        self._faults[doing] = words
        self.call_later(self._tick)
        return words

    def fault_for_a_while(self, doing: str, error: BaseException) -> str:
        """Report it, and take it for over after a minute: what lasts comes back."""
        words = self.report_fault(doing, error)
        self.set_timer(_SHOWN_S, partial(self._fade, doing, words))
        return words

    def fault_over(self, doing: str) -> None:
        """What failed has worked again."""
        self._faults.pop(doing, None)

    def _fade(self, doing: str, words: str) -> None:
        if self._faults.get(doing) == words:
            self.fault_over(doing)


def _innermost(error: BaseException) -> BaseException:
    """The first real error inside groups and wrappers."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error
