"""A transform on the way: what it makes of the source is what the target has to hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from elysiadash.migrate.checkpoint import Proof
from elysiadash.migrate.run import Run
from elysiadash.migrate.transforms.file import choose
from elysiadash.migrate.verify import is_green, prove, prove_again, why_not_green
from elysiadash.migrate.verify.mismatches import Mismatch, every
from tests.contract import proving
from tests.contract.conftest import CHANGEABLE
from tests.contract.proving import (
    SOURCE,
    TARGET,
    Objects,
    Scene,
    definition,
    objects,
    to_target,
)
from tests.servers.real import RealCluster

COUNT = 60
each_kind = pytest.mark.parametrize("kind", CHANGEABLE, indirect=True)
simulator = pytest.mark.parametrize("kind", ["simulator"], indirect=True)

RENAMES = """
def transform(obj, ctx):
    properties = obj["properties"]
    properties["title"] = properties.pop("text").upper()
    properties["kind"] = type(properties["number"]).__name__
    properties["nothing"] = None
    obj["vectors"]["a"] = [-one for one in obj["vectors"]["a"]]
    return obj
"""
SPLITS = """
def transform(obj):
    number = int(obj["properties"]["text"].split()[1])
    if number % 10 == 3:
        return None
    if number % 10 == 4:
        other = {**obj, "id": None, "properties": {"text": "a part"}}
        return [obj, other]
    return obj
"""
ANEW = """
import random
def transform(obj):
    obj["properties"]["text"] = str(random.random())
    return obj
"""
RAISES = """
def transform(obj):
    if obj["properties"]["text"] == "object 7":
        raise ValueError("seven")
    return obj
"""
ONE_ID = """
def transform(obj):
    obj["id"] = "00000000-0000-4000-8000-000000000001"
    return obj
"""


@pytest_asyncio.fixture
async def scene(kind: str, _cluster: RealCluster | None, tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        cluster = _cluster or await stack.enter_async_context(simulated("empty"))
        made = proving.scene(cluster.url, cluster.grpc, cluster.nodes, tmp_path / "state")
        yield await stack.enter_async_context(made)


async def copied(
    scene: Scene,
    folder: Path,
    code: str,
    make: Callable[[dict[str, Any]], Objects],
    broken: proving.Break | None = None,
) -> Run:
    """A copy whose target holds what the test's own ``make`` gives of each object."""
    more = [{"name": name, "dataType": ["text"]} for name in ("title", "kind", "nothing")]
    await scene.create(definition(SOURCE))
    target = definition(TARGET)
    await scene.create({**target, "properties": target["properties"] + more})
    source = objects(COUNT)
    await scene.write(source)
    made = [part for one in to_target(source) for part in make(one)]
    await scene.write(broken(made) if broken else made)
    file = folder / "change.py"
    file.write_text(code)
    return await scene.run(transform=choose(file))


def renamed(one: dict[str, Any]) -> Objects:
    properties = one["properties"]
    properties["title"] = properties.pop("text").upper()
    properties["kind"] = "float"
    one["vectors"]["a"] = [-number for number in one["vectors"]["a"]]
    return [one]


def split(one: dict[str, Any]) -> Objects:
    number = int(one["properties"]["text"].split()[1])
    if number % 10 == 3:
        return []
    if number % 10 == 4:
        part = {**one, "id": str(uuid5(UUID(one["id"]), "1")), "properties": {"text": "a part"}}
        return [one, part]
    return [one]


def as_it_is(one: dict[str, Any]) -> Objects:
    return [one]


def found(run: Run) -> list[Mismatch]:
    return list(every(run.work))


def green(proof: Proof) -> bool:
    return is_green(proof, dead_letters=0)


@each_kind
async def test_what_the_transform_makes_is_what_is_proven(scene: Scene, tmp_path: Path) -> None:
    run = await copied(scene, tmp_path, RENAMES, renamed)
    proof = await prove(run, final=True)
    assert found(run) == []
    assert green(proof), why_not_green(proof, dead_letters=0)
    assert (proof.source, proof.expected, proof.target) == (COUNT, COUNT, COUNT)
    assert green(await prove_again(run))
    assert not list(run.work.folder().glob("expected-*"))


