"""What a range's rows say: which objects are the same, and which are suspected not to be.

Pure: three streams in order of their ids (source, target, ledger) go in. Nobody is excused here;
whether a suspect only changed meanwhile is decided once it was read again (``settling``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from elysiadash.scan.compare import Kind
from elysiadash.scan.ledger import NOT_KNOWN, READ_AGAIN, Entry

_END = b"\xff" * 17
"""Behind every id."""
Row = tuple[Any, ...]
"""``(id, time, digest)`` or, for what was proven before, ``(id, time)``."""


class Suspect(NamedTuple):
    """An object whose sides are not the same, as far as was seen; times in milliseconds."""

    id: bytes
    kind: Kind
    source_time: int | None
    target_time: int | None
    ledger_time: int | None
    """The source's time that was copied; None where the job copied no such object."""


class Tally(msgspec.Struct):
    """Objects counted; each is in exactly one of ``same`` to ``expired``."""

    source: int = 0
    target: int = 0
    expected: int = 0
    same: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    pending: int = 0
    expired: int = 0
    proven_before: int = 0

    def add(self, other: Tally) -> None:
        """Add another's."""
        for field in self.__struct_fields__:
            setattr(self, field, getattr(self, field) + getattr(other, field))

    def count(self, kind: Kind) -> None:
        """One object that differs."""
        setattr(self, kind, getattr(self, kind) + 1)

    def seen(self, source: bool, target: bool) -> None:
        """One object, and on which sides it is."""
        self.source += source
        self.expected += source
        self.target += target


def judged(
    source: Iterable[Row],
    target: Iterable[Row],
    ledger: Iterable[Entry],
    tally: Tally,
    suspect: Callable[[Suspect], None],
    trusted_before: int = 0,
) -> Iterator[Entry]:
    """Rows with digests; gives the ledger's next entries.

    ``tally`` gets what is the same, ``suspect`` everything else. An entry is proven (has its
    digest) only where both sides agree and the source ``is_as_copied``: what changed since is for
    the next generation, equal or not. What the job did not copy gets no entry, so that it never
    takes it for its own (promise P13).
    """
    for s, t, known in _beside(source, target, ledger):
        same = s is not None and t is not None and s[2] == t[2] != NOT_KNOWN
        if same:
            tally.seen(True, True)
            tally.same += 1
        elif s is not None or t is not None:
            suspect(_suspect(s, t, known))
        if known is None:
            continue
        proven = same and s is not None and is_as_copied(known.time, s[1], trusted_before)
        if proven and s is not None and t is not None:
            yield Entry(known.id, s[1], s[2], t[1])
        else:
            yield Entry(known.id, known.time, NOT_KNOWN, known.target_time)


def judged_again(
    source: Iterable[Row],
    target: Iterable[Row],
    ledger: Iterable[Entry],
    tally: Tally,
    suspect: Callable[[Suspect], None],
) -> Iterator[Entry]:
    """Rows with times only: what an earlier proof found and neither side wrote since is proven."""
    for s, t, known in _beside(source, target, ledger):
        still = (
            s is not None
            and t is not None
            and known is not None
            and known.digest != NOT_KNOWN
            and s[1] == known.time != READ_AGAIN
            and t[1] == known.target_time
        )
        if still:
            tally.seen(True, True)
            tally.same += 1
            tally.proven_before += 1
        elif s is not None or t is not None:
            suspect(_suspect(s, t, known))
        if known is not None:
            yield known if still else known._replace(digest=NOT_KNOWN)


def is_as_copied(ledger_time: int | None, source_time: int, trusted_before: int) -> bool:
    """Whether an object that is the same on both sides is the one that was copied, for good.

    What was too young when it was copied is so once its time is old enough to be trusted: see
    ``clocks.Clocks.trusted_before``, which has to be asked before the object is read.
    """
    if ledger_time == READ_AGAIN:
        return source_time < trusted_before
    return ledger_time == source_time


def is_excused(suspect: Suspect, *, begun_ms: float) -> bool:
    """Whether the source changed since it was copied, so that the next generation settles it.

    ``begun_ms``: when the copy began, by the source's clock at the latest. What is older and was
    never copied was left out, and is not new.
    """
    if suspect.source_time is None:
        # The job copied it and it is gone from the source: its delete is still to be replayed.
        return suspect.ledger_time is not None
    if suspect.ledger_time is None:
        return suspect.source_time >= begun_ms
    return suspect.ledger_time != suspect.source_time


def _beside(
    source: Iterable[Row], target: Iterable[Row], ledger: Iterable[Entry]
) -> Iterator[tuple[Row | None, Row | None, Entry | None]]:
    """Rows of one id side by side; None where a stream has none of that id."""
    sources, targets, entries = iter(source), iter(target), iter(ledger)
    end = Entry(_END, 0)
    s: Row = next(sources, end)
    t: Row = next(targets, end)
    known = next(entries, end)
    while (key := min(s[0], t[0], known[0])) != _END:
        here = s[0] == key, t[0] == key, known[0] == key
        yield s if here[0] else None, t if here[1] else None, known if here[2] else None
        if here[0]:
            s = next(sources, end)
        if here[1]:
            t = next(targets, end)
        if here[2]:
            known = next(entries, end)


def _suspect(s: Row | None, t: Row | None, known: Entry | None) -> Suspect:
    kind = Kind.DIFFERENT
    if s is None or t is None:
        kind = Kind.EXTRA if s is None else Kind.MISSING
    one = s if s is not None else t
    assert one is not None  # noqa: S101 - one of both sides has it
    return Suspect(
        one[0],
        kind,
        None if s is None else s[1],
        None if t is None else t[1],
        None if known is None else known.time,
    )
