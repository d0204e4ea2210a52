"""The JSON of jobs and of the audit log; see ``documents``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from elysiadash.cli.documents import Count, Document, Part, Time

State = Literal["QUEUED", "RUNNING", "PAUSED", "DONE", "FAILED", "CANCELLED"]


class JobWorker(Part, frozen=True, kw_only=True):
    """Whose hands a job is in."""

    worker: str
    pid: int
    silent_s: Annotated[float, Meta(description="Seconds since it was last heard.")]
    dead: Annotated[bool, Meta(description="Its process has ended, or it is silent for long.")]


class JobItem(Part, frozen=True, kw_only=True):
    """One job."""

    job: str
    parent: str | None
    kind: str
    title: str
    clusters: Annotated[tuple[str, ...], Meta(description="Names of the clusters it works on.")]
    state: State
    phase: Annotated[str, Meta(description="The engine's word, such as COPY; empty at first.")]
    ending: Annotated[str | None, Meta(description="How it ended, such as VERIFIED.")]
    reason: Annotated[str | None, Meta(description="Why it rests or failed, in words.")]
    waits: Annotated[str | None, Meta(description="Why it does not run yet; null otherwise.")]
    question: Annotated[str | None, Meta(description="What it waits for an answer to.")]
    pausing: bool
    cancelling: bool
    priority: int
    rate: Annotated[float | None, Meta(description="Objects a second at most; null: no limit.")]
    not_before: Time | None
    after: str | None
    objects: Annotated[Count, Meta(description="Objects done so far, of all passes.")]
    expected: Count | None
    fraction: float | None
    objects_per_s: Annotated[
        float | None,
        Meta(description="Now, while it runs; of its whole time once it is over."),
    ]
    eta_s_p50: float | None
    eta_s_p90: float | None
    dead_letters: Count
    created: Time
    created_by: str
    started: Time | None
    ended: Time | None
    seconds: Annotated[float | None, Meta(description="Since it began, until it ended or now.")]
    worker: JobWorker | None
    not_exposed: dict[str, str]


class JobsDocument(Document, frozen=True, kw_only=True):
    """``jobs list``."""

    kind: Literal["jobs"] = "jobs"
    cluster: None = None
    worker: Annotated[int | None, Meta(description="Pid of the worker; null: none lives.")]
    items: tuple[JobItem, ...]


class JobStep(Part, frozen=True, kw_only=True):
    """One named step of a job."""

    name: str
    title: str
    state: str
    owed: Annotated[bool, Meta(description="What it did must still be put back.")]
    reason: str | None
    started: Time | None
    ended: Time | None


class JobWish(Part, frozen=True, kw_only=True):
    """What somebody asked of a job."""

    verb: str
    value: Any
    at: Time
    by: str
    outcome: Annotated[str | None, Meta(description="Null while it is open.")]


class JobFullItem(JobItem, frozen=True, kw_only=True):
    """One job with what it found."""

    strategy: str | None
    source_objects: Count | None
    target_objects: Count | None
    copied: Count | None
    deleted: Count | None
    missing: Count | None
    extra: Count | None
    different: Count | None
    verified: Annotated[
        Literal["V0", "V1", "V2", "V3", "V4"] | None,
        Meta(description="How deep it was verified without a difference; null: it was not."),
    ]
    report: Annotated[str | None, Meta(description="The report's file.")]
    folder: str
    ranges: Count
    ranges_done: Count
    bytes: Count
    dead_letters_by_reason: dict[str, Count]
    steps: tuple[JobStep, ...]
    wishes: tuple[JobWish, ...]
    children: tuple[str, ...]
    spec: Annotated[dict[str, Any], Meta(description="What was asked for.")]
    checkpoint: Annotated[
        dict[str, Any], Meta(description="What its engine knows now, in the engine's own words.")
    ]


class JobDocument(Document, frozen=True, kw_only=True):
    """``jobs show``, and what steers or follows a job."""

    kind: Literal["job"] = "job"
    cluster: None = None
    items: tuple[JobFullItem, ...]


class AuditItem(Part, frozen=True, kw_only=True):
    """One line of the audit log; null where it does not say."""

    at: str
    user: str | None
    profile: str | None
    job: str | None
    pid: int | None
    verb: str | None
    path: str | None
    request_class: str | None
    body_hash: str | None
    reason: str | None
    phase: Annotated[str | None, Meta(description="What the job was about.")] = None
    result: str | None
    seconds: float | None
    what: Annotated[
        str | None,
        Meta(description="Of a copy or deletes: which collection, range, how many, ids."),
    ] = None
    more: Annotated[
        dict[str, Any],
        Meta(
            description="What else the line says: collection, tenant, range, generation, "
            "requests, objects, and ids of every object that was deleted."
        ),
    ]


class AuditDocument(Document, frozen=True, kw_only=True):
    """``audit``."""

    kind: Literal["audit"] = "audit"
    cluster: None = None
    file: str
    unreadable: Annotated[Count, Meta(description="Lines that are none of ours, or cut short.")]
    more: Annotated[bool, Meta(description="There are older lines that were not looked at.")]
    items: tuple[AuditItem, ...]


DOCUMENTS: dict[str, type[Document]] = {
    "jobs": JobsDocument,
    "job": JobDocument,
    "audit": AuditDocument,
}
"""``kind`` -> the type of the document."""

CSV = tuple(name for name in JobItem.__struct_fields__ if name != "not_exposed")
"""Columns of ``jobs list --format csv``."""


def csv_row(item: JobItem) -> list[object]:
    """One job as values, the worker as its name."""
    return [
        item.worker.worker if name == "worker" and item.worker else getattr(item, name)
        for name in CSV
    ]
