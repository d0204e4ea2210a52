"""Changes of the work a cluster does for somebody: replica movements, tasks, backups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from elysiadash.cluster.events.event import Event, EventSeverity
from elysiadash.cluster.events.seen import Seen
from elysiadash.weaviate.models import Backup, ReplicationOperation, Task

_OPERATIONS = "GET /v1/replication/replicate/list"
_TASKS = "GET /v1/tasks"

_OPERATION_ENDS = {"READY": "done", "CANCELLED": "cancelled"}
_TASK_ENDS = {"FINISHED": "finished", "FAILED": "failed", "CANCELLED": "cancelled"}
_BACKUP_ENDS = {
    "SUCCESS": "done",
    "FAILED": "failed",
    "CANCELED": "cancelled",
    "CANCELLED": "cancelled",
}
_GRAVITY: dict[str, EventSeverity] = {"failed": "warning", "cancelled": "warning"}


def operation_changes(
    before: Iterable[ReplicationOperation], after: Iterable[ReplicationOperation], seen: Seen
) -> list[Event]:
    """Replica movements registered, further on, done, cancelled, or with another failed try.

    A movement that came and ended between two looks is told once, by its end. One that the
    server does not list any more was deleted by somebody; that ended ones go is not told.
    """
    old = {operation.id: operation for operation in before}
    new = {operation.id: operation for operation in after}
    events: list[Event] = []
    for identity, operation in new.items():
        known = old.get(identity)
        was, now = _state(known), _state(operation)
        if known is None:
            verb = _OPERATION_ENDS.get(now, "registered")
            events.append(_operation(operation, verb, None, now, seen))
        elif was != now:
            verb = _OPERATION_ENDS.get(now, "state")
            events.append(_operation(operation, verb, was, now, seen))
        if (tries := _tries(operation)) > _tries(known):
            events.append(_failed_try(operation, tries, seen))
    for identity, operation in old.items():
        if identity not in new and _state(operation) not in _OPERATION_ENDS:
            events.append(_operation(operation, "removed", _state(operation), None, seen))
    return events


def task_changes(
    before: Mapping[str, Iterable[Task]], after: Mapping[str, Iterable[Task]], seen: Seen
) -> list[Event]:
    """Distributed tasks (such as reindexing) started, finished, failed, or in another state."""
    old = {(kind, task.id): task for kind, tasks in before.items() for task in tasks}
    new = {(kind, task.id): task for kind, tasks in after.items() for task in tasks}
    events: list[Event] = []
    for (kind, identity), task in new.items():
        known = old.get((kind, identity))
        if known is not None and known.status == task.status:
            continue
        verb = _TASK_ENDS.get(task.status, "started" if known is None else "state")
        events.append(
            Event(
                at=seen.at,
                kind=f"task.{verb}",
                message=_with_cause(f"{kind} task {identity}: {task.status}", _task_error(task)),
                severity=_GRAVITY.get(verb, "info"),
                name=identity,
                before=known.status if known else None,
                after=task.status,
                evidence=seen.words(_TASKS),
            )
        )
    return events


def backup_changes(
    backend: str, before: Iterable[Backup], after: Iterable[Backup], seen: Seen
) -> list[Event]:
    """Backups of one backend started, done, failed or cancelled; steps between are not told."""
    old = {backup.id: backup for backup in before}
    events: list[Event] = []
    for backup in after:
        known = old.get(backup.id)
        again = known is not None and known.started_at != backup.started_at
        was = None if known is None or again else known.status
        if was == backup.status:
            continue
        verb = _BACKUP_ENDS.get(backup.status)
        if verb is None and was is None:
            verb = "started"
        if verb is None:
            continue
        events.append(
            Event(
                at=seen.at,
                kind=f"backup.{verb}",
                message=f"backup {backup.id} on {backend} {verb}{_size_words(backup)}",
                severity=_GRAVITY.get(verb, "info"),
                name=backup.id,
                before=was,
                after=backup.status,
                evidence=seen.words(f"GET /v1/backups/{backend}"),
            )
        )
    return events


def _operation(
    operation: ReplicationOperation, verb: str, was: str | None, now: str | None, seen: Seen
) -> Event:
    words = {
        "registered": f"registered ({now})" if now else "registered",
        "state": f"{was} -> {now}",
        "done": "done",
        "cancelled": "cancelled",
        "removed": f"removed while {was}",
    }
    return Event(
        at=seen.at,
        kind=f"replication.{verb}",
        message=f"{_movement(operation)}: {words[verb]}",
        severity="warning" if verb in ("cancelled", "removed") else "info",
        node=operation.target_node or None,
        collection=operation.collection or None,
        shard=operation.shard or None,
        name=operation.id,
        before=was,
        after=now,
        evidence=seen.words(_OPERATIONS),
    )


def _failed_try(operation: ReplicationOperation, tries: int, seen: Seen) -> Event:
    last = [error.message for status in _statuses(operation) for error in status.errors or ()]
    return Event(
        at=seen.at,
        kind="replication.failed",
        message=_with_cause(f"{_movement(operation)}: try {tries} failed", last[-1]),
        severity="warning",
        node=operation.target_node or None,
        collection=operation.collection or None,
        shard=operation.shard or None,
        name=operation.id,
        evidence=seen.words(_OPERATIONS),
    )


def _movement(operation: ReplicationOperation) -> str:
    return (
        f"{operation.type or 'replica movement'} of {operation.collection}/{operation.shard} "
        f"{operation.source_node} -> {operation.target_node}"
    )


def _state(operation: ReplicationOperation | None) -> str:
    return operation.status.state if operation and operation.status else ""


def _statuses(operation: ReplicationOperation) -> list:  # type: ignore[type-arg]
    now = [operation.status] if operation.status else []
    return [*(operation.status_history or ()), *now]


def _tries(operation: ReplicationOperation | None) -> int:
    """Failed tries so far; a state's errors move to the history when it ends."""
    if operation is None:
        return 0
    return sum(len(status.errors or ()) for status in _statuses(operation))


def _task_error(task: Task) -> str:
    failed = [unit.error for unit in task.units or () if unit.error]
    return task.error or (failed[0] if failed else "")


def _with_cause(words: str, cause: str) -> str:
    return f"{words}: {cause}" if cause else words


def _size_words(backup: Backup) -> str:
    names = len(backup.classes or ())
    return f" ({names:,} collection{'' if names == 1 else 's'})" if names else ""
