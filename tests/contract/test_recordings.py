"""The recordings themselves: complete, small, and free of what belongs to a machine or a person."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import httpx
import pytest

from tests.contract.questions import Question
from tests.contract.record import Recorder, trimmed
from tests.contract.replay import NotRecorded, Replay
from tests.contract.subjects import RECORDINGS
from tests.servers.settings import NOBODY, ROOT, VIEWER, WRONG

FOLDERS = sorted(path.parent for path in RECORDINGS.parent.glob("*/index.json"))
_MIB = 1024 * 1024


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_index_and_files_belong_together(folder: Path) -> None:
    index = json.loads((folder / "index.json").read_text())
    assert index["version"] == folder.name
    named = {entry["file"] for entry in index["recordings"] if "file" in entry}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there - {"index.json"} == named
    assert {entry["state"] for entry in index["recordings"]} == set(index["states"])


def test_recordings_are_small() -> None:
    assert sum(len(text) for folder in FOLDERS for _, text in _texts(folder)) < 1.5 * _MIB


def test_recordings_hold_no_key_and_no_path_of_a_machine() -> None:
    keys = [key.key for key in (ROOT, VIEWER, NOBODY, WRONG)]
    for path, text in (found for folder in FOLDERS for found in _texts(folder)):
        assert not [key for key in keys if key in text], path
        assert not re.search(r"/(tmp|home|root|Users|private)/", text), path


async def test_record_keeps_what_replay_plays(tmp_path: Path) -> None:
    async with await asyncio.start_server(_answer, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        recorder = Recorder(
            tmp_path, "9.9.9", hide={"/srv/data": "/var/lib/weaviate"}, keys={"me": "s3cret"}
        )
        questions = [
            Question("told", "/v1/told?b=2&a=1", headers={"consistency": "false"}, user="me"),
            Question("silent", "/v1/silent", limit=0.2),
            Question("closed", "/v1/closed"),
        ]
        await recorder.record("some", "why", questions, nodes={"n": f"http://127.0.0.1:{port}"})
    await recorder.record(
        "some", "why", [Question("dead", "/v1/dead")], nodes={"n": f"http://127.0.0.1:{port}"}
    )
    recorder.write_index()
    assert not [path for path, text in _texts(tmp_path) if "s3cret" in text]
    replay = Replay(tmp_path, state="some", users={"s3cret": "me"})
    async with httpx.AsyncClient(transport=replay, base_url="http://n:8080") as client:
        headers = {"consistency": "false", "Authorization": "Bearer s3cret"}
        told = await client.get("/v1/told?a=1&b=2", headers=headers)
        assert told.status_code == 418
        assert told.headers["content-type"] == "application/json"
        assert told.json() == {"path": "/var/lib/weaviate", "key": "<key of me>"}
        with pytest.raises(NotRecorded):
            await client.get("/v1/told?a=1&b=2", headers={"consistency": "false"})
        with pytest.raises(httpx.ConnectError):
            await client.get("/v1/dead")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v1/closed")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.get("/v1/silent"), 0.1)


def test_trimming_keeps_whole_series_of_a_few_shards() -> None:
    def line(shard: str) -> str:
        return f'object_count{{class_name="A",shard_name="{shard}"}} 1\n'

    head = "# HELP object_count x\n# TYPE object_count gauge\n"
    bulky = '# HELP lsm_memtable_durations_ms x\nlsm_memtable_durations_ms_sum{a="b"} 1\n'
    tail = '# HELP other x\nother{class_name="B"} 1\n'
    page = head + "".join(line(f"s{number}") for number in range(9)) + bulky + tail
    kept = head + "".join(line(f"s{number}") for number in range(4)) + tail
    assert trimmed(page) == kept


def _texts(folder: Path) -> list[tuple[Path, str]]:
    return [(path, path.read_text("utf-8")) for path in folder.rglob("*") if path.is_file()]


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = (await reader.readuntil(b"\r\n\r\n")).decode()
    if "/v1/silent" in request:
        await asyncio.sleep(0.5)
    if "/v1/told" in request:
        body = b'{"path": "/srv/data", "key": "s3cret"}'
        head = f"HTTP/1.1 418 No\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        writer.write(head.encode() + b"\r\nconnection: close\r\n\r\n" + body)
        await writer.drain()
    writer.close()
