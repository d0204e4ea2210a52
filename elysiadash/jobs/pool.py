"""Places on a host that all jobs and workers of one user share: batches on their way.

A lease ends with its holder's claim, however the holder ended. Jobs side by side on one cluster
are counted where jobs are claimed (``claims.claim_next``).
"""

from __future__ import annotations

import msgspec

from elysiadash.jobs.claims import PATIENCE_S, Claimed, holders
from elysiadash.jobs.database import Reading


class Lease(msgspec.Struct, frozen=True, gc=False):
    """Places on a host in one job's hands."""

    id: int
    host: str
    places: int


def take(
    tx: Claimed, host: str, limit: int, *, places: int = 1, patience: float = PATIENCE_S
) -> Lease | None:
    """Take up to ``places`` of a host's ``limit``; None when all are in use.

    Take for many batches at once: each call is a transaction.
    """
    if places < 1 or limit < 1:
        raise ValueError("a lease has one place at least")
    free = min(places, limit - in_use(tx, host, patience=patience))
    if free < 1:
        return None
    lease = tx.insert(
        "INSERT INTO leases (resource, places, job, token, taken) VALUES (?, ?, ?, ?, ?)",
        host, free, tx.job, tx.claim.token, tx.now,
    )  # fmt: skip
    return Lease(lease, host, free)


def give_back(tx: Claimed, lease: Lease, places: int | None = None) -> Lease | None:
    """Give back all places of a lease, or some; what is left of it."""
    left = 0 if places is None else lease.places - places
    if places is not None and not 0 < places <= lease.places:
        raise ValueError(f"a lease of {lease.places} places cannot give back {places}")
    owned = (lease.id, tx.job, tx.claim.token)
    if left:
        tx.run("UPDATE leases SET places = ? WHERE id = ? AND job = ? AND token = ?", left, *owned)
        return Lease(lease.id, lease.host, left)
    tx.run("DELETE FROM leases WHERE id = ? AND job = ? AND token = ?", *owned)
    return None


def in_use(read: Reading, host: str, *, patience: float = PATIENCE_S) -> int:
    """Places of a host in the hands of workers that live."""
    living = {
        (job, found.claim.token) for job, found in holders(read).items() if not found.dead(patience)
    }
    rows = read.rows("SELECT job, token, places FROM leases WHERE resource = ?", host)
    return sum(places for job, token, places in rows if (job, token) in living)
