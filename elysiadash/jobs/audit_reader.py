"""The audit log read backwards, the newest line first, a page at a time."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.jobs.audit import FILE_NAME

_BLOCK = 64 * 1024
_LONGEST_LINE = 256 * 1024
"""Longer ones are none of ours."""
_READ_AT_ONCE = 16 * 1024 * 1024
"""Bytes looked through for one page, however few lines fit."""
_IDS_NAMED = 2
_SLACK_S = 600.0
"""Lines are in the order of writing; a clock that was put back disturbs their times by so much."""


class AuditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line; None where it does not say."""

    at: str
    user: str | None = None
    profile: str | None = None
    job: str | None = None
    pid: int | None = None
    verb: str | None = None
    path: str | None = None
    request_class: str | None = None
    body_hash: str | None = None
    permit: dict[str, Any] | None = None
    result: str | None = None
    seconds: float | None = None
    raw: dict[str, Any] = {}
    """The whole line, with fields of other entries too."""

    @property
    def time(self) -> float:
        """``at`` as wall time; ``-inf`` where it cannot be read."""
        try:
            return datetime.datetime.fromisoformat(self.at).timestamp()
        except ValueError:
            return float("-inf")


def request_words(line: AuditLine) -> str:
    """Verb and path."""
    return " ".join(part for part in (line.verb, line.path) if part)


def objects_words(line: AuditLine) -> str:
    """What a line of a copy or of deletes says besides its request: of which collection and
    range, how many requests and objects, and which objects are gone; "" for other lines."""
    of = line.raw.get("collection")
    if not isinstance(of, str):
        return ""
    said = {
        name: value
        for name in ("range", "generation", "requests", "objects")
        if isinstance(value := line.raw.get(name), int)
    }
    tenant = line.raw.get("tenant")
    words = [f"{of}/{tenant}" if tenant else of]
    words += [f"range {said['range']}"] if "range" in said else []
    words += [
        f"{said[name]:,} {name[: -1 if said[name] == 1 else None]}"
        for name in ("requests", "objects")
        if said.get(name)
    ]
    ids = line.raw.get("ids")
    if isinstance(ids, list) and ids:
        first, more = ", ".join(map(str, ids[:_IDS_NAMED])), len(ids) - _IDS_NAMED
        words.append(f"ids {first}" + (f" and {more:,} more" if more > 0 else ""))
    return ", ".join(words)


class Wanted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which lines; None: whichever."""

    since: float | None = None
    """Wall time."""
    job: str | None = None
    """A job, with its children."""
    user: str | None = None
    profile: str | None = None
    result: str | None = None

    def fits(self, line: AuditLine) -> bool:
        """Whether a line is wanted, as far as everything but its time goes."""
        if self.job is not None and f"{line.job}."[: len(self.job) + 1] != f"{self.job}.":
            return False
        pairs = (
            (self.user, line.user),
            (self.profile, line.profile),
            (self.result, line.result),
        )
        return all(want is None or want == have for want, have in pairs)


class AuditPage(msgspec.Struct, frozen=True, gc=False):
    """Some lines, the newest first."""

    lines: tuple[AuditLine, ...]
    next: int | None
    """Where the page before begins to read; None when there is nothing older."""
    unreadable: int
    """Lines that were no JSON of ours: cut short by a crash, or written by somebody else."""


def page(
    state: Path, wanted: Wanted | None = None, *, before: int | None = None, limit: int = 200
) -> AuditPage:
    """The newest ``limit`` lines that are wanted, ahead of ``before`` (a page's ``next``).

    A log that does not exist is empty. A page may have fewer lines and still a ``next``: at most
    16 MiB are looked through for one. Raises ``OSError``.
    """
    wanted = wanted or Wanted()
    lines: list[AuditLine] = []
    unreadable = 0
    start: int | None = None
    for place, text in _backwards(state / FILE_NAME, before):
        start = place if start is None else start
        line = _line(text) if text.strip() else None
        if line is None:
            unreadable += bool(text.strip())
        elif wanted.since is not None and line.time < wanted.since:
            if line.time < wanted.since - _SLACK_S:
                break
        elif wanted.fits(line):
            lines.append(line)
        if place > 0 and (len(lines) >= limit or start - place > _READ_AT_ONCE):
            return AuditPage(tuple(lines), place, unreadable)
    return AuditPage(tuple(lines), None, unreadable)


class AuditNews(msgspec.Struct, frozen=True, gc=False):
    """What was added since, the oldest first."""

    lines: tuple[AuditLine, ...]
    place: int
    """Where the next look begins."""
    unreadable: int


def end_of(state: Path) -> int:
    """Where the log ends now. Raises ``OSError``."""
    try:
        return (state / FILE_NAME).stat().st_size
    except FileNotFoundError:
        return 0


def added(state: Path, place: int, wanted: Wanted | None = None) -> AuditNews:
    """The wanted lines behind a place; a line that is still being written comes the next time.

    A log that was put aside is begun anew. Raises ``OSError``.
    """
    wanted = wanted or Wanted()
    end = end_of(state)
    if end <= place:
        return AuditNews((), min(place, end), 0)
    handle = os.open(state / FILE_NAME, os.O_RDONLY | os.O_NONBLOCK)
    try:
        whole, _, _ = os.pread(handle, min(end - place, _READ_AT_ONCE), place).rpartition(b"\n")
    finally:
        os.close(handle)
    if not whole:
        return AuditNews((), place, 0)
    found = [(text, _line(text)) for text in whole.split(b"\n") if text.strip()]
    lines = tuple(line for _, line in found if line is not None and wanted.fits(line))
    unreadable = sum(line is None for _, line in found)
    return AuditNews(lines, place + len(whole) + 1, unreadable)


def _backwards(path: Path, before: int | None) -> Iterator[tuple[int, bytes]]:
    """Each line, the last first, with the place of its first byte."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    try:
        end = os.fstat(handle).st_size if before is None else before
        rest = b""
        while end > 0:
            start = max(0, end - _BLOCK)
            first, *lines = os.pread(handle, end - start, start).split(b"\n")
            place = end
            for line in reversed(lines):
                place -= len(line)
                yield place, line + rest
                place -= 1
                rest = b""
            # Its beginning lies in the block before; of an endless one only a part is kept.
            rest, end = (first + rest)[: _LONGEST_LINE + 1], start
        yield 0, rest
    finally:
        os.close(handle)


def _line(text: bytes) -> AuditLine | None:
    if len(text) > _LONGEST_LINE:
        return None
    try:
        raw = msgspec.json.decode(text, type=dict[str, Any])
        line = msgspec.convert(raw, AuditLine)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return msgspec.structs.replace(line, raw=raw)
