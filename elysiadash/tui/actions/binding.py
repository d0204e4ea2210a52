"""Actions as Textual's bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from elysiadash.tui.actions.registry import of_scopes


def bindings(*scopes: str) -> list[BindingType]:
    """The bindings of these scopes, for a ``BINDINGS`` list."""
    return [
        Binding(
            action.keys,
            action.does,
            action.label,
            show=action.footer is not None,
            tooltip=action.help,
            id=action.id,
            priority=action.priority,
        )
        for action in of_scopes(*scopes)
        if action.keys
    ]
