"""The quick way and the full parser understand the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.cli import check_command
from elysiadash.cli.flags import CHECK_OPTIONS, CLUSTER_OPTIONS, ClusterFlags, Option
from elysiadash.cli.main import run
from elysiadash.cli.quick import quickly_parsed

OPTIONS = (*CHECK_OPTIONS, *CLUSTER_OPTIONS)


def spelt(option: Option) -> st.SearchStrategy[list[str]]:
    """The ways to give one option."""
    if option.kind == "switch":
        words = [*option.words, *([option.off] if option.off else [])]
        return st.sampled_from(words).map(lambda word: [word])
    values = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)
    if option.kind == "seconds":
        values = st.floats(1, 120).map(str) | st.integers(1, 120).map(str)
    if option.kind == "path":
        values = st.sampled_from(["metrics.prom", "/tmp/x"])
    long = option.words[0]
    return st.builds(
        lambda value, joined: [f"{long}={value}"] if joined else [long, value],
        values,
        st.booleans(),
    )


command_lines = st.lists(st.sampled_from(OPTIONS).flatmap(spelt), max_size=6).map(
    lambda parts: [word for part in parts for word in part]
)


@settings(max_examples=60, deadline=None)
@given(command_lines)
def test_what_is_parsed_quickly_is_what_the_full_parser_finds(arguments: list[str]) -> None:
    quick = quickly_parsed(arguments, OPTIONS)
    if quick is None:
        return
    seen: list[tuple[ClusterFlags, Any]] = []

    def note(flags: ClusterFlags, wish: Any) -> int:
        seen.append((flags, wish))
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(check_command, "check", note)
        assert run(["check", *arguments]) == 0
        patch.setattr("elysiadash.cli.main._checked", lambda arguments: None)
        assert run(["check", *arguments]) == 0
    assert seen[0] == seen[1]


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
        ["--demo=yes"],
        ["--no-shards=1"],
        ["-t=3"],
        ["--"],
    ],
    ids=" ".join,
)
def test_what_is_not_plain_is_left_to_the_full_parser(arguments: list[str]) -> None:
    assert quickly_parsed(arguments, OPTIONS) is None


def test_values_and_defaults() -> None:
    found = quickly_parsed(
        ["-t", "3", "--no-shards", "--node=a=http://x", "--node", "b=http://y", "--json"], OPTIONS
    )
    assert found is not None
    assert (found["timeout"], found["shards"], found["as_json"]) == (3.0, False, True)
    assert found["node"] == ["a=http://x", "b=http://y"]
    assert (found["warn_only"], found["self_metrics"], found["url"]) == (False, None, None)
    again = quickly_parsed(["--self-metrics=x.prom"], OPTIONS)
    assert again is not None
    assert again["self_metrics"] == Path("x.prom")
    assert again["node"] == []
