"""Finds what changed between two moments, without looking at what is the same object."""

from __future__ import annotations

from typing import Any

from elysiadash.cluster.recording.frames import Changes
from elysiadash.cluster.recording.moment import Moment
from elysiadash.cluster.recording.parts import (
    LOAD,
    Parts,
    cluster_parts,
    encode,
    fixed_parts,
    head_bytes,
    head_name,
    row_parts,
    value_parts,
)
from elysiadash.cluster.slices import Key
from elysiadash.cluster.stats import CollectionStats


class Encoder:
    """Remembers the last moment by reference and its parts by their hashes.

    Values in a moment are immutable, so the same object is the same content.
    """

    def __init__(self) -> None:
        self._hashes: dict[str, int] = {}
        self._values: dict[Key, Any] = {}
        self._names: dict[Key, frozenset[str]] = {}
        self._rows: tuple[CollectionStats, ...] = ()
        self._nodes: frozenset[str] = frozenset()

    def everything(self, moment: Moment) -> Parts:
        """All parts of the moment; changes count from here."""
        self._hashes.clear()
        self._values.clear()
        self._names.clear()
        self._rows, self._nodes = (), frozenset()
        found = self.changes(moment)
        fixed = fixed_parts()
        return {**fixed, **{name: content for name, content in found.items() if content}}

    def changes(self, moment: Moment) -> Changes:
        """What differs from the moment before."""
        changed: Changes = {}
        self._slices(changed, moment)
        if moment.rows is not self._rows:
            self._take_rows(changed, moment.rows)
        nodes = cluster_parts(moment.cluster)
        self._put(changed, nodes)
        self._drop(changed, self._nodes - nodes.keys())
        self._nodes = frozenset(nodes)
        self._put(changed, {LOAD: encode(moment.load)})
        return changed

    def _slices(self, changed: Changes, moment: Moment) -> None:
        for key in self._values.keys() - moment.slices.keys():
            self._drop(changed, self._names.pop(key) | {head_name(key)})
            del self._values[key]
        for key, piece in moment.slices.items():
            self._put(changed, {head_name(key): head_bytes(piece)})
            if key in self._values and piece.value is self._values[key]:
                continue
            parts = {} if piece.value is None else value_parts(key, piece.value)
            self._put(changed, parts)
            self._drop(changed, self._names.get(key, frozenset()) - parts.keys())
            self._values[key], self._names[key] = piece.value, frozenset(parts)

    def _take_rows(self, changed: Changes, rows: tuple[CollectionStats, ...]) -> None:
        before = {row.collection: row for row in self._rows}
        for row in rows:
            old = before.pop(row.collection, None)
            if old != row:
                self._put(changed, row_parts(row))
        for row in before.values():
            self._drop(changed, row_parts(row).keys())
        self._rows = rows

    def _put(self, changed: Changes, parts: Parts) -> None:
        for name, content in parts.items():
            found = hash(content)
            if self._hashes.get(name) != found:
                self._hashes[name] = found
                changed[name] = content

    def _drop(self, changed: Changes, names: Any) -> None:
        for name in names:
            if self._hashes.pop(name, None) is not None:
                changed[name] = None
