"""Export: what is written, where, how, and what is said when it cannot be."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import stat
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.config import files
from elysiadash.config.files import write_new
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.leaving.exporting import other_endings, usual_name
from elysiadash.tui.leaving.new_file import why_not
from elysiadash.tui.leaving.rows import as_csv
from elysiadash.tui.widgets.prompt import Prompt
from tests.tui.detailed import detailed_cluster
from tests.tui.happenings import incident
from tests.tui.reading import detail, fault, settled, shown, stats, status
from tests.tui.still import NODES, START, still_cluster


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with nothing else in it."""
    made = tmp_path / "folder"
    made.mkdir()
    return made


def names(folder: Path) -> list[str]:
    return sorted(found.name for found in folder.iterdir())


async def written(app: ElysiadashApp, pilot: Any) -> str:
    """After the export is done; what was said."""
    await pilot.pause()
    while found := [worker for worker in app.workers if worker.group == "export"]:
        await app.workers.wait_for_complete(found)
        await pilot.pause()
    await settled(pilot)
    return status(app)


async def test_csv_has_raw_values_in_the_order_and_columns_shown(folder: Path) -> None:
    path = folder / "out.csv"
    async with shown(still_cluster()) as (app, pilot):
        await stats(app).run_command("columns objects,query_ms_p95,health")
        await stats(app).run_command("sort objects")
        await pilot.press("slash", *"!gloss", "enter")
        assert await stats(app).run_command(f"export {path}") is None
        said = await written(app, pilot)
    table = list(csv.DictReader(path.open(encoding="utf-8")))
    assert list(table[0]) == [
        "collection",
        "objects",
        "objects_are",
        "query_ms_p95",
        "query_ms_p50",
        "query_ms_p50_below",
        "query_ms_p95_below",
        "query_ms_above",
        "health",
        "finding",
    ]
    assert [row["collection"] for row in table] == ["Documents", "Chunks", "Customers", "Events"]
    assert table[0]["objects"] == "120403112"
    assert table[0]["query_ms_p95"] == "18.3"
    assert table[0]["query_ms_p50"] == "4.12"
    assert (table[0]["objects_are"], table[2]["objects_are"]) == ("approximate", "partial")
    assert (table[0]["query_ms_p50_below"], table[2]["query_ms_p95_below"]) == ("false", "true")
    assert table[3]["objects"] == ""
    assert said.strip().startswith("wrote 4 collections of 5, ")
    assert "out.csv" in said or len(str(path)) > 100
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_csv_has_all_that_a_cell_shows(folder: Path) -> None:
    path = folder / "out.csv"
    async with shown(still_cluster()) as (app, pilot):
        await stats(app).run_command("columns shards,segments,lsm_bytes,queries_per_s")
        await stats(app).run_command(f"export {path}")
        await written(app, pilot)
    rows = {row["collection"]: row for row in csv.DictReader(path.open(encoding="utf-8"))}
    assert list(rows["Documents"]) == [
        "collection",
        "shards",
        "shards_answered",
        "segments",
        "segments_min",
        "lsm_bytes",
        "lsm_partial",
        "metrics_partial",
        "queries_per_s",
    ]
    documents, customers = rows["Documents"], rows["Customers"]
    assert (documents["segments_min"], documents["segments"]) == ("9", "14")
    assert (customers["shards_answered"], customers["shards"]) == ("640", "1204")
    assert documents["metrics_partial"] == "false"


async def test_csv_has_nothing_that_is_only_drawn(folder: Path) -> None:
    path = folder / "out.csv"
    async with shown(still_cluster()) as (app, pilot):
        await stats(app).run_command("columns trend,shards,changed")
        await stats(app).run_command(f"export {path}")
        await written(app, pilot)
    assert next(csv.reader(path.open(encoding="utf-8"))) == [
        "collection",
        "shards",
        "shards_answered",
    ]


