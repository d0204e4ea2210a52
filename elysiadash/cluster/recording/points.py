"""Chart points on disk: rows of one moment at first, then blocks that one series is read from
quickly, and thinner ones with age.

Pure: bytes in, bytes out. A block holds the series of one metric whose names fall into one of
its buckets, so that a chart of one collection does not unpack thousands.
"""

from __future__ import annotations

import math
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from elysiadash.cluster.series import Sample

Frame = Mapping[str, Mapping[str, float | None]]
"""Metric -> name -> value, as ``History.append`` takes it."""

_NAN = math.nan
_COUNTED = frozenset({"objects", "objects_partial", "vector_queue", "vector_queue_partial"})
"""Whole numbers of any size; the others are kept with seven digits."""
_SERIES_IN_BUCKET = 64


class Block(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A matrix as bytes; ``times`` are doubles."""

    times: bytes
    series: dict[str, bytes]
    all_looked_at: bool = False


class Matrix(msgspec.Struct, frozen=True, gc=False):
    """Some series of one metric on one time axis.

    Where the metric was looked at at each of the times, NaN is a gap: a value was not known then.
    In a block of an older release NaN may also be that its source said nothing new.
    """

    times: array[float]
    series: dict[str, array[float]]
    all_looked_at: bool = False


def frame_bytes(frame: Frame) -> bytes:
    """All values of one moment."""
    packed = {
        metric: [list(values), _packed(metric, values.values())] for metric, values in frame.items()
    }
    return zlib.compress(msgspec.msgpack.encode(packed), 3)


def bytes_frame(body: bytes) -> dict[str, dict[str, float | None]]:
    """What ``frame_bytes`` packed."""
    packed = msgspec.msgpack.decode(zlib.decompress(body), type=dict[str, tuple[list[str], bytes]])
    return {
        metric: {
            name: None if math.isnan(value) else value
            for name, value in zip(names, _unpacked(metric, content), strict=True)
        }
        for metric, (names, content) in packed.items()
    }


def matrices(times: Sequence[float], frames: Iterable[Frame]) -> dict[str, Matrix]:
    """The moments at ``times`` as series, by metric, each with the times at which it was looked
    at; names without any value are left out.

    Frames are looked at one after the other: together they would take a lot of memory.
    """
    found: dict[str, Matrix] = {}
    for at, frame in zip(times, frames, strict=True):
        for metric, values in frame.items():
            if not values:
                continue
            matrix = found.get(metric)
            if matrix is None:
                matrix = found[metric] = Matrix(array("d"), {}, all_looked_at=True)
            place = len(matrix.times)
            matrix.times.append(at)
            for name, value in values.items():
                if value is None:
                    continue
                series = matrix.series.get(name)
                if series is None:
                    series = matrix.series[name] = array("d")
                _lengthen(series, place)
                series.append(value)
    for matrix in found.values():
        for series in matrix.series.values():
            _lengthen(series, len(matrix.times))
    return {metric: matrix for metric, matrix in found.items() if matrix.series}


def _lengthen(series: array[float], length: int) -> None:
    if len(series) < length:
        series.extend(array("d", [_NAN]) * (length - len(series)))


def blocks(metric: str, matrix: Matrix) -> list[tuple[int, int, bytes]]:
    """The matrix as (bucket, buckets, bytes)."""
    count = max(1, math.ceil(len(matrix.series) / _SERIES_IN_BUCKET))
    buckets: dict[int, dict[str, array[float]]] = {}
    for name, values in matrix.series.items():
        buckets.setdefault(bucket_of(name, count), {})[name] = values
    return [
        (bucket, count, block(metric, msgspec.structs.replace(matrix, series=series)))
        for bucket, series in buckets.items()
    ]


def block(metric: str, matrix: Matrix) -> bytes:
    """The matrix as one block."""
    series = {name: _packed(metric, values) for name, values in matrix.series.items()}
    whole = Block(matrix.times.tobytes(), series, matrix.all_looked_at)
    return zlib.compress(msgspec.msgpack.encode(whole), 6)


def block_matrix(metric: str, body: bytes) -> Matrix:
    """What a block holds. Raises ``ValueError`` among others where that is none."""
    block = msgspec.msgpack.decode(zlib.decompress(body), type=Block)
    series = {name: _unpacked(metric, content) for name, content in block.series.items()}
    times = _doubles(block.times)
    if not times or not all(map(math.isfinite, times)):
        raise ValueError("times that are none")
    if any(len(values) != len(times) for values in series.values()):
        raise ValueError("not one value for each time")
    return Matrix(times, series, block.all_looked_at)


def block_samples(metric: str, body: bytes, name: str) -> list[Sample]:
    """One series of a block with its breaks; empty when it is not in there."""
    block = msgspec.msgpack.decode(zlib.decompress(body), type=Block)
    content = block.series.get(name)
    if content is None:
        return []
    pairs = zip(_doubles(block.times), _unpacked(metric, content), strict=True)
    return [
        Sample(at, None if math.isnan(value) else value)
        for at, value in pairs
        if block.all_looked_at or not math.isnan(value)
    ]


def bucket_of(name: str, buckets: int) -> int:
    """Which of the buckets a series is in."""
    return zlib.crc32(name.encode()) % buckets


def joined(parts: Sequence[Matrix]) -> Matrix:
    """Blocks that follow one another as one; blocks of the same times are side by side."""
    axes: dict[bytes, array[float]] = {}
    for part in parts:
        axes.setdefault(part.times.tobytes(), part.times)
    starts: dict[bytes, int] = {}
    times = array("d")
    for key, axis in axes.items():
        starts[key] = len(times)
        times.extend(axis)
    series: dict[str, array[float]] = {}
    for part in parts:
        start = starts[part.times.tobytes()]
        for name, values in part.series.items():
            whole = series.setdefault(name, array("d", [_NAN]) * len(times))
            whole[start : start + len(values)] = array("d", values)
    return Matrix(times, series, all(part.all_looked_at for part in parts))


def thinned(matrix: Matrix, step: float) -> Matrix:
    """The mean of each ``step`` seconds, at the time of its last sample."""
    groups: dict[int, list[int]] = {}
    for place, at in enumerate(matrix.times):
        groups.setdefault(math.ceil(at / step), []).append(place)
    places = list(groups.values())
    times = array("d", [matrix.times[group[-1]] for group in places])
    series = {
        name: array("d", [_mean([values[place] for place in group]) for group in places])
        for name, values in matrix.series.items()
    }
    return Matrix(times, series, matrix.all_looked_at)


def _mean(values: list[float]) -> float:
    known = [value for value in values if value == value]
    return sum(known) / len(known) if known else _NAN


def _packed(metric: str, values: Iterable[float | None]) -> bytes:
    kind = "d" if metric in _COUNTED else "f"
    return array(kind, [_NAN if value is None else value for value in values]).tobytes()


def _unpacked(metric: str, content: bytes) -> array[float]:
    return array("d" if metric in _COUNTED else "f", content)


def _doubles(content: bytes) -> array[float]:
    return array("d", content)
