"""Folders are found, made for their owner only, and never a reason to stop."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from elysiadash.config.paths import find_places


def test_the_variables_name_the_folders(tmp_path: Path) -> None:
    env = {
        "ELYSIADASH_CONFIG_DIR": str(tmp_path / "c"),
        "ELYSIADASH_STATE_DIR": str(tmp_path / "s" / "deep"),
        "ELYSIADASH_CACHE_DIR": str(tmp_path / "k"),
    }
    places = find_places(env)
    assert places.config_file == tmp_path / "c" / "config.toml"
    assert places.state == tmp_path / "s" / "deep"
    assert places.logs == tmp_path / "s" / "deep" / "log"
    assert places.cache == tmp_path / "k"
    assert places.message is None
    for folder in (places.state, places.logs, places.cache):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    # Reading settings makes no folder.
    assert not (tmp_path / "c").exists()
    assert list((tmp_path / "k").iterdir()) == []


def test_without_variables_they_are_where_the_system_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    places = find_places({})
    assert places.state is not None
    assert places.cache is not None
    assert {places.state.name, places.cache.name, places.config_file.parent.name} == {"elysiadash"}
    assert all(tmp_path in path.parents for path in (places.state, places.cache))


def test_an_empty_variable_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    places = find_places({"ELYSIADASH_STATE_DIR": "", "ELYSIADASH_CACHE_DIR": ""})
    assert places.state is not None
    assert places.state.name == "elysiadash"


def blocked(tmp_path: Path) -> str:
    """A folder that nobody, not even root, can make."""
    (tmp_path / "file").write_text("")
    return str(tmp_path / "file" / "inside")


def test_where_nothing_can_be_kept_one_message_says_so(tmp_path: Path) -> None:
    folder = blocked(tmp_path)
    places = find_places({"ELYSIADASH_STATE_DIR": folder, "ELYSIADASH_CACHE_DIR": folder})
    assert (places.state, places.cache, places.logs) == (None, None, None)
    assert places.message == (
        f"{folder} cannot be written (Not a directory): jobs, recordings and logs are not kept; "
        "name a folder with ELYSIADASH_STATE_DIR"
    )


def test_a_cache_that_cannot_be_written_costs_only_the_cache(tmp_path: Path) -> None:
    env = {
        "ELYSIADASH_STATE_DIR": str(tmp_path / "s"),
        "ELYSIADASH_CACHE_DIR": blocked(tmp_path),
    }
    places = find_places(env)
    assert places.state == tmp_path / "s"
    assert places.cache is None
    assert "nothing is cached" in str(places.message)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    assert find_places({}).state is None


def test_a_file_system_that_refuses_files_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    env = {"ELYSIADASH_STATE_DIR": str(tmp_path), "ELYSIADASH_CACHE_DIR": str(tmp_path)}
    places = find_places(env)
    assert places.state is None
    assert "Read-only file system" in str(places.message)


def test_no_home_at_all_makes_no_folder_called_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    before = set(tmp_path.iterdir())
    for env in ({}, {"ELYSIADASH_STATE_DIR": "~/state"}):
        places = find_places(env)
        assert places.state is None
        assert "no home folder is known" in str(places.message)
    assert set(tmp_path.iterdir()) == before
