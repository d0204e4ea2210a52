"""A state folder with jobs of every sort, at a fixed time, and the app over it."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.config.profile import Profile
from elysiadash.jobs import (
    claims,
    control,
    dead_letters,
    events,
    folder,
    keyspace,
    outcomes,
    queue,
    ranges,
    steps,
)
from elysiadash.jobs.claims import Claim
from elysiadash.jobs.database import Database
from elysiadash.jobs.job import ClusterUse, Job
from elysiadash.jobs.launch import Launched
from elysiadash.jobs.limits import Limits
from elysiadash.migrate import drafts
from elysiadash.migrate.checkpoint import (
    Check,
    Checkpoint,
    Forecast,
    Frozen,
    Generation,
    Pace,
    Proof,
)
from elysiadash.migrate.drafts import ChosenCollection, Draft
from elysiadash.migrate.freeze import noted
from elysiadash.migrate.phases import Freeze, Strategy
from elysiadash.migrate.spec import MIGRATE, PREFLIGHT, Spec, Wanted, new_job
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.clusters import Clusters
from elysiadash.tui.jobs_source import JobRooms, Jobs
from tests.tui.still import START, Clock, StillWatch, still_cluster

PROD = Profile(
    name="prod-eu", url="http://weaviate.example:8080", environment="prod", colour="#b02a37"
)
STAGING = Profile(
    name="staging", url="http://staging.example:8080", environment="staging", write=True
)
USES = (ClusterUse(PROD.name, PROD.url), ClusterUse(STAGING.name, STAGING.url))
CHECKS = (
    Check(code="versions", result="ok", about="prod-eu", text="1.38.11, no known data risk"),
    Check(code="permissions", result="ok", about="staging", text="create, update, delete: all"),
    Check(code="target-name", result="ok", about="Documents", text="is free in staging"),
    Check(
        code="capacity", result="unknown", about="staging",
        text="how much disk is free is not known",
        way_out="give the profile staging a Prometheus, or look yourself: 212 GB are needed",
    ),
    Check(
        code="replicas", result="warns", about="Documents",
        text="shard03: weaviate-1 is 17 flushed objects behind",
        way_out="it is settled before the freeze; wait if it grows",
    ),
    Check(
        code="vectorless", result="blocks", about="Documents",
        text="1,204 objects have no vector, and staging would compute and bill them",
        way_out="leave the vectorizer out (--set vectorizer=none), or lift this block",
        liftable=True,
    ),
)  # fmt: skip
FORECAST = Forecast(
    objects=120_403_112, bytes=212_400_000_000, seconds_p50=35_000, seconds_p90=41_000,
    freeze_seconds=22, basis="the rehearsal, 40,000 objects",
)  # fmt: skip
REPORT = """# Migration of Glossary: verified

Not checked: search parity (V4 was not asked for).

| what | number |
|---|---|
| objects | 1,204 |
| verified whole | 1,204 |
| dead letters | 0 |

Frozen 12 s, thawed by ana.
"""


class Times:
    """Both clocks of jobs, moved by hand."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def wall(self) -> float:
        """Wall seconds."""
        return self.clock()

    def steady(self) -> float:
        """The same."""
        return self.clock()


