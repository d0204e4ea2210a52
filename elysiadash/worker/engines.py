"""Which engine does which kind of job: the one place that knows.

Engines are named, and loaded when a job of theirs is there: a worker starts at once, and an engine
that cannot be loaded costs its own jobs only.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from elysiadash.jobs.work import Engine

ENGINES: Mapping[str, str] = {
    "copy": "elysiadash.migrate.engine:run",
    "migrate": "elysiadash.migrate.engine:run",
    "preflight": "elysiadash.migrate.engine:run",
    "rehearsal": "elysiadash.migrate.engine:run",
    "retire": "elysiadash.migrate.retire:run",
    "backup": "elysiadash.backups.engine:run",
    "restore": "elysiadash.backups.engine:run",
}
"""Kind -> module and function. A kind whose module is not installed is left for others."""


class EngineBroken(Exception):
    """The engine of a kind cannot be loaded."""


def known(engines: Mapping[str, str] = ENGINES) -> tuple[str, ...]:
    """The kinds whose engine is there."""
    return tuple(kind for kind, place in engines.items() if _is_there(place.partition(":")[0]))


def engine_of(kind: str, engines: Mapping[str, str] = ENGINES) -> Engine:
    """The engine of a kind. Raises ``EngineBroken``."""
    module, _, name = engines[kind].partition(":")
    try:
        found: Engine = getattr(import_module(module), name)
    except Exception as error:
        # Whatever a module does at import time, it must cost its own jobs only.
        raise EngineBroken(
            f"the engine for {kind} ({module}) cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    return found


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
