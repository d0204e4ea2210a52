"""From the store to the screens: push a notice, let the visible screen pull what it shows."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from elysiadash.cluster.slices import Kind
from elysiadash.cluster.store import Notices
from elysiadash.tui.source import Watched


class DataChanged(Message, bubble=False):
    """Slices of these kinds changed; two of these in a queue are one."""

    def __init__(self, kinds: frozenset[Kind]) -> None:
        super().__init__()
        self.kinds = kinds

    def can_replace(self, message: Message) -> bool:
        """A newer notice replaces an older one: whoever gets it looks at everything."""
        return isinstance(message, DataChanged)


class Bridge:
    """Posts ``DataChanged`` through ``post``, at most once each ``ui_notice`` seconds."""

    def __init__(self, watch: Watched, post: Callable[[DataChanged], object]) -> None:
        self._post = post
        self._notices = Notices(watch.store, self._tell, watch.profile.intervals.ui_notice)

    def stop(self) -> None:
        """No more notices."""
        self._notices.stop()

    def _tell(self, kinds: frozenset[Kind]) -> None:
        self._post(DataChanged(kinds))
