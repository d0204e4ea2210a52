"""How time goes for what is shown: as it passes, or as a recording is stepped through."""

from __future__ import annotations

from collections.abc import Callable

from elysiadash.tui.source import Watched


class Course:
    """The time in which rows change. ``clock`` is monotonic seconds, and only for live data.

    ``leaps`` is that of the rows shown last: a recording may be at another moment by now.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.leaps = 0
        self._clock = clock
        self._watch: Watched | None = None

    def look(self, watch: Watched) -> None:
        """The rows that are taken now are of the moment that ``watch`` is at."""
        self._watch = watch
        self.leaps = 0 if watch.replay is None else watch.replay.leaps

    def now(self) -> float:
        """Seconds: of the recording, where one is shown."""
        replay = None if self._watch is None else self._watch.replay
        return self._clock() if replay is None else replay.at
