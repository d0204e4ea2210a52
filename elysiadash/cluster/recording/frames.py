"""Keyframes and deltas: named parts over time as bytes.

A keyframe is one block for each group of parts. A delta names parts by their place in the
keyframe before it and brings new names along; it is compressed with that keyframe's state as the
dictionary, since most of what changes looks like what it was.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

import msgspec

from elysiadash.cluster.recording.parts import GROUPS, STATE, Parts, group_of

Changes = dict[str, bytes | None]
"""Name -> new content; None: the part is gone."""

_DICTIONARY_BYTES = 32_768
_LARGE = 256 * 1024


class _Block(msgspec.Struct, frozen=True, gc=False, array_like=True):
    names: list[str]
    contents: list[bytes]


class _Delta(msgspec.Struct, frozen=True, gc=False, array_like=True):
    new_names: list[str]
    places: list[int]
    contents: list[bytes | None]


def keyframe_blocks(parts: Parts) -> list[bytes]:
    """One uncompressed block for each group that has parts; the state comes first."""
    groups: dict[str, _Block] = {group: _Block([], []) for group in GROUPS}
    for name, content in parts.items():
        block = groups.setdefault(group_of(name), _Block([], []))
        block.names.append(name)
        block.contents.append(content)
    kept = (block for group, block in groups.items() if block.names or group == STATE)
    return [msgspec.msgpack.encode(block) for block in kept]


def compressed(block: bytes) -> bytes:
    """A block as it is stored."""
    return zlib.compress(block, 6 if len(block) < _LARGE else 3)


def block_parts(block: bytes) -> Parts:
    """The parts of one uncompressed block."""
    found = msgspec.msgpack.decode(block, type=_Block)
    return dict(zip(found.names, found.contents, strict=True))


def dictionary_of(state_block: bytes) -> bytes:
    """What deltas are compressed with: the end of the keyframe's state."""
    return state_block[-_DICTIONARY_BYTES:]


class Naming:
    """The places of names since a keyframe, the same for whoever writes and reads."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self._places = {name: place for place, name in enumerate(self._names)}

    def encode(self, changes: Mapping[str, bytes | None], dictionary: bytes) -> bytes:
        """A delta; its new names have places from here on."""
        new = [name for name in changes if name not in self._places]
        self._add(new)
        delta = _Delta(new, [self._places[name] for name in changes], list(changes.values()))
        raw = msgspec.msgpack.encode(delta)
        packer = zlib.compressobj(level=6 if len(raw) < _LARGE else 3, zdict=dictionary)
        return packer.compress(raw) + packer.flush()

    def decode(self, body: bytes, dictionary: bytes) -> Changes:
        """The changes of a delta; deltas must come in their order."""
        opener = zlib.decompressobj(zdict=dictionary)
        delta = msgspec.msgpack.decode(opener.decompress(body) + opener.flush(), type=_Delta)
        self._add(delta.new_names)
        names = [self._names[place] for place in delta.places]
        return dict(zip(names, delta.contents, strict=True))

    def _add(self, names: Iterable[str]) -> None:
        for name in names:
            self._places[name] = len(self._names)
            self._names.append(name)


def apply(parts: Parts, changes: Mapping[str, bytes | None]) -> None:
    """Bring the parts forward by one delta."""
    for name, content in changes.items():
        if content is None:
            parts.pop(name, None)
        else:
            parts[name] = content
