"""The jobs: put in, found, listed, forgotten."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from elysiadash import __version__
from elysiadash.config.redaction import redact
from elysiadash.jobs import events, states
from elysiadash.jobs.database import Reading, Transaction
from elysiadash.jobs.errors import NoSuchJob, NotPossible
from elysiadash.jobs.ids import child_id, day_of, next_id
from elysiadash.jobs.job import ClusterUse, Job, JobState, NewJob
from elysiadash.jobs.processes import user_name
from elysiadash.jobs.specs import canonical, decode, encode, hash_of

_COLUMNS = (
    "id, parent, is_parent, kind, title, spec, spec_hash, state, phase, checkpoint, ending,"
    " reason, priority, rate, not_before, expected, created, created_by, started, ended,"
    " engine_version, crashes, after,"
    " EXISTS (SELECT 1 FROM control WHERE job = jobs.id AND applied IS NULL AND verb = 'pause'),"
    " EXISTS (SELECT 1 FROM control WHERE job = jobs.id AND applied IS NULL AND verb = 'cancel')"
)
_ONE_DAY = datetime.timedelta(days=1).total_seconds()
_MOST = 2**63 - 1
"""The largest number that SQLite takes."""


def submit(
    tx: Transaction, new: NewJob, *, parent: str | None = None, who: str | None = None
) -> Job:
    """Put a job into the queue, or under a parent that ``submit_batch`` made.

    Raises ``SecretInSpec``, ``NoSuchJob``, ``NotPossible`` (also where it is to wait for a
    cancelled one).
    """
    return get(tx, _add(tx, new, parent, is_parent=False, who=who))


def submit_batch(
    tx: Transaction,
    new: NewJob,
    children: Iterable[NewJob],
    *,
    parent: str | None = None,
    who: str | None = None,
) -> Job:
    """Put in several jobs under a parent, which has no work of its own. All or none."""
    batch = _add(tx, new, parent, is_parent=True, who=who)
    for child in children:
        _add(tx, child, batch, is_parent=False, who=who)
    return get(tx, batch)


def get(read: Reading, job: str) -> Job:
    """The job of that name; raises ``NoSuchJob``."""
    found = _jobs(read, "id = ?", job)
    if not found:
        raise NoSuchJob(f"there is no job {job}")
    return found[0]


def find(read: Reading, text: str) -> Job:
    """The job that a person means by a name, or by an end of one that only one job has.

    Raises ``NoSuchJob``, with the candidates where there are several.
    """
    wanted = text.strip().lower()
    exact = _jobs(read, "id = ?", wanted)
    if exact:
        return exact[0]
    names = [name for (name,) in read.rows("SELECT id FROM jobs ORDER BY seq DESC")]
    close = [name for name in names if wanted and name.endswith(("-" + wanted, wanted))]
    close = close or [name for name in names if wanted and name.startswith(wanted)]
    if len(close) == 1:
        return get(read, close[0])
    if not close:
        raise NoSuchJob(f"there is no job {text}; see the list of jobs for their names")
    raise NoSuchJob(f"{text} can be {', '.join(close[:5])}; type more of the name")


def newest(
    read: Reading,
    *,
    among: Collection[JobState] = (),
    kinds: Collection[str] = (),
    roots_only: bool = False,
    limit: int = 500,
) -> list[Job]:
    """Jobs, the newest first; of some states or kinds only, without children."""
    where, values = ["1"], list[Any]()
    for column, wanted in (("state", among), ("kind", kinds)):
        if wanted:
            where.append(f"{column} IN ({', '.join('?' * len(wanted))})")
            values += wanted
    if roots_only:
        where.append("parent IS NULL")
    return _jobs(
        read, f"{' AND '.join(where)} ORDER BY seq DESC LIMIT ?", *values, min(limit, _MOST)
    )


def children(read: Reading, parent: str) -> list[Job]:
    """A parent's own children, in the order in which they were put in."""
    return _jobs(read, "parent = ? ORDER BY seq", parent)


def same_work(read: Reading, spec_hash: str) -> list[Job]:
    """Jobs of that ``spec_hash`` that are not done or cancelled, the newest first: what a new one
    would do again."""
    return _jobs(
        read,
        "spec_hash = ? AND state NOT IN ('DONE', 'CANCELLED') ORDER BY seq DESC",
        spec_hash,
    )


def spec_hash(new: NewJob) -> str:
    """The hash by which ``same_work`` finds a job."""
    return hash_of(new.kind, new.spec if new.identity is None else new.identity)


