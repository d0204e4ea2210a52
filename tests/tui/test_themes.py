"""Themes: ours load from a checkout and from a wheel; wrong ones are left out with the reason."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from elysiadash.tui.themes import HEALTH, VARIABLES, load_themes, shipped_themes

ROOT = Path(__file__).resolve().parents[2]


def test_the_shipped_themes_all_load() -> None:
    loaded, failed = load_themes([shipped_themes()])
    assert failed == ()
    assert set(loaded) == {"dark", "light", "high-contrast"}
    for theme in loaded.values():
        assert {f"health-{state}" for state in HEALTH} <= theme.variables.keys()
    assert not loaded["light"].dark


def test_a_checkout_has_them_beside_the_package() -> None:
    assert shipped_themes() == ROOT / "themes"


def test_a_wheel_has_them_in_the_package(tmp_path: Path) -> None:
    """What the build does: the package, and ``themes`` put where pyproject.toml says."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    places = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    shutil.copytree(
        ROOT / "elysiadash", tmp_path / "elysiadash", ignore=shutil.ignore_patterns("__pycache__")
    )
    for source, place in places.items():
        shutil.copytree(ROOT / source, tmp_path / place)
    asked = (
        "from elysiadash.tui.themes import load_themes, shipped_themes\n"
        "loaded, failed = load_themes([shipped_themes()])\n"
        "print(shipped_themes(), sorted(loaded), failed)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    inside = tmp_path / "elysiadash" / "themes"
    assert done.stdout.strip() == f"{inside} ['dark', 'high-contrast', 'light'] ()"


def test_a_later_folder_wins(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "dark"\n[colours]\nprimary = "#123456"\n')
    loaded, failed = load_themes([shipped_themes(), tmp_path, tmp_path / "none"])
    assert failed == ()
    assert loaded["dark"].primary == "#123456"
    assert loaded["dark"].variables == VARIABLES


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("name = ", "is not TOML"),
        ('[colours]\nprimary = "notacolour"', "'notacolour' is not a colour"),
        ('[colours]\nprimary = "#12345678"', "see-through"),
        ("[colours]\nprimary = 3", "must be a colour in quotes"),
        ('[colours]\nprimry = "red"', "unknown key colours.primry"),
        ('[health]\nok = "red"', "colours.primary is missing"),
        ('colour = "red"', "unknown key 'colour'"),
        ("colours = 3", "colours must be a table"),
        ('dark = "no"\n[colours]\nprimary = "red"', "dark must be true or false"),
        ('name = " "\n[colours]\nprimary = "red"', "name must be a text"),
    ],
)
def test_a_wrong_theme_is_left_out(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    loaded, failed = load_themes([tmp_path])
    assert loaded == {}
    assert [fault.path for fault in failed] == [path]
    assert part in failed[0].words


def test_a_file_that_is_not_text_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_bytes(b"\xff\xfe\x00")
    _, failed = load_themes([tmp_path])
    assert "cannot be read" in str(failed[0])


def test_a_theme_without_a_name_is_called_after_its_file(tmp_path: Path) -> None:
    (tmp_path / "midnight.toml").write_text('[colours]\nprimary = "navy"\n')
    loaded, _ = load_themes([tmp_path])
    assert list(loaded) == ["midnight"]
