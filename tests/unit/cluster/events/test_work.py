"""Movements, tasks, backups, restarts and our own writes."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.events.audit import from_audit
from elysiadash.cluster.events.restarts import restart
from elysiadash.cluster.events.seen import Seen
from elysiadash.cluster.events.work import backup_changes, operation_changes, task_changes
from elysiadash.weaviate.guard import AuditEntry, Permit, RequestClass
from elysiadash.weaviate.models import (
    Backup,
    OperationError,
    OperationStatus,
    ReplicationOperation,
    Task,
    TaskUnit,
)
from elysiadash.weaviate.node_metrics import NodeMetrics

SEEN = Seen(1020.0, 1005.0)


def move(state: str, identity: str = "1", errors: int = 0) -> ReplicationOperation:
    failed = [OperationError(f"error {number}") for number in range(errors)]
    return ReplicationOperation(
        identity, "Doc", "s0", "n0", "n1", "MOVE", OperationStatus(state, errors=failed)
    )


def test_a_movement_from_its_registration_to_its_end() -> None:
    states = ["REGISTERED", "HYDRATING", "HYDRATING", "FINALIZING", "DEHYDRATING", "READY"]
    told: list[str] = []
    before: tuple[ReplicationOperation, ...] = ()
    for state in states:
        events = operation_changes(before, (move(state),), SEEN)
        told += [event.kind for event in events]
        before = (move(state),)
    assert told == ["replication.registered", *["replication.state"] * 3, "replication.done"]
    assert events[0].message == "MOVE of Doc/s0 n0 -> n1: done"
    assert (events[0].node, events[0].shard) == ("n1", "s0")


def test_a_movement_that_fails_is_cancelled_or_removed() -> None:
    (failed,) = operation_changes((move("HYDRATING"),), (move("HYDRATING", errors=2),), SEEN)
    assert (failed.kind, failed.severity) == ("replication.failed", "warning")
    assert failed.message.endswith("try 2 failed: error 1")
    (cancelled,) = operation_changes((move("HYDRATING"),), (move("CANCELLED"),), SEEN)
    assert cancelled.kind == "replication.cancelled"
    (removed,) = operation_changes((move("HYDRATING"),), (), SEEN)
    assert removed.kind == "replication.removed"
    assert operation_changes((move("READY"), move("CANCELLED", "2")), (), SEEN) == []
    (short,) = operation_changes((), (move("READY"),), SEEN)
    assert short.kind == "replication.done"


@given(st.lists(st.dictionaries(st.sampled_from("123"), st.sampled_from("ABC")), max_size=8))
def test_each_movements_told_states_are_its_states(looks: list[dict[str, str]]) -> None:
    before: dict[str, str] = {}
    for now in looks:
        events = operation_changes(
            [move(state, one) for one, state in before.items()],
            [move(state, one) for one, state in now.items()],
            SEEN,
        )
        told = {event.name: (event.before, event.after) for event in events}
        assert len(told) == len(events)
        assert told == {
            one: (before.get(one), now.get(one))
            for one in before.keys() | now.keys()
            if before.get(one) != now.get(one)
        }
        before = now


def test_tasks() -> None:
    started, failed = Task("t", "STARTED"), Task("t", "FAILED", units=[TaskUnit(error="disk")])
    assert [e.kind for e in task_changes({}, {"reindex": (started,)}, SEEN)] == ["task.started"]
    (event,) = task_changes({"reindex": (started,)}, {"reindex": (failed,)}, SEEN)
    assert (event.kind, event.severity) == ("task.failed", "warning")
    assert event.message == "reindex task t: FAILED: disk"
    finished = {"reindex": (Task("t", "FINISHED"),)}
    told = task_changes({"reindex": (started,)}, finished, SEEN)
    assert [event.kind for event in told] == ["task.finished"]
    assert task_changes(finished, finished, SEEN) == []
    assert task_changes(finished, {}, SEEN) == []


def test_backups() -> None:
    def kinds(before: list[Backup], after: list[Backup]) -> list[str]:
        return [event.kind for event in backup_changes("s3", before, after, SEEN)]

    running = Backup("b", "STARTED", started_at="1")
    assert kinds([], [running]) == ["backup.started"]
    assert kinds([running], [Backup("b", "TRANSFERRING", started_at="1")]) == []
    assert kinds([running], [Backup("b", "SUCCESS", started_at="1")]) == ["backup.done"]
    assert kinds([running], [Backup("b", "FAILED", started_at="1")]) == ["backup.failed"]
    assert kinds([running], [Backup("b", "CANCELED", started_at="1")]) == ["backup.cancelled"]
    assert kinds([Backup("b", "SUCCESS", started_at="1")], [running]) == []
    again = Backup("b", "STARTED", started_at="2")
    assert kinds([Backup("b", "FAILED", started_at="1")], [again]) == ["backup.started"]
    assert kinds([running], [running]) == []
    assert kinds([running], []) == []


def metrics(
    start: float | None = 500.0, node: str | None = "n0", cpu: float | None = 1.0
) -> NodeMetrics:
    return NodeMetrics(
        per_collection={}, grouped=None, node_total=None, families=frozenset({"x"}),
        bytes_read=1, truncated=False, incomplete=False, bad_lines=0,
        node_id=node, process_start_time=start, cpu_seconds=cpu,
    )  # fmt: skip


def test_a_younger_process_is_a_restart() -> None:
    (event,) = restart("http://n0", metrics(), metrics(1010.0, cpu=0.5), SEEN)
    assert (event.kind, event.node, event.severity) == ("node.restarted", "n0", "warning")
    assert event.message == "n0 runs as a new process, started at 1970-01-01T00:16:50Z"
    assert restart("http://n0", metrics(), metrics(500.4, cpu=0.5), SEEN) == []
    assert restart("http://n0", metrics(cpu=None), metrics(1010.0), SEEN)


def test_a_node_s_clock_that_is_set_is_no_restart_but_one_on_a_clock_set_back_is() -> None:
    for start in (100.0, 502.0, 9000.0):
        assert restart("http://n0", metrics(), metrics(start, cpu=1.5), SEEN) == []
        assert restart("http://n0", metrics(), metrics(start, cpu=0.5), SEEN)
    assert restart("http://n0", metrics(cpu=None), metrics(100.0, cpu=None), SEEN) == []


def test_without_a_start_time_falling_counters_say_it() -> None:
    (event,) = restart("http://n0", metrics(None), metrics(None, cpu=0.5), SEEN)
    assert "process_cpu_seconds_total fell" in event.evidence
    assert restart("http://n0", metrics(None), metrics(None, cpu=2.0), SEEN) == []
    assert restart("http://n0", metrics(None), metrics(None, cpu=None), SEEN) == []


def test_another_node_at_the_address_is_no_restart() -> None:
    assert restart("http://lb", metrics(), metrics(900.0, "n1"), SEEN) == []


def test_our_own_writes() -> None:
    line = AuditEntry(
        at=7.0, verb="PUT", path="/v1/schema/Doc", request_class=RequestClass.WRITE,
        body_hash="ab", permit=Permit(reason="approved", job="job-1"), result="ok", seconds=0.1,
    )  # fmt: skip
    event = from_audit(line)
    assert (event.kind, event.collection, event.name) == ("write.sent", "Doc", "job-1")
    assert (event.at, event.severity) == (7.0, "info")
    failed = from_audit(msgspec.structs.replace(line, result="server fault"))
    assert failed.severity == "warning"
    refused = from_audit(msgspec.structs.replace(line, result="refused", permit=None))
    assert (refused.kind, refused.severity) == ("write.refused", "warning")
