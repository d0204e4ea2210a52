"""An audit log as jobs and commands leave it, line by line, through the real sinks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from elysiadash.jobs.audit import AuditLog
from elysiadash.migrate.audit_lines import RangeLines, delete_line
from elysiadash.migrate.parts import Part
from elysiadash.weaviate.guard import AuditEntry, Permit, RequestClass

DOCUMENTS = Part(collection="Documents", target="Documents")
GONE = ("00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b")


class Written:
    """Writes lines at times of its own; ``now`` is wall-clock seconds."""

    def __init__(self, state: Path, now: float, *, profile: str = "prod-eu") -> None:
        self.state = state
        self.now = now
        self.log = AuditLog(state, profile=profile, user="ana")
        self._ranges = RangeLines(self.log)

    def permit(self, job: str | None, phase: str | None, reason: str = "copies objects") -> Permit:
        """The leave of a line."""
        return Permit(reason=reason, job=job, phase=phase)

    def range(
        self, job: str, number: int, *, phase: str | None = "COPY", result: str = "ok",
        seconds: float = 10.0,
    ) -> None:  # fmt: skip
        """A range of 50,000 objects in ten requests."""
        permit = self.permit(job, phase)
        with self._at():
            self._ranges.begin(number, DOCUMENTS, permit)
        self.now += seconds
        self._ranges.add(number, 10, 50_000, seconds)
        with self._at():
            self._ranges.end(number, DOCUMENTS, permit, result)

    def begun(self, job: str, number: int, *, phase: str | None = "COPY") -> None:
        """A range that is under way."""
        with self._at():
            self._ranges.begin(number, DOCUMENTS, self.permit(job, phase))

    def deleted(self, job: str, *, phase: str | None = "DELTA") -> None:
        """Two objects."""
        permit = self.permit(job, phase, "objects that were deleted in the source")
        with self._at():
            delete_line(self.log, DOCUMENTS, permit, "started", GONE)
            delete_line(self.log, DOCUMENTS, permit, "ok", GONE, seconds=0.2)

    def request(
        self, path: str, *results: str, verb: str = "PUT", job: str | None = None,
        phase: str | None = None, reason: str = "by hand",
    ) -> None:  # fmt: skip
        """One request with its lines, such as started and ok."""
        for result in results or ("started", "ok"):
            self.log.record(
                AuditEntry(
                    at=self.now, verb=verb, path=path, request_class=RequestClass.WRITE,
                    body_hash="a" * 64, permit=self.permit(job, phase, reason), result=result,
                    seconds=None if result in ("started", "refused") else 0.1,
                )
            )  # fmt: skip

    @contextmanager
    def _at(self) -> Iterator[None]:
        with mock.patch.object(time, "time", return_value=self.now):
            yield
