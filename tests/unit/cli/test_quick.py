"""The quick way and the full parser understand the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.cli import command_list, parser, quick
from elysiadash.cli.command_list import APP, COMMANDS, GROUPS, Command, Group
from elysiadash.cli.flags import ClusterFlags, Option
from elysiadash.cli.main import run
from elysiadash.cli.quick import quickly_found, quickly_parsed

ALONE = [group.alone for group in GROUPS.values() if group.alone is not None]
CHECK = next(command for command in COMMANDS if command.path == ("check",))
Seen = list[tuple[tuple[str, ...], ClusterFlags, dict[str, Any]]]


def spelt(option: Option) -> st.SearchStrategy[list[str]]:
    """The ways to give one option."""
    if option.kind == "switch":
        words = [*option.words, *([option.off] if option.off else [])]
        return st.sampled_from(words).map(lambda word: [word])
    low, high = int(option.least or 0), int(option.most or 100_000)
    values = {
        "text": st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
        "seconds": st.floats(low, high).map(str) | st.integers(low, high).map(str),
        "whole": st.integers(low, high).map(str),
        "path": st.sampled_from(["metrics.prom", "/tmp/x"]),
        "choice": st.sampled_from(option.choices or ("",)),
    }
    return st.builds(
        lambda word, value, joined: [f"{word}={value}"] if joined else [word, value],
        st.sampled_from([word for word in option.words if word.startswith("--")]),
        values["text" if option.kind == "texts" else option.kind],
        st.booleans(),
    )


def lines_of(command: Command) -> st.SearchStrategy[list[str]]:
    """Command lines of one command."""
    every = command.all_options()
    options = st.sampled_from(every).flatmap(spelt) if every else st.nothing()
    names = st.sampled_from([["Documents"]] if command.argument else [[]])
    return st.lists(options | names, max_size=5).map(
        lambda parts: [*command.path, *(word for part in parts for word in part)]
    )


def noting(command: Command, seen: Seen) -> Command:
    """The command, but it only notes what it was called with."""

    def note(flags: ClusterFlags, found: dict[str, Any]) -> int:
        seen.append((command.path, flags, found))
        return 0

    return msgspec.structs.replace(command, run=note)


def noting_groups(seen: Seen) -> dict[str, Group]:
    """The groups, with what their words do alone only noted."""
    return {
        word: msgspec.structs.replace(group, alone=group.alone and noting(group.alone, seen))
        for word, group in GROUPS.items()
    }


def test_a_word_that_does_something_alone_is_found_after_those_below_it() -> None:
    for words, path in (
        (["keys"], ("keys",)),
        (["keys", "--json"], ("keys",)),
        (["keys", "check"], ("keys", "check")),
    ):
        found = quickly_found(words)
        assert found is not None
        assert found[0].path == path


@settings(max_examples=120, deadline=None)
@given(st.sampled_from((*COMMANDS, *ALONE, APP)).flatmap(lines_of))
def test_what_is_parsed_quickly_is_what_the_full_parser_finds(arguments: list[str]) -> None:
    if quickly_found(arguments) is None or arguments == ["--version"]:
        return
    quickly: Seen = []
    fully: Seen = []
    for seen, room in ((quickly, quick), (fully, parser)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(room, "COMMANDS", tuple(noting(one, seen) for one in COMMANDS))
            patch.setattr(room, "APP", noting(APP, seen))
            patch.setattr(room, "GROUPS", noting_groups(seen))
            if seen is fully:
                patch.setattr(quick, "quickly_found", lambda arguments: None)
            assert run(arguments) == 0
    assert quickly == fully
    assert len(quickly) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-h"],
        ["--bogus"],
        ["surplus"],
        ["--url"],
        ["--url", "--demo"],
        ["--timeout", "soon"],
        ["--timeout", "0"],
        ["--timeout=nan"],
        ["--timeout=-3"],
        ["--demo=yes"],
        ["--no-shards=1"],
        ["-t=3"],
        ["--"],
    ],
    ids=" ".join,
)
def test_what_is_not_plain_is_left_to_the_full_parser(arguments: list[str]) -> None:
    assert quickly_parsed(arguments, CHECK) is None
    assert quickly_found(["check", *arguments]) is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["chek"],
        ["config"],
        ["config", "shw"],
        ["col"],
        ["--url=http://x", "stats"],
        ["stats", "--", "A"],
    ],
    ids=" ".join,
)
def test_other_words_are_left_to_the_full_parser(arguments: list[str]) -> None:
    assert quickly_found(arguments) is None


def test_values_and_defaults() -> None:
    found = quickly_parsed(
        ["-t", "3", "--no-shards", "--node=a=http://x", "--node", "b=http://y", "--json"], CHECK
    )
    assert found is not None
    assert (found["timeout"], found["shards"], found["as_json"]) == (3.0, False, True)
    assert found["node"] == ["a=http://x", "b=http://y"]
    assert (found["warn_only"], found["self_metrics"], found["url"]) == (False, None, None)
    again = quickly_parsed(["--self-metrics=x.prom"], CHECK)
    assert again is not None
    assert again["self_metrics"] == Path("x.prom")
    assert again["node"] is None, "an earlier command line must leave nothing behind"


def test_no_option_is_declared_twice() -> None:
    for command in (*COMMANDS, *ALONE, APP):
        words = [word for option in command.all_options() for word in option.words]
        words += [option.off for option in command.all_options() if option.off]
        assert len(words) == len(set(words)), command.path
    assert len({command.path for command in COMMANDS}) == len(COMMANDS)
    assert set(command_list.GROUPS) == {c.path[0] for c in COMMANDS if len(c.path) > 1}
