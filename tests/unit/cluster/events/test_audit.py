"""Our own writes among the events: told once they are kept, and never when they are not."""

from __future__ import annotations

import pytest

from elysiadash.cluster.connect import connect
from elysiadash.cluster.events.audit import ToldAudit
from elysiadash.cluster.events.log import EventLog
from elysiadash.config.profile import Profile
from elysiadash.weaviate.errors import Refused
from elysiadash.weaviate.guard import AuditEntry, RequestClass
from elysiadash.weaviate.transport import Call


class Kept:
    """Keeps lines, or fails as a full disk does."""

    def __init__(self, *, full: bool = False) -> None:
        self.lines: list[AuditEntry] = []
        self._full = full

    def record(self, entry: AuditEntry) -> None:
        if self._full:
            raise OSError("no space left on device")
        self.lines.append(entry)


def entry(result: str = "ok") -> AuditEntry:
    return AuditEntry(
        at=1.0,
        verb="DELETE",
        path="/v1/schema/Documents",
        request_class=RequestClass.WRITE,
        body_hash=None,
        permit=None,
        result=result,
        seconds=0.1,
    )


def test_a_line_is_kept_and_told() -> None:
    kept, events = Kept(), EventLog()
    sink = ToldAudit(kept)
    sink.events = events
    sink.record(entry())
    assert kept.lines == [entry()]
    (told,) = events.newest()
    assert (told.kind, told.collection) == ("write.sent", "Documents")


def test_what_cannot_be_kept_is_not_told() -> None:
    events = EventLog()
    sink = ToldAudit(Kept(full=True))
    sink.events = events
    with pytest.raises(OSError, match="no space left"):
        sink.record(entry())
    assert events.newest() == ()


async def test_a_refused_write_is_among_the_events_of_the_watch() -> None:
    kept = Kept()
    watch = connect(Profile(name="x", url="http://127.0.0.1:1"), audit=kept)
    call = Call(method="DELETE", path="/v1/schema/Documents", timeout=1.0)
    try:
        with pytest.raises(Refused):
            await watch.client.transport.send(call)
    finally:
        await watch.aclose()
    assert [line.result for line in kept.lines] == ["refused"]
    assert [event.kind for event in watch.events.newest()] == ["write.refused"]
