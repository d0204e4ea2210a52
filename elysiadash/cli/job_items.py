"""Jobs as the items of documents, read from their rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from elysiadash.cli.envelope import optional_time
from elysiadash.cli.job_documents import JobFullItem, JobItem, JobStep, JobWish, JobWorker
from elysiadash.cli.job_following import waiting_words
from elysiadash.config.moments import rfc3339
from elysiadash.jobs import claims, control, dead_letters, folder, progress, queue, steps
from elysiadash.jobs.claims import Holder
from elysiadash.jobs.database import Reading
from elysiadash.jobs.job import Job, JobState
from elysiadash.jobs.progress import Progress

_LEVELS = ("V0", "V1", "V2", "V3", "V4")
_NOT_COUNTED = "no verification has counted it yet"
_NOT_MEASURED = "fewer than three pieces of work were measured, or nothing runs now"


def item_of(read: Reading, job: Job) -> JobItem:
    """One job of a list."""
    return JobItem(**_plain(read, job, progress.of(read, job.id)))


def full_item(read: Reading, job: Job, state: Path) -> JobFullItem:
    """One job with all that is known of it."""
    now = progress.of(read, job.id)
    plain = _plain(read, job, now)
    found = job.checkpoint
    proof: dict[str, Any] = found.get("proof") or {}
    report = found.get("report")
    not_exposed = dict(plain.pop("not_exposed"))
    counts: dict[str, Any] = {
        "source_objects": proof.get("source"),
        "target_objects": proof.get("target"),
        "missing": proof.get("missing"),
        "extra": proof.get("extra"),
        "different": proof.get("different"),
    }
    not_exposed.update({name: _NOT_COUNTED for name, value in counts.items() if value is None})
    return JobFullItem(
        **plain,
        **counts,
        strategy=job.spec.get("strategy"),
        copied=found.get("copied"),
        deleted=found.get("deleted"),
        verified=_verified(job, proof),
        report=str(folder.path_of(state, job.id) / report) if report else None,
        folder=str(folder.path_of(state, job.id)),
        ranges=now.ranges,
        ranges_done=now.ranges_done,
        bytes=now.bytes,
        dead_letters_by_reason=dead_letters.by_reason(read, job.id),
        steps=tuple(
            JobStep(
                name=one.name, title=one.title, state=one.state, owed=one.owed, reason=one.reason,
                started=optional_time(one.started), ended=optional_time(one.ended),
            )
            for one in steps.of(read, job.id)
        ),
        wishes=tuple(
            JobWish(
                verb=one.verb, value=one.value, at=rfc3339(one.asked), by=one.asked_by,
                outcome=one.outcome,
            )
            for one in control.latest(read, job.id)
        ),
        children=tuple(child.id for child in queue.children(read, job.id)),
        spec=job.spec,
        checkpoint=found,
        not_exposed=not_exposed,
    )  # fmt: skip


def _plain(read: Reading, job: Job, now: Progress) -> dict[str, Any]:
    seconds = _seconds(read, job)
    not_exposed = {}
    rate = now.objects_per_s
    if job.state.ended and seconds and now.objects:
        rate = now.objects / seconds
    for name, value in (("objects_per_s", rate), ("eta_s_p50", now.eta), ("eta_s_p90", now.eta)):
        if value is None:
            not_exposed[name] = _NOT_MEASURED
    if now.expected is None:
        reason = "the job has not counted yet what there is to do"
        not_exposed.update(expected=reason, fraction=reason)
    return {
        "job": job.id,
        "parent": job.parent,
        "kind": job.kind,
        "title": job.title,
        "clusters": tuple(dict.fromkeys(use.name for use in job.clusters)),
        "state": job.state.value,
        "phase": job.phase,
        "ending": job.ending,
        "reason": job.reason,
        "waits": waiting_words(read, job),
        "question": job.checkpoint.get("question") or None,
        "pausing": job.pausing,
        "cancelling": job.cancelling,
        "priority": job.priority,
        "rate": job.rate,
        "not_before": optional_time(job.not_before),
        "after": job.after,
        "objects": now.objects,
        "expected": now.expected,
        "fraction": now.fraction,
        "objects_per_s": rate,
        "eta_s_p50": now.eta.p50 if now.eta else None,
        "eta_s_p90": now.eta.p90 if now.eta else None,
        "dead_letters": now.dead_letters,
        "created": rfc3339(job.created),
        "created_by": job.created_by,
        "started": optional_time(job.started),
        "ended": optional_time(job.ended),
        "seconds": seconds,
        "worker": _worker(claims.holder(read, job.id)),
        "not_exposed": not_exposed,
    }


def _worker(found: Holder | None) -> JobWorker | None:
    if found is None:
        return None
    return JobWorker(
        worker=found.claim.worker,
        pid=found.process.pid,
        silent_s=round(found.silent_s, 1),
        dead=found.dead(),
    )


def _seconds(read: Reading, job: Job) -> float | None:
    if job.started is None:
        return None
    return round(max(0.0, (job.ended or read.now) - job.started), 3)


def _verified(job: Job, proof: dict[str, Any]) -> Any:
    """The level, only where all of it was checked and nothing differs."""
    wrong = any(proof.get(name) for name in ("missing", "extra", "different", "pending", "faults"))
    level = proof.get("level")
    over = job.state is JobState.DONE and job.ending in ("VERIFIED", "CAUGHT_UP", "ROLLED_BACK")
    return level if over and not wrong and level in _LEVELS else None
