"""What every main screen can do while a recording is played back: step, skip, jump, play."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from typing import Protocol

from textual.events import Key

from elysiadash.cluster.recording.file import NotARecording
from elysiadash.cluster.recording.moment import GAP_S
from elysiadash.config.moments import HOW, local_moment, read_length, read_moment
from elysiadash.tui.actions import of_scopes
from elysiadash.tui.keymap import Keymap
from elysiadash.tui.replay_words import speed_name
from elysiadash.tui.source import Watched
from elysiadash.tui.widgets.lines import StatusLine

SPEEDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
"""Seconds of the recording in each second."""

LIVE_ONLY = frozenset({"refresh_now", "pace"})
"""Actions that make no sense where nobody is asked."""

_NOBODY = "a recording: nobody is asked"


class _Dash(Protocol):
    watched: Watched
    keymap: Keymap


class ReplayControls:
    """The actions of the scope ``replay``; part of a screen that knows ``dash`` and ``status``."""

    @property
    def dash(self) -> _Dash:
        """The app."""
        raise NotImplementedError

    @property
    def status(self) -> StatusLine:
        """Where to say what happened."""
        raise NotImplementedError

    def tick(self) -> None:
        """Bring the header up to date."""
        raise NotImplementedError

    def is_replay(self) -> bool:
        """Whether a recording is played back."""
        return self.dash.watched.replay is not None

    def replay_problem(self) -> str | None:
        """Why playing stopped, in words."""
        replay = self.dash.watched.replay
        return None if replay is None else replay.problem

    def fits_replay(self, action: str) -> bool:
        """Whether an action makes sense here: some only live, some only in a recording."""
        if self.is_replay():
            return action not in LIVE_ONLY
        return not action.startswith("replay_")

    def on_key(self, event: Key) -> None:
        """A key that has no meaning in a recording says so."""
        if self.is_replay() and event.key in self._live_keys():
            self.says_nobody()

    def says_nobody(self) -> bool:
        """In a recording: say that nobody is asked. Whether it is one."""
        if self.is_replay():
            self.status.flash(_NOBODY, 4.0)
        return self.is_replay()

    def _live_keys(self) -> set[str]:
        live = (action for action in of_scopes("screen") if action.method in LIVE_ONLY)
        return {key for action in live for key in self.dash.keymap.keys(action)}

    async def action_replay_step(self, count: int) -> None:
        """So many moments on or back."""
        replay = self.dash.watched.replay
        if replay is not None:
            await self._move(replay.step(count), forward=count > 0)

    async def action_replay_skip(self, seconds: float) -> None:
        """So many seconds on or back."""
        replay = self.dash.watched.replay
        if replay is not None:
            await self._move(replay.skip(seconds), forward=seconds > 0)

    def action_replay_play(self) -> None:
        """Let time run, or stand."""
        replay = self.dash.watched.replay
        if replay is None:
            return
        if replay.playing:
            replay.pause()
        else:
            replay.play(replay.speed)
        self.tick()

    def take_replay_play(self, text: str) -> str | None:
        """Let time run at a speed."""
        replay = self.dash.watched.replay
        try:
            speed = float(text.strip().removesuffix("x"))
        except ValueError:
            speed = 0.0
        if replay is None or not 0.1 <= speed <= SPEEDS[-1]:
            return f"{text!r} is no speed; such as 1, 10, {SPEEDS[-1]:g}"
        replay.play(speed)
        self.tick()
        return None

    def offer_replay_play(self) -> Iterable[str]:
        """The usual speeds."""
        return [f"{speed:g}" for speed in SPEEDS]

    def action_replay_speed(self, step: int) -> None:
        """Play at the next speed."""
        replay = self.dash.watched.replay
        if replay is None:
            return
        faster = [each for each in SPEEDS if each > replay.speed]
        slower = [each for each in SPEEDS if each < replay.speed]
        if step > 0 and faster:
            replay.speed = faster[0]
        elif step < 0 and slower:
            replay.speed = slower[-1]
        self.status.flash(f"speed: {speed_name(replay.speed)}", 2.0)
        self.tick()

    async def take_replay_at(self, text: str) -> str | None:
        """Go to a time; returns what is wrong with it."""
        replay = self.dash.watched.replay
        if replay is None:
            return "only a recording can go to a time"
        at = self._meant(text.strip())
        if at is None:
            return f"{text!r} is no time; give {HOW}, -5m or +5m from here, start or end"
        try:
            await replay.jump(at)
        except NotARecording as error:
            return str(error)
        self.tick()
        if not replay.start <= at <= replay.end:
            self.status.flash("the recording does not reach there: its nearest end is shown", 4.0)
        elif at - replay.at > GAP_S:
            shown, wanted = (local_moment(each, day=False) for each in (replay.at, at))
            words = f"{shown} is shown: nothing was recorded from then to {wanted}"
            self.status.flash(words, 8.0)
        return None

    def offer_replay_at(self) -> Iterable[str]:
        """Some places."""
        return ["start", "end", "-5m", "+5m", "-1h", "+1h"]

    def _meant(self, text: str) -> float | None:
        replay = self.dash.watched.replay
        if replay is None:
            return None
        if text in ("start", "end"):
            return replay.start if text == "start" else replay.end
        if text[:1] in "+-":
            seconds = read_length(text[1:])
            way = 1 if text[:1] == "+" else -1
            return None if seconds is None else replay.at + way * seconds
        return read_moment(text, replay.end)

    async def _move(self, moving: Awaitable[bool], *, forward: bool) -> None:
        try:
            moved = await moving
        except NotARecording as error:
            self.status.flash(str(error), 6.0)
            return
        if not moved:
            self.status.flash(f"this is the {'last' if forward else 'first'} moment", 2.0)
        self.tick()
