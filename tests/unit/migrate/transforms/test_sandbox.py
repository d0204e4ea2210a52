"""A user's file in a process of its own: what it may do, and what it cannot do to us."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.config import redaction
from elysiadash.migrate.transforms.errors import (
    TransformChanged,
    TransformHangs,
    TransformUnusable,
)
from elysiadash.migrate.transforms.file import choose
from elysiadash.migrate.transforms.results import packed, unpacked
from elysiadash.migrate.transforms.sandbox import Sandbox, Script
from elysiadash.migrate.transforms.wire import Failed, Given, Made, Product

STARTED = 1_750_000_000.0
Make = Callable[..., Sandbox]


def uid(number: int) -> str:
    return str(UUID(int=number))


def one(number: int = 1, **properties: Any) -> Given:
    return Given(uid(number), properties, {}, [("", struct.pack("<2f", 0.5, -0.0), False)])


@pytest.fixture
def make(tmp_path: Path, request: pytest.FixtureRequest) -> Make:
    """A sandbox of a file's text."""

    def made(code: str, *, limit_s: float = 5.0) -> Sandbox:
        path = tmp_path / "transform.py"
        path.write_text(textwrap.dedent(code))
        script = Script.of(choose(path), started_at=STARTED, cluster="here")
        script = msgspec.structs.replace(script, limit_s=limit_s)
        sandbox = Sandbox(script)
        request.addfinalizer(sandbox.close)
        return sandbox

    return made


def failed(sandbox: Sandbox, given: Given | None = None) -> Failed:
    (found,) = sandbox.run([given or one(t="x")], "Doc")
    assert isinstance(found, Failed), found
    return found


def made(sandbox: Sandbox, given: Given | None = None) -> list[Product]:
    (found,) = sandbox.run([given or one(t="x")], "Doc")
    assert isinstance(found, Made), found
    return found.products


def test_an_object_goes_through_as_it_is(make: Make) -> None:
    given = Given(
        uid(7),
        {"n": -0.0, "big": 9223372036854776000, "low": -9223372036854776000, "t": "\u2028😀\0",
         "none": None, "o": {"a": [1, 1.5, None], "e": []}, "b": True},
        {"to": ["weaviate://localhost/Doc/" + uid(1)], "empty": []},
        [("a", struct.pack("<3f", 1e-40, -0.0, 3.4028234e38), False),
         ("m", b"\x02\x00" + struct.pack("<4f", 1, 2, 3, 4), True)],
    )  # fmt: skip
    (found,) = made(make("def transform(obj): return obj"), given)
    assert tuple(found) == tuple(given)
    assert str(found.properties) == str(given.properties), "a sign or a type was lost"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=20), st.booleans())
def test_vectors_keep_every_bit(numbers: list[float], multi: bool) -> None:
    data = struct.pack(f"<{len(numbers)}f", *numbers)
    if multi:
        data = struct.pack("<H", len(numbers)) + data
    assert packed(unpacked(data, multi), "vector") == (data, multi)


def test_the_context_says_when_and_where(make: Make) -> None:
    code = """
        def transform(obj, ctx):
            obj["properties"] = {
                "at": ctx.started_at, "where": str(ctx.source), "tenant": obj["tenant"],
                "collection": ctx.source.collection, "vector": obj["vector"],
            }
            return obj
    """
    (result,) = make(code).run([one()], "Doc", "acme")
    assert isinstance(result, Made)
    (found,) = result.products
    assert found.properties == {
        "at": "2025-06-15T15:06:40Z", "where": "here/Doc/acme", "collection": "Doc",
        "vector": [0.5, -0.0], "tenant": "acme",
    }  # fmt: skip


