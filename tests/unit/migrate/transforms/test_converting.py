"""Rows through a transform to objects, without a server."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from elysiadash.migrate.transforms import example
from elysiadash.migrate.transforms.converting import Refused, Transformed, Transformer
from elysiadash.migrate.transforms.file import choose
from elysiadash.migrate.transforms.sandbox import Applied, Sandbox
from elysiadash.weaviate.objects import Converter, Row, Vector, shape_of
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
Run = Callable[..., Transformed]


def uid(number: int) -> str:
    return str(UUID(int=number))


def row(number: int, vectors: tuple[Vector, ...] = (), **properties: Any) -> Row:
    return Row(uid(number), 5, 4, shape_of(DEFINITION).typed(properties), vectors)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def transformed(
        code: str, rows: list[Row], target: dict[str, Any] = DEFINITION, tenant: str = ""
    ) -> Transformed:
        path = tmp_path / "transform.py"
        path.write_text(textwrap.dedent(code))
        applied = Applied.of(choose(path), started_at=1_750_000_000.0)
        shapes = shape_of(DEFINITION), shape_of(target)
        with Transformer(applied, *shapes, "Copy", tenant=tenant) as transformer:
            return transformer.convert(rows)

    return transformed


def test_the_identity_makes_the_same_bytes_as_no_transform(tmp_path: Path) -> None:
    """Every row of the fidelity table, as the server would serve it; byte by byte."""
    shape = shape_of({"class": "F", "properties": PROPERTIES})
    rows = [
        Row(uid(n), 1, 1, msgspec.json.decode(text, type=shape.struct))
        for n, text in enumerate(ROWS.values())
    ]
    path = tmp_path / "t.py"
    path.write_text("def transform(obj): return obj")
    applied = Applied.of(choose(path), started_at=0.0)
    with Transformer(applied, shape, shape, "Copy") as transformer:
        done = transformer.convert(rows)
    plain, lost = Converter(shape, "Copy").convert(rows)
    assert [one.id for one in done.refused] == [one.id for one in lost]
    assert [one.content for one in done.objects] == [one.content for one in plain]
    assert [one.way for one in done.objects] == [one.way for one in plain]
    assert [str(one.row) for one in done.objects] == [str(one.row) for one in plain]
    assert len(done.objects) > 40


def test_references_go_through_and_can_be_changed(run: Run) -> None:
    beacon = {"beacon": f"weaviate://localhost/Doc/{uid(2)}"}
    rows = [row(1, to=[beacon, beacon]), row(2, to=[]), row(3)]
    done = run("def transform(obj): return obj", rows)
    led = f"weaviate://localhost/Copy/{uid(2)}"
    assert [[(r.property, r.beacons) for r in one.references] for one in done.objects] == [
        [("to", (led, led))], [("to", ())], []
    ]  # fmt: skip
    code = """
        def transform(obj):
            obj["references"]["to"] = ["weaviate://localhost/Other/x"]
            return obj
    """
    (one,) = run(code, rows[2:]).objects
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
    parts = tuple(str(uuid5(UUID(uid(2)), str(n))) for n in (0, 1))
    assert done.became == {
        uid(0): (), uid(1): (uid(1),), uid(2): (*parts, uid(2)), uid(3): (uid(255),)
    }  # fmt: skip
    assert (done.dropped, done.added, done.refused) == (1, 2, [])
    assert [one.id for one in done.objects] == [uid(1), *parts, uid(2), uid(255)]
    assert all(one.row.updated_ms == 5 for one in done.objects)
    assert done.origins == [
        *((UUID(part).bytes, UUID(uid(2)).bytes) for part in parts),
        (UUID(int=255).bytes, UUID(int=3).bytes),
    ]
    assert done.sources()[uid(255)] == uid(3)


def test_two_objects_on_one_id_are_refused_not_overwritten(run: Run) -> None:
    code = "def transform(obj):\n    obj['id'] = '%s'\n    return obj" % uid(2)  # noqa: UP031
    done = run(code, [row(1), row(2)])
    assert [one.id for one in done.objects] == [uid(2)]
    assert done.became == {uid(1): (uid(2),)}
    assert done.refused == [
        Refused(uid(2), "two objects of the source got one id",
                f"{uid(2)} is made of {uid(1)} already")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("obj['properties']['n'] = 'x'", "Expected `float | null`, got `str` - at `$.n`"),
        ("obj['properties']['title'] = 'x'", "unknown field `title`"),
        ("obj['properties']['n'] = 10 ** 400", "properties"),
        ("obj['references']['from'] = []", "Doc has no reference from"),
        ("obj['vectors'] = {'c': [1.0]}", "Doc has no vector c"),
    ],
)
def test_what_the_target_has_not_is_refused_with_its_name(run: Run, change: str, said: str) -> None:
    code = f"def transform(obj):\n    if obj['id'] == '{uid(1)}': {change}\n    return obj"
    done = run(code, [row(1), row(2)])
    assert [one.id for one in done.objects] == [uid(2)]
    (refused,) = done.refused
    assert refused.reason == "transform gave what the target's definition does not take"
    assert said in refused.detail


def test_one_part_that_cannot_be_written_holds_back_the_others(run: Run) -> None:
    code = "def transform(obj): return [obj, {'properties': {'n': 'x'}}]"
    done = run(code, [row(1)])
    assert (done.objects, done.became) == ([], {})
    assert [one.id for one in done.refused] == [uid(1)]


def test_the_example_does_what_it_says(tmp_path: Path) -> None:
    applied = Applied.of(choose(Path(example.__file__)), started_at=1_750_000_000.0)
    with Sandbox(applied, "Doc") as sandbox:
        target = sandbox.schema(DEFINITION)
    assert [known["name"] for known in target["properties"]] == ["text", "n", "to", "migratedAt"]
    rows = [row(1, (Vector("a", b"\0\0\0\0"),), body="hello", n=1.0, email="a@b.c"), row(2, n=-0.0)]
    shape = shape_of(target)
    with Transformer(applied, shape_of(DEFINITION), shape, "Doc") as transformer:
        done = transformer.convert(rows)
    assert done.refused == []
    assert [shape.builtins(one.row.properties) for one in done.objects] == [
        {"text": "hello", "n": 1.0, "migratedAt": "2025-06-15T15:06:40Z"},
        {"n": -0.0, "migratedAt": "2025-06-15T15:06:40Z"},
    ]
    assert [one.row.vectors for one in done.objects] == [(Vector("a", b"\0\0\0\0", False),), ()]
    assert all("a@b.c" not in str(one.content) for one in done.objects)
