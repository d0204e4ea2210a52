"""The audit log that a writing command opens."""

from __future__ import annotations

from elysiadash.cli.choosing import Chosen
from elysiadash.cli.exits import CommandFailed
from elysiadash.jobs.audit import AuditLog


def audit_log(chosen: Chosen) -> AuditLog:
    """Where what is written to the chosen cluster is noted. Raises ``CommandFailed`` where there
    is no folder for it: nothing is written that is not noted."""
    if chosen.places.state is None:
        raise CommandFailed(
            f"nothing was sent to {chosen.profile.name}: there is no folder for its audit log",
            chosen.places.message,
        )
    return AuditLog(chosen.places.state, profile=chosen.profile.name)
