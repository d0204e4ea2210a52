"""Themes are data: TOML files shipped with the program, and the user's own beside them.

A file names itself and gives the tables ``colours``, ``health`` and ``environment``; every colour
is parsed before the theme is used, since Textual would take a wrong one and crash on it later.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from textual.color import Color, ColorParseError
from textual.theme import Theme

DEFAULT_THEME = "dark"

_LARGEST = 64 * 1024

HEALTH = ("ok", "warn", "crit", "unknown", "stale")
ENVIRONMENT = ("default", "demo")

VARIABLES: dict[str, str] = {
    "health-ok": "#5fc27e",
    "health-warn": "#e6b455",
    "health-crit": "#f0647a",
    "health-unknown": "#9aa3b2",
    "health-stale": "#8a93a3",
    "env-default": "#3a6ea5",
    "env-demo": "#8e5bd6",
}
"""Our own style variables, with the values for themes that do not give them."""

_COLOURS = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "success",
    "warning",
    "error",
)
_TABLES = {"colours": _COLOURS, "health": HEALTH, "environment": ENVIRONMENT}
_PREFIX = {"health": "health-", "environment": "env-"}


class ThemeFault(msgspec.Struct, frozen=True, gc=False):
    """A theme file that cannot be used: which, and what is wrong with it."""

    path: Path
    words: str

    def __str__(self) -> str:
        return f"{self.path}: {self.words}"


class LoadedThemes(NamedTuple):
    """What the theme folders gave."""

    themes: dict[str, Theme]
    """Every usable theme by name."""
    faults: tuple[ThemeFault, ...]
    """The files that cannot be used."""
    notes: tuple[str, ...]
    """Which theme stands in for another of its name, in words."""


class _Wrong(ValueError):
    """Something in a theme file, in words."""


def shipped_themes() -> Path:
    """The folder of the program's own themes: in the package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "themes"
    return inside if inside.is_dir() else package.parent / "themes"


def load_themes(folders: Iterable[Path]) -> LoadedThemes:
    """The themes of some folders; of two with one name the later wins. Never raises.

    A folder that does not exist is empty.
    """
    found: dict[str, tuple[Theme, Path]] = {}
    faults: list[ThemeFault] = []
    notes: list[str] = []
    for folder in folders:
        for path in _files(folder):
            try:
                theme = _theme(tomllib.loads(_text(path)), path.stem)
            except (OSError, UnicodeDecodeError) as error:
                faults.append(ThemeFault(path, f"cannot be read: {error}"))
            except tomllib.TOMLDecodeError as error:
                faults.append(ThemeFault(path, f"is not TOML: {error}"))
            except _Wrong as wrong:
                faults.append(ThemeFault(path, str(wrong)))
            else:
                if theme.name in found:
                    before = found[theme.name][1]
                    whose = "the shipped one" if before.parent == shipped_themes() else before.name
                    notes.append(f"theme {theme.name}: {path} instead of {whose}")
                found[theme.name] = theme, path
    themes = {name: theme for name, (theme, _) in found.items()}
    return LoadedThemes(themes, tuple(faults), tuple(notes))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.toml"))
    except OSError:
        # Like one that is not there: nobody is kept from the app by a folder of colours.
        return []


def _text(path: Path) -> str:
    if not path.is_file():
        raise _Wrong("is not a file")
    if path.stat().st_size > _LARGEST:
        raise _Wrong(f"is larger than {_LARGEST // 1024} KiB")
    return path.read_text("utf-8")


def _theme(document: Mapping[str, object], stem: str) -> Theme:
    unknown = sorted(document.keys() - {"name", "dark", *_TABLES})
    if unknown:
        raise _Wrong(f"unknown key {unknown[0]!r}; known: name, dark, {', '.join(_TABLES)}")
    name, dark = document.get("name", stem), document.get("dark", True)
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise _Wrong("name must be a text of printable characters")
    if not isinstance(dark, bool):
        raise _Wrong("dark must be true or false")
    colours = _colours(document, "colours")
    if "primary" not in colours:
        raise _Wrong("colours.primary is missing")
    own = {
        f"{_PREFIX[table]}{key}": value
        for table in _PREFIX
        for key, value in _colours(document, table).items()
    }
    return Theme(
        name=name.strip(),
        dark=dark,
        primary=colours["primary"],
        secondary=colours.get("secondary"),
        accent=colours.get("accent"),
        foreground=colours.get("foreground"),
        background=colours.get("background"),
        surface=colours.get("surface"),
        panel=colours.get("panel"),
        success=colours.get("success"),
        warning=colours.get("warning"),
        error=colours.get("error"),
        variables={**VARIABLES, **own},
    )


def _colours(document: Mapping[str, object], table: str) -> dict[str, str]:
    found = document.get(table, {})
    if not isinstance(found, dict):
        raise _Wrong(f"{table} must be a table")
    for key, value in found.items():
        if key not in _TABLES[table]:
            raise _Wrong(f"unknown key {table}.{key}; known: {', '.join(_TABLES[table])}")
        if not isinstance(value, str):
            raise _Wrong(f"{table}.{key} must be a colour in quotes")
        try:
            parsed = Color.parse(value)
        except ColorParseError:
            raise _Wrong(f"{table}.{key}: {value!r} is not a colour") from None
        if parsed.a < 1:
            raise _Wrong(f"{table}.{key}: {value!r} is see-through; give a full colour")
    return found
