"""Where in a recording one is, in words."""

from __future__ import annotations

import msgspec

from elysiadash.tui.source import Watched


class Played(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A moment of a recording. ``at`` is wall-clock seconds; ``place`` counts from 1."""

    at: float
    place: int
    of: int
    playing: bool
    speed: float

    @property
    def position(self) -> str:
        """``120/4,032``."""
        return f"{self.place:,}/{self.of:,}"

    @property
    def state(self) -> str:
        """``paused``, ``playing`` or ``playing 10x``."""
        if not self.playing:
            return "paused"
        return "playing" if self.speed == 1 else f"playing {speed_name(self.speed)}"


def played(watch: Watched) -> Played | None:
    """Where the replay is; None where the watch is live."""
    replay = watch.replay
    if replay is None:
        return None
    place, of = replay.place
    return Played(at=replay.at, place=place, of=of, playing=replay.playing, speed=replay.speed)


def speed_name(speed: float) -> str:
    """``10x``."""
    return f"{speed:g}x"
