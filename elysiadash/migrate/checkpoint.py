"""What the engine knows at a moment: JSON in the job's row, written with each change of phase.

The engine goes on from it after a crash, and faces show it; ranges, steps, dead letters and
events are rows of their own (``jobs``).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Check(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of the preflight."""

    code: str
    """Stable, such as ``target-name`` or ``vectorless``."""
    result: Literal["ok", "warns", "blocks", "unknown"]
    about: str
    """What was looked at: the collection, the node, the version."""
    text: str
    """What was found, with numbers and their source."""
    way_out: str = ""
    """What to do about it; empty where nothing is to be done."""
    liftable: bool = False
    """A block that the operator may lift by typing its code."""


class Forecast(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a run will take; None where it is not known, never guessed."""

    objects: int | None = None
    bytes: int | None = None
    """On the target's disks, from the source's measured bytes per object."""
    seconds_p50: float | None = None
    seconds_p90: float | None = None
    freeze_seconds: float | None = None
    """How long writers will be kept out."""
    basis: str = ""
    """Where the numbers come from: the rehearsal, or earlier jobs between these clusters."""


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the first ranges, copied into a scratch collection, showed."""

    collection: str
    objects: int
    seconds: float
    objects_per_s: float
    """Of all lanes together, from pieces that were measured; start-up not counted."""
    lanes: int
    bytes: int
    """Read from the source."""
    dead_letters: int
    """Objects that could not be written."""
    bottleneck: str = ""
    all_of_it: bool = False
    """The whole collection was copied: it was small."""


class Generation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One catching up: what the scan saw against the ledger."""

    number: int
    seconds: float
    scanned: int
    changed: int
    deleted: int


class Proof(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What verification found, all parts together; ``verify.is_green`` alone says what it is worth.

    Every object counts in one of ``same`` to ``expired``.
    """

    level: str
    number: int = 0
    """Which proof of this job; each begins its counts anew."""
    final: bool = False
    """Nothing was excused as changed meanwhile: what differs, differs."""
    source: int = 0
    """Objects seen in the source."""
    target: int = 0
    expected: int = 0
    """Objects that the target has to hold: the source's, after the transform."""
    same: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    pending: int = 0
    """Changed while they were proven: the next generation proves them."""
    expired: int = 0
    """In the target, and expired in the source, which hides them (TTL): no difference."""
    proven_before: int = 0
    """Of ``same``: those whose times in both clusters are still those of an earlier proof."""
    rounds: int = 0
    """Rounds of repair."""
    seconds: float = 0.0
    at: float = 0.0
    """Wall time of its end."""
    searched: tuple[str, ...] = ()
    """Searches that were compared (V4), in words."""
    not_checked: tuple[str, ...] = ()
    """What it did not look at, or excuses: told first, wherever the proof is shown."""
    faults: tuple[str, ...] = ()
    """Why it proves nothing whatever the counts: parts that were not read, counts that disagree."""


class Doubt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Keys of a part, as hex, and times of the target in which a slice may have written unnoted."""

    part: str
    lower: str
    upper: str
    since_ms: int
    until_ms: int


class Frozen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The freeze, while there is one or after it; wall times."""

    how: str
    since: float
    until: float
    """When it ends by itself at the latest."""
    thawed: float | None = None
    thawed_by: str = ""
    proven_by: tuple[str, ...] = ()
    """What says that nobody can write: in words."""


class Pace(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How fast it goes now and what holds it back."""

    objects_per_s: float | None = None
    lanes: int = 0
    """Pieces on their way side by side."""
    bottleneck: str = ""
    """``target``, ``source``, ``this machine`` or ``the limit``, with the figure."""
    throttled: str = ""
    """Why it is slowed down now; empty where it is not."""


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything of a run but its rows."""

    checks: tuple[Check, ...] = ()
    forecast: Forecast | None = None
    rehearsed: Rehearsed | None = None
    definitions: tuple[tuple[str, str], ...] = ()
    """Source collection and the hash of its definition when its copy began."""
    nodes: tuple[str, ...] = ()
    """The source's nodes when the copy began."""
    shards: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Source collection and the names of its shards: one that was made anew has others."""
    replaced: tuple[tuple[str, str], ...] = ()
    """Target collection and where the one that it replaces is kept."""
    copied: int = 0
    deleted: int = 0
    dropped: int = 0
    """A transform gave None."""
    added: int = 0
    """More parts than one that a transform made of objects."""
    expired: int = 0
    """Objects of the source that had expired (TTL) when they were to be copied."""
    volatile: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Collection of the source and the properties that a transform makes anew at each run: they
    are verified for presence and type only."""
    generations: tuple[Generation, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    """What slices that ended without a word may have written (``orphans``)."""
    proof: Proof | None = None
    asleep: tuple[Proof, ...] = ()
    """Of tenants that sleep: proven when their wave was copied, one for each wave."""
    frozen: Frozen | None = None
    held: float | None = None
    """Wall time from which on nothing of the source is taken over any more."""
    broken: bool = False
    """The source was writable for a moment while it was held, and is not compared since."""
    pace: Pace | None = None
    question: str = ""
    """What the job waits for an answer to (``say``), in words; empty where it does not wait."""
    asked: str = ""
    """The key in ``answers`` that the answer will have."""
    choices: tuple[str, ...] = ()
    """Words that answer it."""
    answers: dict[str, Any] = {}
    report: str | None = None
    """The report's file name in the job's folder."""
    notes: tuple[str, ...] = ()
    """What was not done or not checked, in words: the report begins with them."""


def checkpoint_of(json: dict[str, Any]) -> Checkpoint:
    """The checkpoint of a job's row; what a later release added is left out."""
    return msgspec.convert(json, Checkpoint)
