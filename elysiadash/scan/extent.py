"""What a scan goes through: a collection or one tenant of it, from one id to another."""

from __future__ import annotations

import msgspec

from elysiadash.scan.keys import FIRST, LAST


class Extent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A range of ids of a collection; both ends belong to it."""

    collection: str
    tenant: str = ""
    """Empty where the collection has none."""
    tenant_is_hot: bool = False
    """The tenant was seen active, so that reading it activates nothing (see the guard)."""
    lower: bytes = FIRST
    upper: bytes = LAST
    expires: bool = False
    """The collection has an ``objectTtlConfig``: gRPC hides expired objects, REST does not."""
