"""``template``: list, show, save, create, delete."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from elysiadash.cli import consent, template_creation
from elysiadash.schema.cleaning import clean
from elysiadash.schema.templates.shelf import SHIPPED
from elysiadash.weaviate.guard import AuditEntry
from tests.unit.cli.clusters import InThread, cluster_in_thread
from tests.unit.cli.fake_servers import put_in_place
from tests.unit.cli.running import Cli, valid_document

WRITE = ("--write", "--yes")


@pytest.fixture
def folder(config_file: Path) -> Path:
    """The user's templates; the folder does not exist at first."""
    return config_file.parent / "templates"


@pytest.fixture
def changing() -> Iterator[InThread]:
    """A cluster for one test to change."""
    with cluster_in_thread("healthy") as cluster:
        yield cluster


def definition_of(cluster: InThread, name: str) -> dict[str, Any]:
    """What the cluster has stored."""
    found: dict[str, Any] = cluster.cluster.model.collections[name].definition
    return found


# List, show, delete


@pytest.mark.parametrize("words", [["template"], ["template", "list"]])
def test_shipped_ones_are_listed(cli: Cli, folder: Path, words: list[str]) -> None:
    ran = cli(*words)
    assert ran.code == 0
    assert [line.split()[0] for line in ran.out.splitlines()] == ["TEMPLATE", *sorted(SHIPPED)]
    assert str(folder) in ran.err
    document = valid_document(cli(*words, "--json").out)
    assert {item["origin"] for item in document["items"]} == {"shipped"}
    assert all(item["why"] for item in document["items"])


def test_a_damaged_file_is_told_and_hides_no_other(cli: Cli, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "bad.toml").write_text("definition = ")
    ran = cli("template", "list")
    assert ran.code == 1
    assert len(ran.out.splitlines()) == len(SHIPPED) + 2
    (line,) = [line for line in ran.out.splitlines() if line.startswith("bad ")]
    assert "no template: it is no TOML" in line
    document = cli.document("template", "list", "--json", code=1)
    assert [item["template"] for item in document["items"] if item["fault"]] == ["bad"]
    ran = cli("template", "show", "bad")
    assert ran.code == 1
    assert "is no TOML" in ran.err


def test_what_is_shown_is_a_file_that_can_be_kept(cli: Cli, folder: Path) -> None:
    ran = cli("template", "show", "multi-tenant")
    assert ran.code == 0
    assert tomllib.loads(ran.out)["definition"]["replicationConfig"]["factor"] == 3
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(ran.out)
    (item,) = cli.document("template", "show", "mine", "--json")["items"]
    assert item["origin"] == "own"
    assert item["definition"] == tomllib.loads(ran.out)["definition"]


def test_an_own_one_can_be_deleted_and_a_shipped_one_not(cli: Cli, folder: Path) -> None:
    folder.mkdir(parents=True)
    path = folder / "mine.json"
    path.write_text('{"class": "A"}')
    assert cli("template", "delete", "mine").out == f"{path}\n"
    assert not path.exists()
    assert cli("template", "delete", "mine").code == 64
    ran = cli("template", "delete", "small-flat")
    assert ran.code == 1
    assert "shipped" in ran.err


@pytest.mark.parametrize("verb", ["show", "delete", "save", "create"])
def test_a_name_is_needed_and_must_be_one(cli: Cli, verb: str) -> None:
    assert cli("template", verb).code == 64
    ran = cli("template", verb, "../config", *(["--collection", "A"] if verb[-1] == "e" else []))
    if verb != "delete":
        assert ran.code == 64
    assert "is no name for a template" in ran.err or verb == "delete"


def test_the_nearest_name_is_offered(cli: Cli) -> None:
    ran = cli("template", "show", "multi-tennant")
    assert ran.code == 64
    assert "did you mean multi-tenant?" in ran.err


# Save


def test_a_collection_becomes_a_template(cli: Cli, folder: Path, healthy: InThread) -> None:
    words = ("template", "save", "docs", "--collection", "Documents", "--url", healthy.url)
    ran = cli(*words)
    assert ran.code == 0, ran
    path = folder / "docs.toml"
    assert ran.out == f"{path}\n"
    assert "left out shardingConfig.actualCount: computed by the server" in ran.err
    saved = tomllib.loads(path.read_text())
    cleaned = clean(definition_of(healthy, "Documents"), "template")
    assert saved["definition"] == cleaned.definition
    assert saved["saved_from"].startswith("Documents of ")
    assert saved["saved_from"].endswith("Weaviate 1.39.0")
    assert "left out class" not in ran.err
    again = cli(*words)
    assert again.code == 1
    assert "--overwrite" in again.err
    document = cli.document(
        *words, "--overwrite", "--json", "--about", "mine", "--set", "replicationConfig.factor=2"
    )
    assert document["items"][0]["file"] == str(path)
    saved = tomllib.loads(path.read_text())
    assert saved["about"] == "mine"
    assert saved["definition"]["replicationConfig"]["factor"] == 2


