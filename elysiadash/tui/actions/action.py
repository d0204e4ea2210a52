"""What an action is, as data."""

from __future__ import annotations

import msgspec


class Action(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something a person can do.

    ``scope`` is where: ``app`` (everywhere), ``screen`` (every main screen), ``list`` (screens
    with one list of things), ``table`` (inside any list), or one screen's name. ``keys`` are
    Textual's key names, joined by commas; an action without keys is a command only. ``does`` is
    the method ``action_<does>``, with its arguments. ``footer`` orders the actions in the last
    line; None keeps it out. ``takes`` names the argument of the ``:`` command, which is optional
    when it stands in brackets. ``writes`` marks what changes a cluster: absent while read-only,
    and never on a key that a reading action owns.
    """

    id: str
    keys: str = ""
    does: str
    label: str
    help: str
    scope: str
    footer: int | None = None
    command: str | None = None
    takes: str | None = None
    writes: bool = False
    priority: bool = False
    """Whether the key goes before what the widget with the focus would do with it."""

    @property
    def method(self) -> str:
        """What is done, without its arguments: the name after ``action_`` or ``take_``."""
        return self.does.partition("(")[0]

    @property
    def needs_argument(self) -> bool:
        """Whether the command cannot run without its argument."""
        return self.takes is not None and not self.takes.startswith("[")
