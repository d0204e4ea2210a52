"""A job as data: what was asked for, and how it stands."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from elysiadash.jobs.specs import Json


class JobState(StrEnum):
    """Where a job stands, for every kind alike. What the engine calls it is its ``phase``."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def ended(self) -> bool:
        """Whether nothing goes on by itself; a failed one may be resumed by a person."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class ClusterUse(msgspec.Struct, frozen=True, gc=False):
    """A cluster that a job reads or writes."""

    name: str
    """The profile's name, for people."""
    url: str
    """Its address: jobs with the same one share the limit of jobs side by side."""
    hosts: tuple[str, ...] = ()
    """Hosts that batches go to (``pool``)."""

    @property
    def key(self) -> str:
        """What makes two of them the same cluster: scheme, host and port, however written."""
        parts = urlsplit(self.url)
        try:
            port = parts.port
        except ValueError:
            return self.url
        port = port or {"http": 80, "https": 443}.get(parts.scheme)
        return f"{parts.scheme}://{parts.hostname or ''}:{port or ''}".lower()


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for."""

    kind: str
    """Which engine does it."""
    title: str
    """One line for people."""
    spec: Json
    """Everything the engine needs, without secrets (``specs.encode``)."""
    identity: Json | None = None
    """What of it makes two jobs the same work; None: the whole spec."""
    clusters: tuple[ClusterUse, ...] = ()
    priority: int = 0
    """Higher goes first."""
    rate: float | None = None
    """Objects a second at most; None: no limit."""
    not_before: float | None = None
    """Wall time before which it does not start."""
    after: str | None = None
    """A job that has to be done before this one starts."""
    expected: int | None = None
    """Objects it will have to do, where known."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it stands at the moment of reading."""

    id: str
    parent: str | None
    is_parent: bool
    """It has children instead of work of its own; its state is theirs, rolled up."""
    kind: str
    title: str
    spec: Json
    spec_hash: str
    clusters: tuple[ClusterUse, ...]
    state: JobState
    phase: str
    """The engine's own word, such as COPY; empty before it began."""
    checkpoint: Json
    """What the engine needs to go on; written together with phase, ranges and files."""
    ending: str | None
    """The engine's word for how it ended, such as CAUGHT_UP."""
    reason: str | None
    """Why it is paused, failed or was cancelled, in words."""
    pausing: bool
    """Asked to pause, and not paused yet."""
    cancelling: bool
    """Asked to cancel, and not cancelled yet."""
    priority: int
    rate: float | None
    not_before: float | None
    after: str | None = None
    """The job that has to be done before this one starts."""
    expected: int | None
    created: float
    created_by: str
    started: float | None
    ended: float | None
    engine_version: str
    """The release that submitted it, then the one that last worked on it."""
    crashes: int
    """Workers in a row that ended without a word and without getting on."""
