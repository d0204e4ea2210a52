"""What a person is shown of a transform before a job begins."""

from __future__ import annotations

import struct
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from elysiadash.migrate.parts import Part
from elysiadash.migrate.transforms.file import choose
from elysiadash.migrate.transforms.preview import ABSENT, Change, Preview, preview
from elysiadash.migrate.transforms.sandbox import Script
from elysiadash.weaviate.objects import Row, Vector, shape_of

DEFINITION: dict[str, Any] = {
    "class": "Doc",
    "properties": [
        {"name": "t", "dataType": ["text"]},
        {"name": "n", "dataType": ["number"]},
        {"name": "at", "dataType": ["date"]},
        {"name": "to", "dataType": ["Doc"]},
    ],
}
Show = Callable[..., Preview]


def uid(number: int) -> str:
    return str(UUID(int=number))


def row(number: int, **properties: Any) -> Row:
    vector = Vector("", struct.pack("<6f", *range(6)))
    return Row(uid(number), 5, 4, shape_of(DEFINITION).typed(properties), (vector,))


@pytest.fixture
def show(tmp_path: Path) -> Show:
    def shown(code: str, rows: list[Row]) -> Preview:
        path = tmp_path / "transform.py"
        path.write_text(textwrap.dedent(code))
        script = Script.of(choose(path), started_at=0.0)
        return preview(script, Part(collection="Doc", target="Doc"), DEFINITION, rows)

    return shown


def test_each_sample_says_what_becomes_of_it(show: Show) -> None:
    code = """
        def transform(obj):
            n = obj["properties"]["n"]
            if n == 0: return obj
            if n == 1: return None
            if n == 2: raise ValueError("two")
            if n == 3: return [obj, {"properties": {"t": "part"}}]
            obj["properties"]["t"] = obj["properties"].pop("t") * 300
            obj["properties"]["n"] = -0.0
            obj["vector"] = [1.0, 2.0]
            del obj["references"]
            return obj
    """
    beacon = {"beacon": "weaviate://localhost/Doc/x"}
    found = show(code, [row(n, n=n, t="x", to=[beacon]) for n in range(6)])
    assert (found.samples, found.same, found.dropped, found.lost, found.split, found.changed) == (
        6, 1, 1, 1, 1, 2
    )  # fmt: skip
    assert [one.what for one in found.shown] == [
        "lost", "dropped", "split", "changed", "changed", "same"
    ]  # fmt: skip
    lost, _, split, changed = found.shown[:4]
    assert "ValueError: two" in lost.reason
    assert split.became[0].changes == ()
    assert changed.became[0].changes == (
        Change("properties.n", "4.0", "-0.0"),
        Change("properties.t", "x", "x" * 199 + "…"),
        Change("references.to", '[{"beacon":"weaviate://localhost/Doc/x"}]', ABSENT),
        Change("vector", "[0, 1, 2, 3, … 6 numbers]", "[1.0,2.0]"),
    )
    assert found.blocks == ()
    assert found.warns == (
        "1 of 6 samples become dead letters: transform raised ValueError",
        "1 of 6 samples have a vector and become objects without one: what is left out of a "
        "returned object is not written",
    )
    assert msgspec.json.decode(msgspec.json.encode(found), type=Preview) == found


def test_what_differs_between_two_runs_is_volatile(show: Show) -> None:
    code = """
        import random
        from datetime import UTC, datetime
        def transform(obj, ctx):
            obj["properties"] |= {"at": datetime.now(UTC), "n": random.random(), "t": "same"}
            return obj
    """
    found = show(code, [row(n) for n in range(3)])
    assert found.volatile == ("at", "n")
    changes = {one.field: one.volatile for one in found.shown[0].became[0].changes}
    assert changes == {"properties.at": True, "properties.n": True, "properties.t": False}
    assert found.blocks == ()


def test_the_start_of_the_job_is_not_volatile(show: Show) -> None:
    code = """
        def transform(obj, ctx):
            obj["properties"]["at"] = ctx.started_at
            return obj
    """
    assert show(code, [row(1)]).volatile == ()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import uuid\ndef transform(obj): return {**obj, 'id': uuid.uuid4()}", "other ids"),
        ("def transform(obj): obj['properties']['t'] = 'x'", "forget to return"),
        ("def transform(obj): return obj['properties']", "all 2 samples become dead letters"),
    ],
)
def test_what_makes_it_unfit_is_said(show: Show, code: str, said: str) -> None:
    found = show(code, [row(1), row(2)])
    assert any(said in one for one in found.blocks)


def test_without_samples_nothing_is_claimed(show: Show) -> None:
    found = show("def transform(obj): return None", [])
    assert (found.samples, found.blocks, found.warns, found.shown) == (0, (), (), ())


def test_twenty_are_shown_and_every_kind_has_its_place(show: Show) -> None:
    code = "def transform(obj): return None if obj['properties']['n'] < 100 else obj"
    found = show(code, [row(n, n=n) for n in range(120)])
    assert len(found.shown) == 20
    assert {one.what for one in found.shown} == {"dropped", "same"}