async def test_csv_of_shards_has_numbers_and_states(folder: Path) -> None:
    path = folder / "out.csv"
    async with shown(detailed_cluster()) as (app, pilot):
        await app.go("collection Documents")
        await settled(pilot)
        await detail(app).run_command(f"export {path}")
        await written(app, pilot)
    table = {row["shard"]: row for row in csv.DictReader(path.open(encoding="utf-8"))}
    assert list(table["shard03"]) == [
        "shard",
        "behind",
        "behind_node",
        *(name for node in NODES for name in (node, f"{node}_state")),
        "queue",
    ]
    whole = "10033592"
    assert [table["shard03"][name] for name in ("behind", "behind_node")] == ["34", NODES[2]]
    assert [table["shard03"][name] for name in (NODES[0], NODES[2])] == [whole, "10033558"]
    assert table["shard05"][f"{NODES[1]}_state"] == "READONLY"
    assert table["shard07"]["queue"] == "3612"
    assert table["shard09"][NODES[2]] == ""
    assert table["shard09"][f"{NODES[2]}_state"] == "READY not loaded"
    assert (table["shard11"][NODES[2]], table["shard11"][f"{NODES[2]}_state"]) == ("", "")


async def test_what_is_wrong_goes_out_with_the_row(folder: Path) -> None:
    path = folder / "out.csv"
    async with shown(incident()) as (app, pilot):
        await stats(app).run_command("columns health")
        await stats(app).run_command(f"export {path}")
        await written(app, pilot)
    rows = {row["collection"]: row for row in csv.DictReader(path.open(encoding="utf-8"))}
    assert rows["Documents"]["health"] == "critical"
    assert rows["Documents"]["finding"].startswith("RES-501 Documents: shard shard05")
    assert rows["Glossary"]["finding"] == ""


async def test_json_is_a_document(folder: Path) -> None:
    path = folder / "out.json"
    async with shown(still_cluster(), demo=True) as (app, pilot):
        await pilot.press("slash", *"doc", "enter")
        await stats(app).run_command(f"export {path}")
        await written(app, pilot)
    document = json.loads(path.read_text("utf-8"))
    assert (document["kind"], document["version"]) == ("list-stats", 1)
    assert document["at"] == "2026-09-21T14:13:20.000Z"
    assert document["cluster"]["name"] == "prod-eu"
    assert document["cluster"]["demo"] is True
    assert document["cluster"]["nodes_live"] == 3
    assert document["list"]["filter"] == "doc"
    assert document["list"]["total"] == 5
    assert [item["collection"] for item in document["items"]] == ["Documents"]
    assert document["items"][0]["objects"] == 120_403_112


async def test_marked_rows_alone_hidden_ones_too(folder: Path) -> None:
    path = folder / "out.csv"
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("j", "space", "j", "space", "slash", *"cust", "enter")
        await stats(app).run_command(f"export {path}")
        said = await written(app, pilot)
    kept = [row["collection"] for row in csv.DictReader(path.open(encoding="utf-8"))]
    assert kept == ["Customers", "Chunks"]
    assert "2 collections, the marked ones, 1 of them hidden by the filter" in said


async def test_a_picture_shows_the_list_and_not_the_line_typed(folder: Path) -> None:
    path = folder / "out.svg"
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("e")
        prompt = app.screen.query_one(Prompt)
        entry = prompt.query_one("_Entry")
        assert entry.value == "stats-prod-eu-2026-09-21T141320Z.csv"  # type: ignore[attr-defined]
        entry.value = str(path)  # type: ignore[attr-defined]
        await pilot.press("enter")
        said = await written(app, pilot)
        assert not prompt.display
        assert stats(app).table.has_focus
    assert "wrote a picture of the screen" in said
    text = path.read_text("utf-8")
    ElementTree.fromstring(text)  # noqa: S314 - we wrote it
    assert "Documents" in text
    assert "file:" not in text


async def test_a_picture_by_a_typed_command_shows_no_command_and_each_word_in_its_place(
    folder: Path,
) -> None:
    path = folder / "out.svg"
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("colon", *f"export {path}", "enter")
        await written(app, pilot)
    text = path.read_text("utf-8")
    ElementTree.fromstring(text)  # noqa: S314 - we wrote it
    assert "export" not in text
    assert "🔒" not in text
    words = [unescape(word) for word in re.findall(r'textLength="[^"]*"[^>]*>([^<]+)<', text)]
    assert "Collection" in words
    assert not [word for word in words if len(word.split()) > 1]


