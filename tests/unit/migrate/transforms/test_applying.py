"""Rows through a transform to objects, without a server."""

from __future__ import annotations

import pickle
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from elysiadash.migrate.parts import Part
from elysiadash.migrate.tasks import Applied
from elysiadash.migrate.transforms import example
from elysiadash.migrate.transforms.applying import FileTransform, Transformer
from elysiadash.migrate.transforms.file import choose
from elysiadash.migrate.transforms.sandbox import Sandbox, Script
from elysiadash.weaviate.objects import Converted, Converter, Lost, Row, Vector, shape_of
from tests.contract.fidelity_rows import PROPERTIES, ROWS

DEFINITION: dict[str, Any] = {
    "class": "Doc",
    "properties": [
        {"name": "body", "dataType": ["text"]},
        {"name": "n", "dataType": ["number"]},
        {"name": "email", "dataType": ["text"]},
        {"name": "to", "dataType": ["Doc"]},
    ],
    "vectorConfig": {"a": {}, "b": {}},
}
Run = Callable[..., Applied]


def uid(number: int) -> str:
    return str(UUID(int=number))


def row(number: int, vectors: tuple[Vector, ...] = (), **properties: Any) -> Row:
    return Row(uid(number), 5, 4, shape_of(DEFINITION).typed(properties), vectors)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def applied(code: str, rows: list[Row], tenant: str = "") -> Applied:
        path = tmp_path / "transform.py"
        path.write_text(textwrap.dedent(code))
        script = Script.of(choose(path), started_at=1_750_000_000.0)
        part = Part(collection="Doc", target="Copy", tenant=tenant)
        return FileTransform(script=script).open(part, DEFINITION).apply(rows)

    return applied


def converted(done: Applied) -> list[Converted]:
    objects, lost = Converter(shape_of(DEFINITION), "Copy").convert(done.rows)
    assert lost == []
    return objects


def test_the_identity_makes_the_same_bytes_as_no_transform(tmp_path: Path) -> None:
    """Every row of the fidelity table, as the server would serve it; byte by byte."""
    shape = shape_of({"class": "F", "properties": PROPERTIES})
    rows = [
        Row(uid(n), 1, 1, msgspec.json.decode(text, type=shape.struct))
        for n, text in enumerate(ROWS.values())
    ]
    path = tmp_path / "t.py"
    path.write_text("def transform(obj): return obj")
    script = Script.of(choose(path), started_at=0.0)
    with Sandbox(script) as sandbox:
        done = Transformer(sandbox, shape, shape).apply(rows)
    assert (done.lost, done.origins, done.dropped, done.added) == ([], {}, 0, 0)
    plain, lost = Converter(shape, "Copy").convert(rows)
    again, lost_again = Converter(shape, "Copy").convert(done.rows)
    assert lost_again == lost
    assert [one.content for one in again] == [one.content for one in plain]
    assert [one.way for one in again] == [one.way for one in plain]
    assert [str(row) for row in done.rows] == [str(row) for row in rows]
    assert len(plain) > 40


def test_references_go_through_and_can_be_changed(run: Run) -> None:
    beacon = {"beacon": f"weaviate://localhost/Doc/{uid(2)}"}
    rows = [row(1, to=[beacon, beacon]), row(2, to=[]), row(3)]
    done = run("def transform(obj): return obj", rows)
    led = f"weaviate://localhost/Copy/{uid(2)}"
    found = [[(r.property, r.beacons) for r in one.references] for one in converted(done)]
    assert found == [[("to", (led, led))], [("to", ())], []]
    code = """
        def transform(obj):
            obj["references"]["to"] = ["weaviate://localhost/Other/x"]
            return obj
    """
    (one,) = converted(run(code, rows[2:]))
    assert one.references[0].beacons == ("weaviate://localhost/Other/x",)