def test_none_drops_and_a_list_splits(make: Make) -> None:
    code = """
        def transform(obj):
            parts = obj["properties"]["parts"]
            return None if parts is None else [{"properties": {"p": p}} for p in parts]
    """
    sandbox = make(code)
    assert made(sandbox, one(3, parts=None)) == []
    assert made(sandbox, one(3, parts=[])) == []
    found = made(sandbox, one(3, parts=["a", "b"]))
    assert [part.id for part in found] == [str(uuid5(UUID(uid(3)), n)) for n in ("0", "1")]
    assert [part.properties for part in found] == [{"p": "a"}, {"p": "b"}]
    assert all(part.vectors == [] for part in found), "what was left out was written"
    (alone,) = made(sandbox, one(3, parts=["a"]))
    assert alone.id == uid(3)


def test_parts_that_carry_the_source_id_are_told_apart(make: Make) -> None:
    code = """
        def transform(obj):
            return [dict(obj), dict(obj), dict(obj, id="ABCDEF00-0000-0000-0000-000000000000")]
    """
    found = made(make(code), one(3))
    assert [part.id for part in found] == [
        uid(3), str(uuid5(UUID(uid(3)), "1")), "abcdef00-0000-0000-0000-000000000000"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("result", "reason", "detail"),
    [
        ("3", "transform returned a value of type int", "not an object, None or a list"),
        ("(x for x in [obj])", "a value of type generator", "into a list"),
        ("[None]", "a list of something else", "part 0 is None"),
        ("{'id': obj['id']}", "without properties", "properties is None"),
        ("{**obj, 'titel': 1}", "an unknown key", "no titel"),
        ("{**obj, 'id': 'x'}", "an id that is no UUID", "'x'"),
        ("{**obj, 'tenant': 'other'}", "another tenant", "'other'"),
        ("[{**obj, 'id': u}, {**obj, 'id': u}]", "two parts one id", "two parts have the id"),
        ("{**obj, 'properties': {'a': {'b': [0.0, float('nan')]}}}", "gave nan", "a.b[1] is nan"),
        ("{**obj, 'properties': {'a': float('inf')}}", "gave inf", "a is inf"),
        ("{**obj, 'properties': {'a': {1}}}", "type set", "a is a value of type set"),
        ("{**obj, 'properties': {1: 'a'}}", "name that is no text", "the name 1"),
        ("{**obj, 'properties': {'a': '\\ud800'}}", "no Unicode", "surrogate"),
        ("{**obj, 'properties': {'a': datetime(2024, 1, 1)}}", "without a time zone", "a is a"),
        ("{**obj, 'properties': {'a': date(2024, 1, 1)}}", "without a time", "a is a date"),
        ("{**obj, 'vector': ['x']}", "vectors that are none", "vector is"),
        ("{**obj, 'vector': 'xyz'}", "vectors that are none", "vector is"),
        ("{**obj, 'vector': [1e39]}", "vectors that are none", "32 bits"),
        ("{**obj, 'vector': [float('nan')]}", "vectors that are none", "not finite"),
        ("{**obj, 'vectors': {'m': [[1], [1, 2]]}}", "vectors that are none", "one length"),
        ("{**obj, 'references': {'to': ['x']}}", "references that are none", "references.to"),
        ("{**obj, 'references': []}", "references that are none", "a value of type list"),
        ("deep", "transform raised RecursionError", "RecursionError"),
    ],
)  # fmt: skip
def test_rubbish_is_named(make: Make, result: str, reason: str, detail: str) -> None:
    code = f"""
        from datetime import date, datetime
        u = "00000000-0000-0000-0000-0000000000ff"
        deep = {{"properties": {{}}}}
        deep["properties"]["a"] = deep
        def transform(obj):
            return {result}
    """
    sandbox = make(code)
    found = failed(sandbox)
    assert reason in found.reason
    assert detail in found.detail
    assert failed(sandbox) == found, "the process did not live through it"


