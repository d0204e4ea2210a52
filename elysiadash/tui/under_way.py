"""What the cluster does by itself now: movements, tasks, backups."""

from __future__ import annotations

from collections import Counter

from elysiadash.cluster.slices import Kind
from elysiadash.tui.plain import plain
from elysiadash.tui.source import Watched

_ENDED = frozenset({"READY", "CANCELLED", "FINISHED", "FAILED", "SUCCESS", "CANCELED"})


def running(watch: Watched) -> list[str]:
    """Replica movements, tasks and backups that are under way, as far as the server says."""
    store = watch.store
    operations = store.get(Kind.OPERATIONS)
    tasks = store.get(Kind.TASKS)
    backups = {of: piece for of, piece in store.all(Kind.BACKUPS).items() if piece.value}
    moving = [each.status.state if each.status else "" for each in operations.value or ()]
    busy = [task.status for found in (tasks.value or {}).values() for task in found]
    saving = [each.status for piece in backups.values() for each in piece.value or ()]
    return [
        _line("replica movements", moving, operations.value is not None, operations.problem),
        _line("tasks", busy, tasks.value is not None, tasks.problem),
        _line("backups", saving, bool(backups), None),
    ]


def _line(what: str, states: list[str], known: bool, problem: object) -> str:
    if not known:
        why = getattr(problem, "what", None)
        return f"  {what}: not known{f': {plain(why)}' if why else ''}"
    under_way = Counter(state for state in states if state not in _ENDED)
    if not under_way:
        return f"  {what}: none under way"
    parts = [f"{many} {plain(state)}" for state, many in sorted(under_way.items())]
    return f"  {what}: {', '.join(parts)}"