def forget(tx: Transaction, job: str) -> list[str]:
    """Drop an ended job and its children with all their rows; the names whose folders may go.

    Raises ``NotPossible`` while it has not ended, or while something it did must be put back.
    """
    found = get(tx, job)
    names = [found.id, *(name for (name,) in tx.rows(_DESCENDANTS, job))]
    marks = ", ".join("?" * len(names))
    if not found.state.ended:
        raise NotPossible(f"job {job} is {found.state}; cancel it first")
    if tx.number(f"SELECT count(*) FROM steps WHERE owed = 1 AND job IN ({marks})", *names):  # noqa: S608
        raise NotPossible(f"job {job} still has to put something back; see what it owes")
    waiting = tx.one(
        f"SELECT id, after FROM jobs WHERE after IN ({marks}) AND id NOT IN ({marks})"  # noqa: S608
        " AND state NOT IN ('DONE', 'FAILED', 'CANCELLED')",
        *names, *names,
    )  # fmt: skip
    if waiting is not None and found.state is not JobState.DONE:
        raise NotPossible(f"job {waiting[0]} waits for {waiting[1]}; cancel that one first")
    tx.run("DELETE FROM jobs WHERE id = ?", job)
    if found.parent is not None:
        states.roll_up(tx, found.parent)
    return names


_DESCENDANTS = """
WITH RECURSIVE below (id) AS (
    SELECT id FROM jobs WHERE parent = ?
    UNION ALL SELECT jobs.id FROM jobs JOIN below ON jobs.parent = below.id)
SELECT id FROM below"""


def _add(
    tx: Transaction, new: NewJob, parent: str | None, *, is_parent: bool, who: str | None
) -> str:
    spec = encode(new.spec)
    after = _after(tx, new, parent)
    name = _name(tx, parent)
    tx.insert(
        "INSERT INTO jobs (id, parent, is_parent, kind, title, spec, spec_hash, state, priority,"
        " rate, not_before, after, expected, created, created_by, engine_version)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'QUEUED', ?, ?, ?, ?, ?, ?, ?, ?)",
        name, parent, is_parent, new.kind, redact(new.title), spec, spec_hash(new), new.priority,
        new.rate, new.not_before, after, new.expected, tx.now, who or user_name(), __version__,
    )  # fmt: skip
    for place, use in enumerate(new.clusters):
        tx.insert(
            "INSERT INTO job_clusters (job, place, name, url, hosts) VALUES (?, ?, ?, ?, ?)",
            name, place, use.name, redact(use.url), canonical(use.hosts),
        )  # fmt: skip
    events.note(tx, name, "state", f"put into the queue by {who or user_name()}")
    states.roll_up(tx, parent)
    return name


def _after(tx: Transaction, new: NewJob, parent: str | None) -> str | None:
    """The job to wait for: a child waits for what its parent waits for."""
    if new.after is None:
        return None if parent is None else get(tx, parent).after
    awaited = get(tx, new.after)
    if awaited.state is JobState.CANCELLED:
        raise NotPossible(f"job {awaited.id} was cancelled and will never be done")
    return awaited.id


def _name(tx: Transaction, parent: str | None) -> str:
    if parent is not None:
        above = get(tx, parent)
        if not above.is_parent:
            raise NotPossible(f"job {parent} has work of its own and cannot have children")
        last = tx.one("SELECT id FROM jobs WHERE parent = ? ORDER BY seq DESC LIMIT 1", parent)
        return child_id(parent, int(last[0].rpartition(".")[2]) + 1 if last else 1)
    now = tx.now
    while True:
        last = tx.one(
            "SELECT max(id) FROM jobs WHERE parent IS NULL AND id LIKE ?", f"{day_of(now)}-%"
        )
        try:
            return next_id(now, last[0] if last else None)
        except OverflowError:
            # The last moment of a day was very busy.
            now = now - now % _ONE_DAY + _ONE_DAY


def _jobs(read: Reading, where: str, *values: Any) -> list[Job]:
    rows = read.rows(f"SELECT {_COLUMNS} FROM jobs WHERE {where}", *values)  # noqa: S608
    return [_job(read, row) for row in rows]


def _job(read: Reading, row: Sequence[Any]) -> Job:
    return Job(
        id=row[0],
        parent=row[1],
        is_parent=bool(row[2]),
        kind=row[3],
        title=row[4],
        spec=decode(row[5]),
        spec_hash=row[6],
        clusters=clusters(read, row[0]),
        state=JobState(row[7]),
        phase=row[8],
        checkpoint=decode(row[9]),
        ending=row[10],
        reason=row[11],
        priority=row[12],
        rate=row[13],
        not_before=row[14],
        expected=row[15],
        created=row[16],
        created_by=row[17],
        started=row[18],
        ended=row[19],
        engine_version=row[20],
        crashes=row[21],
        after=row[22],
        pausing=bool(row[23]),
        cancelling=bool(row[24]),
    )


def clusters(read: Reading, job: str) -> tuple[ClusterUse, ...]:
    """The clusters a job uses."""
    rows = read.rows("SELECT name, url, hosts FROM job_clusters WHERE job = ? ORDER BY place", job)
    return tuple(
        ClusterUse(name, url, msgspec.json.decode(hosts, type=tuple[str, ...]))
        for name, url, hosts in rows
    )
