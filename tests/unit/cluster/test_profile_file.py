"""Each profile has a file of its own, also after an update of ours."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.profile_file import profile_file
from elysiadash.cluster.recording.file import recording_path
from elysiadash.cluster.remembered import Memory, Remembered

URL = "http://weaviate.example:8080"


def test_what_was_kept_so_far_is_found_again(tmp_path: Path) -> None:
    # Names that are on disks: another one would lose a past.
    assert recording_path(tmp_path, "prod eu", URL) == (
        tmp_path / "recordings" / "prod_eu-863b5eb758.sqlite"
    )
    assert Memory(tmp_path, "prod eu", URL).save(Remembered())
    assert [one.name for one in (tmp_path / "clusters").iterdir()] == ["prod_eu-863b5eb758.json"]


@given(one=st.tuples(st.text(), st.text("a:/")), other=st.tuples(st.text(), st.text("a:/")))
def test_a_file_is_of_one_profile_and_in_its_folder(
    one: tuple[str, str], other: tuple[str, str]
) -> None:
    folder = Path("/state")
    found = profile_file(folder, *one, ".x")
    assert found.parent == folder
    assert found.suffix == ".x"
    assert len(found.name.encode()) <= 255
    assert (found == profile_file(folder, *other, ".x")) == (one == other)
