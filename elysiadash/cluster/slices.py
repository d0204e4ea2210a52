"""Slices: what one question last answered, and what went wrong since."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from elysiadash.weaviate.errors import WeaviateError

T = TypeVar("T")


class Kind(StrEnum):
    """The questions; those with an ``of`` have one slice for each node or collection."""

    READY = "ready"
    """of a node's address: ``Readiness``"""
    NODES = "nodes"
    """``Nodes``, minimal"""
    STATISTICS = "statistics"
    """``Statistics``"""
    META = "meta"
    """``Meta``"""
    SCHEMA = "schema"
    """``Schema``, local copy"""
    ALIASES = "aliases"
    """``tuple[Alias, ...]``"""
    VERBOSE = "verbose"
    """``ShardReport``"""
    TENANTS = "tenants"
    """of a collection: ``TenantCounts``"""
    OPERATIONS = "operations"
    """``tuple[ReplicationOperation, ...]``"""
    TASKS = "tasks"
    """``dict[str, tuple[Task, ...]]``"""
    BACKUPS = "backups"
    """of a backend: ``tuple[Backup, ...]``"""
    METRICS = "metrics"
    """of a node's metrics address: ``NodeMetrics``. Where a Prometheus is asked: of "", all nodes
    together, and of each node's label the node alone"""
    DISK = "disk"
    """of a node: ``NodeDisk``; only where a Prometheus is asked"""
    CAPABILITIES = "capabilities"
    """``Capabilities``"""
    COUNT = "count"
    """of a collection: ``int``, exact, asked on demand"""


class Key(NamedTuple):
    """The name of a slice."""

    kind: Kind
    of: str = ""


class Problem(msgspec.Struct, frozen=True, gc=False):
    """Why a question has no fresh answer: in words, with what to try.

    ``kind`` is a ``WeaviateError`` kind, ``parked`` (a peer does not answer yet) or ``held``
    (we do not ask now, and ``what`` says why).
    """

    kind: str
    what: str
    request: str | None = None
    hint: str | None = None

    @classmethod
    def of(cls, error: WeaviateError) -> Problem:
        """The problem that an error stands for; the server's words are kept as plain text."""
        what = f"{error.what}: {error.detail}" if error.detail else error.what
        return cls(error.kind, what, error.request, error.hint)


class Recovery(msgspec.Struct, frozen=True, gc=False):
    """The end of a run of failures: its last problem, and the wall-clock seconds of the answer."""

    problem: Problem
    at: float


class Slice(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """The last good value of one question, and the problem since, if there is one.

    ``fetched_at`` is wall-clock seconds, ``latency`` seconds from the first request to the
    decoded value, ``seq`` grows with every change of any slice, ``problem_since`` is when the
    present run of failures began. A failure keeps the value. ``every`` is how many seconds lie
    between two values at the source, where that is not for us to choose.
    """

    value: T | None = None
    fetched_at: float | None = None
    seq: int = 0
    latency: float | None = None
    problem: Problem | None = None
    problem_since: float | None = None
    every: float = 0.0

    def age(self, now: float) -> float | None:
        """Seconds since the value was fetched, never negative; None without a value."""
        return None if self.fetched_at is None else max(0.0, now - self.fetched_at)


EMPTY: Slice[Any] = Slice()
"""A question that was not asked yet."""
