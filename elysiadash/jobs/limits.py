"""How much may go on side by side."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Limits across all jobs and workers of one user."""

    jobs_per_cluster: int = 2
    """Jobs that work on one cluster, as source or target, at the same time."""
    batches_per_host: int = 8
    """Batches on their way to one host, of all jobs together."""
