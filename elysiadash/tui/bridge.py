"""From the store to the screens: push a notice, let the visible screen pull what it shows."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from elysiadash.cluster.rows import ROW_KINDS
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.store import Notices
from elysiadash.tui.source import Watched


class DataChanged(Message, bubble=False):
    """Something changed; ``Bridge.take`` says what. Two of these in a queue are one."""

    def can_replace(self, message: Message) -> bool:
        """A newer notice replaces an older one."""
        return isinstance(message, DataChanged)


class Bridge:
    """Posts ``DataChanged`` through ``post``, at most once each ``ui_notice`` seconds."""

    def __init__(self, watch: Watched, post: Callable[[DataChanged], object]) -> None:
        self._watch = watch
        self._post = post
        self._changed: frozenset[Kind] = frozenset()
        self._states: tuple[tuple[str, str], ...] = ()
        self._notices = Notices(watch.store, self._tell, watch.profile.intervals.ui_notice)

    def stop(self) -> None:
        """No more notices."""
        self._notices.stop()

    def take(self) -> bool:
        """Whether rows can differ from those at the last call; else only ages and counts do.

        Most answers, several a second, say only that all is as it was: thousands of rows need
        not be built anew for that.
        """
        changed, self._changed = self._changed, frozenset()
        before, self._states = self._states, self._node_states()
        return not changed.isdisjoint(ROW_KINDS) or before != self._states

    def _node_states(self) -> tuple[tuple[str, str], ...]:
        cluster = self._watch.cluster()
        # Who leads, and whose queue stands still, is in no row, but the checks look at it.
        nodes = tuple((node.node, node.status) for node in cluster.nodes)
        waiting = tuple(("waits", name) for name in cluster.fsm_pending)
        return (*nodes, *waiting, ("leader", cluster.leader or "–"))

    def _tell(self, kinds: frozenset[Kind]) -> None:
        self._changed |= kinds
        self._post(DataChanged())
