"""The JSON of backups; see ``documents``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from elysiadash.cli.documents import ClusterDocument, Document, Part


class BackupItem(Part, frozen=True, kw_only=True):
    """One backup, or the last restore of one."""

    backend: str
    backup: Annotated[str, Meta(description="Its id.")]
    what: Annotated[
        Literal["backup", "restore"],
        Meta(description="A restore's status may be that of another cluster that uses the place."),
    ]
    status: Annotated[str, Meta(description="The server's word: SUCCESS, FAILED, CANCELED, ...")]
    running: bool
    collections: Annotated[
        tuple[str, ...] | None, Meta(description="Null where the server does not list them.")
    ]
    started: Annotated[str | None, Meta(description="As the server writes it.")]
    completed: Annotated[str | None, Meta(description="As the server writes it.")]
    size_gib: Annotated[float | None, Meta(description="Before compression.")]
    error: str | None
    path: str | None
    job: Annotated[str | None, Meta(description="The newest job of ours about it.")]


class BackupsDocument(ClusterDocument, frozen=True, kw_only=True):
    """``backup list``, ``status`` and ``cancel``."""

    kind: Literal["backups"] = "backups"
    items: tuple[BackupItem, ...]


class BackupCheckItem(Part, frozen=True, kw_only=True):
    """One thing that is looked at before anything is sent."""

    code: str
    result: Literal["ok", "warns", "blocks", "unknown"]
    about: str
    text: str
    way_out: str
    liftable: Annotated[bool, Meta(description="A block that --accept CODE lifts.")]
    accepted: bool


class BackupPlanDocument(ClusterDocument, frozen=True, kw_only=True):
    """``backup create`` and ``backup restore`` with ``--dry-run``."""

    kind: Literal["backup-plan"] = "backup-plan"
    what: Literal["backup", "restore"]
    backend: str
    backup: str
    collections: tuple[str, ...]
    request: Annotated[dict[str, Any], Meta(description="The body that would be sent.")]
    blocked: bool
    items: tuple[BackupCheckItem, ...]


DOCUMENTS: dict[str, type[Document]] = {
    "backups": BackupsDocument,
    "backup-plan": BackupPlanDocument,
}
"""``kind`` -> the type of the document."""
