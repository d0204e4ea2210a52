"""What is known of a backup or a restore at a moment: JSON in the job's row."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Trap(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that was looked at before anything was sent."""

    code: str
    """Stable, such as ``readonly-shards``."""
    result: Literal["ok", "warns", "blocks", "unknown"]
    about: str
    """What was looked at: the collection, the node, the backend."""
    text: str
    """What was found."""
    way_out: str = ""
    """What to do about it; empty where nothing is to be done."""
    liftable: bool = False
    """A block that the operator may accept by its code."""


class Held(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a collection held."""

    name: str
    objects: int | None = None
    """Counted exactly; None where that was not possible."""
    objects_after: int | None = None
    """Counted when the backup was over: writers go on meanwhile."""
    tenants: int | None = None
    """None: the collection has none."""
    not_counted: str = ""
    """Why there is no count."""

    @property
    def at_rest(self) -> int | None:
        """The count, where it was the same before and after."""
        return self.objects if self.objects == self.objects_after else None


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything of a backup or a restore but its rows."""

    checks: tuple[Trap, ...] = ()
    status: str = ""
    """The server's own word."""
    seconds: float = 0.0
    """Since the request, when the status was read last."""
    path: str = ""
    """Where the backup lies, as the server names it."""
    size_gib: float | None = None
    """Before compression, as the server says."""
    collections: tuple[Held, ...] = ()
    nodes: tuple[str, ...] = ()
    """Names of the nodes whose shards the backup holds: a restore elsewhere has to map them."""
    version: str = ""
    """Of the cluster that was backed up, its oldest node's."""
    aliases: tuple[tuple[str, str], ...] = ()
    """Alias and its collection, which come along."""
    came_along: tuple[str, ...] = ()
    """Aliases that a restore has brought."""
    different: tuple[str, ...] = ()
    """What a restore read back otherwise than the backup was known to hold, in words."""
    notes: tuple[str, ...] = ()
    """What was not checked, in words."""


def checkpoint_of(json: dict[str, Any]) -> Checkpoint:
    """The checkpoint of a job's row; what a later release added is left out."""
    return msgspec.convert(json, Checkpoint)
