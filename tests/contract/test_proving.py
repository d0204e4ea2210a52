"""Verification on the simulator and on a real server: every broken copier is caught, and a
faithful one is green."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.migrate.checkpoint import Proof
from elysiadash.migrate.phases import Verify
from elysiadash.migrate.run import Run
from elysiadash.migrate.verify import differences, is_green, prove, prove_again, why_not_green
from elysiadash.migrate.verify.mismatches import Mismatch, every
from tests.contract import proving
from tests.contract.conftest import CHANGEABLE
from tests.contract.proving import SOURCE, TARGET, Break, Scene, definition, objects, to_target
from tests.servers.real import RealCluster

COUNT = 60
each_kind = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)


@pytest_asyncio.fixture
async def scene(kind: str, _cluster: RealCluster | None, tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        cluster = _cluster or await stack.enter_async_context(simulated("empty"))
        made = proving.scene(cluster.url, cluster.grpc, cluster.nodes, tmp_path)
        yield await stack.enter_async_context(made)


async def copied(scene: Scene, broken: Break | None = None) -> None:
    """Source and target, the target as a broken copier leaves it."""
    await scene.create(definition(SOURCE))
    await scene.create(definition(TARGET))
    source = objects(COUNT)
    await scene.write(source)
    target = to_target(source)
    await scene.write(broken(target) if broken else target)


def found(run: Run) -> list[Mismatch]:
    return list(every(run.work))


def counts(proof: Proof) -> tuple[int, int, int, int]:
    return proof.same, proof.missing, proof.extra, proof.different


@each_kind
async def test_a_faithful_copy_is_green(scene: Scene) -> None:
    await copied(scene)
    run = await scene.run()
    proof = await prove(run, final=True)
    assert (proof.source, proof.target, proof.expected) == (COUNT, COUNT, COUNT)
    assert counts(proof) == (COUNT, 0, 0, 0)
    assert proof.pending == 0
    assert is_green(proof, dead_letters=0), why_not_green(proof, dead_letters=0)
    assert not is_green(proof, dead_letters=1)
    assert found(run) == []
    assert run.checkpoint.proof == proof


BROKEN = [
    (proving.skip_one, "missing", ""),
    (proving.drop_vector, "different", "vectors.b"),
    (proving.truncate_date, "different", "properties.date"),
    (proving.keep_deleted, "extra", ""),
    (proving.swap_vectors, "different", "vectors.a"),
    (proving.flip_bit, "different", "vectors.a"),
    (proving.empty_a_list, "different", "properties.tags"),
    (proving.half_an_object, "different", "properties.text"),
]


@each_kind
@pytest.mark.parametrize(("broken", "kind_found", "field"), BROKEN)
async def test_p9_a_broken_copier_is_caught(
    scene: Scene, broken: Break, kind_found: str, field: str
) -> None:
    await copied(scene, broken)
    run = await scene.run()
    proof = await prove(run, final=True)
    assert not is_green(proof, dead_letters=0)
    mismatches = found(run)
    wrong = 2 if broken is proving.swap_vectors else 1
    assert [one.kind for one in mismatches] == [kind_found] * wrong
    assert getattr(proof, kind_found) == wrong
    for one in mismatches:
        assert not field or field in [differing.field for differing in one.fields]
        assert one.part == SOURCE


@each_kind
@pytest.mark.parametrize(("broken", "kind_found", "field"), BROKEN)
async def test_p9_what_breaks_after_the_proof_is_caught_by_the_next(
    scene: Scene, broken: Break, kind_found: str, field: str
) -> None:
    await copied(scene)
    run = await scene.run()
    assert differences(await prove(run)) == []
    # As a final generation would that writes wrongly, or leaves out a delete.
    source, target = objects(COUNT), broken(to_target(objects(COUNT)))
    ids = {one["id"] for one in target}
    gone = [one["id"] for one in source if one["id"] not in ids]
    for name in gone:
        await scene.delete(TARGET, name)
    faithful = {one["id"]: one for one in to_target(source)}
    await scene.write([one for one in target if faithful.get(one["id"]) != one])
    proof = await prove_again(run)
    assert not is_green(proof, dead_letters=0)
    assert {one.kind for one in found(run)} == {kind_found}
    wrong = 2 if broken is proving.swap_vectors else 1
    assert proof.same == proof.proven_before == COUNT - (wrong if kind_found != "extra" else 0)
    assert proof.number == 2
    assert proof.final


@each_kind
async def test_what_changed_meanwhile_is_pending_and_never_green(scene: Scene) -> None:
    await copied(scene)
    run = await scene.run()
    source = objects(COUNT)
    changed = source[3]
    changed["properties"]["text"] = "changed"
    await scene.write([changed])
    await scene.delete(SOURCE, source[5]["id"])
    new = objects(COUNT + 1)
    known = {one["id"] for one in source}
    await scene.write([one for one in new if one["id"] not in known])
    proof = await prove(run)
    assert counts(proof) == (COUNT - 2, 0, 0, 0)
    assert proof.pending == 3
    assert found(run) == []
    assert not is_green(proof, dead_letters=0)
    # Once nobody writes any more, nothing is excused.
    final = await prove_again(run)
    assert counts(final) == (COUNT - 2, 1, 1, 1)
    assert final.pending == 0
    assert not is_green(final, dead_letters=0)
    assert {one.kind: one.ours for one in found(run)} == {
        "missing": False,
        "extra": True,
        "different": True,
    }
    # And what the next generation writes is proven, without reading the rest again.
    [fresh] = [one for one in new if one["id"] not in known]
    await scene.write(to_target([changed, fresh]))
    await scene.delete(TARGET, source[5]["id"])
    last = await prove_again(run)
    assert counts(last) == (COUNT, 0, 0, 0)
    assert last.proven_before == COUNT - 2
    assert is_green(last, dead_letters=0), why_not_green(last, dead_letters=0)


@each_kind
async def test_references_to_a_renamed_collection_are_the_same(scene: Scene) -> None:
    await scene.create(definition(SOURCE))
    await scene.create(definition(TARGET))
    for name in (SOURCE, TARGET):
        answer = await scene.http.post(
            f"/v1/schema/{name}/properties", json={"name": "points", "dataType": [name]}
        )
        assert answer.status_code == 200, answer.text
    source = objects(COUNT)
    await scene.write(source)
    await scene.write(to_target(source))
    links = [(one["id"], other["id"]) for one, other in pairwise(source)]
    for name, pairs in ((SOURCE, links), (TARGET, links[:-1])):
        answer = await scene.http.post(
            "/v1/batch/references?consistency_level=ALL",
            json=[
                {
                    "from": f"weaviate://localhost/{name}/{one}/points",
                    "to": f"weaviate://localhost/{name}/{other}",
                }
                for one, other in pairs
            ],
        )
        assert answer.status_code == 200, answer.text
    run = await scene.run()
    proof = await prove(run, final=True)
    # One reference is missing in the copy, and only that is told.
    assert counts(proof) == (COUNT - 1, 0, 0, 1)
    [wrong] = found(run)
    assert [one.field for one in wrong.fields] == ["properties.points"]
    assert wrong.fields[0].target == "(absent)"


@each_kind
@pytest.mark.parametrize("level", [Verify.NONE, Verify.V0, Verify.V1])
async def test_less_than_whole_objects_is_never_green(scene: Scene, level: Verify) -> None:
    await copied(scene, proving.truncate_date)
    run = await scene.run(verify=level)
    proof = await prove(run, final=True)
    assert proof.level == level
    assert proof.faults == ()
    assert proof.not_checked
    assert not is_green(proof, dead_letters=0)


@each_kind
@pytest.mark.parametrize("level", [Verify.V0, Verify.V1])
async def test_a_missing_object_is_seen_by_the_shallow_levels_too(
    scene: Scene, level: Verify
) -> None:
    await copied(scene, proving.skip_one)
    proof = await prove(await scene.run(verify=level), final=True)
    assert proof.faults or proof.missing


@each_kind
async def test_v4_searches_are_compared_where_they_are_answered(scene: Scene, kind: str) -> None:
    await copied(scene)
    run = await scene.run(verify=Verify.V4)
    proof = await prove(run, final=True)
    assert is_green(proof, dead_letters=0), why_not_green(proof, dead_letters=0)
    if kind == "simulator":
        # It does not search, and that is not taken for the same answers.
        assert proof.level == "V3"
        assert any("nearVector" in words for words in proof.not_checked)
        return
    assert proof.level == "V4"
    assert any(words.startswith("nearVector in ProofSource") for words in proof.searched)
    assert any(words.startswith("BM25 in ProofSource") for words in proof.searched)
    assert all("100.0%" in words for words in proof.searched)
    # Other vectors in the target are other neighbours: told, whatever else is told.
    wrong = to_target(objects(COUNT))
    for one in wrong:
        one["vectors"]["a"] = [1.0, one["vectors"]["a"][0], 2.0]
    await scene.write(wrong)
    assert any("nearVector" in fault for fault in (await prove(run, final=True)).faults)
