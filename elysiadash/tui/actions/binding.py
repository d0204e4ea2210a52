"""Actions as Textual's bindings."""

from __future__ import annotations

from collections.abc import Collection

from textual.binding import Binding, BindingType

from elysiadash.tui.actions.registry import of_scopes

_NO_KEY = "no-key:"


def no_key(action_id: str) -> str:
    """The key of an action that has none.

    Textual's keymap can neither take a key away nor give one to what has none; a key that no
    terminal sends stands in.
    """
    return f"{_NO_KEY}{action_id}"


def is_no_key(key: str) -> bool:
    """Whether a binding's key is none."""
    return key.startswith(_NO_KEY)


def bindings(*scopes: str, but: Collection[str] = ()) -> list[BindingType]:
    """The bindings of these scopes, for a ``BINDINGS`` list; without the actions named ``but``."""
    return [
        Binding(
            action.keys or no_key(action.id),
            action.does,
            action.label,
            show=action.footer is not None,
            tooltip=action.help,
            id=action.id,
            priority=action.priority,
        )
        for action in of_scopes(*scopes)
        if not action.needs_argument and action.id not in but
    ]
