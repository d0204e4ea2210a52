"""``diag``: what is packed, and what is not."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.unit.cli.clusters import InThread
from tests.unit.cli.running import Cli

KEY = "sesame-open-5521"


@pytest.fixture(autouse=True)
def _own_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)


def contents(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as packed:
        files = {member.name: packed.extractfile(member) for member in packed.getmembers()}
        return {name: file.read().decode() for name, file in files.items() if file is not None}


def test_the_archive_holds_what_a_report_needs_and_no_secret(
    cli: Cli, healthy: InThread, config_file: Path, tmp_path: Path
) -> None:
    config_file.write_text(
        f"[profiles.prod]\nurl = '{healthy.url}'\n"
        f"auth = {{ method = 'api-key', key_clear = '{KEY}', allow_clear = true }}\n"
    )
    assert cli("nodes", "--url", healthy.url, "--log-level=debug").code == 0
    log = tmp_path / "state" / "log" / "elysiadash.log"
    with log.open("a") as file:
        file.write(f'{{"message":"Authorization: Bearer {KEY}"}}\n')
    document = cli.document("diag", "--json")
    archive = Path(document["archive"])
    assert archive.parent == Path.cwd()
    assert archive.stat().st_mode & 0o077 == 0
    parts = contents(archive)
    assert set(parts) == {f"elysiadash-diag/{item['name']}" for item in document["items"]}
    assert "elysiadash" in parts["elysiadash-diag/versions.txt"]
    assert "msgspec" in parts["elysiadash-diag/versions.txt"]
    assert "profiles.prod.url" in parts["elysiadash-diag/settings.txt"]
    assert "elysiadash-diag/log.jsonl" in parts
    state = [name for name in parts if name.startswith("elysiadash-diag/clusters/")]
    assert len(state) == 1
    assert "node-1" in parts[state[0]]
    assert KEY not in "".join(parts.values())


def test_it_never_writes_over_another(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setattr(time, "strftime", lambda *_: "20260101-000000")
    first = cli("diag")
    assert first.code == 0
    archive = Path(first.out.strip())
    before = archive.read_bytes()
    second = cli("diag")
    assert second.code == 1
    assert "exists already" in second.err
    assert archive.read_bytes() == before
    assert archive.name == "elysiadash-diag-20260101-000000.tar.gz"


def test_broken_settings_are_packed_as_mistakes(cli: Cli, config_file: Path) -> None:
    config_file.write_text("= broken")
    ran = cli("diag")
    assert ran.code == 0
    assert "no valid TOML" in contents(Path(ran.out.strip()))["elysiadash-diag/mistakes.txt"]
    assert "look before you send it" in ran.err


def test_a_long_log_is_cut_at_a_line(cli: Cli, tmp_path: Path) -> None:
    log = tmp_path / "state" / "log"
    log.mkdir(parents=True)
    (log / "elysiadash.log").write_text("".join(f'{{"n":{n:09}}}\n' for n in range(60_000)))
    ran = cli("diag")
    text = contents(Path(ran.out.strip()))["elysiadash-diag/log.jsonl"]
    lines = text.splitlines()
    assert len(text) <= 256 * 1024
    assert lines[0].startswith('{"n":')
    assert lines[-1] == '{"n":000059999}'


def test_a_folder_that_cannot_be_written_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/proc")
    ran = cli("diag")
    assert ran.code == 1
    assert "cannot be written" in ran.err
