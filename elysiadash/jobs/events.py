"""What happened to a job, in order. Bounded: the oldest go."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from elysiadash.config.redaction import redact
from elysiadash.jobs.database import Reading, Transaction
from elysiadash.jobs.specs import Json, canonical, decode

Severity = Literal["info", "warning", "error"]

KEPT = 10_000
"""Events of one job."""
_TRIMMED_EACH = 64
_LONGEST_TEXT = 4096


class JobEvent(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened. ``id`` gives the order; ``at`` is wall time and may jump."""

    id: int
    job: str
    at: float
    kind: str
    """A stable word: ``state``, ``claim``, ``control``, ``phase``, or the engine's own."""
    severity: Severity
    text: str
    data: Json


def note(
    tx: Transaction,
    job: str,
    kind: str,
    text: str,
    *,
    severity: Severity = "info",
    data: Json | None = None,
) -> int:
    """Add an event to a job; its id. Credentials in text and data are masked."""
    event = tx.insert(
        "INSERT INTO events (job, at, kind, severity, text, data) VALUES (?, ?, ?, ?, ?, ?)",
        job, tx.now, kind, severity, redact(text)[:_LONGEST_TEXT],
        canonical(_redacted(data or {})),
    )  # fmt: skip
    if event % _TRIMMED_EACH == 0:
        tx.run(
            "DELETE FROM events WHERE job = ? AND id <= (SELECT id FROM events WHERE job = ?"
            " ORDER BY id DESC LIMIT 1 OFFSET ?)",
            job, job, KEPT,
        )  # fmt: skip
    return event


def after(read: Reading, job: str, id: int = 0, limit: int = 200) -> list[JobEvent]:
    """The next events behind an id, the oldest first: for whoever follows a job."""
    return _events(read, "job = ? AND id > ? ORDER BY id LIMIT ?", job, id, limit)


def before(read: Reading, job: str, id: int | None = None, limit: int = 200) -> list[JobEvent]:
    """The events ahead of an id (None: the end), the newest first: for whoever looks back."""
    end = 2**63 - 1 if id is None else id
    return _events(read, "job = ? AND id < ? ORDER BY id DESC LIMIT ?", job, end, limit)


def _events(read: Reading, where: str, *values: Any) -> list[JobEvent]:
    rows = read.rows(
        f"SELECT id, job, at, kind, severity, text, data FROM events WHERE {where}",  # noqa: S608
        *values,
    )
    return [
        JobEvent(id, job, at, kind, severity, text, decode(data))
        for id, job, at, kind, severity, text, data in rows
    ]


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(str(key)): _redacted(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(part) for part in value]
    return value
