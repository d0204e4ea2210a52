"""The one registry of actions is whole, safe for hands and tmux, and gated while read-only."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import ClassVar

import msgspec
import pytest
from textual.binding import Binding, BindingType
from textual.dom import DOMNode

from elysiadash import tui
from elysiadash.config.profile import Profile
from elysiadash.tui.actions import ACTIONS, BY_ID, Action, allowed, commands, registry
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.commands import completions, run_line
from elysiadash.tui.keymap import canonical, shown
from elysiadash.tui.keymap.keymap import collisions, places, usual_keys
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.screens.stats import StatsScreen
from elysiadash.tui.widgets.key_line import KeyLine
from tests.tui.reading import settled
from tests.tui.reading import shown as app_shown
from tests.tui.still import still_cluster

TAKEN = {f"ctrl+{letter}" for letter in "abdhjklqs"} | {"ctrl+space", "ctrl+at"}
"""Prefixes of tmux and screen, navigators, flow control, and half a page in vim."""

WANTED = {
    "table": "g G j k h l ctrl+f pgdn pgup enter space",
    "screen": "esc [ ] - : ? 1 2 3 4 t F 0 r + _ q",
    "list": "/ n N o O d y c e !",
    "collection": "tab f",
}
"""The keys that hands from k9s and vim expect, and where."""


def _classes() -> Iterator[type[DOMNode]]:
    """Every screen and widget of ours, and the app."""
    seen: set[type[DOMNode]] = set()
    for found in pkgutil.walk_packages(tui.__path__, f"{tui.__name__}."):
        for each in vars(importlib.import_module(found.name)).values():
            if inspect.isclass(each) and issubclass(each, DOMNode) and each not in seen:
                seen.add(each)
                if each.__module__.startswith(f"{tui.__name__}."):
                    yield each


def _scopes(each: type[DOMNode]) -> set[str]:
    """The scopes that a class adds to those of its parents."""
    own = vars(each).get("BINDINGS", ())
    bound = {BY_ID[b.id].scope for b in own if isinstance(b, Binding) and b.id in BY_ID}
    named = set(vars(each).get("SCOPES", ()))
    inherited = {scope for parent in each.__mro__[1:] for scope in getattr(parent, "SCOPES", ())}
    return bound | (named - inherited - {"app"})


TARGETS: dict[str, list[type[DOMNode]]] = {
    scope: [each for each in _classes() if scope in _scopes(each)]
    for scope in dict.fromkeys(action.scope for action in ACTIONS)
}
"""Scope -> the classes that have its actions."""


def _missing(action: Action, target: type[DOMNode]) -> list[str]:
    own = {b.id for b in vars(target).get("BINDINGS", ()) if isinstance(b, Binding)}
    if action.scope == "table" and action.id not in own:
        # What is no table takes only some of a table's keys.
        return []
    wanted = [] if action.needs_argument else [f"action_{action.method}"]
    if action.takes is not None:
        wanted.append(f"take_{action.method}")
    return [name for name in wanted if not callable(getattr(target, name, None))]


# Whole


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_an_action_says_what_it_is(action: Action) -> None:
    room, _, name = action.id.partition(".")
    assert room
    assert name.replace("_", "").isalnum()
    assert not action.label[0].islower()
    assert len(action.label) <= 20
    assert action.help.endswith(".")
    assert action.keys or action.command
    assert not (action.needs_argument and action.keys), "a key cannot say an argument"
    assert action.footer is None or action.keys, "the last line shows keys"


def test_no_two_actions_of_a_place_have_the_same_command() -> None:
    for together in places():
        named = [a.command for a in ACTIONS if a.scope in together and a.command]
        assert len(named) == len(set(named)), together


def test_no_two_actions_of_a_place_have_the_same_name() -> None:
    for together in places():
        named = [(a.label, a.scope == "table") for a in ACTIONS if a.scope in together]
        assert len(named) == len(set(named)), together


def test_what_writes_is_known_by_its_method() -> None:
    assert {a.method for a in ACTIONS if a.writes} == registry.WRITING


def test_what_is_in_force_together_is_what_screens_say() -> None:
    known = [set(together) for together in places()]
    for each in _classes():
        if issubclass(each, LiveScreen) and each is not LiveScreen and "SCOPES" in vars(each):
            assert {*each.SCOPES, "table", "replay"} in known, each


def test_every_action_has_its_method() -> None:
    without = {
        action.id
        for action in ACTIONS
        if not TARGETS[action.scope]
        or any(_missing(action, target) for target in TARGETS[action.scope])
    }
    assert without == set()


def test_every_binding_of_ours_has_an_id_of_the_registry() -> None:
    loose = {
        f"{each.__name__}: {binding}"
        for each in _classes()
        for binding in vars(each).get("BINDINGS", ())
        if not isinstance(binding, Binding) or binding.id not in BY_ID
    }
    assert loose == set()


# Safe for hands


def test_the_usual_keys_do_not_collide() -> None:
    assert collisions({action.id: usual_keys(action) for action in ACTIONS}) == []


def test_no_usual_key_is_one_that_tmux_or_the_terminal_takes() -> None:
    assert not TAKEN & {key for action in ACTIONS for key in usual_keys(action)}
    # One that does what it does in a shell is no surprise.
    suspending = {action.id for action in ACTIONS if "ctrl+z" in usual_keys(action)}
    assert suspending <= {"app.suspend"}


@pytest.mark.parametrize(
    ("scope", "key"), [(scope, key) for scope, keys in WANTED.items() for key in keys.split()]
)
def test_hands_from_elsewhere_find_their_keys(scope: str, key: str) -> None:
    owners = [a for a in ACTIONS if a.scope == scope and canonical(key) in usual_keys(a)]
    assert len(owners) == 1, [a.id for a in owners]


def test_what_writes_is_on_no_usual_key_of_what_reads() -> None:
    reading = {key for action in ACTIONS if not action.writes for key in usual_keys(action)}
    writing = {key for action in ACTIONS if action.writes for key in usual_keys(action)}
    assert not reading & writing


def test_what_writes_is_done_by_screens_that_know_whether_they_may() -> None:
    for action in ACTIONS:
        if action.writes:
            assert all(issubclass(target, LiveScreen) for target in TARGETS[action.scope])
            same = [other for other in ACTIONS if other.method == action.method]
            assert all(other.writes for other in same), "gated by the name of the method"


# Read-only

WRITING = Action(
    id="made_up.drop",
    keys="D",
    does="drop",
    label="Drop",
    help="Drop what is under the cursor.",
    scope="made_up",
    footer=1,
    command="drop",
    takes="[NAME]",
    writes=True,
)


@pytest.fixture
def writing_screen(monkeypatch: pytest.MonkeyPatch) -> type[StatsScreen]:
    """A screen with an action that writes."""
    monkeypatch.setattr(registry, "ACTIONS", (*ACTIONS, WRITING))
    monkeypatch.setattr(registry, "WRITING", registry.WRITING | {WRITING.method})
    monkeypatch.setitem(BY_ID, WRITING.id, WRITING)

    class WritingScreen(StatsScreen):
        BINDINGS: ClassVar[list[BindingType]] = [*bindings("made_up")]
        SCOPES: ClassVar[tuple[str, ...]] = (*StatsScreen.SCOPES, "made_up")
        dropped: ClassVar[list[str]] = []

        def action_drop(self) -> None:
            self.dropped.append("under the cursor")

        def take_drop(self, name: str) -> None:
            self.dropped.append(name)

        def offer_drop(self) -> list[str]:
            return ["Documents"]

    return WritingScreen


@pytest.mark.parametrize("writable", [False, True])
async def test_what_writes_is_there_only_where_the_profile_allows_it(
    writing_screen: type[StatsScreen], writable: bool
) -> None:
    watch = still_cluster()
    watch.profile = Profile(name="prod", url="http://weaviate.example:8080", write=writable)
    async with app_shown(watch) as (app, pilot):
        screen = writing_screen()
        await app.push_screen(screen)
        await settled(pilot)
        found = {
            "binding": "D" in screen.active_bindings,
            "footer": "Drop" in str(screen.query_one(KeyLine).content),
            "palette": any("Drop" in each.title for each in app.get_system_commands(screen)),
            "completion": "drop" in completions("dr", screen),
            "argument": "drop Documents" in completions("drop ", screen),
            "command": await run_line("drop Documents", screen) is None,
        }
        await pilot.press("D", "question_mark")
        await settled(pilot)
        sheet = "\n".join(str(each.content) for each in app.screen.query("#sheet Static"))
        found |= {"help": "Drop what" in sheet, "command in help": ":drop" in sheet}
        assert set(found.values()) == {writable}, found
        wanted = ["Documents", "under the cursor"] if writable else []
        assert screen.dropped == wanted  # type: ignore[attr-defined]


async def test_a_recording_that_is_played_back_is_read_only(
    writing_screen: type[StatsScreen],
) -> None:
    watch = still_cluster()
    watch.profile = msgspec.structs.replace(watch.profile, write=True)
    async with app_shown(watch) as (app, _):
        assert app.writable
        watch.replay = object()  # type: ignore[assignment]
        assert not app.writable


def test_read_only_is_what_one_has_to_ask_for_to_lose() -> None:
    reads = Action(id="a.b", does="b", label="B", help="B.", scope="made_up", command="b")
    assert not reads.writes
    assert allowed("screen", writable=False) == allowed("screen", writable=True)
    assert commands("screen", writable=False).keys() == commands("screen", writable=True).keys()
    with pytest.raises(TypeError):
        commands("screen")  # type: ignore[call-arg]


def test_keys_are_shown_as_they_are_typed() -> None:
    assert [shown(canonical(key)) for key in ("?", "pgdn", "[", "ctrl+f")] == [
        "?",
        "pgdn",
        "[",
        "ctrl+f",
    ]
