"""Joining the two halves of a page: properties by REST, vectors by gRPC, of the same cursor.

The two pages are read one beside the other while the collection is written, so they can slip
against each other. Rows that agree in id and update time join; the others are named.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from elysiadash.scan.whole import Halves, PropertiesRow, VectorsRow


class Paired(NamedTuple):
    """Two pages of one cursor, as one."""

    joined: list[Halves]
    """Rows that join."""
    loose: list[bytes]
    """Ids of those that do not."""
    covered: bytes | None
    """Up to which id both pages know all; None where neither was full."""
    reached: bytes | None
    """The last id on either page; None where both were empty."""
    full: bool
    """Both pages had as many rows as were asked for."""


def paired(
    properties: Sequence[PropertiesRow],
    vectors: Sequence[VectorsRow],
    limit: int,
    *,
    vectors_are_thinned: bool = False,
) -> Paired:
    """Join two pages of at most ``limit`` rows, in order of their ids.

    A full page knows what is up to its last id; the smaller of the two is where the next page
    begins. ``vectors_are_thinned``: expired objects were taken out of that page after its limit,
    so that it need not be full to have come as far as the other.
    """
    ends = [page[-1].id for page in (properties, vectors) if len(page) >= limit]
    covered = min(ends, default=None)
    full = len(properties) >= limit and (vectors_are_thinned or len(vectors) >= limit)
    if covered is not None:
        properties = [row for row in properties if row.id <= covered]
        vectors = [row for row in vectors if row.id <= covered]
    reached = max((page[-1].id for page in (properties, vectors) if page), default=None)
    return Paired(*_matched(properties, vectors), covered, reached, full)


def _matched(
    properties: Sequence[PropertiesRow], vectors: Sequence[VectorsRow]
) -> tuple[list[Halves], list[bytes]]:
    # Nearly always both pages are alike, and one comparison says so.
    if [row[:2] for row in properties] == [row[:2] for row in vectors]:
        return [
            Halves(*row, other.metadata) for row, other in zip(properties, vectors, strict=True)
        ], []
    by_id = {row.id: row for row in vectors}
    found, loose = [], []
    for row in properties:
        other = by_id.pop(row.id, None)
        if other is not None and other.time == row.time:
            found.append(Halves(*row, other.metadata))
        else:
            loose.append(row.id)
    return found, sorted([*loose, *by_id])