def test_values_of_python_become_those_of_json(make: Make) -> None:
    code = """
        from datetime import datetime, timedelta, timezone
        from enum import IntEnum, StrEnum
        from uuid import UUID
        class Like:
            def tolist(self): return [1, 2.5]
        class Number(IntEnum):
            one = 1
        class Word(StrEnum):
            a = "A"
        def transform(obj):
            zone = timezone(timedelta(hours=2))
            return {
                "id": UUID(int=5), "vector": Like(),
                "properties": {
                    "d": datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=zone), "u": UUID(int=1),
                    "b": b"abc", "t": (1, 2), "like": Like(), "n": Number.one, "w": Word.a,
                },
                "references": {"to": [{"beacon": "weaviate://localhost/A/b"}]},
            }
    """
    (found,) = made(make(code))
    assert found == Product(
        uid(5),
        {"d": "2024-01-02T03:04:05.000678+02:00", "u": uid(1), "b": "YWJj", "t": [1, 2],
         "like": [1, 2.5], "n": 1, "w": "A"},
        {"to": ["weaviate://localhost/A/b"]},
        [("", struct.pack("<2f", 1, 2.5), False)],
    )  # fmt: skip
    assert type(found.properties["n"]) is int


def test_what_raises_becomes_a_dead_letter_with_its_traceback(make: Make) -> None:
    redaction.register_secret("hunter2-of-the-test")
    code = """
        def inner(obj):
            raise KeyError("hunter2-of-the-test" + "x" * 5000)
        def transform(obj):
            return inner(obj)
    """
    found = failed(make(code))
    assert found.reason == "transform raised KeyError"
    assert "line 5, in transform" in found.detail
    assert "return inner(obj)" in found.detail
    assert "hunter2" not in found.detail
    assert "child.py" not in found.detail
    assert len(found.detail) < 2000


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "raise KeyboardInterrupt", "exit()"])
def test_leaving_python_leaves_only_the_object(make: Make, code: str) -> None:
    sandbox = make(f"def transform(obj):\n    {code}")
    assert "transform raised" in failed(sandbox).reason or "NameError" in failed(sandbox).reason
    assert failed(sandbox)


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "while True:\n            try: time.sleep(60)\n            except BaseException: pass",
        "sum(iter(int, 1))",
    ],
    ids=["python", "catches everything", "C"],
)
def test_a_loop_that_never_ends_costs_its_object_only(make: Make, loop: str) -> None:
    code = f"""
import time
def transform(obj):
    if obj["properties"]["n"] == 2:
        {loop}
    return obj
"""
    sandbox = make(code, limit_s=0.4)
    found = sandbox.run([one(n, n=n) for n in range(5)], "Doc")
    assert [type(x) for x in found] == [Made, Made, Failed, Made, Made]
    lost = found[2]
    assert isinstance(lost, Failed)
    assert lost.reason == "transform did not come back in 0.4 s"
    assert "in transform" in lost.detail


def test_what_ends_the_process_costs_its_object_only(make: Make) -> None:
    code = """
        import os, signal
        def transform(obj):
            n = obj["properties"]["n"]
            if n == 1: os._exit(7)
            if n == 3: os.kill(os.getpid(), signal.SIGSEGV)
            return obj
    """
    found = make(code).run([one(n, n=n) for n in range(5)], "Doc")
    assert [type(x) for x in found] == [Made, Failed, Made, Failed, Made]
    assert [x.reason for x in found if isinstance(x, Failed)] == [
        "transform's process ended with code 7", "transform's process was ended by SIGSEGV"
    ]  # fmt: skip


