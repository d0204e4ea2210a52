"""Every action of the app, once: from here come bindings, footer, help, palette, commands, keymap.

Each module lists the actions of one scope as data; ``registry`` puts them together. Nothing here
loads Textual but ``binding``, so that the commands can list and check keys too.
"""

from elysiadash.tui.actions.action import Action
from elysiadash.tui.actions.registry import (
    ACTIONS,
    BY_ID,
    allowed,
    commands,
    is_writing,
    of_scopes,
)

__all__ = ["ACTIONS", "BY_ID", "Action", "allowed", "commands", "is_writing", "of_scopes"]
