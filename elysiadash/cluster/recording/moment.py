"""One moment of a watched cluster, as it is put into a recording and taken out again."""

from __future__ import annotations

from typing import Any

import msgspec

from elysiadash.cluster.slices import Key, Slice
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.view import ClusterView
from elysiadash.weaviate.budget import OwnLoad

GAP_S = 90.0
"""Seconds to the next moment from which on nothing is known of the time between."""


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the screens show at wall-clock second ``at``: slices, rows, nodes and our own load."""

    at: float
    slices: dict[Key, Slice[Any]] = {}
    rows: tuple[CollectionStats, ...] = ()
    cluster: ClusterView = ClusterView()
    load: OwnLoad = OwnLoad(0, None, 0)