def test_objects_that_hang_one_after_the_other_stop_the_job(make: Make) -> None:
    sandbox = make("def transform(obj):\n    while True: pass", limit_s=0.05)
    with pytest.raises(TransformHangs, match="20 times one after the other"):
        sandbox.run([one(n) for n in range(30)], "Doc")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x = 1", "defines no function transform"),
        ("async def transform(obj): return obj", "async"),
        ("def transform(a, b, c): return a", "takes 3 arguments"),
        ("def transform(): return 1", "takes 0 arguments"),
        ("import not_there_at_all\ndef transform(obj): return obj", "not_there_at_all"),
        ("import sys; sys.exit(1)", "SystemExit"),
        ("import os; os._exit(1)", "ended with code 1"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(make: Make, code: str, said: str) -> None:
    with pytest.raises(TransformUnusable, match=said):
        make(code).run([one()], "Doc")


@pytest.mark.parametrize(
    ("parameters", "count"),
    [("obj", 1), ("obj, ctx", 2), ("obj, ctx=None", 2), ("obj, factor=3", 1), ("*args", 1)],
)
def test_the_context_is_given_to_whom_it_is_meant_for(
    make: Make, parameters: str, count: int
) -> None:
    names = [one.partition("=")[0] for one in parameters.replace("*", "").split(", ")]
    second = f"type({names[1]}).__name__" if len(names) > 1 else "''"
    code = f"""
        def transform({parameters}):
            obj = {names[0]} if isinstance({names[0]}, dict) else {names[0]}[0]
            obj["properties"] = {{"second": {second}}}
            return obj
    """
    (found,) = made(make(code))
    assert (found.properties["second"] == "Context") == (count == 2)


def test_the_file_is_held_to_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "t.py"
    path.write_text("def transform(obj): return obj")
    chosen = choose(path)
    path.write_text("def transform(obj): return None")
    with pytest.raises(TransformChanged, match=r"t\.py was changed"):
        Script.of(chosen, started_at=STARTED)
    path.unlink()
    with pytest.raises(TransformUnusable, match="cannot be read"):
        Script.of(chosen, started_at=STARTED)


def test_what_is_no_python_is_refused_when_it_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "t.py"
    path.write_text("x = 1\ndef transform(obj) return obj")
    with pytest.raises(TransformUnusable, match="line 2"):
        choose(path)


def test_the_schema_is_changed_where_the_file_does(make: Make) -> None:
    definition = {"class": "Doc", "properties": [{"name": "a", "dataType": ["text"]}]}
    assert make("def transform(obj): return obj").schema(definition) == definition
    code = """
        def transform(obj): return obj
        def transform_schema(schema):
            schema["properties"].append({"name": "b", "dataType": ["int"]})
            return schema
    """
    assert [p["name"] for p in make(code).schema(definition)["properties"]] == ["a", "b"]
    with pytest.raises(TransformUnusable, match="NoneType"):
        make("def transform(obj): return obj\ndef transform_schema(s): pass").schema(definition)
    with pytest.raises(TransformUnusable, match="ZeroDivisionError"):
        make("def transform(obj): return obj\ndef transform_schema(s): 1 / 0").schema(definition)


def test_the_process_is_light() -> None:
    """It is started once for each process that copies, and again whenever an object hangs."""
    code = "import sys; import elysiadash.migrate.transforms.child; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"msgspec", "httpx", "grpc", "asyncio", "sqlite3"} & set(ran.stdout.split())


def test_the_process_ends_with_the_one_that_started_it(make: Make) -> None:
    sandbox = make("import os\ndef transform(obj):\n    obj['properties'] = {'pid': os.getpid()}\n"
                   "    print('noise')\n    return obj")  # fmt: skip
    (found,) = made(sandbox)
    pid = found.properties["pid"]
    assert pid != os.getpid()
    sandbox.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_worker_that_is_killed_leaves_no_process(make: Make, tmp_path: Path) -> None:
    make("def transform(obj): return obj")
    path = tmp_path / "transform.py"
    told = str(tmp_path / "pid")
    path.write_text(
        "import os\ndef transform(obj):\n"
        f"    open({told!r}, 'w').write(str(os.getpid()))\n    while True: pass"
    )
    pid = os.fork()
    if pid == 0:
        script = Script.of(choose(path), started_at=STARTED)
        try:
            Sandbox(script).run([one()], "Doc")
        finally:
            os._exit(0)
    until = time.monotonic() + 20
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert time.monotonic() < until
        time.sleep(0.05)
    child = int((tmp_path / "pid").read_text())
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    until = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        stat = Path(f"/proc/{child}/stat").read_text().split()
        if stat[2] == "Z":
            return
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists()
