"""Where in a recording one is, in words."""

from __future__ import annotations

import datetime

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


def moment_name(at: float, *, day: bool = True) -> str:
    """``2026-11-24 03:12:04 +01:00``: this machine's time, and how far it is from UTC."""
    local = datetime.datetime.fromtimestamp(at).astimezone()
    offset = local.strftime("%z")
    clock = local.strftime("%Y-%m-%d %H:%M:%S" if day else "%H:%M:%S")
    return f"{clock} {offset[:3]}:{offset[3:5]}"
