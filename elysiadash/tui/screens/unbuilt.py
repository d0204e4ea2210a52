"""Migrate and Optimize as far as they are there: what runs on the cluster, and what one can do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from textual.widget import Widget

from elysiadash.cluster.slices import Kind
from elysiadash.tui import numbers
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.live import LiveScreen
from elysiadash.tui.source import Watched
from elysiadash.tui.widgets.empty_note import EmptyNote

_ENDED = frozenset({"READY", "CANCELLED", "FINISHED", "FAILED", "SUCCESS", "CANCELED"})


class NoteScreen(LiveScreen):
    """A main screen without rows: a title and lines that are true now."""

    # The only thing that could take the focus is the line for typing, and that is hidden.
    AUTO_FOCUS = ""
    NAME = ""
    TITLE_WORDS = ""

    def body(self) -> Iterable[Widget]:
        """The words, in the middle."""
        note = EmptyNote()
        note.display = True
        yield note

    def crumb(self) -> str:
        """Where one is."""
        return self.NAME.capitalize()

    def link(self) -> str:
        """The command that leads here."""
        return self.NAME

    def facts_changed(self, fresh: Freshness) -> None:
        """What is said may have changed."""
        if self.frozen_at is None:
            self.query_one(EmptyNote).say(self.TITLE_WORDS, self.lines())

    def lines(self) -> list[str]:
        """What is said under the title."""
        return []

    def focus_body(self) -> None:
        """Keys are this screen's own."""
        self.set_focus(None)

    def arrive(self) -> None:
        """Nothing here takes the focus, which would bring the keys up to date."""
        super().arrive()
        self.refresh_bindings()


class MigrateScreen(NoteScreen):
    """Copies and migrations: none can be started yet."""

    NAME = "migrate"
    TITLE_WORDS = "No copies and no migrations"

    def lines(self) -> list[str]:
        """What the cluster itself does, and where to look."""
        return [
            "This release cannot copy or migrate collections yet; nothing is running or waiting.",
            "",
            "What the cluster itself does now:",
            *running(self.dash.watched),
            "",
            "0 lists them as they begin and end; there, /kind:replication shows the movements",
            "elysiadash collections, elysiadash stats NAME: what there is to move, and how much",
        ]


class OptimizeScreen(NoteScreen):
    """Optimizations: none are planned yet."""

    NAME = "optimize"
    TITLE_WORDS = "No plan"

    def lines(self) -> list[str]:
        """What is known that a plan would begin with."""
        rows = self.dash.rows
        plain_vectors = sum(row.compression == "none" for row in rows)
        lopsided = sum(bool(row.replica_gap) for row in rows)
        queued = sum(bool(row.vector_queue) for row in rows)
        return [
            "This release plans no optimizations yet; nothing was analysed or changed.",
            "",
            f"What is known of {_many(len(rows), 'collection')}:",
            f"  without compression: {numbers.count(plain_vectors)}",
            f"  with a vector queue: {numbers.count(queued)}",
            f"  with replicas that differ in flushed objects: {numbers.count(lopsided)}",
            "",
            "1, then o and a letter sorts the collections by size, queue or tombstones",
            "elysiadash stats --json: the same for programs",
        ]


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


def _many(count: int, one: str) -> str:
    return f"{numbers.count(count)} {one}{'' if count == 1 else 's'}"
