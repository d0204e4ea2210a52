"""When nothing names a cluster: whether one answers at the usual place, or one is asked for."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from elysiadash.cluster.slices import Kind
from elysiadash.tui.clusters import FirstRun
from elysiadash.tui.source import Watched

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp

_LOOK_S = 4.0
"""Seconds that the usual place has to answer."""
_ASKED = (Kind.NODES, Kind.SCHEMA)
_A_WEAVIATE = frozenset({"unauthorized", "forbidden", "no credentials"})


async def offer_first_run(app: ElysiadashApp, first_run: FirstRun) -> None:
    """Ask for a cluster, unless one answers at the address that the app watches."""
    from elysiadash.tui.screens.first_run import FirstRunScreen

    tried = app.watched
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_S):
            await tried.store.until(lambda: answers(tried) or _failed(tried))
    # By then a person may have gone to another cluster.
    if app.watched is tried and not answers(tried):
        await app.push_screen(FirstRunScreen(first_run, tried))


def answers(watch: Watched) -> bool:
    """Whether a Weaviate answers there, be it that it wants a key."""
    pieces = [watch.store.get(kind) for kind in (*_ASKED, Kind.META)]
    return any(
        piece.value is not None or (piece.problem is not None and piece.problem.kind in _A_WEAVIATE)
        for piece in pieces
    )


def _failed(watch: Watched) -> bool:
    return all(watch.store.get(kind).problem is not None for kind in _ASKED)
