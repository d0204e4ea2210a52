"""Themes: ours load from a checkout and from a wheel; wrong ones are left out with the reason."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme

from elysiadash.tui.contrast import contrast
from elysiadash.tui.kept import Kept
from elysiadash.tui.themes import (
    DEFAULT_THEME,
    ENVIRONMENT,
    HEALTH,
    VARIABLES,
    load_themes,
    shipped_themes,
)
from tests.tui.eyes import EYES, Three, apart, ciede2000
from tests.tui.reading import fault, shown, status
from tests.tui.still import still_cluster

ROOT = Path(__file__).resolve().parents[2]


def test_the_shipped_themes_all_load() -> None:
    loaded, failed, notes = load_themes([shipped_themes()])
    assert (failed, notes) == ((), ())
    assert set(loaded) == {"dark", "light", "high-contrast", "colour-blind"}
    for theme in loaded.values():
        assert {f"health-{state}" for state in HEALTH} <= theme.variables.keys()
    assert not loaded["light"].dark


# Colours that can be read and told apart

_TEXTS = ("foreground", "primary", "secondary", "accent", "success", "warning", "error")
_GROUNDS = ("background", "surface", "panel")
_STATES = ("ok", "warn", "crit", "unknown")
_APART = 18.0
"""CIEDE2000; colours at a distance of 10 are no longer called alike."""

_SHIPPED = load_themes([shipped_themes()]).themes


def _unreadable(theme: Theme) -> list[str]:
    """Texts of a theme that are too faint on one of its grounds, and badges likewise."""
    least = 7.0 if theme.name == "high-contrast" else 4.5
    texts = {name: getattr(theme, name) for name in _TEXTS}
    texts |= {state: theme.variables[f"health-{state}"] for state in HEALTH}
    found = [
        f"{name} on {ground}: {ratio:.1f}"
        for name, text in texts.items()
        for ground in _GROUNDS
        if (ratio := contrast(Color.parse(text), Color.parse(getattr(theme, ground)))) < least
    ]
    for name in ENVIRONMENT:
        badge = Color.parse(theme.variables[f"env-{name}"])
        ratio = max(contrast(Color.parse(text), badge) for text in ("white", "black"))
        if ratio < least:
            found.append(f"black or white on env-{name}: {ratio:.1f}")
    return found


def _alike(theme: Theme, eyes: Iterable[str]) -> list[str]:
    """States of a theme that these eyes take for one another."""
    states = {name: Color.parse(theme.variables[f"health-{name}"]) for name in _STATES}
    return [
        f"{one} and {other} with {kind}: {distance:.0f}"
        for kind in eyes
        for one, other in combinations(states, 2)
        if (distance := apart(states[one], states[other], kind)) < _APART
    ]


@pytest.mark.parametrize("name", sorted(_SHIPPED))
def test_texts_can_be_read(name: str) -> None:
    assert _unreadable(_SHIPPED[name]) == []


@pytest.mark.parametrize("name", sorted(_SHIPPED))
def test_states_can_be_told_apart(name: str) -> None:
    kinds = EYES if name == "colour-blind" else ["usual"]
    assert _alike(_SHIPPED[name], kinds) == []


def test_a_bad_change_of_colours_is_found(tmp_path: Path) -> None:
    text = (shipped_themes() / "colour-blind.toml").read_text("utf-8")
    (tmp_path / "bad.toml").write_text(
        text.replace('crit = "#ec7460"', 'crit = "#d9c95a"').replace("#dcdfe4", "#6a6f77")
    )
    theme = load_themes([tmp_path]).themes["colour-blind"]
    assert any(found.startswith("warn and crit with usual") for found in _alike(theme, EYES))
    assert any(found.startswith("foreground on panel") for found in _unreadable(theme))


def test_red_and_green_are_alike_without_the_cones_for_green() -> None:
    red, green = Color.parse("#b3243f"), Color.parse("#5b6b2a")
    assert apart(red, green, "usual") > 40
    assert apart(red, green, "deuteranopia") < 15


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [  # from the supplementary data of Sharma, Wu, Dalal 2005
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ],
)
def test_the_distance_is_that_of_the_standard(one: Three, other: Three, distance: float) -> None:
    assert ciede2000(one, other) == pytest.approx(distance, abs=5e-5)


# Where they are


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
        "loaded, failed, _ = load_themes([shipped_themes()])\n"
        "print(shipped_themes(), sorted(loaded), failed)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    inside = tmp_path / "elysiadash" / "themes"
    assert done.stdout.strip() == f"{inside} ['colour-blind', 'dark', 'high-contrast', 'light'] ()"


def test_a_later_folder_wins(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('name = "dark"\n[colours]\nprimary = "#123456"\n')
    loaded, failed, notes = load_themes([shipped_themes(), tmp_path, tmp_path / "none"])
    assert failed == ()
    assert notes == (f"theme dark: {tmp_path / 'mine.toml'} instead of the shipped one",)
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
        ('name = "a\\u001bb"\n[colours]\nprimary = "red"', "name must be a text"),
        ("#" * 70_000, "larger than 64 KiB"),
    ],
)
def test_a_wrong_theme_is_left_out(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(text)
    loaded, failed, _ = load_themes([tmp_path])
    assert loaded == {}
    assert [fault.path for fault in failed] == [path]
    assert part in failed[0].words


def test_a_file_that_is_not_text_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_bytes(b"\xff\xfe\x00")
    failed = load_themes([tmp_path]).faults
    assert "cannot be read" in str(failed[0])


def test_a_theme_without_a_name_is_called_after_its_file(tmp_path: Path) -> None:
    (tmp_path / "midnight.toml").write_text('[colours]\nprimary = "navy"\n')
    loaded = load_themes([tmp_path]).themes
    assert list(loaded) == ["midnight"]


def test_what_is_no_file_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    faults = load_themes([tmp_path]).faults
    assert [fault.words for fault in faults] == ["is not a file", "is not a file"]


# In the app


async def test_a_broken_file_costs_one_message(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("[colours]\nprimary = 3")
    folders = [shipped_themes(), tmp_path]
    async with shown(still_cluster(), theme_folders=folders) as (app, pilot):
        assert "broken.toml: colours.primary must be a colour in quotes" in status(app)
        assert app.theme == DEFAULT_THEME
        await pilot.press("colon", *"theme nonesuch", "enter")
        words = fault(app) or ""
        assert "there are colour-blind, dark, high-contrast, light" in words
        assert "broken.toml" in words


async def test_a_wanted_theme_is_used_and_an_unknown_one_is_named() -> None:
    async with shown(still_cluster(), theme="light") as (app, _):
        assert app.theme == "light"
    async with shown(still_cluster(), theme="none") as (app, _):
        assert app.theme == DEFAULT_THEME
        assert "no theme 'none'" in status(app)


async def test_a_theme_is_shown_while_its_name_is_typed() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("colon", *"theme light")
        assert app.theme == "light"
        await pilot.press("escape")
        await pilot.pause()
        assert app.theme == DEFAULT_THEME
        await pilot.press("colon", *"theme light", "enter")
        await pilot.pause()
        assert app.theme == "light"


async def test_names_of_themes_are_completed() -> None:
    async with shown(still_cluster()) as (app, pilot):
        await pilot.press("colon", *"theme col")
        await pilot.pause(0.1)
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert app.theme == "colour-blind"


async def test_a_theme_is_kept_in_a_thread_and_what_prevents_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    kept = Kept(tmp_path / "file" / "below")
    async with shown(still_cluster(), kept=kept) as (app, pilot):
        threads: list[str] = []
        keep = kept.keep_theme

        def noted(theme: str) -> str | None:
            threads.append(threading.current_thread().name)
            return keep(theme)

        kept.keep_theme = noted  # type: ignore[method-assign]
        await pilot.press("colon", *"theme light", "enter")
        await pilot.pause()
        assert app.theme == "light"
        assert fault(app) is None
        assert "theme: light, kept for this run only: " in status(app)
        assert "Not a directory" in status(app)
        assert threads
        assert threading.main_thread().name not in threads


def test_what_is_chosen_at_once_in_several_threads_is_all_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    many = 40
    with ThreadPoolExecutor(8) as threads:
        for each in range(many):
            threads.submit(kept.keep_columns, f"list{each}", ("objects",))
            threads.submit(kept.keep_theme, "light")
    again = Kept(tmp_path).choices
    assert again.theme == "light"
    assert len(again.columns) == many
