"""One whole object, read through one node: what did not join on its page, or is to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from elysiadash.scan.asking import request
from elysiadash.scan.canonical import WholeObject
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.extent import Extent
from elysiadash.scan.keys import before
from elysiadash.scan.persistence import Patience, persist
from elysiadash.scan.whole import Halves, alone, joined, properties_of, vectors_page


class Single(NamedTuple):
    """What a node says of one id; ``whole`` is None where there is no such object.

    ``hidden``: it has expired, so that gRPC does not show it. ``joined``: both halves were of the
    same time; else it was read by REST alone.
    """

    whole: WholeObject | None
    hidden: bool = False
    joined: bool = False


async def read_object(
    coordinator: Coordinator,
    extent: Extent,
    key: bytes,
    *,
    vectors: Sequence[str] = (),
    patience: Patience | None = None,
) -> Single:
    """The object of that id in this node's view, at consistency ONE: nothing is repaired.

    ``vectors`` are the names of the collection's named vectors (``CanonicalForm.vectors``).
    """
    return await persist(lambda: _read(coordinator, extent, key, vectors), patience or Patience())


async def _read(
    coordinator: Coordinator, extent: Extent, key: bytes, vectors: Sequence[str]
) -> Single:
    message = request(extent, before(key), 1, vectors=vectors)
    reply = await coordinator.search(message, extent)
    shown = [row for row in vectors_page(reply, coordinator.name) if row.id == key]
    answer = await coordinator.get(extent, key, vectors=False)
    if answer is None:
        return Single(None)
    if extent.expires and not shown:
        return Single(None, hidden=True)
    properties = properties_of(answer)
    if shown and shown[0].time == properties.time:
        return Single(joined(Halves(*properties, shown[0].metadata)), joined=True)
    answer = await coordinator.get(extent, key, vectors=True)
    return Single(None if answer is None else alone(answer))