class Room:
    """A state folder, and what was started in it."""

    def __init__(self, place: Path, clock: Clock | None = None) -> None:
        self.place = place
        place.mkdir(exist_ok=True)
        self.clock = clock or Clock()
        self.started = 0
        self._database: Database | None = None

    @property
    def database(self) -> Database:
        """The rows."""
        if self._database is None:
            self._database = Database.open(self.place, clock=Times(self.clock))
        return self._database

    def start(self, state: Path) -> Launched:
        """Counted; no worker is there."""
        self.started += 1
        return Launched(pid=0, started=False)

    def jobs(self) -> Jobs:
        """As the app reads them."""
        return Jobs(self.place, start=self.start, every_s=0.0, times=Times(self.clock))

    def rooms(self) -> JobRooms:
        """For the app."""
        return JobRooms(None, jobs=self.jobs())

    # Jobs

    def put(self, kind: str = MIGRATE, ago: float = 600, **spec: Any) -> Job:
        """One in the queue."""
        self.clock.now -= ago
        try:
            with self.database.transaction() as tx:
                job = queue.submit(tx, new_job(kind, spec_of(**spec), USES), who="ana")
        finally:
            self.clock.now += ago
        return job

    def claimed(self, ago: float = 0) -> Claim:
        """The next one in a worker's hands."""
        self.clock.now -= ago
        try:
            found = claims.claim_next(self.database, "worker-1", limits=Limits(jobs_per_cluster=50))
        finally:
            self.clock.now += ago
        assert found is not None
        return found

    def enter(
        self, claim: Claim, phase: str, point: Checkpoint, expected: int | None = None
    ) -> None:
        """In that phase, with that checkpoint."""
        with claims.held(self.database, claim) as tx:
            outcomes.enter(tx, phase, checkpoint=msgspec.to_builtins(point))
            if expected is not None:
                outcomes.expect(tx, expected)

    def running(self) -> Job:
        """A copy under way: 32 ranges, 20 done, 4 in hand; two dead letters."""
        job = self.put(ago=900)
        claim = self.claimed(ago=870)
        point = Checkpoint(
            checks=CHECKS[:5],
            forecast=FORECAST,
            generations=(
                Generation(number=1, seconds=44, scanned=1_204_000, changed=1_204, deleted=12),
            ),
            pace=Pace(
                objects_per_s=3412, lanes=4, bottleneck="target: indexing, 92 % of the time",
                throttled="p95 of batches 1.8 s, was 0.4 s",
            ),
        )  # fmt: skip
        self.enter(claim, "COPY", point, 1_200_000)
        with claims.held(self.database, claim) as tx:
            ranges.add(tx, job.id, keyspace.evenly(32), tenant="Documents")
            for slot in range(20):
                taken = ranges.take(tx, slot)
                assert taken is not None
                ranges.finish(tx, taken, objects=37_500, bytes=120_000_000, seconds=40 + slot % 5)
            for slot in range(20, 24):
                taken = ranges.take(tx, slot)
                assert taken is not None
                middle = (int.from_bytes(taken.lower) + int.from_bytes(taken.upper)) // 2
                ranges.advance(tx, taken, middle.to_bytes(16), objects=9_000, seconds=11)
            for number, reason in enumerate(("int does not fit", "object too large")):
                dead_letters.put(
                    tx, uuid.UUID(int=number + 7).bytes, reason,
                    detail="400 Bad Request: 9223372036854776000", tenant="Documents",
                )  # fmt: skip
            events.note(
                tx,
                job.id,
                "throttle",
                "p95 of batches 1.8 s, was 0.4 s: 4 lanes",
                severity="warning",
            )
        return self.now(job)

    def asking(self) -> Job:
        """One that waits for an answer."""
        job = self.put(ago=7200, collections=(Wanted(name="Customers", target="Customers"),))
        claim = self.claimed(ago=7100)
        question = "1,480 objects (1.4 %) are gone from the source: say yes to delete them, or keep"
        point = Checkpoint(
            checks=CHECKS[:3], question=question, asked="deletes-1", choices=("yes", "keep")
        )
        self.enter(claim, "DELTA", point)
        with claims.held(self.database, claim) as tx:
            outcomes.pause(tx, question)
        return self.now(job)

    def different(self) -> Job:
        """One whose verification failed."""
        job = self.put(ago=90_000, collections=(Wanted(name="Chunks", target="ChunksNew"),))
        claim = self.claimed(ago=89_000)
        proof = Proof(
            level="V3", source=98_114, target=98_113, same=98_110, missing=1, different=2, extra=1,
            rounds=3, not_checked=("replicas one by one: no addresses of nodes in the profile",),
        )  # fmt: skip
        self.enter(claim, "PROVEN", Checkpoint(checks=CHECKS[:3], proof=proof))
        where = folder.make(self.place, job.id)
        lines = [
            {"kind": "missing", "id": str(uuid.UUID(int=1)), "part": "Chunks"},
            {"kind": "different", "id": str(uuid.UUID(int=2)), "part": "Chunks", "ours": True,
             "fields": [
                 {"field": "properties.published", "source": "2024-05-01T10:00:00.123456789Z",
                  "target": "2024-05-01T10:00:00Z"},
                 {"field": "vectors.title", "source": "768 dimensions, first 0.12",
                  "target": "768 dimensions, first 0.13"},
             ]},
            {"kind": "different", "id": str(uuid.UUID(int=3)), "part": "Chunks", "ours": True,
             "fields": [{"field": "properties.author", "source": "null", "target": "absent"}]},
            {"kind": "extra", "id": str(uuid.UUID(int=4)), "part": "Chunks"},
        ]  # fmt: skip
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
        with folder.Appended(where, "mismatches-2", 0) as file:
            file.append(data)
            length = file.sync()
        with claims.held(self.database, claim) as tx:
            folder.commit(tx, "mismatches-2", length)
            outcomes.fail(
                tx, "after 3 rounds of repair: 1 missing, 2 different", ending="DIFFERENT"
            )
        return self.now(job)

    def frozen(self, *, left: bool = False) -> Job:
        """One in its freeze; ``left``: its worker is gone."""
        wanted = (Wanted(name="Documents", target="DocumentsNew"),)
        job = self.put(ago=4000, collections=wanted, alias="Docs")
        claim = self.claimed(ago=3900)
        proof = Proof(level="V2", source=120_403, target=120_403, same=120_403)
        frozen = Frozen(
            how="READONLY", since=START - 18, until=START + 42,
            proven_by=("36 replicas say READONLY", "no node restarted", "the probe was refused"),
        )  # fmt: skip
        self.enter(claim, "HELD", Checkpoint(checks=CHECKS[:3], proof=proof, frozen=frozen))
        self.clock.now -= 18
        with claims.held(self.database, claim) as tx:
            steps.plan(tx, job.id, [("prepare", "create DocumentsNew on staging")])
            steps.begin(tx, "prepare")
            steps.end(tx, "prepare")
            steps.begin(
                tx, "freeze", title="freeze Documents on prod-eu by READONLY shards", owed=True,
                undo=noted.plain(
                    noted.Undo(
                        mark="m", how=Freeze.READONLY, cluster="prod-eu", collections=("Documents",)
                    )
                ),
                data=noted.plain(
                    noted.Known(
                        since=START - 18, until=START + 42, until_steady=START + 42, boot="b"
                    )
                ),
            )  # fmt: skip
        self.clock.now += 18
        if left:
            with claims.held(self.database, claim) as tx:
                outcomes.fail(tx, "the worker lost the target: no connection", ending="FAILED")
        else:
            claims.beat(self.database, claim)
        return self.now(job)

    def verified(self) -> Job:
        """One that is done, with its report."""
        job = self.put(ago=200_000, collections=(Wanted(name="Glossary", target="Glossary"),))
        claim = self.claimed(ago=199_000)
        proof = Proof(level="V2", source=1_204, target=1_204, same=1_204)
        self.enter(
            claim, "REPORT", Checkpoint(checks=CHECKS[:3], proof=proof, report="report.json")
        )
        where = folder.make(self.place, job.id)
        (where / "report.md").write_text(REPORT, "utf-8")
        self.clock.now -= 190_000
        with claims.held(self.database, claim) as tx:
            outcomes.finish(tx, ending="VERIFIED")
        self.clock.now += 190_000
        return self.now(job)

    def checked(self, draft: Draft, *, blocked: bool = True) -> Draft:
        """A draft whose preflight is done."""
        job = self.put(PREFLIGHT, ago=30)
        claim = self.claimed(ago=25)
        checks = CHECKS if blocked else CHECKS[:5]
        self.enter(claim, "PREFLIGHT", Checkpoint(checks=checks, forecast=FORECAST))
        self.clock.now -= 12
        with claims.held(self.database, claim) as tx:
            if blocked:
                outcomes.fail(tx, "refused by preflight", ending="REFUSED")
            else:
                outcomes.finish(tx, ending="CHECKED")
        self.clock.now += 12
        checked = msgspec.structs.replace(draft, preflight=job.id, checked_as=draft.fingerprint())
        return drafts.save(self.place, checked, self.clock())

    def draft(self, name: str = "d-00000001", **given: Any) -> Draft:
        """One on disk."""
        draft = Draft(
            id=name, source=PROD.name, source_url=PROD.url, created=START - 3600, created_by="ana",
            **given,
        )  # fmt: skip
        return drafts.save(self.place, draft, START - 300)

    def planned(self, **given: Any) -> Draft:
        """A draft with two collections and a target."""
        chosen = (
            ChosenCollection(name="Documents"),
            ChosenCollection(name="Customers", target="CustomersEu", tenants=("acme", "globex")),
        )
        return self.draft(**{"collections": chosen, "target": STAGING.name, **given})

    def wish(self, job: str, verb: Any, value: Any = None) -> None:
        """What somebody asked in another terminal."""
        with self.database.transaction() as tx:
            control.ask(tx, job, verb, value, who="ana")

    def now(self, job: Job) -> Job:
        """The job as it is now."""
        with self.database.reading() as read:
            return queue.get(read, job.id)


