"""What a transform does to samples, as data for whoever shows it; nothing is written.

Samples go through it twice, in two processes: what differs between the runs is *volatile*, and can
only be verified for its presence and type. Ids and counts may not differ at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from elysiadash.migrate.parts import Part
from elysiadash.migrate.tasks import Applied
from elysiadash.migrate.transforms.applying import Transformer
from elysiadash.migrate.transforms.sandbox import Sandbox, Script
from elysiadash.weaviate.objects import Row, shape_of
from elysiadash.weaviate.objects.pages import unpacked

SAMPLES: Final = 200
_SHOWN: Final = 20
_LONGEST: Final = 200
_VECTOR_SHOWN: Final = 4
ABSENT: Final = "(absent)"


class Change(msgspec.Struct, frozen=True, gc=False):
    """One field before and after, as short text; ``(absent)`` where it is not there."""

    field: str
    """``properties.title``, ``vector``, ``vectors.a``, ``references.to``."""
    before: str
    after: str
    volatile: bool = False


class Became(msgspec.Struct, frozen=True, gc=False):
    """One object that a sample became; without changes it is as it was."""

    id: str
    changes: tuple[Change, ...]


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One object of the source and what becomes of it."""

    id: str
    what: Literal["same", "changed", "dropped", "split", "lost"]
    became: tuple[Became, ...] = ()
    reason: str = ""
    """Why it is lost, with a traceback."""


