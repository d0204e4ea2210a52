"""Objects that could not be done, each with its reason: never silently left out."""

from __future__ import annotations

from typing import Any

import msgspec

from elysiadash.config.redaction import redact
from elysiadash.jobs import keyspace
from elysiadash.jobs.claims import Claimed
from elysiadash.jobs.database import Reading

_LONGEST_DETAIL = 16 * 1024


class DeadLetter(msgspec.Struct, frozen=True, gc=False):
    """One object that could not be done in one generation."""

    id: int
    """Its place in the list; pages go by it."""
    job: str
    tenant: str
    object: bytes
    """The object's id, 16 bytes."""
    generation: int
    reason: str
    """A short text that others share: letters are counted by it."""
    detail: str
    at: float
    settled: float | None
    """Wall time when it was done after all."""


def put(
    tx: Claimed,
    object: bytes,
    reason: str,
    *,
    detail: str = "",
    tenant: str = "",
    generation: int = 0,
) -> None:
    """Note an object. The same object of the same generation again replaces the reason."""
    keyspace.check(object)
    words, more = redact(reason), redact(detail)[:_LONGEST_DETAIL]
    tx.run(
        "INSERT INTO dead_letters (job, tenant, object, generation, reason, detail, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job, tenant, object, generation) DO UPDATE"
        " SET reason = excluded.reason, detail = excluded.detail, at = excluded.at, settled = NULL",
        tx.job, tenant, object, generation, words, more, tx.now,
    )  # fmt: skip


def settle(tx: Claimed, object: bytes, *, tenant: str = "") -> int:
    """The object was done after all, whatever the generation; how many letters that settles."""
    return tx.run(
        "UPDATE dead_letters SET settled = ? WHERE job = ? AND tenant = ? AND object = ?"
        " AND settled IS NULL",
        tx.now, tx.job, tenant, object,
    )  # fmt: skip


def count(read: Reading, job: str) -> int:
    """Objects that could not be done: each once, however many generations tried."""
    return read.number(
        "SELECT count(*) FROM (SELECT DISTINCT tenant, object FROM dead_letters"
        " WHERE job = ? AND settled IS NULL)",
        job,
    )


def open_ones(read: Reading, job: str) -> list[tuple[str, bytes]]:
    """Tenant and object of each that could not be done, once."""
    return read.rows(
        "SELECT DISTINCT tenant, object FROM dead_letters WHERE job = ? AND settled IS NULL"
        " ORDER BY tenant, object",
        job,
    )


def by_reason(read: Reading, job: str) -> dict[str, int]:
    """How many open letters have which reason, the most first."""
    return dict(
        read.rows(
            "SELECT reason, count(*) FROM dead_letters WHERE job = ? AND settled IS NULL"
            " GROUP BY reason ORDER BY count(*) DESC, reason",
            job,
        )
    )


def page(
    read: Reading, job: str, *, after: int = 0, limit: int = 200, settled: bool = False
) -> list[DeadLetter]:
    """Letters behind an id, in the order in which they were written; the settled ones as well
    where asked."""
    return _letters(
        read,
        "job = ? AND id > ?" + ("" if settled else " AND settled IS NULL") + " ORDER BY id LIMIT ?",
        job, after, limit,
    )  # fmt: skip


def _letters(read: Reading, where: str, *values: Any) -> list[DeadLetter]:
    rows = read.rows(
        "SELECT id, job, tenant, object, generation, reason, detail, at, settled"  # noqa: S608
        f" FROM dead_letters WHERE {where}",
        *values,
    )
    return [DeadLetter(*row) for row in rows]
