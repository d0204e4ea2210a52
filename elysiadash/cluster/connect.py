"""The one place that turns a profile into a connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from elysiadash.cluster.events.audit import ToldAudit
from elysiadash.cluster.recording.file import recording_path
from elysiadash.cluster.recording.recorder import Recorder
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
    records: bool = False,
    recording: Path | None = None,
    demo: bool = False,
    clock: Callable[[], float] = time.time,
) -> Watch:
    """A watch over the profile's cluster; nothing is sent before it is asked or run.

    Lines of ``audit`` are also told among the watch's events. ``state_dir`` is where what is
    learned of the cluster is kept (None: nowhere). With ``records`` the watch keeps the past while
    it is run, where the profile does not forbid it: in ``recording``, or else in the profile's own
    file (in a temporary one without ``state_dir``). ``demo``: the cluster is a simulated one.
    ``http`` replaces the network in tests, ``clock`` (wall-clock seconds) the time.
    """
    told = ToldAudit(audit) if audit is not None else None
    guard = Guard(writable=profile.write, audit=told)
    client = Client(Transport(profile, guard, http=http))
    own = recording_path(state_dir, profile.name, profile.url) if state_dir else None
    recorder = None
    if records and profile.recording.enabled:
        recorder = Recorder(state_dir, profile, clock, path=recording, demo=demo)
    watch = Watch(
        client,
        Memory(state_dir, profile.name, profile.url),
        clock,
        recorder=recorder,
        recording=recording or own,
    )
    if told is not None:
        told.events = watch.events
    return watch
