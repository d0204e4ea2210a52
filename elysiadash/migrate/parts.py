"""What is copied in one go: a collection, or one tenant of it."""

from __future__ import annotations

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A collection of the source (or one tenant) and the name it has in the target.

    ``key`` stands in the ``tenant`` column of the job's ranges and dead letters, since a job may
    copy several collections: ``Doc`` or ``Doc/tenant``. No collection's name has a slash.
    """

    collection: str
    target: str
    tenant: str = ""

    @property
    def key(self) -> str:
        """The part's name in the job's rows."""
        return f"{self.collection}/{self.tenant}" if self.tenant else self.collection


def of_key(key: str, targets: dict[str, str]) -> Part:
    """The part of a row; ``targets`` maps source names to target names."""
    collection, _, tenant = key.partition("/")
    return Part(collection=collection, target=targets[collection], tenant=tenant)
