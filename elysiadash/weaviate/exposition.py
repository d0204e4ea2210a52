"""Prometheus text, read while it streams: what nobody asked for is jumped over, not parsed.

A Weaviate node with a few hundred loaded shards answers tens of megabytes, of which a console
needs a fifth. The reader keeps one window of text and jumps from comment line to comment line;
a block of an unwanted family costs one memory scan. Wanted families become samples, or, where
only one number per collection is needed, an ``Aggregation`` that never builds a sample.

The format is text version 0.0.4 (no exemplars, no quoted metric names), as Weaviate serves it
on ``:port/metrics``. Nothing in a text makes the reader raise: what is no sample is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from elysiadash.weaviate.aggregation import (
    Aggregation,
    FamilyFolds,
    Names,
    Table,
    folds_by_family,
)
from elysiadash.weaviate.sample_line import (
    NAME,
    Labels,
    label_of,
    parse_labels,
    split_sample,
    text,
)

__all__ = ["Aggregation", "Exposition", "ExpositionReader", "Family", "Labels", "Sample", "Table"]

#: Text is handled in pieces of this size: they stay in the processor's cache, and no single
#: call into C holds the interpreter lock for more than a millisecond or so.
WINDOW: Final = 256 * 1024
#: A longer line is no sample of any exporter; it is dropped and counted.
LONGEST_LINE: Final = 1024 * 1024
_MEMO_ENTRIES: Final = 4096

#: Sample names of a family by its type, as ends added to the family's name.
_ENDS: Final[Mapping[bytes, tuple[bytes, ...]]] = {
    b"histogram": (b"_bucket", b"_sum", b"_count"),
    b"summary": (b"", b"_sum", b"_count"),
}
_DROPPED: Final = b"\n#-"


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One line: the full sample name (``x_bucket``, not ``x``), its labels as written, a value."""

    name: str
    labels: Labels
    value: float

    def label(self, name: str) -> str:
        """The label's value; an absent label is the empty one, as in Prometheus."""
        return label_of(self.labels, name)


class Family(msgspec.Struct, gc=False):
    """A wanted family; ``type`` is ``untyped`` where the text has no TYPE line for it."""

    name: str
    type: str
    samples: list[Sample]


class Exposition(msgspec.Struct, frozen=True, gc=False):
    """What was wanted, and how far to trust it.

    ``families`` and ``found`` name only what the text has. ``totals`` and ``tables`` (those with
    ``then``) lack an aggregation that no series took part in. ``truncated``: the byte limit was
    passed. ``incomplete``: truncated, or the last line has no newline (it is not used: ``12``
    may be the start of ``1234``). ``cut_in`` is the family whose numbers are partial then.
    ``bad_lines`` counts lines that are no samples, outside the blocks that were jumped over.
    """

    families: dict[str, Family]
    totals: dict[Aggregation, dict[str, float]]
    tables: dict[Aggregation, dict[str, Table]]
    found: frozenset[str]
    bytes_read: int
    truncated: bool
    incomplete: bool
    cut_in: str | None
    bad_lines: int


