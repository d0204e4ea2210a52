"""What a backup or a restore is asked to do, as JSON in the job's row; it never holds a secret."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from elysiadash.jobs.job import ClusterUse, NewJob

CREATE: Final = "backup"
RESTORE: Final = "restore"
KINDS: Final = (CREATE, RESTORE)

_ID = re.compile(r"[a-z0-9_-]+")


class BackupSpec(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One backup, or one restore of it. ``cluster`` is what ``config.reference.of`` gives."""

    cluster: dict[str, Any]
    backend: str
    id: str
    include: tuple[str, ...] = ()
    """Collections; none: all but ``exclude``."""
    exclude: tuple[str, ...] = ()
    incremental_base: str | None = None
    """Only what changed since this backup is kept (1.37 and later)."""
    node_mapping: tuple[tuple[str, str], ...] = ()
    """For a restore: a node's name in the backup, and its name here."""
    cpu_percentage: int | None = None
    overwrite_alias: bool = False
    accepted: tuple[str, ...] = ()
    """Codes of traps that the operator accepts."""


def id_fault(name: str) -> str | None:
    """What is wrong with a backup's id: the rule of the server, told before it is asked."""
    if _ID.fullmatch(name):
        return None
    return f"{name!r} is no id of a backup: small letters, digits, - and _ only"


def create_body(spec: BackupSpec) -> dict[str, Any]:
    """The body of ``POST /v1/backups/{backend}``."""
    body: dict[str, Any] = {"id": spec.id}
    if spec.incremental_base:
        body["incremental_base_backup_id"] = spec.incremental_base
    return _with_choice(body, spec)


def restore_body(spec: BackupSpec) -> dict[str, Any]:
    """The body of ``POST /v1/backups/{backend}/{id}/restore``."""
    body: dict[str, Any] = {}
    if spec.node_mapping:
        body["node_mapping"] = dict(spec.node_mapping)
    if spec.overwrite_alias:
        body["overwriteAlias"] = True
    return _with_choice(body, spec)


def _with_choice(body: dict[str, Any], spec: BackupSpec) -> dict[str, Any]:
    for name, chosen in (("include", spec.include), ("exclude", spec.exclude)):
        if chosen:
            body[name] = list(chosen)
    if spec.cpu_percentage is not None:
        body["config"] = {"CPUPercentage": spec.cpu_percentage}
    return body


def new_job(kind: str, spec: BackupSpec, cluster: ClusterUse, **others: Any) -> NewJob:
    """The job for a spec."""
    what = "back up to" if kind == CREATE else "restore from"
    return NewJob(
        kind=kind,
        title=f"{what} {spec.backend}: {spec.id}",
        spec=msgspec.to_builtins(spec),
        clusters=(cluster,),
        **others,
    )


def spec_of(json: dict[str, Any]) -> BackupSpec:
    """The spec of a job's row. Raises ``msgspec.ValidationError`` for one of a later release."""
    return msgspec.convert(json, BackupSpec)
