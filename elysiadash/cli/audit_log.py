"""The audit log that a writing command opens."""

from __future__ import annotations

from elysiadash.cli.choosing import Chosen
from elysiadash.cli.exits import CommandFailed
from elysiadash.weaviate.guard import AuditSink


def audit_log(chosen: Chosen) -> AuditSink:
    """Where what is written to the chosen cluster is noted. Raises ``CommandFailed`` without one:
    this release has no audit log yet, and nothing is written that is not noted."""
    raise CommandFailed(
        f"nothing was sent to {chosen.profile.name}: this release has no audit log for it yet",
        "--dry-run prints what would be sent, for curl for example",
    )