@each_kind
@pytest.mark.parametrize(
    ("broken", "kind_found"),
    [
        (proving.skip_one, "missing"),
        (proving.drop_vector, "different"),
        (proving.truncate_date, "different"),
        (proving.keep_deleted, "extra"),
        (proving.swap_vectors, "different"),
    ],
)
async def test_p9_a_broken_copier_is_caught_behind_a_transform_too(
    scene: Scene, tmp_path: Path, broken: proving.Break, kind_found: str
) -> None:
    run = await copied(scene, tmp_path, RENAMES, renamed, broken)
    proof = await prove(run, final=True)
    assert not green(proof)
    assert {one.kind for one in found(run)} == {kind_found}


@each_kind
async def test_objects_that_are_dropped_and_split_are_accounted_for(
    scene: Scene, tmp_path: Path
) -> None:
    run = await copied(scene, tmp_path, SPLITS, split)
    proof = await prove(run, final=True)
    assert green(proof), why_not_green(proof, dead_letters=0)
    assert (proof.source, proof.expected, proof.target) == (COUNT, COUNT, COUNT)
    part = next(one for one in objects(COUNT) if one["properties"]["text"] == "object 14")
    await scene.delete(TARGET, str(uuid5(UUID(part["id"]), "1")))
    kept = next(one for one in objects(COUNT) if one["properties"]["text"] == "object 13")
    await scene.write(to_target([kept]))
    proof = await prove_again(run)
    # A part that is missing, and an object that should have been dropped.
    assert (proof.missing, proof.extra, proof.different) == (1, 1, 0)
    assert not green(proof)


@simulator
async def test_what_is_made_anew_each_time_is_verified_for_its_type_only(
    scene: Scene, tmp_path: Path
) -> None:
    def random_text(one: dict[str, Any]) -> Objects:
        one["properties"]["text"] = "0.123"
        return [one]

    run = await copied(scene, tmp_path, ANEW, random_text)
    # Nobody said that it is: every object differs.
    assert (await prove(run, final=True)).different == COUNT
    await run.save(volatile=((SOURCE, ("text",)),))
    proof = await prove(run, final=True)
    assert green(proof), why_not_green(proof, dead_letters=0)
    assert any("text of ProofSource" in words for words in proof.not_checked)
    wrong = to_target(objects(1))
    del wrong[0]["properties"]["text"]
    await scene.write(wrong)
    assert (await prove(run, final=True)).different == 1


@simulator
async def test_an_object_that_the_transform_does_not_do_is_missing(
    scene: Scene, tmp_path: Path
) -> None:
    def without_seven(one: dict[str, Any]) -> Objects:
        return [] if one["properties"]["text"] == "object 7" else [one]

    run = await copied(scene, tmp_path, RAISES, without_seven)
    proof = await prove(run, final=True)
    assert proof.missing == 1
    assert not green(proof)


@simulator
async def test_many_objects_that_became_one_are_not_green(scene: Scene, tmp_path: Path) -> None:
    def same_id(one: dict[str, Any]) -> Objects:
        one["id"] = "00000000-0000-4000-8000-000000000001"
        return [one]

    run = await copied(scene, tmp_path, ONE_ID, same_id)
    proof = await prove(run, final=True)
    assert any("more than one object" in fault for fault in proof.faults)
    assert not green(proof)


@simulator
async def test_what_changed_meanwhile_is_pending_behind_a_transform(
    scene: Scene, tmp_path: Path
) -> None:
    run = await copied(scene, tmp_path, SPLITS, split)
    by_text = {one["properties"]["text"]: one for one in objects(COUNT)}
    changed = by_text["object 11"]
    changed["properties"]["text"] += " changed"
    await scene.write([changed])
    await scene.delete(SOURCE, by_text["object 12"]["id"])
    proof = await prove(run)
    assert (proof.missing, proof.extra, proof.different) == (0, 0, 0)
    assert proof.pending == 2
    proof = await prove_again(run)
    assert proof.pending == 0
    assert not green(proof)