def spec_of(**given: Any) -> Spec:
    """A spec between the two clusters."""
    usual: dict[str, Any] = {
        "source": {"profile": {"name": PROD.name, "url": PROD.url}},
        "target": {"profile": {"name": STAGING.name, "url": STAGING.url}},
        "collections": (Wanted(name="Documents", target="Documents"),),
        "strategy": Strategy.ONLINE,
    }
    return Spec(**{**usual, **given})


def full(place: Path) -> Room:
    """Jobs of every sort."""
    room = Room(place)
    room.verified()
    room.different()
    room.asking()
    room.running()
    room.put(ago=300, collections=(Wanted(name="Events", target="Events"),))
    room.planned()
    return room


def watched(room: Room, profile: Profile = PROD) -> StillWatch:
    """The cluster beside the jobs."""
    watch = still_cluster(room.clock)
    watch.profile = profile
    return watch


def given(room: Room, profile: Profile = PROD) -> dict[str, Any]:
    """What the app is made with."""
    clusters = Clusters(
        {profile.name: profile, STAGING.name: STAGING}, lambda profile: watched(room, profile)
    )
    return {"clusters": clusters, "job_rooms": room.rooms()}


def app_over(room: Room, profile: Profile = PROD) -> ElysiadashApp:
    """The app."""
    return ElysiadashApp(watched(room, profile), clock=room.clock, **given(room, profile))