async def test_what_exists_stays_and_the_line_stays_open(folder: Path) -> None:
    path = folder / "out.csv"
    path.write_text("mine", "utf-8")
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("e")
        app.screen.query_one("_Entry").value = str(path)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await written(app, pilot)
        assert "exists already and stays as it is" in (fault(app) or "")
        assert app.screen.query_one(Prompt).display
        await pilot.press("escape")
        assert stats(app).table.has_focus
    assert path.read_text("utf-8") == "mine"
    assert names(folder) == ["out.csv"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nowhere/out.csv", "there is no folder"),
        ("out.txt", "must end in one of .csv, .json, .svg"),
        ("out", "must end in one of"),
        ("taken.csv/out.csv", "there is no folder"),
        ("\0.csv", "type a file name"),
    ],
)
async def test_what_is_wrong_with_a_name(folder: Path, name: str, words: str) -> None:
    (folder / "taken.csv").write_text("", "utf-8")
    async with shown(still_cluster()) as (app, _):
        said = await stats(app).run_command(f"export {folder}/{name}")
        assert words in (said or "")


async def test_a_full_disk_is_said_and_nothing_is_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    async with shown(still_cluster()) as (app, pilot):
        await stats(app).run_command(f"export {folder}/out.csv")
        assert f"no room left on the disk of {folder}" in await written(app, pilot)
    assert names(folder) == []


def test_one_that_came_meanwhile_is_not_overwritten(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "out.csv"

    def faster(_: int) -> None:
        path.write_text("theirs", "utf-8")

    monkeypatch.setattr(files.os, "fsync", faster)
    with pytest.raises(FileExistsError):
        write_new(path, b"ours")
    assert path.read_text("utf-8") == "theirs"
    assert names(folder) == ["out.csv"]


@pytest.mark.parametrize("taken", [False, True])
def test_without_hard_links_too(folder: Path, monkeypatch: pytest.MonkeyPatch, taken: bool) -> None:
    path = folder / "out.csv"

    def no_links(self: Path, _: Path) -> None:
        if taken:
            self.write_text("theirs", "utf-8")
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    if taken:
        with pytest.raises(FileExistsError):
            write_new(path, b"ours")
        assert path.read_text("utf-8") == "theirs"
    else:
        write_new(path, b"ours")
        assert path.read_bytes() == b"ours"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(folder) == ["out.csv"]


def test_a_dangling_link_is_not_followed(folder: Path) -> None:
    (folder / "link.csv").symlink_to(folder / "elsewhere")
    with pytest.raises(FileExistsError):
        write_new(folder / "link.csv", b"x")
    assert not (folder / "elsewhere").exists()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "permission denied"),
        (errno.EROFS, "read-only"),
        (errno.EDQUOT, "no room left"),
        (errno.ENAMETOOLONG, "too long"),
        (errno.EIO, "could not be written"),
    ],
)
def test_errors_in_words(number: int, words: str) -> None:
    assert words in why_not(OSError(number, os.strerror(number)), Path("/x/out.csv"))


def test_names_are_safe_whatever_the_cluster_is_called() -> None:
    assert usual_name("stats", "prod-eu", START, demo=False) == (
        "stats-prod-eu-2026-09-21T141320Z.csv"
    )
    assert usual_name("nodes", "../a b/ç", START, demo=True) == (
        "nodes-DEMO-a-b-ç-2026-09-21T141320Z.csv"
    )


def test_tab_goes_through_the_endings() -> None:
    assert other_endings("a.csv") == ["a.json", "a.svg", "a.csv"]
    assert other_endings("a.json") == ["a.svg", "a.csv", "a.json"]
    assert other_endings("a") == ["a.csv", "a.json", "a.svg"]


@given(
    st.lists(
        st.lists(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
            min_size=2,
            max_size=2,
        ),
        max_size=5,
    )
)
def test_csv_keeps_the_table_and_runs_nothing(rows: list[list[object]]) -> None:
    table = list(csv.reader(io.StringIO(as_csv(("a", "b"), rows))))
    assert table[0] == ["a", "b"]
    assert len(table) == len(rows) + 1
    for given_row, read in zip(rows, table[1:], strict=True):
        for value, text in zip(given_row, read, strict=True):
            if isinstance(value, str):
                assert not text.startswith(("=", "+", "-", "@", "\t", "\r"))
            if isinstance(value, int) and not isinstance(value, bool):
                assert int(text) == value


@pytest.mark.parametrize("text", ["=1+1", "+x", "-x", "@x", "＝1"])
def test_formulas_are_text(text: str) -> None:
    assert as_csv((), [[text]]).strip() == f"'{text}"


def test_numbers_below_zero_stay_numbers() -> None:
    assert as_csv((), [[-1.5, -3]]).strip() == "-1.5,-3"


def test_lists_and_states() -> None:
    assert as_csv((), [[("a", "b"), {"HOT": 2}, None, True]]).strip() == "a b,HOT=2,,true"
