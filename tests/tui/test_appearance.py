"""What the terminal can show is found out, and everything drawn keeps to it."""

from __future__ import annotations

import ast
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorType
from rich.console import Console
from rich.style import Style

from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.appearance import Appearance, Colours, appearance_of
from elysiadash.tui.ascii_signs import SIGNS, has_own_sign, in_ascii
from elysiadash.tui.few_colours import ManyColours, NoColours, SixteenColours
from elysiadash.tui.themes import load_themes, shipped_themes
from elysiadash.tui.widgets.table import VirtualTable
from tests.tui.reading import settled
from tests.tui.still import still_cluster

SOURCES = Path(__file__).resolve().parents[2] / "elysiadash"


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm"}, "16"),
        ({"TERM": "screen"}, "16"),
        ({"TERM": "linux"}, "16"),
        ({"TERM": "tmux-256color"}, "256"),
        ({"TERM": "xterm-kitty"}, "256"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "true"),
        ({"TERM": "tmux-256color", "COLORTERM": "24bit"}, "true"),
    ],
)
def test_the_colours_are_those_the_drawing_library_finds(
    environment: dict[str, str], colours: Colours
) -> None:
    assert appearance_of(environment).colours == colours
    console = Console(force_terminal=True, _environ=environment)
    assert {"standard": "16", "256": "256", "truecolor": "true"}[
        str(console.color_system)
    ] == colours


def test_any_value_of_no_color_but_none_takes_the_colours() -> None:
    rich = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    assert appearance_of({**rich, "NO_COLOR": "0"}).colours == "none"
    assert appearance_of({**rich, "NO_COLOR": ""}).colours == "true"
    assert appearance_of({"TERM": "vt100"}).colours == "none"


@pytest.mark.parametrize(
    ("environment", "glyphs", "letters"),
    [
        ({"LANG": "en_US.UTF-8"}, "braille", True),
        ({"LANG": "C.utf8"}, "braille", True),
        ({}, "braille", True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "ascii", False),
        ({"LANG": "de_DE.ISO-8859-1"}, "ascii", False),
        ({"LANG": "de_DE@euro"}, "ascii", False),
        ({"LANG": "", "LC_ALL": ""}, "braille", True),
        ({"TERM": "linux", "LANG": "en_US.UTF-8"}, "ascii", True),
    ],
)
def test_the_locale_and_the_console_decide_about_signs(
    environment: dict[str, str], glyphs: str, letters: bool
) -> None:
    found = appearance_of({"TERM": "xterm", **environment})
    assert (found.glyphs, found.letters) == (glyphs, letters)


def test_a_wish_beats_the_terminal_but_not_its_encoding() -> None:
    utf8 = {"TERM": "linux", "LANG": "en_US.UTF-8"}
    assert appearance_of(utf8, "blocks").glyphs == "blocks"
    assert appearance_of({"LANG": "en_US.UTF-8"}, "ascii").glyphs == "ascii"
    assert appearance_of({"LC_ALL": "POSIX"}, "braille").glyphs == "ascii"
    assert appearance_of({"ELYSIADASH_ASCII": "1"}).glyphs == "ascii"
    assert appearance_of({"ELYSIADASH_ASCII": "1"}).letters
    assert appearance_of({"ELYSIADASH_ASCII": "0"}).glyphs == "braille"


# Signs


def test_signs_are_as_wide_as_what_stands_for_them() -> None:
    for sign in SIGNS:
        assert len(in_ascii(sign, letters=False)) == cell_len(sign), sign


def test_what_is_drawn_is_known() -> None:
    """The signs in our own texts; a new one needs a line in ``SIGNS``."""
    missing = {
        char: path.name
        for path in SOURCES.glob("tui/**/*.py")
        if path.name not in ("text.py", "ascii_signs.py")  # patterns and tables, not texts
        for text in _texts(path)
        for char in text
        if not char.isascii() and not has_own_sign(char)
    }
    drawn = {char for char in missing if unicodedata.category(char)[0] in "SP"}
    assert not drawn, {char: missing[char] for char in drawn}


