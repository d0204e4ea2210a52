"""Which strategy and which freeze to take, and why: pure, from what is known before the start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from elysiadash.migrate.phases import Freeze, Strategy
from elysiadash.weaviate.versions import has_fault

LARGE: Final = 10_000_000
"""Objects above which a backup and a restore are quicker than a copy, where they are possible."""
BUSY_PER_S: Final = 1.0
"""Writes a second above which writers go on while the copy runs."""
_LIES: Final = "readonly-batch-lies"


class Known(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the recommendation rests on; None where it is not known, never guessed."""

    objects: int | None = None
    """Of the chosen collections together."""
    writes_per_s: float | None = None
    """Objects that applications write to them, as the metrics say it."""
    lowest_factor: int | None = None
    """The lowest replication factor of the chosen collections."""
    versions: tuple[str, ...] = ()
    """Of the source's nodes."""
    same_cluster: bool = False
    shared_backend: bool | None = None
    """Whether both clusters have a backup backend of the same name."""
    renamed: bool = False
    changed: bool = False
    """A transform or settings are to be changed on the way."""
    replaces: bool = False
    some_tenants: bool = False
    """Only some of a collection's tenants are chosen."""


class Recommendation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What to take; every reason is one sentence."""

    strategy: Strategy
    why: tuple[str, ...]
    freeze: Freeze = Freeze.AUTO
    freeze_why: str = ""
    only_if: str = ""
    """What a person has to do for it to be safe; empty where nothing is."""


def recommend(known: Known) -> Recommendation:
    """The strategy for a migration, with its reasons."""
    hindered = why_no_backup(known)
    if (
        known.objects is not None
        and known.objects > LARGE
        and known.shared_backend
        and not hindered
    ):
        return Recommendation(
            strategy=Strategy.BACKUP,
            why=(
                f"{known.objects:,} objects are more than {LARGE:,}, and both clusters have the "
                "same backup backend: a backup and a restore move them without indexing anew.",
                "It keeps creation and update times, and what changes meanwhile follows as a "
                "delta.",
            ),
            freeze=Freeze.AUTO,
            freeze_why=_freeze_why(known),
        )
    why = []
    if known.objects is not None and known.objects > LARGE:
        why.append(f"{known.objects:,} objects would go quicker by backup, but {_lacking(known)}.")
    if freezing_lies(known):
        why += [
            "A shard with one replica that is READONLY answers SUCCESS and stores nothing on "
            f"{_versions(known)}: freezing it could lose acknowledged writes.",
        ]
        if known.writes_per_s is not None and known.writes_per_s < BUSY_PER_S:
            return Recommendation(
                strategy=Strategy.OFFLINE,
                why=(*why, f"Hardly anything writes now ({known.writes_per_s:g} objects/s)."),
                freeze=Freeze.STOPPED,
                freeze_why="the writers are stopped before the copy begins",
                only_if="stop what writes to the source before you start",
            )
        return Recommendation(
            strategy=Strategy.ONLINE,
            why=(*why, _writes(known)),
            freeze=Freeze.STOPPED,
            freeze_why="the writers are stopped by you for the cut-over, and you say so by typing",
            only_if="be ready to stop what writes to the source at the cut-over",
        )
    return Recommendation(
        strategy=Strategy.ONLINE,
        why=(*why, _writes(known)),
        freeze_why=_freeze_why(known),
    )


def why_no_backup(known: Known) -> tuple[str, ...]:
    """What speaks against backup and restore, whatever the size; empty where nothing does."""
    found = []
    if known.same_cluster:
        found.append("a restore needs the collection's own name, which is taken in this cluster")
    if known.renamed:
        found.append("a restore cannot rename a collection")
    if known.changed:
        found.append("a restore changes neither settings nor objects")
    if known.replaces:
        found.append("a restore needs free names in the target")
    if known.some_tenants:
        found.append("a backup holds all tenants of a collection")
    return tuple(found)


def freezing_lies(known: Known) -> bool:
    """Whether READONLY shards of this source would take writes for done and lose them."""
    if known.lowest_factor is not None and known.lowest_factor > 1:
        return False
    return any(has_fault(version, _LIES) for version in known.versions)


def why_not(known: Known, strategy: Strategy) -> str:
    """Why a strategy is not possible, or not wise; empty where nothing speaks against it."""
    if strategy is Strategy.BACKUP:
        return "; ".join(why_no_backup(known)) or (
            "the clusters have no backup backend in common" if known.shared_backend is False else ""
        )
    if strategy is Strategy.OFFLINE and (known.writes_per_s or 0) >= BUSY_PER_S:
        return f"{known.writes_per_s:g} objects/s are written now: stop the writers first"
    return ""


def _freeze_why(known: Known) -> str:
    if known.lowest_factor is not None and known.lowest_factor > 1:
        return f"replication factor {known.lowest_factor}: READONLY shards refuse what is written"
    return "the best of roles, mode and READONLY that works is taken"


def _lacking(known: Known) -> str:
    hindered = why_no_backup(known)
    if hindered:
        return hindered[0]
    if known.shared_backend is None:
        return "whether the clusters share a backup backend is not known"
    return "the clusters have no backup backend in common"


def _writes(known: Known) -> str:
    if known.writes_per_s is None:
        return (
            "How much is written to the source is not known: online loses nothing either way, "
            "writers go on until the freeze."
        )
    if known.writes_per_s >= BUSY_PER_S:
        return (
            f"{known.writes_per_s:,.0f} objects/s are written now: writers go on until the freeze, "
            "what they change is caught up with."
        )
    return "Writers may go on until the freeze, which then is short."


def _versions(known: Known) -> str:
    lying: Sequence[str] = sorted({v for v in known.versions if has_fault(v, _LIES)})
    return ", ".join(lying) or "this release"
