"""What works while a recording is played back, on every main screen."""

from __future__ import annotations

from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="replay.back",
        keys="comma",
        does="replay_step(-1)",
        label="Step back",
        help="The moment before this one.",
        scope="replay",
        footer=1,
    ),
    Action(
        id="replay.on",
        keys="full_stop",
        does="replay_step(1)",
        label="Step on",
        help="The next moment.",
        scope="replay",
        footer=2,
    ),
    Action(
        id="replay.minute_back",
        keys="less_than_sign",
        does="replay_skip(-60)",
        label="−1 min",
        help="A minute back; over a gap, to what was recorded before it.",
        scope="replay",
        footer=4,
    ),
    Action(
        id="replay.minute_on",
        keys="greater_than_sign",
        does="replay_skip(60)",
        label="+1 min",
        help="A minute on; over a gap, to what was recorded behind it.",
        scope="replay",
        footer=5,
    ),
    Action(
        id="replay.play",
        keys="p",
        does="replay_play",
        label="Play",
        help="Let time run, or stand; at the end, from the beginning.",
        scope="replay",
        footer=3,
        command="play",
        takes="[SPEED]",
    ),
    Action(
        id="replay.slower",
        keys="left_parenthesis",
        does="replay_speed(-1)",
        label="Slower",
        help="Play more slowly.",
        scope="replay",
    ),
    Action(
        id="replay.faster",
        keys="right_parenthesis",
        does="replay_speed(1)",
        label="Faster",
        help="Play faster: up to 600 seconds in each second.",
        scope="replay",
    ),
    Action(
        id="replay.at",
        does="replay_at",
        label="Go to",
        help="Go to a time: 03:12, 30m before the end, -5m from here, start, end, "
        "or 2026-11-24T03:12:00Z.",
        scope="replay",
        command="at",
        takes="TIME",
    ),
)
