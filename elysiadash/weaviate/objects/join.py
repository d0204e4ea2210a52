"""Two pages of one cursor made one: properties by REST, vectors by gRPC.

Between the two answers objects may come, go and change, so that the pages slip against each
other. A row counts only where both say the same id and the same update time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from elysiadash.weaviate.objects.rows import Row, Vector


class Half(NamedTuple):
    """A row of one page: its id, its update time in ms, and what that page knows of it."""

    id: str
    updated_ms: int
    content: Any
    created_ms: int = 0


class Joined(msgspec.Struct, frozen=True, gc=False):
    """``rows`` in order of id, ``apart`` the ids that did not join, ``cursor`` where to go on.

    ``ended`` says that neither page was full: there was nothing after them, as far as whoever
    answered knew.
    """

    rows: list[Row]
    apart: list[str]
    cursor: str
    ended: bool
    hidden: tuple[str, ...] = ()
    """Ids that only the page of properties had, where those are taken for expired."""


class OutOfOrder(Exception):
    """A page whose ids do not rise; says where."""


def join(properties: Sequence[Half], vectors: Sequence[Half], *, limit: int, after: str) -> Joined:
    """Join two pages that were asked for ``limit`` rows after the id ``after``.

    A full page knows nothing beyond its last id, so the cursor is the smaller one of the last
    ids of full pages; what lies beyond it comes with the next page. Raises ``OutOfOrder``.
    """
    _check_order(properties, after)
    _check_order(vectors, after)
    lasts = [page[-1].id for page in (properties, vectors) if page and len(page) >= limit]
    if lasts:
        cursor = min(lasts)
    else:
        cursor = max((page[-1].id for page in (properties, vectors) if page), default=after)
    rows: list[Row] = []
    apart: list[str] = []
    left, right = 0, 0
    many_left, many_right = len(properties), len(vectors)
    while left < many_left and right < many_right:
        known, packed = properties[left], vectors[right]
        if known.id == packed.id:
            if known.id > cursor:
                break
            if known.updated_ms == packed.updated_ms:
                rows.append(
                    Row(known.id, known.updated_ms, known.created_ms, known.content, packed.content)
                )
            else:
                apart.append(known.id)
            left, right = left + 1, right + 1
        elif known.id < packed.id:
            apart.append(known.id)
            left += 1
        else:
            apart.append(packed.id)
            right += 1
    apart += [half.id for half in properties[left:]]
    apart += [half.id for half in vectors[right:]]
    return Joined(rows, sorted(one for one in apart if one <= cursor), cursor, ended=not lasts)


def without_expired(joined: Joined, vectors: Sequence[Half]) -> Joined:
    """Without the ids that gRPC does not show: it hides what expired, REST lists it."""
    shown = {half.id for half in vectors}
    apart = [one for one in joined.apart if one in shown]
    hidden = tuple(one for one in joined.apart if one not in shown)
    return Joined(joined.rows, apart, joined.cursor, joined.ended, hidden)


def _check_order(page: Sequence[Half], after: str) -> None:
    before = after
    for half in page:
        if half.id <= before:
            raise OutOfOrder(f"{half.id} follows {before or 'the beginning'}")
        before = half.id


__all__ = ["Half", "Joined", "OutOfOrder", "Vector", "join", "without_expired"]
