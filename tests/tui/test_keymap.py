"""The user's own keys: what is accepted, what is refused and where, and that they work."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.tui.actions import ACTIONS
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.keymap import KeyNameError, canonical, read_keymap, shown
from elysiadash.tui.keymap.editing import CannotEdit, forget_keys, set_keys
from elysiadash.tui.keymap.keymap import collisions, usual_keys
from elysiadash.tui.widgets.key_line import KeyLine
from tests.tui.reading import shown as app_shown
from tests.tui.still import still_cluster

CHANGEABLE = sorted(action.id for action in ACTIONS if not action.needs_argument)


def keymap(folder: Path, text: str):  # type: ignore[no-untyped-def]
    path = folder / "keys.toml"
    path.write_text(text, "utf-8")
    return read_keymap(path)


def footer(app: ElysiadashApp) -> str:
    return str(app.screen.query_one(KeyLine).content)


def test_every_usual_key_has_the_name_that_textual_gives_it() -> None:
    for action in ACTIONS:
        for key in usual_keys(action):
            assert canonical(key) == key
            assert canonical(shown(key)) == key


def test_no_file_changes_nothing(tmp_path: Path) -> None:
    found = read_keymap(tmp_path / "keys.toml")
    assert (found.changes, found.mistakes) == ({}, ())


def test_a_change_is_read(tmp_path: Path) -> None:
    found = keymap(tmp_path, '"screen.refresh" = "F5,R"\n"screen.help" = ["?", "f1"]\n')
    assert found.mistakes == ()
    assert found.changes == {
        "screen.refresh": ("f5", "R"),
        "screen.help": ("question_mark", "f1"),
    }


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('"screen.refrsh" = "f5"', "no such action"),
        ('"screen.refresh" = "f55"', "there is no key"),
        ('"screen.refresh" = "ctrl+m"', "terminals send the same for enter"),
        ('"screen.refresh" = "shift+a"', "write the character that shift makes"),
        ('"screen.refresh" = "hyprr+a"', "there is no modifier"),
        ('"screen.refresh" = 5', "must be a key"),
        ('"screen.refresh" = []', "must be a key"),
        ('"screen.refresh" = "ctrl+c"', "is the key of app.interrupt"),
        ('"screen.refresh" = "o"', "is the key of list.sort"),
        ('"table.mark" = "j"', "is the key of table.down"),
        ('"screen.collection" = "f5"', "which a key cannot say"),
        ('"app.interrupt" = "none"', "the way out needs a key"),
    ],
)
def test_a_mistake_names_file_and_line_and_changes_nothing(
    tmp_path: Path, line: str, words: str
) -> None:
    found = keymap(tmp_path, f'# mine\n"screen.freeze" = "f9"\n{line}\n')
    assert found.changes == {"screen.freeze": ("f9",)}
    (mistake,) = found.mistakes
    assert mistake.line == 3
    assert str(tmp_path / "keys.toml:3") in str(mistake)
    assert words in str(mistake)


def test_the_nearest_action_is_named(tmp_path: Path) -> None:
    (mistake,) = keymap(tmp_path, '"screen.refrsh" = "f5"').mistakes
    assert mistake.nearest == "screen.refresh"


def test_what_is_no_toml_is_one_mistake(tmp_path: Path) -> None:
    found = keymap(tmp_path, "screen.refresh = f5")
    assert found.changes == {}
    assert len(found.mistakes) == 1


def test_two_actions_can_swap_their_keys(tmp_path: Path) -> None:
    found = keymap(tmp_path, '"screen.refresh" = "F"\n"screen.freeze" = "r"\n')
    assert found.mistakes == ()
    assert found.changes == {"screen.refresh": ("F",), "screen.freeze": ("r",)}


def test_a_key_that_is_free_on_a_sheet_may_be_taken_on_a_screen(tmp_path: Path) -> None:
    assert keymap(tmp_path, '"sheet.close" = "x,escape"').mistakes == ()


changes = st.dictionaries(
    st.sampled_from(CHANGEABLE),
    st.lists(st.sampled_from(["a", "b", "f5", "j", "r", "o", "ctrl+r", "?", "/"]), max_size=2),
    max_size=6,
)


@given(wanted=changes)
def test_what_is_left_of_any_keymap_has_no_collision(
    tmp_path_factory: pytest.TempPathFactory, wanted: dict[str, list[str]]
) -> None:
    lines = [f'"{name}" = "{",".join(keys) or "none"}"' for name, keys in wanted.items()]
    found = keymap(tmp_path_factory.mktemp("keys"), "\n".join(lines))
    assert collisions({action.id: found.keys(action) for action in ACTIONS}) == []
    told = {mistake.key.strip('"') for mistake in found.mistakes}
    assert told | set(found.changes) == set(wanted)


@given(text=st.text(max_size=12))
def test_any_word_is_a_key_or_a_clear_error(text: str) -> None:
    try:
        key = canonical(text)
    except KeyNameError:
        return
    assert canonical(key) == key


class TestEditing:
    def test_a_new_file_says_what_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "deep" / "keys.toml"
        set_keys(path, "screen.refresh", ("f5", "semicolon"))
        assert path.read_text().startswith("# Keys of elysiadash")
        assert read_keymap(path).changes == {"screen.refresh": ("f5", "semicolon")}

    def test_comments_and_order_stay(self, tmp_path: Path) -> None:
        path = tmp_path / "keys.toml"
        path.write_text('# mine\n"screen.refresh" = "f5"  # old\n\n# two\n"screen.help" = "f1"\n')
        set_keys(path, "screen.refresh", ("f6",))
        assert path.read_text() == (
            '# mine\n"screen.refresh" = "f6"\n\n# two\n"screen.help" = "f1"\n'
        )
        assert forget_keys(path, "screen.refresh")
        assert path.read_text() == '# mine\n\n# two\n"screen.help" = "f1"\n'
        assert not forget_keys(path, "screen.refresh")

    def test_what_we_cannot_change_stays_as_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "keys.toml"
        text = '"screen.refresh" = [\n  "f5",\n]\n'
        path.write_text(text)
        with pytest.raises(CannotEdit):
            set_keys(path, "screen.refresh", ("f6",))
        assert path.read_text() == text

    def test_a_file_with_a_mistake_is_not_touched(self, tmp_path: Path) -> None:
        path = tmp_path / "keys.toml"
        path.write_text("what is this")
        with pytest.raises(CannotEdit):
            set_keys(path, "screen.refresh", ("f6",))
        assert path.read_text() == "what is this"


async def test_keys_of_the_keymap_work_and_the_usual_ones_do_not(tmp_path: Path) -> None:
    found = keymap(
        tmp_path,
        '"screen.freeze" = "f9"\n"screen.refresh" = "none"\n"screen.nodes" = "f7"\n'
        '"table.down" = "f8"\n',
    )
    assert found.mistakes == ()
    watch = still_cluster()
    async with app_shown(watch, keymap=found) as (app, pilot):
        screen = app.live_screen
        assert screen is not None
        await pilot.press("F")
        assert screen.frozen_at is None
        await pilot.press("f9")
        assert screen.frozen_at is not None
        await pilot.press("f9", "r")
        assert watch.refreshes == 0
        await pilot.press("j")
        before = screen.table.cursor.place  # type: ignore[attr-defined]
        await pilot.press("f8")
        assert screen.table.cursor.place == before + 1  # type: ignore[attr-defined]
        assert "Refresh" not in footer(app)
        assert "f9 Freeze" in footer(app)


async def test_a_mistake_is_told_on_the_screen(tmp_path: Path) -> None:
    found = keymap(tmp_path, '"screen.freeze" = "f99"\n')
    async with app_shown(still_cluster(), keymap=found) as (app, pilot):
        await pilot.pause()
        assert "f99" in str(app.screen.status.content)  # type: ignore[attr-defined]