class Preview(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a transform does to samples of one part."""

    part: str
    samples: int
    same: int = 0
    changed: int = 0
    dropped: int = 0
    split: int = 0
    lost: int = 0
    volatile: tuple[str, ...] = ()
    """Properties of the target that differ between two runs."""
    blocks: tuple[str, ...] = ()
    """What makes it unfit, in words."""
    warns: tuple[str, ...] = ()
    """What may not be meant, in words."""
    shown: tuple[Sample, ...] = ()
    """Some of each kind, the lost ones first."""


def preview(
    script: Script,
    part: Part,
    definition: dict[str, Any],
    rows: Sequence[Row],
    *,
    target: dict[str, Any] | None = None,
) -> Preview:
    """Run it twice on rows of a part. Waits. Raises ``TransformUnusable``, ``TransformHangs``.

    ``definition`` is the source's, ``target`` the one that the target has or will have; without
    it, what ``transform_schema`` makes.
    """
    runs: list[Applied] = []
    for _ in range(2):
        with Sandbox(script) as sandbox:
            made = sandbox.schema(definition) if target is None else target
            transformer = Transformer(sandbox, shape_of(definition), shape_of(made), part.tenant)
            runs.append(transformer.apply(rows))
    plain = {name: _plain(row) for name, row in _by_id(rows)}
    first, second = (_by_source(one, rows) for one in runs)
    volatile = _volatile(first, second)
    lost = {one.id: one.reason for one in runs[0].lost}
    samples = [_sample(name, plain[name], first[name], lost.get(name), volatile) for name in plain]
    counts = {kind: sum(1 for one in samples if one.what == kind) for kind in _KINDS}
    return Preview(
        part=part.key,
        samples=len(samples),
        **counts,
        volatile=tuple(sorted(volatile)),
        blocks=tuple(_blocks(first, second, samples)),
        warns=tuple(_warns(samples, plain, first)),
        shown=tuple(_chosen(samples)),
    )


_KINDS: Final = ("lost", "dropped", "split", "changed", "same")

#: An object as field -> value, without its id.
_Fields = dict[str, Any]


def _by_id(rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    return ((row.id, row) for row in rows)


def _plain(row: Row) -> _Fields:
    found: _Fields = {}
    for name, value in (msgspec.to_builtins(row.properties) or {}).items():
        is_reference = isinstance(value, list) and value and _is_beacon(value[0])
        found[f"{'references' if is_reference else 'properties'}.{name}"] = value
    for vector in row.vectors:
        found[f"vectors.{vector.name}" if vector.name else "vector"] = unpacked(vector)
    return found


def _is_beacon(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"beacon"}


def _by_source(applied: Applied, rows: Sequence[Row]) -> dict[str, dict[str, _Fields]]:
    """Source id -> id -> fields of what it became."""
    found: dict[str, dict[str, _Fields]] = {row.id: {} for row in rows}
    for row in applied.rows:
        found[applied.origins.get(row.id, row.id)][row.id] = _plain(row)
    return found


def _volatile(
    first: Mapping[str, dict[str, _Fields]], second: Mapping[str, dict[str, _Fields]]
) -> set[str]:
    found = set()
    for name, made in first.items():
        for identity in made.keys() & second[name].keys():
            one, other = made[identity], second[name][identity]
            found |= {
                field.removeprefix("properties.")
                for field in one.keys() | other.keys()
                if repr(one.get(field, ABSENT)) != repr(other.get(field, ABSENT))
            }
    return found


def _sample(
    name: str,
    before: _Fields,
    made: dict[str, _Fields],
    lost: str | None,
    volatile: set[str],
) -> Sample:
    if lost is not None:
        return Sample(name, "lost", reason=lost)
    if not made:
        return Sample(name, "dropped")
    became = tuple(
        Became(identity, tuple(_changes(before, after, volatile)))
        for identity, after in made.items()
    )
    if len(became) > 1:
        return Sample(name, "split", became)
    is_same = became[0].id == name and not became[0].changes
    return Sample(name, "same" if is_same else "changed", became)


def _changes(before: _Fields, after: _Fields, volatile: set[str]) -> Iterator[Change]:
    for field in sorted(before.keys() | after.keys()):
        old, new = before.get(field, ABSENT), after.get(field, ABSENT)
        # As text, so that -0.0 is not 0.0 and 1 not True.
        if repr(old) != repr(new):
            is_volatile = field.removeprefix("properties.") in volatile
            yield Change(field, _short(old), _short(new), is_volatile)


def _short(value: Any) -> str:
    if value is ABSENT:
        return ABSENT
    if isinstance(value, list) and len(value) > _VECTOR_SHOWN and _all_numbers(value):
        shown = ", ".join(f"{one:g}" for one in value[:_VECTOR_SHOWN])
        return f"[{shown}, … {len(value):,} numbers]"
    said = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


def _all_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(one, (int, float)) for one in values)


def _blocks(
    first: Mapping[str, dict[str, _Fields]],
    second: Mapping[str, dict[str, _Fields]],
    samples: Sequence[Sample],
) -> Iterator[str]:
    differ = [name for name, made in first.items() if made.keys() != second[name].keys()]
    if differ:
        yield (
            f"{len(differ):,} of {len(first):,} samples become objects of other ids, or another "
            f"number of them, each time the transform runs ({differ[0]}, for one): make ids of "
            "what the object holds, with uuid5 for example"
        )
    lost = [one for one in samples if one.what == "lost"]
    if lost and len(lost) == len(samples):
        reason = lost[0].reason.partition("\n")[0]
        yield f"all {len(samples):,} samples become dead letters: {reason}"
    if samples and all(one.what == "dropped" for one in samples):
        yield (
            f"all {len(samples):,} samples are dropped: does transform forget to return the object?"
        )


def _warns(
    samples: Sequence[Sample],
    before: Mapping[str, _Fields],
    made: Mapping[str, dict[str, _Fields]],
) -> Iterator[str]:
    lost = [one for one in samples if one.what == "lost"]
    if lost:
        reason = lost[0].reason.partition("\n")[0]
        yield f"{len(lost):,} of {len(samples):,} samples become dead letters: {reason}"
    without = [
        name
        for name, parts in made.items()
        if _has_vector(before[name]) and any(not _has_vector(one) for one in parts.values())
    ]
    if without:
        yield (
            f"{len(without):,} of {len(samples):,} samples have a vector and become objects "
            "without one: what is left out of a returned object is not written"
        )


def _has_vector(fields: _Fields) -> bool:
    return any(field == "vector" or field.startswith("vectors.") for field in fields)


def _chosen(samples: Sequence[Sample]) -> Iterator[Sample]:
    """A few of each kind, what needs a look first; room that a kind leaves goes to the next."""
    kinds = [[one for one in samples if one.what == kind] for kind in _KINDS]
    left = _SHOWN
    for place, some in enumerate(kinds):
        others = sum(1 for later in kinds[place + 1 :] if later)
        for one in some[: max(1, left // (others + 1))] if left > 0 else ():
            left -= 1
            yield one
