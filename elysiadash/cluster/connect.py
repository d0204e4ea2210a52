"""The one place that turns a profile into a connection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from elysiadash.cluster.remembered import Memory
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Profile
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.guard import AuditSink, Guard
from elysiadash.weaviate.transport import Transport


def connect(
    profile: Profile,
    *,
    state_dir: Path | None = None,
    audit: AuditSink | None = None,
    http: Any = None,
) -> Watch:
    """A watch over the profile's cluster; nothing is sent before it is asked or run.

    ``state_dir`` is where what is learned of the cluster is kept (None: nowhere). ``http``
    replaces the network in tests.
    """
    guard = Guard(writable=profile.write, audit=audit)
    client = Client(Transport(profile, guard, http=http))
    return Watch(client, Memory(state_dir, profile.name, profile.url))
