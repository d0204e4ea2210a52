"""Our own writes as events: what the audit log notes, in the list of what changed."""

from __future__ import annotations

from elysiadash.cluster.events.event import Event, EventSeverity
from elysiadash.cluster.events.log import EventLog
from elysiadash.cluster.events.own_writes import FAILED, REFUSED, SENT
from elysiadash.weaviate.guard import AuditEntry, AuditSink


class ToldAudit:
    """An audit sink whose lines are also told as events; what cannot be kept is not told."""

    def __init__(self, kept: AuditSink) -> None:
        self._kept = kept
        self.events: EventLog | None = None
        """Where they are told; given once the watch is there."""

    def record(self, entry: AuditEntry) -> None:
        """Keep the entry, then tell of it. Raises ``OSError`` where it cannot be kept."""
        self._kept.record(entry)
        if self.events is not None:
            self.events.add(from_audit(entry))


def from_audit(line: AuditEntry) -> Event:
    """``write.sent``, ``write.failed``, or ``write.refused`` where our own guard kept it back.

    A line with the result ``started`` is followed by one with the outcome. Of what other processes
    write a face tells (``own_writes``); it gives no sink to the watch then.
    """
    severity: EventSeverity = "info" if line.result in ("started", "ok") else "warning"
    parts = line.path.split("/")
    place = parts.index("schema") + 1 if "schema" in parts else len(parts)
    collection = parts[place] if place < len(parts) and parts[place] else None
    job = line.permit.job if line.permit else None
    refused = line.result == "refused"
    what = f"{line.verb} {line.path}"
    return Event(
        at=line.at,
        kind=REFUSED if refused else SENT if severity == "info" else FAILED,
        message=f"not sent, refused by our guard: {what}"
        if refused
        else f"we sent {what}: {line.result}",
        severity=severity,
        collection=collection,
        name=job,
        after=line.result,
        evidence="audit log" + (f", job {job}" if job else ""),
    )