def test_counts_and_origins_say_what_became_of_each(run: Run) -> None:
    code = """
        def transform(obj):
            n = obj["properties"]["n"]
            if n == 0: return None
            if n == 1: return obj
            if n == 2: return [{"properties": {}}, {"properties": {}}, obj]
            obj["id"] = "00000000-0000-0000-0000-0000000000ff"
            return obj
    """
    done = run(code, [row(n, n=n) for n in range(4)])
    parts = [str(uuid5(UUID(uid(2)), str(n))) for n in (0, 1)]
    assert [one.id for one in done.rows] == [uid(1), *parts, uid(2), uid(255)]
    assert (done.dropped, done.added, done.lost) == (1, 2, [])
    assert all(one.updated_ms == 5 for one in done.rows)
    # Its own id too, of an object that became more than that: else nobody knew of it.
    assert done.origins == dict.fromkeys([*parts, uid(2)], uid(2)) | {uid(255): uid(3)}


def test_two_objects_on_one_id_are_refused_not_overwritten(run: Run) -> None:
    code = f"def transform(obj):\n    obj['id'] = '{uid(2)}'\n    return obj"
    done = run(code, [row(1), row(2)])
    assert [one.id for one in done.rows] == [uid(2)]
    assert done.origins == {uid(2): uid(1)}
    said = f"two objects of the source got one id\n{uid(2)} is made of {uid(1)} already"
    assert done.lost == [Lost(uid(2), said)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("obj['properties']['n'] = 'x'", "Expected `float | null`, got `str` - at `$.n`"),
        ("obj['properties']['title'] = 'x'", "unknown field `title`"),
        ("obj['properties']['n'] = 10 ** 400", "out of range"),
        ("obj['references']['from'] = []", "Doc has no reference from"),
        ("obj['vectors'] = {'c': [1.0]}", "Doc has no vector c"),
    ],
)
def test_what_the_target_has_not_is_refused_with_its_name(run: Run, change: str, said: str) -> None:
    code = f"def transform(obj):\n    if obj['id'] == '{uid(1)}': {change}\n    return obj"
    done = run(code, [row(1), row(2)])
    assert [one.id for one in done.rows] == [uid(2)]
    (lost,) = done.lost
    reason, _, detail = lost.reason.partition("\n")
    assert reason == "transform gave what the target's definition does not take"
    assert said in detail


def test_one_part_that_cannot_be_written_holds_back_the_others(run: Run) -> None:
    code = "def transform(obj): return [obj, {'properties': {'n': 'x'}}]"
    done = run(code, [row(1)])
    assert (done.rows, done.origins, [one.id for one in done.lost]) == ([], {}, [uid(1)])


def test_a_task_takes_the_transform_along(tmp_path: Path) -> None:
    """Pickled, and run where the file is not; all parts of a process share one sandbox."""
    path = tmp_path / "t.py"
    path.write_text(
        "import os\ndef transform(obj, ctx):\n"
        "    obj['properties'] = {'body': f'{os.getpid()} {ctx.source}'}\n    return obj"
    )
    given = FileTransform(script=Script.of(choose(path), started_at=0.0, cluster="old"))
    path.unlink()
    there = pickle.loads(pickle.dumps(given))  # noqa: S301 - our own
    said = set()
    for tenant in ("a", "b", "a"):
        part = Part(collection="Doc", target="Copy", tenant=tenant)
        done = there.open(part, DEFINITION).apply([row(1)])
        said.add(shape_of(DEFINITION).builtins(done.rows[0].properties)["body"])
    assert {one.split()[1] for one in said} == {"old/Doc/a", "old/Doc/b"}
    assert len({one.split()[0] for one in said}) == 1


def test_the_example_does_what_it_says() -> None:
    script = Script.of(choose(Path(example.__file__)), started_at=1_750_000_000.0)
    rows = [row(1, (Vector("a", b"\0\0\0\0"),), body="hello", n=1.0, email="a@b.c"), row(2, n=-0.0)]
    part = Part(collection="Doc", target="Copy")
    transformer = FileTransform(script=script).open(part, DEFINITION)
    names = [known.name for known in transformer.shape.properties]
    assert names == ["text", "n", "to", "migratedAt"]
    done = transformer.apply(rows)
    assert done.lost == []
    assert [transformer.shape.builtins(one.properties) for one in done.rows] == [
        {"text": "hello", "n": 1.0, "migratedAt": "2025-06-15T15:06:40Z"},
        {"n": -0.0, "migratedAt": "2025-06-15T15:06:40Z"},
    ]
    assert [one.vectors for one in done.rows] == [(Vector("a", b"\0\0\0\0", False),), ()]
    assert "a@b.c" not in str(done.rows)
