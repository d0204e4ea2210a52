"""Why a transform stops a job; what is wrong with one object only is a dead letter instead."""

from __future__ import annotations

from elysiadash.migrate.errors import MigrationStopped


class TransformUnusable(MigrationStopped):
    """The file cannot be read or run, or defines no ``transform``; says why and what to do."""


class TransformChanged(MigrationStopped):
    """The file is not the one that the job began with (promise P6)."""


class TransformHangs(MigrationStopped):
    """Object after object does not come back from it in time."""
