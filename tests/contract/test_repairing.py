"""Proofs that are interrupted, repaired and reported, on the simulator and on a real server."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from elysiadash.demo.cluster import SimulatedCluster, simulated
from elysiadash.demo.faults import Fault
from elysiadash.jobs import control, dead_letters, folder, ranges
from elysiadash.jobs.work import Interrupted
from elysiadash.migrate import report
from elysiadash.migrate.delta import catch_up
from elysiadash.migrate.errors import NotProven
from elysiadash.migrate.ids import Copied
from elysiadash.migrate.ledgers import PartLedger
from elysiadash.migrate.parts import Part
from elysiadash.migrate.phases import Ending
from elysiadash.migrate.repair import repair
from elysiadash.migrate.report import ReportChanged, write_report
from elysiadash.migrate.run import Run
from elysiadash.migrate.site import Site
from elysiadash.migrate.verify import is_green, keeping, lanes, prove, prove_again, why_not_green
from elysiadash.migrate.verify import proving as proving_module
from elysiadash.migrate.verify.keeping import PROOFS
from elysiadash.migrate.verify.mismatches import every, page
from elysiadash.scan.keys import as_bytes, as_text
from elysiadash.scan.ledger import Entry
from tests.contract import proving
from tests.contract.conftest import CHANGEABLE
from tests.contract.migrating import Audited
from tests.contract.proving import SOURCE, TARGET, Scene, definition, objects, to_target
from tests.servers.real import RealCluster

COUNT = 60
each_kind = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)
simulator = pytest.mark.parametrize("kind", ["simulator"], indirect=True)


@pytest_asyncio.fixture
async def cluster(kind: str, _cluster: RealCluster | None) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:
        yield _cluster or await stack.enter_async_context(simulated("empty"))


@pytest_asyncio.fixture
async def scene(cluster: Any, tmp_path: Path) -> AsyncIterator[Scene]:
    async with proving.scene(cluster.url, cluster.grpc, cluster.nodes, tmp_path) as made:
        yield made


async def copied(scene: Scene, broken: proving.Break | None = None) -> list[dict[str, Any]]:
    await scene.create(definition(SOURCE))
    await scene.create(definition(TARGET))
    source = objects(COUNT)
    await scene.write(source)
    target = to_target(source)
    await scene.write(broken(target) if broken else target)
    return source


class Killed(Exception):
    """In the place of a death."""


class Copier:
    """Copies objects by id with raw requests; ``wrong`` does to them what a broken one does."""

    def __init__(self, scene: Scene, wrong: Any = None) -> None:
        self.scene = scene
        self.wrong = wrong
        self.asked: list[list[str]] = []

    async def __call__(self, run: Run, part: Part, ids: Iterable[bytes]) -> Copied:
        names = [as_text(key) for key in ids]
        self.asked.append(names)
        found = []
        for name in names:
            answer = await self.scene.http.get(
                f"/v1/objects/{part.collection}/{name}?include=vector"
            )
            one = answer.json()
            found.append({key: one[key] for key in ("id", "properties", "vectors") if key in one})
            found[-1]["class"] = part.target
        if self.wrong:
            self.wrong(found)
        await self.scene.write(found)
        source = await self.scene.times(part.collection)
        target = await self.scene.times(part.target)
        entries = [Entry(as_bytes(name), source[name], target_time=target[name]) for name in names]
        return Copied(entries, [])


@each_kind
@pytest.mark.parametrize(
    "broken", [proving.skip_one, proving.drop_vector, proving.truncate_date, proving.swap_vectors]
)
async def test_what_differs_is_copied_again_and_proven(scene: Scene, broken: proving.Break) -> None:
    await copied(scene, broken)
    run = await scene.run()
    proof = await prove(run, final=True)
    copier = Copier(scene)
    proof = await repair(run, proof, copy=copier)
    assert proof.rounds == 1
    assert is_green(proof, dead_letters=0), why_not_green(proof, dead_letters=0)
    assert [len(ids) for ids in copier.asked] == [2 if broken is proving.swap_vectors else 1]
    assert list(every(run.work)) == []


@each_kind
async def test_what_a_killed_repair_wrote_is_deleted_with_its_source(scene: Scene) -> None:
    await copied(scene, proving.skip_one)
    run = await scene.run()
    proof = await prove(run, final=True)
    (missing,) = [one.id for one in every(run.work)]

    class Dies(Copier):
        async def __call__(self, run: Run, part: Part, ids: Iterable[bytes]) -> Copied:
            await super().__call__(run, part, ids)
            raise Killed

    with PartLedger.of(run.work, run.parts[0]) as ledger:
        assert ledger.get(as_bytes(missing)) is None
    with pytest.raises(Killed):
        await repair(run, proof, copy=Dies(scene))
    assert missing in await scene.times(TARGET)
    # Before anybody takes the job over, the application deletes it.
    answer = await scene.http.delete(f"/v1/objects/{SOURCE}/{missing}")
    assert answer.status_code == 204
    run = await scene.again(run)
    profile = msgspec.structs.replace(run.target.profile, write=True)
    run.target = await Site.open(profile, audit=Audited())
    try:
        assert (await catch_up(run, 1)).deleted == 1
    finally:
        await run.target.aclose()
    assert missing not in await scene.times(TARGET)


@simulator
async def test_what_a_repair_intended_and_did_not_store_is_forgotten(scene: Scene) -> None:
    await copied(scene, proving.skip_one)
    run = await scene.run()
    proof = await prove(run, final=True)
    (missing,) = [one.id for one in every(run.work)]

    async def stores_nothing(run: Run, part: Part, ids: Iterable[bytes]) -> Copied:
        return Copied([], [])

    await repair(run, proof, copy=stores_nothing)
    with PartLedger.of(run.work, run.parts[0]) as ledger:
        assert ledger.get(as_bytes(missing)) is None


@each_kind
async def test_repair_ends_after_three_rounds_and_lists_what_is_left(scene: Scene) -> None:
    await copied(scene, proving.drop_vector)
    run = await scene.run()

    def lose_it_again(found: list[dict[str, Any]]) -> None:
        for one in found:
            del one["vectors"]["b"]

    copier = Copier(scene, lose_it_again)
    proof = await repair(run, await prove(run, final=True), copy=copier)
    assert proof.rounds == 3
    assert len(copier.asked) == 3
    assert not is_green(proof, dead_letters=0)
    [left] = every(run.work)
    assert (left.kind, [one.field for one in left.fields]) == ("different", ["vectors.b"])


@each_kind
async def test_p13_what_the_job_did_not_write_is_not_touched(scene: Scene) -> None:
    source = await copied(scene, proving.keep_deleted)
    # Another one, of an id that the source has too, that somebody else wrote.
    theirs = to_target(source)[3]
    theirs["properties"]["text"] = "somebody else's"
    await scene.write([theirs])
    run = await scene.run(unknown=[theirs["id"]])
    before = await scene.times(TARGET)
    copier = Copier(scene)
    proof = await repair(run, await prove(run, final=True), copy=copier)
    assert copier.asked == []
    assert await scene.times(TARGET) == before
    assert (proof.extra, proof.different) == (1, 1)
    assert {(one.kind, one.ours) for one in every(run.work)} == {
        ("extra", False),
        ("different", False),
    }
    assert not is_green(proof, dead_letters=0)


@simulator
async def test_p5_a_proof_that_was_killed_goes_on_where_it_was(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await copied(scene, proving.drop_vector)
    run = await scene.run(ranges_each=8)
    kept = keeping.keep
    left = [3]

    def die_at_the_third(*given: Any) -> None:
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        kept(*given)

    monkeypatch.setattr(proving_module, "LANES", 1)
    monkeypatch.setattr(keeping, "keep", die_at_the_third)
    with pytest.raises(Killed):
        await prove(run)
    monkeypatch.setattr(keeping, "keep", kept)
    later = await scene.again(run)
    asked: list[Any] = []
    monkeypatch.setattr(keeping, "keep", lambda *given: (asked.append(given), kept(*given)))
    proof = await prove(later)
    assert proof.number == 1
    assert len(asked) == 5
    assert (proof.same, proof.different, proof.source) == (COUNT - 1, 1, COUNT)
    assert [one.kind for one in every(later.work)] == ["different"]
    # Asked for once more, it begins anew.
    assert (await prove(later)).number == 2
    with later.work.reading() as read:
        assert not [name for name in folder.committed(read, later.job) if name.endswith("-1")]


@simulator
async def test_what_is_being_kept_when_it_stops_is_kept_to_its_end(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await copied(scene, proving.drop_vector)
    run = await scene.run(ranges_each=8)
    kept, ended = keeping.keep, list[Any]()
    begun = [0]

    def slowly(*given: Any) -> None:
        begun[0] += 1
        if begun[0] == 4:
            raise Killed
        time.sleep(0.2)
        kept(*given)
        ended.append(given)

    monkeypatch.setattr(keeping, "keep", slowly)
    with pytest.raises(Killed):
        await prove(run)
    assert len(ended) == begun[0] - 1
    monkeypatch.setattr(keeping, "keep", kept)
    proof = await prove(await scene.again(run))
    assert (proof.number, proof.same, proof.different) == (1, COUNT - 1, 1)


@simulator
async def test_a_final_proof_that_was_interrupted_looks_at_everything_once_more(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await copied(scene)
    run = await scene.run(ranges_each=8)
    kept = keeping.keep
    done = [0]

    def stop_after_four(*given: Any) -> None:
        kept(*given)
        done[0] += 1
        if done[0] == 4:
            raise Killed

    monkeypatch.setattr(proving_module, "LANES", 1)
    monkeypatch.setattr(keeping, "keep", stop_after_four)
    with pytest.raises(Killed):
        await prove(run, final=True)
    monkeypatch.setattr(keeping, "keep", kept)
    # Somebody writes although writers were said to be stopped: into a range that was proven.
    for one in (source[0], source[20], source[-1]):
        one["properties"]["text"] = "written in between"
    await scene.write([source[0], source[20], source[-1]])
    proof = await prove(await scene.again(run), final=True)
    assert proof.different == 3
    assert not is_green(proof, dead_letters=0)


@simulator
async def test_ranges_that_were_copied_since_are_not_taken_for_proven(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await copied(scene)
    run = await scene.run(ranges_each=4)
    kept, done = keeping.keep, [0]

    def stop_after_two(*given: Any) -> None:
        kept(*given)
        done[0] += 1
        if done[0] == 2:
            raise Killed

    monkeypatch.setattr(proving_module, "LANES", 1)
    monkeypatch.setattr(keeping, "keep", stop_after_two)
    with pytest.raises(Killed):
        await prove(run)
    monkeypatch.setattr(keeping, "keep", kept)
    again = await scene.again(run)
    with again.work.reading() as read:
        begun = keeping.latest(read, run.job)
        assert begun is not None
        proven = next(one for one in begun.ranges if one.state is ranges.RangeState.DONE)
    key = next(
        as_bytes(one["id"]) for one in source if proven.lower <= as_bytes(one["id"]) <= proven.upper
    )
    from elysiadash.migrate import ledgers

    ledgers.replace(again.work, again.parts[0], [Entry(key, 1)], 1)
    assert (await prove(again)).number == 2


@simulator
async def test_it_stops_where_it_is_asked_to(scene: Scene) -> None:
    await copied(scene)
    run = await scene.run()
    with run.work.database.transaction() as tx:
        control.ask(tx, run.job, "pause", who="anna")
    with pytest.raises(Interrupted):
        await prove(run)
    assert run.checkpoint.proof is None


@simulator
async def test_a_copy_that_is_not_whole_is_not_proven(scene: Scene) -> None:
    await copied(scene)
    run = await scene.run()
    with run.work.held() as tx:
        tx.run("DELETE FROM ranges WHERE id = (SELECT min(id) FROM ranges WHERE generation = 0)")
    with pytest.raises(NotProven, match="not copied whole"):
        await prove(run)


@simulator
async def test_a_damaged_ledger_proves_nothing(scene: Scene) -> None:
    await copied(scene)
    run = await scene.run()
    await prove(run)
    with run.work.reading() as read:
        [name, *_] = [
            name for name in folder.committed(read, run.job) if name.startswith("ledger-")
        ]
    path = run.work.folder() / name
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    with pytest.raises(NotProven, match="not those that were written"):
        await prove_again(run)


@simulator
async def test_a_node_that_is_away_makes_no_proof(
    scene: Scene, cluster: SimulatedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "_WAITS_S", (0.0,))
    await copied(scene)
    run = await scene.run()
    cluster.faults.add(Fault(kind="node_down", node=list(cluster.nodes)[-1], start=-60.0))
    await cluster.apply_faults()
    with pytest.raises(NotProven):
        await prove(run)
    assert run.checkpoint.proof is None


@each_kind
async def test_tenants_that_are_not_active_are_named_and_never_green(scene: Scene) -> None:
    for name in (SOURCE, TARGET):
        await scene.create(definition(name, multiTenancyConfig={"enabled": True}))
        answer = await scene.http.post(
            f"/v1/schema/{name}/tenants", json=[{"name": "one"}, {"name": "two"}]
        )
        assert answer.status_code == 200, answer.text
    for tenant in ("one", "two"):
        source = objects(COUNT, tenant=tenant)
        await scene.write(source)
        await scene.write(to_target(source))
    parts = [Part(collection=SOURCE, target=TARGET, tenant=name) for name in ("one", "two")]
    run = await scene.run(parts)
    proof = await prove(run, final=True)
    assert is_green(proof, dead_letters=0), why_not_green(proof, dead_letters=0)
    assert proof.same == 2 * COUNT
    answer = await scene.http.put(
        f"/v1/schema/{TARGET}/tenants", json=[{"name": "two", "activityStatus": "COLD"}]
    )
    assert answer.status_code == 200, answer.text
    proof = await prove_again(run)
    assert proof.same == COUNT
    assert any("tenant two" in fault for fault in proof.faults)
    assert not is_green(proof, dead_letters=0)


@simulator
async def test_it_reads_nothing_as_the_copy_does(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elysiadash.weaviate.objects import Converter, ReadBack, Reader

    def refuse(*_: Any) -> Any:
        raise AssertionError("verification asked the copy's own reader")

    for kind, names in ((Reader, ("page", "one")), (Converter, ("convert",))):
        for name in names:
            monkeypatch.setattr(kind, name, refuse)
    monkeypatch.setattr(ReadBack, "__init__", refuse)
    await copied(scene)
    assert is_green(await prove(await scene.run(), final=True), dead_letters=0)


async def _reported(run: Run, ending: Ending) -> tuple[dict[str, Any], str]:
    name = await write_report(run, ending)
    where = run.work.folder()
    assert run.work.job().checkpoint["report"] == name
    return (
        report.check((where / name).read_bytes()),
        (where / name.replace(".json", ".md")).read_text(),
    )


@each_kind
async def test_the_report_begins_with_what_was_not_checked_and_is_sealed(scene: Scene) -> None:
    await copied(scene)
    run = await scene.run()
    await prove(run, final=True)
    await run.save(notes=("replicas of the source: their nodes have no addresses",))
    document, text = await _reported(run, Ending.VERIFIED)
    assert document["verified"]
    assert document["level"] == "V2"
    assert "replicas of the source: their nodes have no addresses" in document["not_checked"]
    assert text.index("## Not checked") < text.index("## Verdict") < text.index("Verified (V2)")
    assert f"all {COUNT} objects" in text
    path = run.work.folder() / run.checkpoint.report
    if shutil.which("jq"):
        told = await asyncio.to_thread(
            subprocess.run, ["jq", "-cS", "del(.sha256)", path], capture_output=True, check=True
        )
        assert hashlib.sha256(told.stdout.replace(b"\n", b"")).hexdigest() == document["sha256"]
    for old, new in ((f'"same": {COUNT}', '"same": 61'), ('"verified": true', '"verified": false')):
        data = path.read_text()
        assert old in data
        with pytest.raises(ReportChanged):
            report.check(data.replace(old, new).encode())
    with pytest.raises(ReportChanged):
        report.check(b"{}")
    # Written anew (after the thaw, say) it takes the old one's place.
    await write_report(run, Ending.VERIFIED)
    names = sorted(one.name for one in run.work.folder().glob("report-*"))
    assert names == ["report-2.json", "report-2.md"]


@simulator
@pytest.mark.parametrize("broken", [proving.skip_one, proving.drop_vector, proving.keep_deleted])
async def test_no_report_says_verified_of_what_differs(scene: Scene, broken: proving.Break) -> None:
    await copied(scene, broken)
    run = await scene.run()
    with pytest.raises(NotProven):
        await write_report(run, Ending.VERIFIED)
    await prove(run, final=True)
    with pytest.raises(NotProven):
        await write_report(run, Ending.VERIFIED)
    document, text = await _reported(run, Ending.DIFFERENT)
    assert not document["verified"]
    assert document["against"]
    assert document["mismatches"]["listed"] == 1
    assert "**Not verified.**" in text
    assert "Verified (" not in text


@simulator
async def test_dead_letters_are_in_the_report_and_never_green(scene: Scene) -> None:
    source = await copied(scene, proving.skip_one)
    run = await scene.run()
    lost = as_bytes(source[7]["id"])
    with run.work.held() as tx:
        dead_letters.put(
            tx, lost, "an int that no way carries", detail="password=hunter2", tenant=SOURCE
        )
    await prove(run, final=True)
    [one] = every(run.work)
    assert one.dead_letter == "an int that no way carries"
    with pytest.raises(NotProven):
        await write_report(run, Ending.VERIFIED)
    document, text = await _reported(run, Ending.DIFFERENT)
    assert document["dead_letters"]["objects"] == 1
    assert "an int that no way carries" in text
    assert "hunter2" not in json.dumps(document) + text


@simulator
async def test_what_a_server_wrote_is_no_markup_and_no_escape_code(scene: Scene) -> None:
    source = await copied(scene)
    source[4]["properties"]["text"] = "\x1b[31m# red\n<b>|`*"
    await scene.write([source[4]])
    run = await scene.run()
    await prove(run, final=True)
    document, text = await _reported(run, Ending.DIFFERENT)
    assert "\x1b" not in json.dumps(document, ensure_ascii=False) + text
    assert "<b>" not in text


@simulator
async def test_mismatches_come_in_pages(scene: Scene) -> None:
    await scene.create(definition(SOURCE))
    await scene.create(definition(TARGET))
    await scene.write(objects(COUNT))
    run = await scene.run()
    proof = await prove(run, final=True)
    assert proof.missing == COUNT
    seen: list[str] = []
    start: int | None = 0
    while start is not None:
        with run.work.reading() as read:
            found = page(read, run.work.folder(), run.job, start=start, limit=7)
        seen += [one.id for one in found.rows]
        start = found.following
    assert sorted(seen) == [one["id"] for one in objects(COUNT)]
    with run.work.reading() as read:
        assert len(ranges.of(read, run.job, generation=PROOFS + 1)) == 4


@simulator
async def test_waves_of_tenants_keep_what_each_found(scene: Scene) -> None:
    for name in (SOURCE, TARGET):
        await scene.create(definition(name, multiTenancyConfig={"enabled": True}))
        await scene.http.post(f"/v1/schema/{name}/tenants", json=[{"name": "one"}, {"name": "two"}])
    for tenant in ("one", "two"):
        source = objects(COUNT, tenant=tenant)
        await scene.write(source)
        await scene.write(proving.skip_one(to_target(source)))
    parts = [Part(collection=SOURCE, target=TARGET, tenant=name) for name in ("one", "two")]
    run = await scene.run(parts)
    for part in parts:
        run.parts = [part]
        proof = await prove(run, final=True)
        await run.save(asleep=(*run.checkpoint.asleep, proof), proof=None)
    assert [one.part for one in every(run.work)] == [part.key for part in parts]
    starts, start = [], 0
    while start is not None:
        with run.work.reading() as read:
            found = page(read, run.work.folder(), run.job, start=start, limit=1)
        starts += [one.part for one in found.rows]
        start = found.following  # type: ignore[assignment]
    assert starts == [part.key for part in parts]
    # What one wave found is not the other's to repair.
    asked: list[tuple[str, int]] = []

    async def copy_nothing(_: Run, part: Part, ids: Iterable[bytes]) -> Copied:
        asked.append((part.key, len(list(ids))))
        return Copied([], [])

    await repair(run, proof, copy=copy_nothing)
    assert asked == [(parts[1].key, 1)]
    assert sorted(one.part for one in every(run.work)) == [part.key for part in parts]
    await run.save(proof=None)
    run.parts = []
    with pytest.raises(NotProven):
        await write_report(run, Ending.VERIFIED)
    document, text = await _reported(run, Ending.DIFFERENT)
    assert any("wave 1 of tenants" in words for words in document["against"])
    assert "proof 1 (V2)" in text


@simulator
async def test_definitions_alone_are_reported_as_that(scene: Scene) -> None:
    await copied(scene)
    run = await scene.run(schema_only=True, ledgers_too=False)
    document, text = await _reported(run, Ending.VERIFIED)
    assert document["level"] is None
    assert "objects: only definitions were to be copied" in document["not_checked"]
    assert "Definitions only" in text
    assert "Verified (" not in text
