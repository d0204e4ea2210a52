"""What is kept on disk: comes back, belongs to one cluster, and never gets in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from elysiadash.cluster.remembered import Memory, Remembered
from elysiadash.cluster.stats import CollectionStats
from elysiadash.cluster.view import ClusterView, NodeView

STATE = Remembered(
    saved_at=5.0,
    expected=("n0", "n1"),
    learned={"http://x": "n0"},
    cluster=ClusterView(nodes=(NodeView(node="n0", status="healthy"),), expected=2, live=1),
    rows=(CollectionStats(collection="Doc", objects=7, not_exposed={"segments": "why"}),),
    rows_at=4.0,
)


def test_the_state_comes_back_whole(tmp_path: Path) -> None:
    assert Memory(tmp_path, "prod", "http://wv").save(STATE)
    found = Memory(tmp_path, "prod", "http://wv").load()
    assert found.expected == STATE.expected
    assert found.rows == STATE.rows
    assert found.cluster == STATE.cluster


def test_another_address_or_profile_remembers_nothing(tmp_path: Path) -> None:
    Memory(tmp_path, "prod", "http://wv").save(STATE)
    assert Memory(tmp_path, "prod", "http://other").load().expected == ()
    assert Memory(tmp_path, "stage", "http://wv").load().expected == ()


def test_a_profile_name_never_leaves_the_directory(tmp_path: Path) -> None:
    Memory(tmp_path, "../../etc/p*/x", "http://wv").save(STATE)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 1
    assert written[0].parent == tmp_path / "clusters"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 99}', b"\xff\xfe"])
def test_a_broken_file_is_ignored(tmp_path: Path, content: bytes) -> None:
    memory = Memory(tmp_path, "prod", "http://wv")
    memory.save(STATE)
    next(tmp_path.rglob("*.json")).write_bytes(content)
    assert memory.load().expected == ()
    assert memory.save(STATE)


def test_without_a_usable_directory_nothing_is_kept_and_nothing_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert Memory(None, "prod", "http://wv").save(STATE) is False
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    memory = Memory(in_the_way, "prod", "http://wv")
    assert memory.load().expected == ()
    assert memory.save(STATE) is False
    assert memory.save(STATE) is False
    assert len([r for r in caplog.records if "cannot be kept" in r.message]) == 1
