"""Which roles may write to collections, and what they lose and keep while those are frozen."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from elysiadash.migrate.freeze.noted import NarrowedRole
from elysiadash.weaviate.roles import BUILT_IN, Permission, Role

_READING: Final = "read_data"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_*]*")
MOST_KEPT: Final = 2_000
"""Permissions that a role gets for other collections; with more it loses them for the freeze."""


def is_write(permission: Permission, collections: Iterable[str]) -> bool:
    """Whether it allows to change objects of one of the collections."""
    action = str(permission.get("action", ""))
    if not action.endswith("_data") or action == _READING:
        return False
    pattern = _pattern(permission)
    return any(_fits(pattern, name) for name in collections)


def writers(roles: Iterable[Role], collections: Collection[str]) -> list[Role]:
    """The roles that may change objects of one of the collections."""
    return [
        role for role in roles if any(is_write(one, collections) for one in role.permissions or ())
    ]


def narrowed(
    roles: Iterable[Role], frozen: Collection[str], others: Sequence[str]
) -> tuple[NarrowedRole, ...]:
    """What each role but the built-in ones loses, and what it keeps for the ``others``."""
    found = []
    for role in writers(roles, frozen):
        if role.name in BUILT_IN:
            continue
        has = list(role.permissions or ())
        removed = [one for one in has if is_write(one, frozen)]
        kept: list[Permission] = []
        for permission in removed:
            for name in others:
                one = _only_for(permission, name)
                plain = _PLAIN.fullmatch(_pattern(permission))
                if plain and _fits(_pattern(permission), name) and one not in has + kept:
                    kept.append(one)
        if len(kept) > MOST_KEPT:
            kept = []
        found.append(NarrowedRole(role=role.name, removed=tuple(removed), added=tuple(kept)))
    return tuple(found)


def _only_for(permission: Permission, collection: str) -> Permission:
    return {**permission, "data": {**_about(permission), "collection": collection}}


def _pattern(permission: Permission) -> str:
    return str(_about(permission).get("collection", "*") or "*")


def _about(permission: Permission) -> dict[str, Any]:
    about = permission.get("data")
    return about if isinstance(about, dict) else {}


def _fits(pattern: str, name: str) -> bool:
    # What is more than a name with stars is taken for what fits: rather too much is removed.
    if not _PLAIN.fullmatch(pattern):
        return True
    return re.fullmatch(pattern.replace("*", ".*"), name, re.IGNORECASE) is not None
