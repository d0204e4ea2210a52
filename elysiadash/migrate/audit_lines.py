"""The audit of a copy: one line when a range begins and one when it ends, not one a request."""

from __future__ import annotations

import logging
import time
from collections import Counter

from elysiadash.migrate.errors import CannotGoOn
from elysiadash.migrate.parts import Part
from elysiadash.weaviate.guard import AuditEntry, AuditSink, Permit, RequestClass

log = logging.getLogger(__name__)


class CopyLine(AuditEntry, frozen=True, kw_only=True, gc=False):
    """What a range, or a list of ids, wrote: requests and objects since the line before."""

    collection: str
    tenant: str = ""
    range: int | None = None
    generation: int | None = 0
    """0 for the copy itself; None where it does not say: then phase and time do."""
    requests: int = 0
    objects: int = 0
    ids: tuple[str, ...] = ()
    """Of deletes: which objects, since nothing else will tell."""


class Tally:
    """The sink of a process that copies: counts, and leaves the lines to the engine."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        """Writes and repairing reads that were sent, by result."""

    def record(self, entry: AuditEntry) -> None:
        """Count one entry."""
        if entry.result != "started":
            self.requests[entry.result] += 1


class RangeLines:
    """Writes the lines to the site's own log; waits for the disk."""

    def __init__(self, sink: AuditSink) -> None:
        self._sink = sink
        self._begun: set[int] = set()
        self._sums: dict[int, tuple[int, int, float]] = {}

    def begin(self, range: int, part: Part, permit: Permit, *, generation: int = 0) -> None:
        """Before the first write of a range. Raises ``CannotGoOn``: nothing may be written then."""
        if range not in self._begun:
            _start(self._sink, _line(part, permit, "started", range=range, generation=generation))
            self._begun.add(range)

    def add(self, range: int, requests: int, objects: int, seconds: float) -> None:
        """Count what was written."""
        before = self._sums.get(range, (0, 0, 0.0))
        self._sums[range] = (before[0] + requests, before[1] + objects, before[2] + seconds)

    def end(
        self, range: int, part: Part, permit: Permit, result: str, *, generation: int = 0
    ) -> None:
        """When a range is done, or left where it stands."""
        if range not in self._begun:
            return
        requests, objects, seconds = self._sums.pop(range, (0, 0, 0.0))
        self._begun.discard(range)
        line = _line(
            part, permit, result, seconds=seconds, range=range, generation=generation,
            requests=requests, objects=objects,
        )  # fmt: skip
        _end(self._sink, line)


def _line(
    part: Part,
    permit: Permit,
    result: str,
    *,
    seconds: float | None = None,
    range: int | None = None,
    generation: int | None = 0,
    requests: int = 0,
    objects: int = 0,
    verb: str = "POST",
    path: str = "/weaviate.v1.Weaviate/BatchObjects",
    ids: tuple[str, ...] = (),
) -> CopyLine:
    return CopyLine(
        at=time.time(),
        verb=verb,
        path=path,
        request_class=RequestClass.WRITE,
        body_hash=None,
        permit=permit,
        result=result,
        seconds=seconds,
        collection=part.target,
        tenant=part.tenant,
        range=range,
        generation=generation,
        requests=requests,
        objects=objects,
        ids=ids,
    )


class ListLines:
    """The two lines of a list of ids."""

    def __init__(self, sink: AuditSink, part: Part, permit: Permit, *, generation: int = 0) -> None:
        self._sink = sink
        self._part = part
        self._permit = permit
        self._generation = generation or None

    def begin(self) -> None:
        """Before the first write. Raises ``CannotGoOn``."""
        line = _line(self._part, self._permit, "started", generation=self._generation)
        _start(self._sink, line)

    def end(self, result: str, *, requests: int, objects: int, seconds: float) -> None:
        """When all of it is done, or given up."""
        line = _line(
            self._part, self._permit, result, generation=self._generation, requests=requests,
            objects=objects, seconds=seconds,
        )  # fmt: skip
        _end(self._sink, line)


def _start(sink: AuditSink, line: CopyLine) -> None:
    try:
        sink.record(line)
    except OSError as error:
        raise CannotGoOn(
            f"the audit log cannot be written ({error.strerror}), so nothing is copied: free space "
            "in, or give access to, the state folder, then resume the job"
        ) from None


def _end(sink: AuditSink, line: CopyLine) -> None:
    try:
        sink.record(line)
    except OSError as error:
        # Its start is on record: failing now would hide what was done.
        log.error("the audit log cannot be written: %s", error.strerror)


def delete_line(
    sink: AuditSink,
    part: Part,
    permit: Permit,
    result: str,
    ids: tuple[str, ...],
    *,
    seconds: float | None = None,
) -> None:
    """One line of some deletes in the target. The first raises ``CannotGoOn``."""
    line = _line(
        part, permit, result, seconds=seconds, generation=None, objects=len(ids),
        verb="DELETE", path=f"/v1/objects/{part.target}/{{id}}", ids=ids,
    )  # fmt: skip
    (_start if result == "started" else _end)(sink, line)