def test_an_alias_names_its_collection(cli: Cli, folder: Path, healthy: InThread) -> None:
    assert cli("template", "save", "x", "--collection", "Docs", "--url", healthy.url).code == 0
    assert tomllib.loads((folder / "x.toml").read_text())["about"] == "as Documents"


def test_what_is_not_there_cannot_be_saved(cli: Cli, folder: Path, healthy: InThread) -> None:
    ran = cli("template", "save", "x", "--collection", "Nope", "--url", healthy.url)
    assert ran.code == 1
    assert "there is no collection 'Nope'" in ran.err
    ran = cli("template", "save", "x", "--collection", "Doc", "--url", "http://127.0.0.1:9")
    assert ran.code == 1
    assert "127.0.0.1:9" in ran.err
    ran = cli("template", "save", "x", "--url", healthy.url)
    assert ran.code == 64
    assert "--collection" in ran.err
    assert not folder.exists()


def test_wrong_settings_save_nothing(cli: Cli, folder: Path, healthy: InThread) -> None:
    words = ("template", "save", "x", "--collection", "Documents", "--url", healthy.url)
    ran = cli(*words, "--set", "replicationConfig.faktor=2", "--set", "a=1")
    assert ran.code == 64
    assert "did you mean replicationConfig.factor?" in ran.err
    assert "a=1: there is no such setting" in ran.err
    assert not folder.exists()


# Create


