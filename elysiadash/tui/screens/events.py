"""Events: what changed, newest first; the pane one opens first in an incident."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

import msgspec
from textual.content import Content

from elysiadash.cluster.events.log import is_about
from elysiadash.cluster.recording.file import NotARecording
from elysiadash.cluster.slices import Kind
from elysiadash.config.moments import local_words
from elysiadash.tui import numbers
from elysiadash.tui.emptiness import Note
from elysiadash.tui.event_list import (
    FIELDS,
    EventColumns,
    EventRow,
    SameChange,
    Scope,
    event_rows,
    evidence_words,
    object_of,
    read_filter,
    scope_of,
    target_of,
)
from elysiadash.tui.filtering import Fields, Filter
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.list_screen import ListScreen
from elysiadash.tui.source import Replaying
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column, SortBy, Succession

_LOOKED_AT = (
    "Looked at: nodes, leader, versions, collections and their settings, aliases, tenants, "
    "shards, replica movements, tasks, backups, restarts, our own writes."
)
_MOST = 2_000
_MOST_SEARCHED = 20_000
"""Events that are read of the past where only those about one thing are wanted."""


class EventsScreen(ListScreen[EventRow]):
    """The list of what changed; ``argument`` is what stands after ``:events``."""

    NAME = "events"
    THINGS = ("event", "events")
    # The order never changes and new ones come in above: nothing needs to be held.
    SETTLE_S = 0.0

    def __init__(self, argument: str = "") -> None:
        super().__init__()
        self._argument = argument
        self._scope = Scope()
        self._columns = EventColumns()
        self._seen = (-1, -1)
        self._seen_at: float | None = None
        self._cut = False
        self._loaded = False
        self._unread: str | None = None

    def columns(self) -> Sequence[Column[EventRow]]:
        """Every column."""
        self._columns.now = self._now()
        found = scope_of(self._argument, self._columns.now)
        self._scope = Scope() if isinstance(found, str) else found
        return self._columns.columns

    def row_key(self, row: EventRow) -> Hashable:
        """An event is its time, kind, words, and what it is about."""
        return row.key

    def succession(self) -> Succession[EventRow]:
        """One change is one row, whoever saw it."""
        return SameChange()

    def fields(self) -> Fields[EventRow]:
        """What can be filtered by."""
        return FIELDS

    def read_filter(self, line: str) -> Filter[EventRow]:
        """As in any list, and ``since:`` takes times."""
        return read_filter(line, self._now())

    def is_problem(self, row: EventRow) -> bool:
        """Whether it is more than a piece of news."""
        return row.event.severity != "info"

    def first_sort(self) -> SortBy:
        """Newest first."""
        return SortBy("at", descending=True)

    def as_data(self, row: EventRow) -> dict[str, object]:
        """The event as it is recorded and printed."""
        return {**msgspec.to_builtins(row.event), "before_this_session": row.earlier}

    def crumb(self) -> str:
        """Where one is."""
        return "Events" if not self._scope.words else f"Events {self._scope.words}"

    def link(self) -> str:
        """The command that leads here."""
        return f"events {self._scope.words}".strip()

    # Data

    async def pull(self) -> None:
        """What is recorded and what this session saw."""
        if self.frozen_at is not None:
            return
        watch, scope = self.dash.watched, self._scope
        self._seen, self._seen_at = watch.events.state, self._shown_at()
        limit = _MOST_SEARCHED if scope.about else _MOST
        try:
            found = await watch.past_events(scope.moment(self._now()), None, limit)
            self._unread = watch.recording.unread if watch.recording else None
        except NotARecording as error:
            found, self._unread = (), f"the recording cannot be read: {error}"
        if scope is not self._scope:
            self.wake()
            return
        self._cut = len(found) >= limit
        if scope.about is not None:
            found = tuple(event for event in found if is_about(event, scope.about))
        self._columns.now = self._now()
        await self.table.load(event_rows(found, self.dash.watching_since))
        self._loaded = True
        self.row_words()

    def facts_changed(self, fresh: Freshness) -> None:
        """Ages move on; what came since the last look is taken in."""
        if self.frozen_at is None:
            self._columns.now = self._now()
            self.table.refresh_values()
            seen = (self._seen, self._seen_at)
            if seen != (self.dash.watched.events.state, self._shown_at()) and self._seen[0] >= 0:
                self.wake()
        super().facts_changed(fresh)
        # What happened stays true, whoever answers now.
        self.table.stale = False

    def _now(self) -> float:
        return self.dash.watched.store.clock()

    def _shown_at(self) -> float | None:
        """The moment of a recording that is shown."""
        replay = self.dash.watched.replay
        return None if replay is None else replay.at

    # Lines

    def why_empty(self, fresh: Freshness) -> Note | None:
        """Since when nothing changed, and who keeps the past."""
        if self.table.status.total or not self._loaded:
            return None
        now, since = self._now(), self.dash.watching_since
        looked = f"since {local_words(since, now)} ({numbers.span(now - since)})"
        about = f" of {self._scope.about}" if self._scope.about else ""
        wanted = self._scope.since
        title = f"Nothing changed{about} {looked if wanted is None else f'since {wanted}'}"
        replay = self.dash.watched.replay
        if replay is not None:
            return title, [*self._recorded_words(replay, now, narrowed=bool(wanted or about))]
        lines = [self._past_words(now)]
        if self._unread is not None:
            # What nobody can read may have told of a change.
            unread = f"{self._unread[:1].upper()}{self._unread[1:]}."
            if self.dash.watched.replay is not None:
                return f"What changed{about} is not known", [unread, _LOOKED_AT]
            title = f"This session saw no change{about}, and what was before is not known"
            lines.insert(0, unread)
        if wanted is not None or about:
            lines.append(f"This session looks {looked}; :events shows all that is kept.")
        if not fresh.connected or fresh.age is None:
            lines.append("Nobody answers now, so what changes is not seen either.")
        return title, [*lines, _LOOKED_AT]

    def _recorded_words(self, replay: Replaying, now: float, *, narrowed: bool) -> Iterator[str]:
        """How far a recording reaches, and that what comes behind this moment is not shown."""
        begin, end = local_words(replay.start, now), local_words(replay.end, now)
        yield f"A recording, from {begin} to {end}: what was before it is not known here."
        yield "What is recorded behind the moment shown comes with it."
        if narrowed:
            yield ":events shows all up to this moment."
        yield _LOOKED_AT

    def _past_words(self, now: float) -> str:
        """Who records, and since when there is a past."""
        state = self.dash.watched.recording
        if state is None:
            return "Nothing is recorded, so nothing is known from before this session."
        words = f"{state.words[:1].upper()}{state.words[1:]}"
        if state.oldest is not None:
            words += f"; the recording goes back to {local_words(state.oldest, now)}"
        return f"{words}."

    def notes(self) -> list[Piece]:
        """Also that older ones are not listed."""
        notes = super().notes()
        if self._unread is not None:
            # The whole reason is in the sheet of the recording; here is room for little.
            notes.insert(0, ("the recording cannot be read", "$health-warn"))
        if self._cut:
            notes.insert(0, ("older ones are not listed", "$health-unknown"))
        return notes

    def row_words(self) -> None:
        """The evidence of the row under the cursor."""
        row = self.table.current()
        self.status.rest(
            Content(f" {evidence_words(row, self.dash.watched.store.clock())}")
            if row
            else Content.empty()
        )

    def worst(self) -> str:
        """The newest event, for a pane too small for the list."""
        newest = max(self.dash.watched.events.newest(1), key=lambda event: event.at, default=None)
        if newest is None:
            return ""
        age = numbers.span(self._now() - newest.at)
        return f"{age} ago: {plain(newest.message)}"

    # Actions

    async def open_row(self, key: Hashable) -> None:
        """To what it is about, or say that it is gone."""
        row = self.table.row(key)
        target = None if row is None else target_of(row.event)
        if target is not None and target[0] == "job":
            fault = await self.take_job(target[1])
            if fault is not None:
                self.status.flash(fault, 5.0)
            return
        if row is None or target is None:
            self.status.flash("what this is about has no screen of its own")
            return
        kind, name = target
        if kind == "node":
            fault = await self.take_node(name)
        elif self._is_gone(name):
            fault = f"{name} is gone: the schema has no such collection now"
        else:
            fault = await self.dash.go(f"collection {name}")
        if fault is not None:
            self.status.flash(fault)

    def _is_gone(self, collection: str) -> bool:
        schema = self.dash.watched.store.get(Kind.SCHEMA).value
        if schema is None:
            return all(row.collection != collection for row in self.dash.rows)
        return all(each.name != collection for each in schema.classes or ())

    async def action_events(self) -> None:
        """All events that are kept."""
        self._use(Scope())

    async def take_events(self, argument: str) -> str | None:
        """Others, on this same screen."""
        found = scope_of(argument, self._now())
        if isinstance(found, str):
            return found
        self._use(found)
        return None

    def _use(self, scope: Scope) -> None:
        self._scope = scope
        self.arrive()
        self.wake()

    def action_clear(self) -> None:
        """Clear the filter; then what it was narrowed to; else back."""
        if self.filter_text or self.table.status.problems_only or not self._scope.words:
            super().action_clear()
        else:
            self._use(Scope())

    def offer_filter(self) -> Iterable[str]:
        """Fields that are often wanted."""
        return ("kind:node", "kind:collection", "kind:write", "severity:critical", "since:30m")

    def title_words(self) -> str:
        """The name for the help."""
        return "Events"

    def help_notes(self) -> list[tuple[str, str]]:
        """What the row under the cursor is about."""
        row = self.table.current()
        if row is None:
            return []
        words = evidence_words(row, self.dash.watched.store.clock())
        return [(object_of(row.event) or row.event.kind, words)]