def _texts(path: Path) -> Iterator[str]:
    """The texts in a module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_letters_stay_where_they_can_be_shown() -> None:
    assert in_ascii("Größe 日本 ▲ …", letters=True) == "Größe 日本 ! ~"
    assert in_ascii("Größe 日本 ▲ …", letters=False) == "Gr??e ???? ! ~"
    assert in_ascii("\x1b[1m│\x1b[0m", letters=False) == "\x1b[1m|\x1b[0m"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Customer ≥0", "Customer 0+"),
        ("Customer   ≥812,004 ", "Customer  >=812,004 "),
        ("\x1b[1m≥5.7 MB\x1b[0m", "\x1b[1m5.7+ MB\x1b[0m"),
        ("≥1.2k", "1.2k+"),
        ("≥ rates and sizes", ">=rates and sizes"),
        ("a  ≤5  ≠6 ≤7", "a <=5 !=6 ?7"),
        ("1.38 → 1.39", "1.38 ->1.39"),
        ("0…9.5", "0-9.5"),
        ("…1204 Docum…", ".1204 Docum~"),
        ("✖2 ×2 ∞ ±3", "X2 x2 ? ?3"),
    ],
)
def test_no_sign_says_something_else_in_ascii(text: str, shown: str) -> None:
    assert in_ascii(text, letters=True) == shown
    assert len(shown) == len(text)


def test_heights_of_small_charts_stay_apart() -> None:
    assert in_ascii("⣀⣤⣶⣿", letters=True) == ".-+#"


@given(st.text())
def test_any_text_becomes_ascii_of_the_same_width(text: str) -> None:
    shown = in_ascii(text, letters=False)
    assert shown.isascii()
    if all(unicodedata.category(char)[0] in "LNPSZ" for char in text):
        assert cell_len(shown) == cell_len(text)


async def test_tables_draw_with_the_terminals_signs() -> None:
    watch = still_cluster()
    looks = Appearance(glyphs="blocks")
    app = ElysiadashApp(watch, clock=watch.clock, appearance=looks)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        tables = list(app.screen.query(VirtualTable))
        assert tables
        assert {table.glyphs for table in tables} == {"blocks"}


# Colours


def _variables(name: str) -> dict[str, str]:
    theme = load_themes([shipped_themes()])[0][name]
    return {**theme.to_color_system().generate(), **theme.variables}


THEMES = sorted(load_themes([shipped_themes()])[0])


@pytest.mark.parametrize("name", THEMES)
def test_without_colours_a_meaningful_background_is_reverse(name: str) -> None:
    variables = _variables(name)
    shown = NoColours(variables).shown
    ground, badge = variables["surface"], variables["env-default"]
    assert shown(Style.parse(f"bold {variables['error']} on {ground}")) == Style(bold=True)
    assert shown(Style.parse(f"#ffffff on {badge}")) == Style(reverse=True)


@pytest.mark.parametrize("name", THEMES)
@pytest.mark.parametrize("kind", [SixteenColours, ManyColours])
def test_with_few_colours_states_and_badges_stay_apart(
    name: str, kind: type[SixteenColours | ManyColours]
) -> None:
    variables = _variables(name)
    shown = kind(variables).shown
    ground = f"on {variables['surface']}"
    plain = shown(Style.parse(f"{variables['foreground']} {ground}"))
    states = [shown(Style.parse(f"{variables[f'health-{s}']} {ground}")) for s in ("ok", "crit")]
    assert len({plain, *states}) == 3
    badge = shown(Style.parse(f"#ffffff on {variables['env-default']}"))
    assert badge.bgcolor != plain.bgcolor or badge.reverse
    for style in (plain, badge, *states):
        assert style.color is not None
        assert style.color.type is not ColorType.TRUECOLOR


@pytest.mark.parametrize("colours", ["none", "16", "256"])
@pytest.mark.parametrize("theme", THEMES)
async def test_the_cursors_line_can_be_told_from_the_others(colours: Colours, theme: str) -> None:
    watch = still_cluster()
    app = ElysiadashApp(watch, clock=watch.clock, appearance=Appearance(colours=colours))
    async with app.run_test(size=(100, 30)) as pilot:
        app.theme = theme
        await settled(pilot)
        lines = _grounds_of_lines(app)
        assert len(set(lines)) > 1
        assert min(lines.count(line) for line in set(lines)) == 1


def _grounds_of_lines(app: ElysiadashApp) -> list[str]:
    """What the fourth cell of each of the table's first rows lies on, after all filters."""
    table = app.screen.query(VirtualTable).first()
    top = table.region.y + 1
    strips = app.screen._compositor.render_strips(app.size)[top : top + 6]
    found = []
    for strip in strips:
        (cell,) = strip.crop(3, 4)
        style = cell.style or Style()
        found.append(f"{style.bgcolor} {bool(style.reverse)}")
    return found
