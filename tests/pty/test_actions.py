"""Every action of the registry in the real process, by each of its keys and by its command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from elysiadash.tui.actions import ACTIONS, BY_ID
from elysiadash.tui.actions.action import Action
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.modes import MODES, PLACES
from elysiadash.tui.screens.collection import CollectionScreen
from elysiadash.tui.screens.help import HelpScreen
from elysiadash.tui.screens.list_actions import ListActions
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.screens.migrate.job import JobScreen
from elysiadash.tui.screens.migrate.jobs import MigrateScreen
from elysiadash.tui.screens.migrate.wizard import WizardScreen
from elysiadash.tui.widgets.prompt import _Entry
from elysiadash.tui.widgets.table import VirtualTable
from tests.pty.keys import sent
from tests.pty.pane import ROOT, Pane, app, at_home
from tests.pty.uses import ELSEWHERE, ENDS, NOT_YET, USES, Use

pytestmark = pytest.mark.slow

_AT_ONE_PROCESS = 32
"""Ways that share one process, and run one after the other."""

_OWNERS: dict[str, type] = {
    "app": ElysiadashApp,
    "screen": LiveScreen,
    "list": ListActions,
    "collection": CollectionScreen,
    "migrate": MigrateScreen,
    "wizard": WizardScreen,
    "job": JobScreen,
    "table": VirtualTable,
    "sheet": HelpScreen,
    "prompt": _Entry,
}
_PLACES = {"events", "nodes", "node", "fleet", "job", "draft", "audit"}
_ESCAPE_S = 0.15
"""Longer than a terminal's escape and the key after it are taken for one."""
_SEEN_S = 20.0


def can_be_done(action_id: str) -> bool:
    """Whether the action is there, has its method, and leads somewhere."""
    action = BY_ID.get(action_id)
    if action is None:
        return False
    name, _, argument = action.does.partition("(")
    if name == "show_mode":
        return argument.strip("')") in MODES
    if name in _PLACES:
        return name in PLACES
    owner = _OWNERS.get(action.scope)
    if owner is None:
        return True
    return hasattr(owner, f"action_{name}") or hasattr(owner, f"take_{name}")


def ways() -> Iterator[tuple[str, str]]:
    """(action, key or "") for each key, "" for the command, of what can be done."""
    for action in ACTIONS:
        if action.id in NOT_YET | ELSEWHERE:
            continue
        for key in action.keys.split(","):
            if key:
                yield action.id, key
        if action.command:
            yield action.id, ""


def in_groups() -> list[ParameterSet]:
    """The ways, for as many workers as share them."""
    return [
        pytest.param(
            name,
            key,
            marks=pytest.mark.xdist_group(f"pty-actions-{at // _AT_ONE_PROCESS}"),
            id=f"{name}-{key or 'command'}",
        )
        for at, (name, key) in enumerate(ways())
    ]


def test_every_action_is_used() -> None:
    assert set(BY_ID) - set(USES) == ELSEWHERE, "say in uses.py how these are reached and seen"


def test_what_cannot_be_done_yet_is_known() -> None:
    known = {name for name in USES if not can_be_done(name)}
    # The choice of a profile has a method already, and nothing to choose from.
    assert known | {"screen.profile"} == NOT_YET | {"screen.profile"}


class Shown:
    """The app with these words, started when it is wanted and does not run."""

    def __init__(self, home: Path, *words: str) -> None:
        self._home = home
        self._words = words
        self._pane: Pane | None = None

    def ready(self) -> Pane:
        """The first screen, as it was at first."""
        if self._pane is not None and self._pane.alive:
            try:
                return self._back(self._pane)
            except AssertionError:
                # Where one has left it must not fail the next.
                self.close()
        self.close()
        self._home.mkdir(exist_ok=True)
        self._pane = app(
            *self._words, env=at_home(self._home), cwd=self._home, columns=120, lines=26
        )
        self._pane.wait_for("12 collections", "Translations")
        return self._pane

    def _back(self, pane: Pane) -> Pane:
        for _ in range(3):
            pane.press("\x1b")
            time.sleep(_ESCAPE_S)
        for command in (":stats\r", ":stats\r", "g"):
            _type(pane, command)
        while "sort: Health ↓" not in pane.text:
            # Twice turns it around.
            _type(pane, ":sort Health\r")
        pane.until(
            lambda text: all(w in text for w in ("12 collections", "Health ↓", "▸ AuditLog")),
            "the first screen",
            10.0,
        )
        return pane

    def close(self) -> None:
        """End it."""
        if self._pane is not None:
            self._pane.close()
            self._pane = None


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """The demo, shared by all that leave it as it was."""
    running = Shown(tmp_path_factory.mktemp("home"), "demo")
    yield running
    running.close()


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """A recording of some moments, played back."""
    home = tmp_path_factory.mktemp("replay")
    file = home / "recorded"
    subprocess.run(
        [sys.executable, "-m", "elysiadash", "record", "--demo", "--for=20s", f"--file={file}"],
        cwd=ROOT,
        env={**os.environ, **at_home(home)},
        capture_output=True,
        check=True,
    )
    running = Shown(home, "replay", str(file))
    yield running
    running.close()


@pytest.mark.parametrize(("name", "key"), in_groups())
def test_an_action(request: pytest.FixtureRequest, name: str, key: str) -> None:
    action, use = BY_ID[name], USES[name]
    kind = "replay" if action.scope == "replay" else "demo"
    pane = request.getfixturevalue(kind).ready()
    for piece in use.at:
        _type(pane, piece)
    if use.first:
        pane.until(lambda text: _seen(use.first, text), f"{use.at} shows {use.first}", _SEEN_S)
    if key:
        pane.press(sent(key))
    elif use.sees == ENDS:
        pane.press(f":{action.command}\r")
        assert pane.wait() == 0
        return
    else:
        _type(pane, f":{action.command} {use.given}".rstrip() + "\r")
    wanted = use.sees if key else use.command_sees or use.sees
    what = f"{_words(action, use, key)} shows {wanted}"
    pane.until(lambda text: _seen(wanted, text), what, _SEEN_S)
    _type(pane, use.then)
    time.sleep(_ESCAPE_S)
    assert pane.alive
    assert "our own fault" not in pane.text


def _seen(wanted: str, text: str) -> bool:
    if wanted.startswith("!"):
        return re.search(wanted[1:], text) is None
    return re.search(wanted, text) is not None


def _words(action: Action, use: Use, key: str) -> str:
    how = key or f":{action.command} {use.given}"
    return f"{action.id} by {how} after {use.at}"


def _type(pane: Pane, piece: str) -> None:
    """Type, and let it be taken before the next piece comes, as fingers do."""
    if not piece:
        return
    if piece[0] in ":/" and piece.endswith("\r"):
        line = piece[:-1]
        pane.press(line)
        pane.until(lambda text: _is_last(line, text), f"{line!r} typed")
        pane.press("\r")
        pane.until(lambda text: not _is_last(line, text), f"{line!r} taken")
        return
    before = len(pane.written)
    pane.press(piece)
    deadline = time.monotonic() + 2.0
    while len(pane.written) == before and time.monotonic() < deadline:
        time.sleep(0.02)
    while time.monotonic() < deadline:
        size = len(pane.written)
        time.sleep(0.12)
        if len(pane.written) == size:
            return


def _is_last(line: str, text: str) -> bool:
    """Whether it stands where one types: the line below may be empty."""
    last = [each.strip("▌▐ ") for each in text.split("\n")[-2:]]
    return any(each.startswith(line) for each in last)