class ExpositionReader:
    """Feed it the body as it arrives, in pieces of any size, then close it.

    ``wanted`` families come back as samples, ``aggregations`` as numbers. Memory: the results,
    plus one window, one chunk and one line.
    """

    def __init__(
        self,
        wanted: Collection[str] = (),
        limit_bytes: int = 64 * 1024 * 1024,
        aggregations: Sequence[Aggregation] = (),
    ) -> None:
        self._limit = limit_bytes
        self._wanted = frozenset(name.encode() for name in wanted)
        folds = folds_by_family(aggregations)
        self._folds = [fold for members in folds.values() for fold in members]
        self._folded = {family: FamilyFolds(family, members) for family, members in folds.items()}
        self._kept = self._wanted | self._folded.keys()
        self._family_of = _family_of_samples(self._kept)
        self._families: dict[bytes, Family] = {}
        self._found: set[bytes] = set()
        self._labels: dict[bytes, Labels | None] = {}
        self._open_family = b""
        self._children: tuple[bytes, ...] = ()
        # Every text handled starts with a newline, so that a line's start always shows as one.
        self._pending = [b"\n"]
        self._pending_bytes = 1
        self._bytes = 0
        self._truncated = False
        self._bad_lines = 0

    def feed(self, chunk: bytes) -> bool:
        """Take the next piece of the body; False once the limit is passed: stop the stream."""
        if self._truncated:
            return False
        room = self._limit - self._bytes
        if len(chunk) > room:
            chunk = chunk[:room]
            self._truncated = True
        self._bytes += len(chunk)
        for at in range(0, len(chunk), WINDOW):
            part = chunk[at : at + WINDOW]
            self._pending.append(part)
            self._pending_bytes += len(part)
            if self._pending_bytes >= WINDOW:
                self._read_whole_lines()
        return not self._truncated

    def close(self) -> Exposition:
        """Read what is pending and hand the result out; the reader is used up after it."""
        self._read_whole_lines()
        incomplete = self._truncated or self._pending_bytes > 1
        names = Names()
        return Exposition(
            families={text(name): family for name, family in self._families.items()},
            totals={f.asked: rows for f in self._folds if (rows := f.rows(names))},
            tables={f.asked: tables for f in self._folds if (tables := f.tables(names))},
            found=frozenset(map(text, self._found)),
            bytes_read=self._bytes,
            truncated=self._truncated,
            incomplete=incomplete,
            cut_in=text(self._open_family) if incomplete and self._open_family else None,
            bad_lines=self._bad_lines,
        )

    def _read_whole_lines(self) -> None:
        pending = b"".join(self._pending)
        end = pending.rfind(b"\n")
        if end > 0:
            self._read(pending[:end])
        rest = pending[end:]
        if len(rest) > LONGEST_LINE:
            # What is still to come of this line reads as the rest of a comment.
            self._bad_lines += not rest.startswith(_DROPPED)
            rest = _DROPPED
        self._pending = [rest]
        self._pending_bytes = len(rest)

    def _read(self, lines: bytes) -> None:
        """Whole lines, each after its newline: blocks of samples between comment lines."""
        start = 0
        while start < len(lines):
            comment = _next_comment(lines, start)
            if comment > start:
                self._read_block(lines, start, comment)
            if comment == len(lines):
                return
            start = lines.find(b"\n", comment + 1)
            if start < 0:
                start = len(lines)
            self._read_comment(lines[comment + 1 : start])

    def _read_comment(self, line: bytes) -> None:
        words = line.split(None, 3)
        if len(words) < 3 or words[0] != b"#":
            return
        if words[1] == b"TYPE":
            self._open(words[2], words[3].strip() if len(words) == 4 else b"untyped")
        elif words[1] == b"HELP" and words[2] != self._open_family:
            self._open(words[2], b"untyped")

    def _open(self, name: bytes, kind: bytes) -> None:
        self._open_family = name
        self._children = tuple(name + end for end in _ENDS.get(kind, (b"",)))
        if name in self._kept:
            self._found.add(name)
        if name in self._wanted:
            self._family(name).type = text(kind)

    def _family(self, name: bytes) -> Family:
        if name not in self._families:
            self._families[name] = Family(text(name), "untyped", [])
        return self._families[name]

    def _read_block(self, lines: bytes, start: int, end: int) -> None:
        """Samples between two comment lines; ``lines[start]`` is the newline before the first."""
        folds = self._folded.get(self._open_family)
        if self._open_family not in self._kept:
            if not self._is_all_of_open_family(lines, start, end):
                self._read_lines(lines[start:end])
            return
        block = lines[start:end]
        if self._open_family in self._wanted or folds is None or not folds.take_block(block):
            self._read_lines(block)

    def _is_all_of_open_family(self, lines: bytes, start: int, end: int) -> bool:
        """Whether the block may be jumped over.

        The format keeps a family's lines together, so another family's, which has no comment
        lines of its own, show at one end of the block.
        """
        for line in (start, lines.rfind(b"\n", start, end)):
            name = NAME.match(lines, line + 1)
            if name is None or name.group() not in self._children:
                return False
        return True

    def _read_lines(self, block: bytes) -> None:
        for raw in block.split(b"\n"):
            line = raw.strip()
            if line.startswith(b"#"):
                self._read_comment(line)
            elif line and not self._read_sample(line):
                self._bad_lines += 1

    def _read_sample(self, line: bytes) -> bool:
        """One sample, given to whatever wants it; False where the line is none."""
        parts = split_sample(line)
        if parts is None:
            return False
        name, raw_labels, value = parts
        family = self._open_family if name in self._children else self._family_of.get(name)
        if family not in self._kept or family is None:
            return True
        labels = self._parsed_labels(raw_labels)
        if labels is None:
            return False
        self._found.add(family)
        if family in self._wanted:
            self._family(family).samples.append(Sample(text(name), labels, value))
        if family in self._folded and value == value:  # a NaN is no number
            self._folded[family].take_sample(name, labels, value)
        return True

    def _parsed_labels(self, raw: bytes) -> Labels | None:
        if raw not in self._labels:
            if len(self._labels) >= _MEMO_ENTRIES:
                self._labels.clear()
            self._labels[raw] = parse_labels(raw)
        return self._labels[raw]


def _family_of_samples(families: Iterable[bytes]) -> dict[bytes, bytes]:
    """Sample name -> wanted family, for samples that no TYPE line announces."""
    wanted = set(families)
    children = {name + end: name for name in wanted for end in (b"_bucket", b"_sum", b"_count")}
    return children | {name: name for name in wanted}


def _next_comment(lines: bytes, start: int) -> int:
    """Where the newline before the next comment line is; the text's length if there is none.

    A search for one byte is many times faster than for two, and ``#`` is rare elsewhere.
    """
    at = lines.find(b"#", start)
    if at > 0 and not lines.startswith(b"\n", at - 1):
        at = lines.find(b"\n#", at) + 1
    return at - 1 if at > 0 else len(lines)
