"""``jobs roll-back`` and ``jobs delete-old`` as people run them, through the worker's engine."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio

from elysiadash.demo.cluster import simulated
from tests.live.witness import Witness, definition, differences, everything
from tests.servers.real import RealCluster, skip_reason

pytestmark = pytest.mark.slow
OBJECTS = 300
_real = pytest.param(
    "real",
    marks=[
        pytest.mark.real,
        pytest.mark.skipif(skip_reason() is not None, reason=str(skip_reason())),
    ],
)
on_both = pytest.mark.parametrize("kind", ["simulator", _real])


class Place(NamedTuple):
    """One cluster."""

    url: str
    grpc: str
    nodes: dict[str, str]
    metrics: dict[str, str]

    async def ask(self, method: str, path: str, json: Any = None) -> Any:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as http:
            answer = await http.request(method, path, json=json)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def names(self) -> list[str]:
        return sorted(one["class"] for one in (await self.ask("GET", "/v1/schema"))["classes"])

    def flags(self, of: str = "") -> list[str]:
        words = [f"--{of}url" if not of else "--target", self.url, f"--{of}grpc", self.grpc]
        for name, address in self.nodes.items():
            words += [f"--{of}node", f"{name}={address}"]
        return words


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def job(self) -> dict[str, Any]:
        item: dict[str, Any] = json.loads(self.out)["items"][0]
        return item


class Terminal:
    """Runs commands over a state folder of its own."""

    def __init__(self, folder: Path) -> None:
        kept = ("state", "config", "cache")
        for name in kept:
            (folder / name).mkdir(exist_ok=True)
        self._env = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **{f"ELYSIADASH_{name.upper()}_DIR": str(folder / name) for name in kept},
        }

    async def run(self, *words: str) -> Ran:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "elysiadash", *words, env=self._env,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        async with asyncio.timeout(240):
            out, err = await process.communicate()
        return Ran(process.returncode or 0, out.decode(), err.decode())


@pytest_asyncio.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    made = Terminal(tmp_path)
    try:
        yield made
    finally:
        await made.run("worker", "--stop")


@pytest_asyncio.fixture
async def places(kind: str, request: pytest.FixtureRequest) -> AsyncIterator[list[Place]]:
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(request.param if hasattr(request, "param") else 2):
            one: Any = await stack.enter_async_context(
                RealCluster(1) if kind == "real" else simulated("empty")
            )
            found.append(Place(one.url, one.grpc, dict(one.nodes), dict(one.metrics)))
        yield found


def _tampered(file: Path) -> None:
    file.write_text(file.read_text().replace("300", "301"))


def _mended(file: Path) -> None:
    file.write_text(file.read_text().replace("301", "300"))


@pytest.mark.parametrize("kind", [_real])
async def test_a_move_is_taken_back_with_what_was_written_since(
    places: list[Place], terminal: Terminal
) -> None:
    old, new = places
    await old.ask("POST", "/v1/schema", definition("Doc"))
    await Witness(old.url, "Doc", dimensions=4).fill(OBJECTS)
    ran = await terminal.run(
        "migrate", "Doc=Docs", *old.flags(), *new.flags("target-"), "--freeze", "stopped",
        "--after", "thaw", "--write", "--yes", "--confirm", "Doc", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran
    first = ran.job["job"]
    told = await terminal.run("jobs", "report", first)
    assert (told.code, "its hash holds" in told.err) == (0, True)
    for ending in (".json", ".md"):
        await asyncio.to_thread(_tampered, Path(ran.job["report"]).with_suffix(ending))
        told = await terminal.run("jobs", "report", first)
        assert (told.code, "DO NOT TRUST THIS REPORT" in told.err) == (1, True)
        await asyncio.to_thread(_mended, Path(ran.job["report"]).with_suffix(ending))
    # The application has moved, and writes to the new place.
    there = await everything(new.url, "Docs")
    assert len(there) == OBJECTS
    gone, changed, *_ = sorted(there)
    await new.ask("DELETE", f"/v1/objects/Docs/{gone}")
    body = {"class": "Docs", "properties": {"text": "changed since"}}
    await new.ask("PATCH", f"/v1/objects/Docs/{changed}", {**body, "id": changed})
    added = "f0000000-0000-4000-8000-000000000001"
    await new.ask("POST", "/v1/objects", {**body, "id": added, "vector": [1.0, 2.0, 3.0, 4.0]})

    looked = await terminal.run("jobs", "roll-back", first, "--dry-run", "--json")
    assert (looked.code, looked.job["ending"]) == (0, "CHECKED"), looked
    assert "Docs of" in looked.err
    assert "goes back to Doc" in looked.err

    words = ("jobs", "roll-back", first, "--freeze", "stopped", "--after", "thaw")
    refused = await terminal.run(*words, "--yes")
    assert refused.code == 64
    assert "not done without its name" in refused.err

    ran = await terminal.run(*words, "--confirm", "Doc", "--confirm", "Docs", "--json")
    assert ran.code == 0, ran
    assert (ran.job["ending"], ran.job["deleted"], ran.job["verified"]) == ("ROLLED_BACK", 1, "V2")
    assert ran.job["spec"]["rolls_back"] == first
    # Three changes were carried, and not the whole.
    assert sum(one["changed"] for one in ran.job["checkpoint"]["generations"]) <= 4
    back = await everything(old.url, "Doc")
    assert differences(back, await everything(new.url, "Docs")) == {}
    assert added in back
    assert gone not in back
    shown = await terminal.run("jobs", "show", first)
    assert f"taken back by job {ran.job['job']}" in shown.out
    again = await terminal.run(*words, "--confirm", "Doc", "--confirm", "Docs", "--json")
    assert again.code == 1
    assert f"was taken back by job {ran.job['job']} already" in again.err


@on_both
async def test_the_old_collection_is_deleted_on_its_typed_name_only(
    places: list[Place], terminal: Terminal
) -> None:
    (here, _) = places
    await here.ask("POST", "/v1/schema", definition("Doc"))
    await here.ask("POST", "/v1/aliases", {"alias": "Live", "class": "Doc"})
    await Witness(here.url, "Doc", dimensions=4).fill(OBJECTS)
    started = time.monotonic()
    ran = await terminal.run(
        "copy", "Doc", "DocNew", *here.flags(), "--alias", "Live", "--freeze", "stopped",
        "--after", "thaw", "--write", "--yes", "--confirm", "Doc", "--json",
    )  # fmt: skip
    assert ran.code == 0, ran
    assert time.monotonic() - started > 60, "the old one rests while a request may be under way"
    moved = ran.job["job"]

    refused = await terminal.run("jobs", "delete-old", moved, "--confirm", "DocNew")
    assert refused.code == 64
    assert "not done without its name" in refused.err
    assert await here.names() == ["Doc", "DocNew"]

    # Somebody still writes to the old one: their write is not thrown away.
    late = "f0000000-0000-4000-8000-000000000001"
    body = {"class": "Doc", "id": late, "properties": {"text": "late"}, "vector": [1.0, 2, 3, 4]}
    await here.ask("POST", "/v1/objects", body)
    ran = await terminal.run("jobs", "delete-old", moved, "--confirm", "Doc", "--json")
    assert ran.code == 15, ran
    assert f"1 objects of Doc are not as job {moved} copied them" in ran.job["reason"]
    assert await here.names() == ["Doc", "DocNew"]

    await here.ask("DELETE", f"/v1/objects/Doc/{late}")
    ran = await terminal.run("jobs", "delete-old", moved, "--confirm", "Doc", "--json")
    assert (ran.code, ran.job["kind"], ran.job["ending"]) == (0, "retire", "DELETED"), ran
    assert await here.names() == ["DocNew"]
    assert len(await everything(here.url, "DocNew")) == OBJECTS
    audited = await terminal.run("audit", "--job", ran.job["job"], "--json")
    assert "/v1/schema/Doc" in {one["path"] for one in json.loads(audited.out)["items"]}
    shown = await terminal.run("jobs", "show", moved)
    assert "Doc was deleted by job" in shown.out