class Kept:
    """An audit log in memory."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """What the audit log would hold."""
    log = Kept()
    monkeypatch.setattr(template_creation, "audit_log", lambda chosen: log)
    return log


def create(cluster: InThread, *words: str, name: str = "high-recall") -> list[str]:
    """A command that creates ``New``."""
    return ["template", "create", name, "--collection", "New", "--url", cluster.url, *words]


def test_a_dry_run_prints_what_would_be_sent(cli: Cli, healthy: InThread, kept: Kept) -> None:
    ran = cli(*create(healthy, "--dry-run", "--set", "replicationConfig.factor=2"))
    assert ran.code == 0, ran
    body = json.loads(ran.out)
    assert (body["class"], body["replicationConfig"]["factor"]) == ("New", 2)
    assert "POST /v1/schema" in ran.err
    assert "nothing was sent" in ran.err
    (item,) = cli.document(*create(healthy, "--dry-run", "--json"))["items"]
    assert item["state"] == "planned"
    assert [one["path"] for one in item["requests"]] == ["/v1/schema"]
    assert "New" not in healthy.cluster.model.collections
    assert kept.entries == []


def test_a_collection_is_made_of_a_template(cli: Cli, changing: InThread, kept: Kept) -> None:
    ran = cli(*create(changing, *WRITE))
    assert ran.code == 0, ran
    assert "New is created, and reads as it was posted" in ran.err
    assert json.loads(ran.out) == definition_of(changing, "New")
    assert [entry.result for entry in kept.entries] == ["started", "ok"]
    permit = kept.entries[0].permit
    assert permit is not None
    assert permit.reason == "template create high-recall --collection New"
    again = cli(*create(changing, *WRITE))
    assert again.code == 64
    assert "the name New is taken" in again.err


def test_what_was_sent_stands_in_the_audit_log(
    cli: Cli, changing: InThread, tmp_path: Path
) -> None:
    assert cli(*create(changing, *WRITE)).code == 0
    log = tmp_path / "state" / "audit.jsonl"
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [line["result"] for line in lines] == ["started", "ok"]
    assert {(line["verb"], line["path"]) for line in lines} == {("POST", "/v1/schema")}
    assert log.stat().st_mode & 0o777 == 0o600


def test_saved_and_created_again_it_is_the_same(cli: Cli, changing: InThread, kept: Kept) -> None:
    save = ("template", "save", "cust", "--collection", "Customers", "--url", changing.url)
    assert cli(*save).code == 0
    (item,) = cli.document(*create(changing, *WRITE, "--json", name="cust"))["items"]
    assert (item["state"], item["differences"]) == ("created", [])
    assert definition_of(changing, "New") == {
        **definition_of(changing, "Customers"),
        "class": "New",
    }


def test_read_only_sends_nothing(cli: Cli, healthy: InThread, kept: Kept) -> None:
    ran = cli(*create(healthy, "--yes"))
    assert ran.code == 1
    assert "read-only: nothing was sent" in ran.err
    assert "--write" in ran.err
    assert kept.entries == []


def test_without_an_audit_log_nothing_is_sent(
    cli: Cli, healthy: InThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template_creation, "audit_log", lambda chosen: None)
    ran = cli(*create(healthy, *WRITE))
    assert ran.code == 1
    assert "a write needs an audit log" in ran.err
    assert "New was not created" in ran.err
    assert "New" not in healthy.cluster.model.collections


def test_without_a_yes_nothing_is_sent(
    cli: Cli, healthy: InThread, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = cli(*create(healthy, "--write"))
    assert ran.code == 64
    assert "--yes answers it" in ran.err
    monkeypatch.setattr(consent, "is_terminal", lambda stream: True)
    for answer, code in (("\n", 1), ("no\n", 1)):
        monkeypatch.setattr("sys.stdin", _Typed(answer))
        ran = cli(*create(healthy, "--write"))
        assert ran.code == code
        assert "create New on" in ran.err
        assert "nothing was sent" in ran.err
    assert kept.entries == []


def test_a_typed_yes_is_one(
    cli: Cli, changing: InThread, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consent, "is_terminal", lambda stream: True)
    monkeypatch.setattr("sys.stdin", _Typed("y\n"))
    assert cli(*create(changing, "--write")).code == 0
    assert "New" in changing.cluster.model.collections


class _Typed:
    def __init__(self, line: str) -> None:
        self._line = line

    def readline(self) -> str:
        return self._line


def test_what_the_server_refuses_is_told_with_its_words(
    cli: Cli, healthy: InThread, kept: Kept
) -> None:
    words = create(healthy, *WRITE, "--set", "replicationConfig.factor=9")
    ran = cli(*words)
    assert ran.code == 1
    assert "could not find enough weaviate nodes" in ran.err
    assert "New was not created" in ran.err
    (item,) = cli.document(*words, "--json", code=1)["items"]
    assert (item["state"], item["differences"]) == ("refused", [])
    assert "9 requested" in item["message"]


@pytest.mark.parametrize(
    ("read", "state", "words"),
    [
        (httpx.Response(200, json={"class": "New"}), "different", "exists, and is not as it was"),
        (httpx.Response(500, text="no leader"), "unknown", "whether New exists is not known"),
        (httpx.Response(404), "refused", "New was not created"),
    ],
    ids=["exists", "unread", "absent"],
)
def test_reading_back_decides_whatever_was_answered(
    cli: Cli,
    kept: Kept,
    monkeypatch: pytest.MonkeyPatch,
    read: httpx.Response,
    state: str,
    words: str,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        route = f"{request.method} {request.url.path}"
        if route == "GET /v1/schema":
            return httpx.Response(200, json={"classes": []})
        if route == "POST /v1/schema":
            return httpx.Response(422, json={"error": [{"message": "updating db: boom"}]})
        return read if route == "GET /v1/schema/New" else httpx.Response(404)

    put_in_place(monkeypatch, answer)
    line = ["template", "create", "high-recall", "--collection", "New", "--url", "http://wv.test"]
    ran = cli(*line, *WRITE)
    assert ran.code == 1
    assert words in ran.err
    assert "boom" in ran.err
    (item,) = cli.document(*line, *WRITE, "--json", code=1)["items"]
    assert item["state"] == state
    assert bool(item["differences"]) is (state == "different")


@pytest.mark.parametrize("collection", ["new", "A-b", "documents", "DOCUMENTS", "Docs"])
def test_names_are_looked_at_before_anything_is_sent(
    cli: Cli, healthy: InThread, kept: Kept, collection: str
) -> None:
    words = ("template", "create", "high-recall", "--collection", collection)
    ran = cli(*words, "--url", healthy.url, *WRITE)
    assert ran.code == 64
    assert "nothing was sent" in ran.err
    assert kept.entries == []


def test_a_reference_that_leads_nowhere_is_found(
    cli: Cli, healthy: InThread, kept: Kept, folder: Path
) -> None:
    folder.mkdir(parents=True)
    to = {"name": "to", "dataType": ["Nowhere"]}
    (folder / "refs.json").write_text(json.dumps({"vectorizer": "none", "properties": [to]}))
    ran = cli(*create(healthy, *WRITE, name="refs"))
    assert ran.code == 1
    assert "to refers to Nowhere" in ran.err
    assert "--set properties.to=null" in ran.err
    ran = cli(*create(healthy, "--dry-run", "--set", "properties.to=null", name="refs"))
    assert ran.code == 0


def test_a_misread_value_is_found_before_it_is_sent(
    cli: Cli, healthy: InThread, kept: Kept, folder: Path
) -> None:
    folder.mkdir(parents=True)
    (folder / "text.json").write_text('{"vectorIndexConfig": {"ef": "64"}, "vectorizer": "none"}')
    ran = cli(*create(healthy, *WRITE, name="text"))
    assert ran.code == 64
    assert "vectorIndexConfig.ef: '64' is not a whole number" in ran.err
    (folder / "new.json").write_text('{"newThing": 1, "vectorizer": "none"}')
    (item,) = cli.document(*create(healthy, "--dry-run", "--json", name="new"))["items"]
    assert item["unknown_settings"] == ["newThing"]


def test_a_server_that_cannot_be_reached_is_told(cli: Cli, kept: Kept) -> None:
    words = ("template", "create", "high-recall", "--collection", "New")
    ran = cli(*words, "--url", "http://127.0.0.1:9", *WRITE)
    assert ran.code == 1
    assert "127.0.0.1:9" in ran.err
    assert kept.entries == []
