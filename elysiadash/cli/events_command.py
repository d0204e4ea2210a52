"""``events``: what changed in a cluster, from its recording or as it happens."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.documents import Cluster, EventItem, EventsDocument
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.moments import moment
from elysiadash.cli.output import Format, say, say_demo, write_csv, write_json
from elysiadash.cli.own_writes import with_written, written
from elysiadash.cli.session import run_to_end
from elysiadash.cli.tables import Column, Table, plain, write_table
from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.log import chosen as chosen_events
from elysiadash.config.moments import rfc3339

_ALL = 1_000_000
_CSV = EventItem.__struct_fields__


class EventsWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the options of ``events`` say; ``name`` is any object."""

    name: str | None = None
    since: str | None = None
    until: str | None = None
    kind: str | None = None
    severity: Literal["info", "warning", "critical"] | None = None
    limit: int = 100
    follow: bool = False
    format: Format = "table"

    def wanted(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        """Those that are about the name, of the kind and of the severity."""
        return chosen_events(events, about=self.name, kind=self.kind, severity=self.severity)


class Past(Protocol):
    """What the command needs of a recording."""

    def events(self, since: float | None, until: float | None, limit: int) -> tuple[Event, ...]:
        """The newest events between the two (wall-clock seconds), newest first."""


def events(flags: ClusterFlags, wish: EventsWish) -> int:
    """Print what changed; returns the exit code."""
    with chosen_cluster(flags) as chosen:
        if wish.follow:
            from elysiadash.cli.events_follow import follow

            return run_to_end(follow(chosen, wish))
        return _from_recording(chosen, wish)


def recorded_events(past: Past, wish: EventsWish, now: float) -> tuple[Event, ...]:
    """The wanted events of a recording, newest first."""
    since, until = _span(wish, now)
    narrow = wish.name or wish.kind or wish.severity
    found = past.events(since, until, _ALL if narrow else wish.limit)
    return wish.wanted(found)[: wish.limit]


def _span(wish: EventsWish, now: float) -> tuple[float | None, float | None]:
    """From when to when; an empty word, as of an unset variable, is no time."""
    since = None if wish.since is None else moment(wish.since, now, "--since")
    until = None if wish.until is None else moment(wish.until, now, "--until")
    if since is not None and until is not None and since > until:
        raise CommandFailed("--since is after --until", code=Exit.USAGE)
    return since, until


def _from_recording(chosen: Chosen, wish: EventsWish) -> int:
    from elysiadash.cluster.recording.file import NotARecording, recording_path
    from elysiadash.cluster.recording.reader import Reader

    name = chosen.profile.name
    if chosen.state_dir is None:
        raise _no_recording(name)
    now = time.time()
    # What is wrong with the wish is so whether or not anything was recorded.
    ours = _ours(chosen.state_dir, name, *_span(wish, now))
    try:
        with Reader(recording_path(chosen.state_dir, name, chosen.profile.url)) as reader:
            contents = reader.contents()
            found = recorded_events(reader, wish, now)
            unread = reader.unread
    except FileNotFoundError:
        if not ours:
            raise _no_recording(name) from None
        say(f"nothing is recorded of {name}: only what we wrote ourselves is known")
        show(events_document(chosen, wish.wanted(ours)[: wish.limit], now), wish.format)
        return Exit.OK
    except NotARecording as error:
        raise CommandFailed(str(error)) from None
    found = with_written(found, wish.wanted(ours))[: wish.limit]
    if contents.first is not None and contents.last is not None:
        say(f"recorded from {rfc3339(contents.first)} to {rfc3339(contents.last)}")
    if unread is not None:
        say(unread)
    show(events_document(chosen, found, now), wish.format)
    return Exit.OK


def _ours(state: Path, profile: str, since: float | None, until: float | None) -> tuple[Event, ...]:
    """What we wrote ourselves; a log that cannot be read is said, and hides nothing else."""
    try:
        return written(state, profile, since, until)
    except OSError as error:
        say(f"what we wrote ourselves is not known: the audit log cannot be read ({error})")
        return ()


def _no_recording(name: str) -> CommandFailed:
    return CommandFailed(
        f"nothing is recorded of {name}",
        "events are kept while the app runs, or: elysiadash record\n"
        "what changes from now on: elysiadash events --follow",
    )


def events_document(
    chosen: Chosen, found: tuple[Event, ...], now: float, cluster: Cluster | None = None
) -> EventsDocument:
    """The document; without ``cluster`` nothing was asked of it, and what it is now not known."""
    return EventsDocument(
        at=rfc3339(now),
        cluster=cluster
        or Cluster(
            name=chosen.profile.name,
            url=chosen.profile.url,
            demo=chosen.demo,
            version=None,
            nodes_live=None,
            nodes_expected=None,
            leader=None,
        ),
        items=tuple(_item(event) for event in found),
    )


def _item(event: Event) -> EventItem:
    values: dict[str, Any] = msgspec.structs.asdict(event)
    return EventItem(**{**values, "at": rfc3339(event.at)})


def show(document: EventsDocument, format: Format) -> None:
    """Print one whole document."""
    if document.cluster.demo and format != "table":
        say_demo()
    if format == "json":
        write_json(document)
    elif format == "csv":
        write_csv([_CSV, *csv_rows(document)])
    else:
        title = f"{'DEMO (simulated)  ' if document.cluster.demo else ''}{document.cluster.name}"
        write_table(_table(document, title))


def csv_header() -> tuple[str, ...]:
    """Names of the columns."""
    return _CSV


def csv_rows(document: EventsDocument) -> list[list[object]]:
    """One row for each event."""
    return [[getattr(item, name) for name in _CSV] for item in document.items]


def lines(document: EventsDocument) -> str:
    """The events as lines of text, without a header."""
    return plain(_table(document, "")).split("\n", 1)[1]


def _table(document: EventsDocument, title: str) -> Table:
    return Table(
        title=title,
        columns=(Column("AT"), Column("SEVERITY"), Column("KIND"), Column("WHAT")),
        rows=tuple((item.at, item.severity, item.kind, item.message) for item in document.items),
        empty="no such event",
    )
