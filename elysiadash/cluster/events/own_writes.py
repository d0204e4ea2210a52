"""What we ourselves changed, as events: lines of the audit log, folded.

A copy leaves a line for each range: all of a job's phase become one event. The events hang on the
lines alone, so that every process that reads the log tells the same. A face reads the log and
hands its lines in: the cluster's rooms know no jobs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

from elysiadash.cluster.events.event import Event
from elysiadash.config.moments import rfc3339_seconds

SENT, FAILED, REFUSED = "write.sent", "write.failed", "write.refused"
"""Kinds: what was sent, what of it went wrong, and what our own guard kept back."""
KINDS = (SENT, FAILED, REFUSED)
_WELL = frozenset({"ok", "stopped"})
"""Results of what went as it should; ``stopped`` is a range that was given back in order."""
_QUIET_S, _UNDER_WAY_S = 120.0, 600.0
"""Without another line for so long a fold is whole; the longer one while a request is out."""
_NAMED = 2


class Line(Protocol):
    """One line of the audit log; None where it does not say."""

    @property
    def time(self) -> float:
        """Wall-clock seconds; ``-inf`` where they cannot be read."""

    @property
    def user(self) -> str | None:
        """Who."""

    @property
    def job(self) -> str | None:
        """The job that wrote."""

    @property
    def pid(self) -> int | None:
        """The process that wrote."""

    @property
    def verb(self) -> str | None:
        """Of the request."""

    @property
    def path(self) -> str | None:
        """Of the request."""

    @property
    def request_class(self) -> str | None:
        """``write`` or ``repairing read``."""

    @property
    def permit(self) -> dict[str, Any] | None:
        """What allowed it."""

    @property
    def result(self) -> str | None:
        """``started``, ``ok``, ``refused``, or how it failed."""

    @property
    def raw(self) -> Mapping[str, Any]:
        """The whole line."""


class _Key(NamedTuple):
    """What is told as one: of a job by its phase, else by process and request."""

    kind: str
    job: str | None
    what: str
    pid: int | None


class _Fold:
    """The lines of one event so far."""

    def __init__(self, line: Line) -> None:
        self.first = self.last = line.time
        self.user = line.user
        self.out = 0
        """Requests whose outcome is not there yet."""
        self.requests = self.reads = self.objects = self.deleted = self.failed = 0
        self.asked: dict[str, None] = {}
        self.collections: dict[str, None] = {}
        self.result = ""
        self.reason = ""

    def add(self, line: Line) -> None:
        """One more line."""
        self.last = max(self.last, line.time)
        reason = (line.permit or {}).get("reason")
        self.reason = reason if isinstance(reason, str) else self.reason
        if (collection := _collection(line)) is not None:
            self.collections[collection] = None
        self.asked[_request(line)] = None
        if line.result == "started":
            self.out += 1
            return
        if line.result != "refused":
            self.out = max(0, self.out - 1)
        self.result = line.result or ""
        objects, ids = _number(line, "objects"), line.raw.get("ids")
        requests = max(1, _number(line, "requests"))
        if line.request_class == "repairing read":
            self.reads += requests
        else:
            self.requests += requests
        if ids:
            self.deleted += objects
        else:
            self.objects += objects
        self.failed += _went_wrong(line)

    def whole(self, now: float) -> bool:
        """Whether nothing more belongs to it that is written from now on."""
        return now - self.last > (_UNDER_WAY_S if self.out else _QUIET_S)


class OwnWrites:
    """Folds lines, in the order of the log, into events."""

    def __init__(self) -> None:
        self._folds: dict[_Key, _Fold] = {}

    def take(self, lines: Iterable[Line]) -> tuple[Event, ...]:
        """Add lines; returns the events that are whole since, the oldest first."""
        done: list[Event] = []
        for line in lines:
            if line.time == float("-inf"):
                continue
            for key in _keys(line):
                fold = self._folds.get(key)
                if fold is not None and fold.whole(line.time):
                    done.append(_event(key, fold))
                    fold = None
                if fold is None:
                    fold = self._folds[key] = _Fold(line)
                fold.add(line)
        return tuple(sorted(done, key=lambda event: event.at))

    def settle(self, now: float | None = None) -> tuple[Event, ...]:
        """Events to which nothing more comes, by wall-clock ``now`` (None: all); told once."""
        whole = [key for key, fold in self._folds.items() if now is None or fold.whole(now)]
        done = [_event(key, self._folds.pop(key)) for key in whole]
        return tuple(sorted(done, key=lambda event: event.at))

    def under_way(self) -> tuple[Event, ...]:
        """Events that still grow, as they are now, the oldest first."""
        found = [_event(key, fold, goes_on=True) for key, fold in self._folds.items()]
        return tuple(sorted(found, key=lambda event: event.at))


def folded(lines: Iterable[Line]) -> tuple[Event, ...]:
    """All events of some lines, the oldest first."""
    writes = OwnWrites()
    found = [*writes.take(lines), *writes.settle()]
    return tuple(sorted(found, key=lambda event: event.at))


def is_own(event: Event) -> bool:
    """Whether it tells of what we ourselves sent, or would have."""
    return event.kind in KINDS


def identity(event: Event) -> tuple[object, ...]:
    """What stays of such an event while it grows."""
    return (event.kind, event.at, event.name, event.after)


def _keys(line: Line) -> list[_Key]:
    what, pid = _about(line), None if line.job else line.pid
    if line.result == "refused":
        return [_Key(REFUSED, line.job, what, pid)]
    sent = _Key(SENT, line.job, what, pid)
    return [sent, _Key(FAILED, line.job, what, pid)] if _went_wrong(line) else [sent]


def _went_wrong(line: Line) -> bool:
    return line.result not in _WELL and line.result not in ("started", "refused")


def _about(line: Line) -> str:
    """The phase of a job, or what stands for it in lines without one; else the request."""
    if not line.job:
        return _request(line)
    permit = line.permit or {}
    phase = permit.get("phase")
    if isinstance(phase, str) and phase:
        return phase.lower().replace("_", " ")
    if line.raw.get("ids"):
        return "deletes"
    if line.raw.get("range") is not None:
        return "copy"
    reason = permit.get("reason")
    return reason if isinstance(reason, str) and reason else _request(line)


def _request(line: Line) -> str:
    return " ".join(part for part in (line.verb, line.path) if part)


def _collection(line: Line) -> str | None:
    told = line.raw.get("collection")
    if isinstance(told, str) and told:
        return told
    parts = (line.path or "").split("/")
    place = parts.index("schema") + 1 if "schema" in parts else len(parts)
    return parts[place] if place < len(parts) and parts[place] else None


def _number(line: Line, name: str) -> int:
    value = line.raw.get(name)
    return value if isinstance(value, int) else 0


def _event(key: _Key, fold: _Fold, *, goes_on: bool = False) -> Event:
    by = f", by {fold.user}" if fold.user else ""
    who = f"job {key.job}, {key.what}" if key.job else fold.user or "we"
    lost = fold.out and not goes_on
    if key.kind == REFUSED:
        whose = f" (job {key.job}, {key.what})" if key.job else ""
        many = f"{fold.requests:,} times " if fold.requests > 1 else ""
        message = f"not sent, {many}refused by our guard: {_asked(fold)}{whose}{by}"
    elif key.kind == FAILED:
        many = f"{fold.failed:,} times: " if fold.failed > 1 else ""
        message = f"{who}: failed ({fold.result}) {many}{_asked(fold)}{by if key.job else ''}"
    elif key.job:
        message = f"{who}: {_sums(fold)}{by}{_until(fold, goes_on=goes_on)}"
    else:
        why = f" ({fold.reason})" if fold.reason else ""
        outcome = fold.result or ("under way" if goes_on else "outcome not known")
        many = f", {fold.requests:,} times" if fold.requests > 1 else ""
        message = f"{who} sent {_asked(fold)}{many}{why}: {outcome}"
    return Event(
        at=fold.first,
        kind=key.kind,
        message=message,
        # Of a job the engine goes on with what was cut short; of others nobody knows.
        severity="warning" if key.kind != SENT or (lost and not key.job) else "info",
        collection=next(iter(fold.collections)) if len(fold.collections) == 1 else None,
        name=key.job,
        after=key.what,
        evidence="audit log" + (f", job {key.job}" if key.job else ""),
    )


def _asked(fold: _Fold) -> str:
    requests = list(fold.asked)
    more = len(requests) - _NAMED
    return ", ".join(requests[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _sums(fold: _Fold) -> str:
    """How much of what, the deletes apart."""
    parts = []
    where = list(fold.collections)
    of = f" of {where[0]}" if len(where) == 1 else f" of {len(where):,} collections" * bool(where)
    if fold.objects:
        parts.append(f"{fold.objects:,} object{'s' * (fold.objects != 1)}{of} written")
    if fold.deleted:
        parts.append(f"{fold.deleted:,} object{'s' * (fold.deleted != 1)}{of} deleted")
    if fold.reads:
        parts.append(f"{fold.reads:,} repairing read{'s' * (fold.reads != 1)}")
    if fold.requests and not parts:
        parts.append(_asked(fold))
    elif fold.requests:
        parts.append(f"{fold.requests:,} request{'s' * (fold.requests != 1)}")
    if fold.failed:
        parts.append(f"{fold.failed:,} failed")
    return ", ".join(parts) or _asked(fold)


def _until(fold: _Fold, *, goes_on: bool) -> str:
    if goes_on and fold.out:
        return ", under way"
    lost = f", {fold.out:,} cut short" if fold.out else ""
    return f"{lost}, until {rfc3339_seconds(fold.last)}" if fold.last - fold.first >= 1 else lost
