"""Drafts: saved whole, never over another terminal's, and read back as they were."""

from __future__ import annotations

import errno
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.migrate import drafts
from elysiadash.migrate.drafts import ChosenCollection, Draft, DraftError, DraftMoved
from elysiadash.migrate.phases import Strategy, Verify


def begun(state: Path) -> Draft:
    return drafts.save(state, drafts.begin("prod", "http://w.example:8080", 1.0, who="ana"), 2.0)


def test_what_was_saved_is_read_back(tmp_path: Path) -> None:
    first = begun(tmp_path)
    chosen = (ChosenCollection(name="Doc", target="DocNew", tenants=("a",)),)
    saved = drafts.save(
        tmp_path, msgspec.structs.replace(first, collections=chosen, strategy=Strategy.BACKUP), 3.0
    )
    assert saved.revision == 2
    assert drafts.load(tmp_path, first.id) == saved
    assert drafts.every(tmp_path) == ([saved], [])


def test_the_second_terminal_to_save_is_told_and_loses_nothing_of_the_first(tmp_path: Path) -> None:
    mine = begun(tmp_path)
    theirs = drafts.save(tmp_path, msgspec.structs.replace(mine, target="staging"), 3.0)
    with pytest.raises(DraftMoved, match="another terminal"):
        drafts.save(tmp_path, msgspec.structs.replace(mine, target="other"), 4.0)
    assert drafts.load(tmp_path, mine.id) == theirs


def test_a_draft_that_was_discarded_elsewhere_does_not_come_back(tmp_path: Path) -> None:
    mine = begun(tmp_path)
    drafts.discard(tmp_path, mine.id)
    drafts.discard(tmp_path, mine.id)
    with pytest.raises(DraftMoved, match="discarded"):
        drafts.save(tmp_path, mine, 4.0)
    assert drafts.every(tmp_path) == ([], [])


def test_a_save_that_fails_leaves_the_draft_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = begun(tmp_path)

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(drafts.files, "replace", full)
        with pytest.raises(DraftError, match="cannot be kept: No space left"):
            drafts.save(tmp_path, msgspec.structs.replace(mine, target="x"), 4.0)
    assert drafts.load(tmp_path, mine.id) == mine


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"id": 3}', b"\xff", b'{"id":"d-0000ffff"}'])
def test_a_damaged_draft_is_named_and_costs_no_other(tmp_path: Path, data: bytes) -> None:
    whole = begun(tmp_path)
    (tmp_path / drafts.FOLDER / "d-0000aaaa.json").write_bytes(data)
    found, faults = drafts.every(tmp_path)
    assert found == [whole]
    assert len(faults) == 1
    assert "d-0000aaaa" in faults[0]


def test_a_later_releases_draft_is_left_as_it_is(tmp_path: Path) -> None:
    whole = begun(tmp_path)
    path = drafts.path_of(tmp_path, whole.id)
    raw = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**raw, "version": 99}))
    before = path.read_bytes()
    with pytest.raises(DraftError, match="later release"):
        drafts.save(tmp_path, whole, 5.0)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["../x", "d-1", "jobs", "d-0000000G", "/etc/passwd", ""])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(DraftError):
        drafts.load(tmp_path, name)


@given(
    step=st.sampled_from(drafts.STEPS),
    rate=st.sampled_from([None, 1.0, 500.0]),
    accepted=st.sampled_from([[], ["vectorless"], ["a", "b"]]),
)
def test_where_one_is_and_what_was_lifted_make_no_other_plan(
    step: drafts.StepName, rate: float | None, accepted: list[str]
) -> None:
    plan = Draft(id="d-00000001", source="prod", target="staging")
    same = msgspec.structs.replace(plan, step=step, rate=rate, accepted=tuple(accepted), revision=9)
    assert same.fingerprint() == plan.fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"target": "other"},
        {"verify": Verify.V0},
        {"transform": "/t.py"},
        {"settings": ("a=1",)},
        {"collections": (ChosenCollection(name="Doc", replaces=True),)},
    ],
)
def test_another_plan_has_another_fingerprint(change: dict[str, object]) -> None:
    plan = Draft(
        id="d-00000001", source="prod", target="staging",
        collections=(ChosenCollection(name="Doc"),),
    )  # fmt: skip
    assert msgspec.structs.replace(plan, **change).fingerprint() != plan.fingerprint()
