"""What one object is between reading and writing: typed properties, vectors as opaque bytes."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec


class Vector(NamedTuple):
    """One vector as gRPC carries it; the name of the unnamed (legacy) one is empty.

    ``data`` is little-endian float32 after float32; a multi-vector begins with a uint16, the
    length of its rows.
    """

    name: str
    data: bytes
    multi: bool = False


class Row(msgspec.Struct, frozen=True, gc=False):
    """One object as it was read; times in milliseconds since 1970, the server's own.

    ``properties`` is an instance of the ``Shape``'s struct, ``vectors`` are in order of name.
    """

    id: str
    updated_ms: int
    created_ms: int
    properties: Any
    vectors: tuple[Vector, ...] = ()


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where objects are: a collection, or one tenant of it, asked of the node at ``base``.

    ``base`` None is the transport's contact. ``tenant_is_hot`` says that the tenant was seen
    active: without it reading a tenant could activate it, and needs a permit.
    """

    collection: str
    tenant: str = ""
    tenant_is_hot: bool = False
    base: str | None = None


def identity(row: Row) -> tuple[str, int]:
    """What makes two readings the same object in the same state."""
    return (row.id, row.updated_ms)
