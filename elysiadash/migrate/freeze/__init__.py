"""The freeze: writers are kept out of the source for as long as the last changes are taken over.

``rungs`` knows the ways (the ladder), ``keeping_out`` goes them, ``proof`` says whether nobody can
have written since, ``thawing`` undoes what ``noted`` names, ``watchdog`` is the process that thaws
when the worker cannot. ``ladder`` brings them together. What a face needs is in
``migrate.left_frozen``, which loads no door to a server.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elysiadash.migrate.freeze.holding import hold, keep_frozen
    from elysiadash.migrate.freeze.ladder import (
        extend,
        freeze,
        freeze_again,
        holds,
        is_frozen,
        left_s,
        thaw,
    )
    from elysiadash.migrate.freeze.rungs import ADMINS, STOPPED, Rung, choose, look_at

__all__ = [
    "ADMINS",
    "STOPPED",
    "Rung",
    "choose",
    "extend",
    "freeze",
    "freeze_again",
    "hold",
    "holds",
    "is_frozen",
    "keep_frozen",
    "left_s",
    "look_at",
    "thaw",
]

_ELSEWHERE = {
    "rungs": frozenset({"ADMINS", "STOPPED", "Rung", "choose", "look_at"}),
    "holding": frozenset({"hold", "keep_frozen"}),
}


def __getattr__(name: str) -> Any:
    # Faces read what was left frozen through this package and must not load httpx and grpc.
    if name not in __all__:
        raise AttributeError(name)
    module = next((module for module, names in _ELSEWHERE.items() if name in names), "ladder")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
