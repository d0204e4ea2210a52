"""What a migration did and what of it is proven: a JSON document sealed by a hash, and Markdown.

``sha256`` is taken over the document without that field, as compact JSON with sorted keys, so
that anybody can take it again: ``jq -cS 'del(.sha256)' report.json | tr -d '\\n' | sha256sum``.
There are no fractions in it, which programs write in different ways.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from elysiadash import __version__
from elysiadash.config.redaction import redact
from elysiadash.jobs import dead_letters, events, folder, outcomes
from elysiadash.jobs.database import Reading
from elysiadash.jobs.job import Job
from elysiadash.jobs.work import Work
from elysiadash.migrate.checkpoint import Checkpoint, Frozen, Proof
from elysiadash.migrate.errors import NotProven
from elysiadash.migrate.phases import Ending
from elysiadash.migrate.report_text import as_markdown
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.spec import Spec
from elysiadash.migrate.verify import why_not_all_green
from elysiadash.migrate.verify.mismatches import Mismatch, every
from elysiadash.scan.keys import as_text

KIND: Final = "elysiadash migration report"
VERSION: Final = 1
_CLAIM_PROOF: Final = (Ending.VERIFIED, Ending.ROLLED_BACK)
_LEVELS: Final = ("none", "V0", "V1", "V2", "V3", "V4")
_LISTED = 200
"""Mismatches, dead letters and warnings that are named one by one; all are counted."""
_EVENTS_PAGE = 1000

Json = dict[str, Any]


class ReportChanged(Exception):
    """The document is not what was written, or no report."""


async def write_report(run: Run, ending: Ending) -> str:
    """Write the report of a run that ended so, or write it anew; the JSON file's name.

    Both files are in the job's folder, under the same name. Raises ``NotProven`` where the ending
    claims more than the proof holds.
    """
    return await asyncio.to_thread(_write, run, ending)


def check(data: bytes) -> Json:
    """The document, its hash taken again. Raises ``ReportChanged``."""
    try:
        document = msgspec.json.decode(data, type=Json)
    except msgspec.DecodeError as error:
        raise ReportChanged(f"this is no report: {error}") from None
    if document.get("report") != KIND:
        raise ReportChanged("this is no report of a migration")
    told = document.get("sha256")
    found = hash_of(document)
    if told != found:
        raise ReportChanged(f"the report was changed: its hash is {found}, and it says {told}")
    return document


def hash_of(document: Json) -> str:
    """The hash of a document, whatever it says itself."""
    rest = {key: value for key, value in document.items() if key != "sha256"}
    return hashlib.sha256(msgspec.json.encode(rest, order="deterministic")).hexdigest()


def _write(run: Run, ending: Ending) -> str:
    work = run.work
    document = _document(run, ending)
    if ending in _CLAIM_PROOF and not document["verified"]:
        raise NotProven(
            f"the job cannot end as {ending}: " + "; ".join(document["against"]) + ". Look at what "
            "differs, then resume the job to repair it"
        )
    document["sha256"] = hash_of(document)
    data = msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=2)
    with work.reading() as read:
        old = [name for name in folder.committed(read, run.job) if name.startswith("report-")]
    # A new name each time: what is committed stays whole until its successor is.
    number = 1 + max((int(name.split(".")[0].removeprefix("report-")) for name in old), default=0)
    names = f"report-{number}.json", f"report-{number}.md"
    lengths = [
        folder.place(work.folder(), name, content)
        for name, content in zip(names, (data + b"\n", as_markdown(document).encode()), strict=True)
    ]
    run.checkpoint = msgspec.structs.replace(run.checkpoint, report=names[0])
    with work.held() as tx:
        for name, length in zip(names, lengths, strict=True):
            folder.commit(tx, name, length)
        for name in old:
            folder.uncommit(tx, name)
        outcomes.save(tx, msgspec.to_builtins(run.checkpoint))
    for name in old:
        (work.folder() / name).unlink(missing_ok=True)
    return names[0]


def _document(run: Run, ending: Ending) -> Json:
    spec, checkpoint, job = run.spec, run.checkpoint, run.work.job()
    with run.work.reading() as read:
        letters = dead_letters.count(read, run.job)
        told_letters = _letters(read, run.job, letters)
        warnings = _events(read, run.job)
    differing = _differing(run.work)
    against = why_not_all_green(checkpoint, dead_letters=letters, awake=bool(run.parts))
    if spec.schema_only:
        against = []
    if not against and differing["listed"]:
        against = [f"{differing['listed']:,} objects are listed as different"]
    document: Json = _clean(
        {
            "report": KIND,
            "version": VERSION,
            "not_checked": _not_checked(checkpoint, spec),
            "verified": not against,
            "level": _level(checkpoint),
            "against": against,
            "ending": ending.value,
            "job": {"id": job.id, "kind": job.kind, "title": job.title},
            "rolls_back": spec.rolls_back,
            "who": {"created_by": job.created_by, "program": f"elysiadash {__version__}"},
            "when": {
                "created": _moment(job.created),
                "started": _moment(job.started),
                "reported": _moment(datetime.now(UTC).timestamp()),
            },
            "what": _what(spec, job),
            "clusters": {"source": _cluster(run.source), "target": _cluster(run.target)},
            "copied": checkpoint.copied,
            "deleted": checkpoint.deleted,
            "dropped": checkpoint.dropped,
            "added": checkpoint.added,
            "expired": checkpoint.expired,
            "generations": [
                {
                    "number": one.number,
                    "milliseconds": round(one.seconds * 1000),
                    "scanned": one.scanned,
                    "changed": one.changed,
                    "deleted": one.deleted,
                }
                for one in checkpoint.generations
            ],
            "proof": _proof(checkpoint.proof),
            "waves": [_proof(proof) for proof in checkpoint.asleep],
            "mismatches": differing,
            "dead_letters": told_letters,
            "freeze": _freeze(checkpoint.frozen),
            "replaced": [list(pair) for pair in checkpoint.replaced],
            "preflight": [
                {"code": one.code, "result": one.result, "about": one.about, "text": one.text}
                for one in checkpoint.checks
                if one.result != "ok"
            ],
            "warnings": warnings,
        }
    )
    return document


def _level(checkpoint: Checkpoint) -> str | None:
    """The shallowest of all proofs."""
    proofs = [one for one in (checkpoint.proof, *checkpoint.asleep) if one is not None]
    return min((one.level for one in proofs), key=_LEVELS.index, default=None)


def _not_checked(checkpoint: Checkpoint, spec: Spec) -> list[str]:
    proofs = [one for one in (checkpoint.proof, *checkpoint.asleep) if one is not None]
    found = [words for proof in proofs for words in proof.not_checked]
    if spec.schema_only:
        found.append("objects: only definitions were to be copied")
    elif not proofs:
        found.append("anything: no verification was made")
    found += checkpoint.notes
    found += [f"{one.about}: {one.text}" for one in checkpoint.checks if one.result == "unknown"]
    return list(dict.fromkeys(found))


def _what(spec: Spec, job: Job) -> Json:
    transform = spec.transform
    return {
        "collections": [
            {
                "source": one.name,
                "target": one.target,
                "tenants": None if one.tenants is None else list(one.tenants),
            }
            for one in spec.collections
        ],
        "strategy": spec.strategy.value,
        "settings": list(spec.settings),
        "transform": transform and {"path": transform.path, "sha256": transform.sha256},
        "verify": spec.verify.value,
        "freeze": spec.freeze.value,
        "alias": spec.alias,
        "lifted": list(spec.accepted),
        "spec_sha256": job.spec_hash,
    }


def _cluster(site: Site) -> Json:
    return {
        "name": site.profile.name,
        "url": site.profile.url,
        "weaviate": site.meta.version or None,
    }


def _proof(proof: Proof | None) -> Json | None:
    if proof is None:
        return None
    told = msgspec.to_builtins(proof)
    for name in ("not_checked", "seconds", "at"):
        del told[name]
    found: Json = told | {"milliseconds": round(proof.seconds * 1000), "at": _moment(proof.at)}
    return found


def _freeze(frozen: Frozen | None) -> Json | None:
    if frozen is None:
        return None
    return {
        "how": frozen.how,
        "since": _moment(frozen.since),
        "until_at_the_latest": _moment(frozen.until),
        "thawed": _moment(frozen.thawed),
        "thawed_by": frozen.thawed_by or None,
        "proven_by": list(frozen.proven_by),
    }


def _differing(work: Work) -> Json:
    """All of it counted, by kind and by field; the first ones whole."""
    kinds, fields, first, listed = Counter[str](), Counter[str](), list[Mismatch](), 0
    for one in every(work):
        listed += 1
        kinds[one.kind] += 1
        fields.update({differing.field.split("[")[0] for differing in one.fields})
        if len(first) < _LISTED:
            first.append(one)
    return {
        "listed": listed,
        "by_kind": dict(sorted(kinds.items())),
        "by_field": dict(sorted(fields.items())),
        "first": msgspec.to_builtins(first),
    }


def _letters(read: Reading, job: str, count: int) -> Json:
    return {
        "objects": count,
        "by_reason": dead_letters.by_reason(read, job),
        "first": [
            {"id": as_text(one.object), "part": one.tenant, "reason": one.reason}
            for one in dead_letters.page(read, job, limit=_LISTED)
        ],
    }


def _events(read: Reading, job: str) -> list[Json]:
    """What a reader has to know: warnings, throttling, what was put back."""
    found: list[Json] = []
    last: int | None = None
    while len(found) < _LISTED:
        page = events.before(read, job, last, _EVENTS_PAGE)
        if not page:
            break
        last = page[-1].id
        found += [
            {"at": _moment(one.at), "kind": one.kind, "text": one.text}
            for one in page
            if one.severity != "info" or one.kind in ("freeze", "throttle", "repair")
        ]
    return found[:_LISTED][::-1]


def _moment(at: float | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _clean(value: Any) -> Any:
    """No credential, and no control character that a terminal would obey."""
    if isinstance(value, str):
        return "".join(
            sign if sign.isprintable() or sign == "\n" else "�" for sign in redact(value)
        )
    if isinstance(value, dict):
        return {_clean(key): _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value
