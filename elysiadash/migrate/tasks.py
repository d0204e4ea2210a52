"""What is given to a process that copies, and what it gives back: plain data, which travels.

The process knows no job and no database: everything it needs is in the task, and everything that
must be kept is in the result, which counts only when the engine has committed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec

from elysiadash.config.profile import Profile
from elysiadash.migrate.parts import Part
from elysiadash.weaviate.objects import Lost, Row, Shape

End = Profile | dict[str, Any]
"""A cluster: its profile for processes of this machine, else ``config.reference``'s JSON."""

Side = Literal["source", "target", "transform"]


class Applied(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a transform made of some rows."""

    rows: list[Row]
    """To be written, in any order; of ``Applying.shape``."""
    origins: dict[str, str] = {}
    """Id of a row -> id of the source object it comes from, for every object that did not become
    just one of its own id (``migrate.origins``)."""
    lost: list[Lost] = []
    """Source objects without a usable result, and why; ``reason`` begins with one line."""
    dropped: int = 0
    added: int = 0


class Applying(Protocol):
    """A transform that is loaded, for one part."""

    shape: Shape
    """Of the rows that it gives: that of the target's definition."""

    def apply(self, rows: Sequence[Row]) -> Applied:
        """Transform rows of the source. Never raises for what one object does to it."""
        ...


class Transform(Protocol):
    """Can be pickled; loaded once in each process."""

    def open(self, part: Part, definition: dict[str, Any]) -> Applying:
        """Load it for a part whose definition in the source this is."""
        ...


class Work(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What all tasks of a run share."""

    job: str
    source: End
    target: End
    definitions: dict[str, dict[str, Any]]
    """The source's, by name: of the collections that the task is about."""
    targets: dict[str, str]
    """Source name -> target name of all collections of the job: references are led there."""
    transform: Any = None
    """A ``Transform``."""


class Slice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An interval of a range, read from ``lower`` on until it ends or the bounds are reached."""

    range: int
    part: Part
    lower: bytes
    upper: bytes
    """Belongs to it."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How much a task does before it says how far it came."""

    seconds: float = 3.0
    objects: int = 20_000
    """Of each slice."""
    lanes: int = 2
    """Slices side by side."""
    rate: float | None = None
    """Objects a second of the whole task, at most."""


class CopyTask(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Slices of ranges to copy, or whose references to write when all objects are there."""

    work: Work
    slices: tuple[Slice, ...]
    bounds: Bounds = Bounds()
    references: bool = False


class ListTask(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Objects of one part to copy by their ids, with their references."""

    work: Work
    part: Part
    ids: tuple[bytes, ...]
    """In order."""
    rate: float | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Why something was not done."""

    side: Side
    kind: str
    """``WeaviateError.kind``, or ``unsettled``."""
    words: str
    passing: bool
    """The same may succeed later."""


class Letter(msgspec.Struct, frozen=True, gc=False):
    """An object for the dead letters."""

    id: bytes
    reason: str
    """Short, shared by many."""
    detail: str


class Spent(msgspec.Struct, gc=False):
    """Where a slice's time went, in seconds; ``bytes`` were read."""

    seconds: float = 0.0
    reading: float = 0.0
    """Waited for the source."""
    writing: float = 0.0
    """Waited for the target."""
    held: float = 0.0
    """Waited for the rate."""
    cpu: float = 0.0
    """Of the whole process, shared out among the slices of a task."""
    bytes: int = 0
    writes: tuple[float, ...] = ()
    """How long each page took to be written and read back."""


class Moved(msgspec.Struct, kw_only=True, gc=False):
    """What was done with some objects."""

    records: bytes = b""
    """Ledger records (40 bytes) of what was stored, in order of source ids."""
    origins: bytes = b""
    """Target id and source id (32 bytes) of each object that a transform made, where they differ,
    in the order in which they were written."""
    letters: list[Letter] = []
    read: int = 0
    """Objects of the source that were dealt with."""
    stored: int = 0
    """Objects of the target that were written."""
    dropped: int = 0
    added: int = 0
    expired: int = 0
    """Objects of the source that had expired (TTL) when they were read: they are left behind."""
    failure: Failure | None = None
    spent: Spent = msgspec.field(default_factory=Spent)
    requests: int = 0
    """Writing requests."""


class SliceResult(msgspec.Struct, kw_only=True, gc=False):
    """How far a slice came; ``reached`` is the last id that is dealt with, None where none is."""

    slice: Slice
    moved: Moved
    reached: bytes | None = None
    ended: bool = False
    dense_from: bytes | None = None
    """From here to ``reached`` lie ``dense_objects``: how close ids lie lately."""
    dense_objects: int = 0


class ListResult(msgspec.Struct, kw_only=True, gc=False):
    """What became of a list; ids that the source does not have (any more) are in no list of it.

    Where ``moved.failure`` is set, ``left`` are the ids that were not dealt with.
    """

    part: Part
    moved: Moved
    left: tuple[bytes, ...] = ()
