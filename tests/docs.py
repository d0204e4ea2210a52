"""The parts of README.md that are made from the code: ``python -m tests.docs`` writes them anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from elysiadash.tui.actions import ACTIONS, Action
from elysiadash.tui.keymap import shown
from elysiadash.tui.keymap.keymap import usual_keys

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- keys: python -m tests.docs -->", "<!-- end of keys -->"

_PLACES = {
    "On every screen": ("app", "screen"),
    "On every screen with a list": ("list",),
    "Moving in a list": ("table",),
    "On the sheet of a row": ("row-sheet",),
    "On sheets such as the help": ("sheet",),
    "In dialogs": ("dialog",),
    "Choosing columns": ("columns",),
    "Choosing what to copy": ("copy",),
    "Choosing a cluster": ("picker",),
    "While typing a filter or a command": ("prompt",),
}
_OWN = {
    "collection": "On a collection",
    "replay": "In a recording",
    "migrate": "On the list of jobs",
    "wizard": "While planning a migration",
    "job": "On a job",
}
_AFTER = "Moving in a list"
"""The screens' own keys come before this."""


def key_tables() -> str:
    """Every action of the registry, by where it works."""
    return "\n".join(_lines())


def with_tables(text: str) -> str:
    """README's text with the tables as they are now."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md has lost {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{key_tables()}\n{END}{after}"


def _lines() -> Iterator[str]:
    shared = {scope for scopes in _PLACES.values() for scope in scopes}
    own = [scope for scope in dict.fromkeys(a.scope for a in ACTIONS) if scope not in shared]
    for title, scopes in _PLACES.items():
        if title == _AFTER:
            for scope in own:
                yield from _table(_OWN.get(scope, f"On {scope.capitalize()}"), (scope,))
        yield from _table(title, scopes)


def _table(title: str, scopes: tuple[str, ...]) -> Iterator[str]:
    if not any(action.scope in scopes for action in ACTIONS):
        return
    yield ""
    yield f"**{title}**"
    yield ""
    yield "| key | command | what it does | action |"
    yield "|---|---|---|---|"
    for action in ACTIONS:
        if action.scope in scopes:
            yield f"| {_keys(action)} | {_command(action)} | {action.help} | `{action.id}` |"


def _keys(action: Action) -> str:
    return " ".join(f"`{shown(key)}`" for key in usual_keys(action))


def _command(action: Action) -> str:
    if action.command is None:
        return ""
    return f"`:{action.command} {action.takes or ''}".rstrip() + "`"


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text("utf-8")), "utf-8")
