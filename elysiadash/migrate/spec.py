"""What a copy or a migration is asked to do, as JSON in the job's row; it never holds a secret."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from elysiadash.jobs.job import ClusterUse, NewJob
from elysiadash.migrate.phases import Freeze, Strategy, Verify

COPY: Final = "copy"
MIGRATE: Final = "migrate"
PREFLIGHT: Final = "preflight"
"""Checks and forecast only; its checkpoint holds both."""
REHEARSAL: Final = "rehearsal"
"""Preflight, then the first ranges into a scratch collection that is removed again."""
RETIRE: Final = "retire"
"""The collection that an alias was brought away from is deleted (``retire``)."""
KINDS: Final = (COPY, MIGRATE, PREFLIGHT, REHEARSAL, RETIRE)


class Wanted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One collection and its name in the target; ``tenants`` None: all of them."""

    name: str
    target: str
    tenants: tuple[str, ...] | None = None


class TransformFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A Python file with ``transform``: absolute path, and the hash that it had when chosen."""

    path: str
    sha256: str


class Retires(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The collection to delete, whose name was typed, and the job that moved it."""

    collection: str
    job: str


class Spec(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything the engine needs. ``source`` and ``target`` are what
    ``config.reference.of(profile)`` gives; in a copy inside a cluster they are equal."""

    source: dict[str, Any]
    target: dict[str, Any]
    collections: tuple[Wanted, ...]
    strategy: Strategy = Strategy.ONLINE
    """``online``: writers go on until the freeze; ``offline``: writers were stopped, one pass;
    ``backup``: Weaviate's own backup and restore."""
    schema_only: bool = False
    settings: tuple[str, ...] = ()
    """``PATH=VALUE`` (``schema.set_values``) done to every definition on the way."""
    overwrite: bool = False
    """A target collection of the same name is replaced (its name was typed): it is kept until
    the new one is verified where space allows."""
    transform: TransformFile | None = None
    verify: Verify = Verify.V2
    freeze: Freeze = Freeze.AUTO
    freeze_limit_s: float = 60.0
    """The freeze is thawed when it lasts longer than this before cut-over."""
    writer_key: str | None = None
    """Where the key of one of the writers is (``env:NAME``, ``file:PATH``, ``command:LINE``): a
    freeze by roles is believed once that writer was seen refused. Not needed where the server
    manages users itself: then a writer is made for it and removed again."""
    after: Literal["hold", "thaw"] = "hold"
    hold_limit_s: float = 900.0
    alias: str | None = None
    """Inside a cluster: this alias is brought from the source collection to its copy."""
    executor: Literal["local", "dask"] = "local"
    scheduler: str | None = None
    processes: int | None = None
    """Processes that copy; None: one for two cores of the machine, at most four."""
    backend: str | None = None
    """The backup backend of ``strategy=backup``."""
    accepted: tuple[str, ...] = ()
    """Codes of checks whose block the operator lifted by typing them, such as ``vectorless``."""
    answers: dict[str, str] = {}
    """Answers given beforehand, by the keys of their questions (``errors.Waits``)."""
    window: tuple[str, str] | None = None
    """Only between these times of day (``HH:MM``, UTC) objects are moved."""

    rolls_back: str | None = None
    """The job whose move this one takes back (``rollback``): nothing is made or copied whole, its
    ledgers are where this one begins."""

    retires: Retires | None = None
    """Nothing is moved: an old collection that another job brought its alias away from is
    deleted (``retire``)."""

    @property
    def same_cluster(self) -> bool:
        """Whether source and target are one cluster."""
        return self.source == self.target

    @property
    def freezes(self) -> bool:
        """Whether writers go on during the copy and are kept out for the cut-over."""
        moving = self.strategy in (Strategy.ONLINE, Strategy.BACKUP)
        return moving and self.freeze is not Freeze.NONE

    @property
    def targets(self) -> dict[str, str]:
        """Source name -> target name."""
        return {one.name: one.target for one in self.collections}


def new_job(kind: str, spec: Spec, clusters: tuple[ClusterUse, ...], **others: Any) -> NewJob:
    """The job for a spec. ``identity`` is what a resumed job must agree in (promise P6)."""
    names = ", ".join(
        one.name if one.name == one.target else f"{one.name} to {one.target}"
        for one in spec.collections
    )
    verb = {
        COPY: "copy",
        MIGRATE: "migrate",
        PREFLIGHT: "check",
        REHEARSAL: "rehearse",
        RETIRE: "retire",
    }[kind]
    plain = msgspec.to_builtins(spec)
    title = f"{verb} {names}"
    if spec.rolls_back is not None:
        looks = kind in (PREFLIGHT, REHEARSAL)
        title = f"{'check going' if looks else 'go'} back from {names}, after job {spec.rolls_back}"
    if spec.retires is not None:
        title = f"delete {spec.retires.collection}, after job {spec.retires.job}"
    return NewJob(
        kind=kind,
        title=title,
        spec=plain,
        identity={
            "ends": [clusters[0].key, clusters[-1].key],
            "collections": plain["collections"],
            "transform": spec.transform.sha256 if spec.transform else None,
            "settings": plain["settings"],
            "schema_only": spec.schema_only,
            "rolls_back": spec.rolls_back,
            "retires": plain["retires"],
        },
        clusters=clusters,
        **others,
    )


def spec_of(json: dict[str, Any]) -> Spec:
    """The spec of a job's row. Raises ``msgspec.ValidationError`` for one of a later release."""
    return msgspec.convert(json, Spec)
