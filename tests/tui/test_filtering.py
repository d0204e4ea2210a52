"""The filter line: what it keeps, and that nothing typed can raise anything but its own error."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.tui.filtering import Fields, FilterError, parse_filter


class Thing(NamedTuple):
    name: str
    objects: int | None = None
    index: str | None = None


THINGS = (
    Thing("Documents", 12_000, "hnsw"),
    Thing("documentsOld", 5, "flat"),
    Thing("Chunks", None, "hnsw"),
    Thing("Tenants[/x]", 2_000_000, None),
)
FIELDS: Fields[Thing] = Fields(
    lambda thing: (thing.name,),
    {"objects": lambda thing: thing.objects, "index": lambda thing: thing.index},
)


def kept(line: str) -> list[str]:
    wanted = parse_filter(line, FIELDS)
    return [thing.name for thing in THINGS if wanted(thing)]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("", [thing.name for thing in THINGS]),
        ("doc", ["Documents", "documentsOld"]),
        ("Doc", ["Documents"]),
        ("^d", ["Documents", "documentsOld"]),
        ("!doc", ["Chunks", "Tenants[/x]"]),
        ("doc !old", ["Documents"]),
        (r"\[/x\]", ["Tenants[/x]"]),
        ("-f dmts", ["Documents", "documentsOld"]),
        ("objects:>10k", ["Documents", "Tenants[/x]"]),
        ("objects:<=5", ["documentsOld"]),
        ("objects:=12,000", ["Documents"]),
        ("objects:!=12000", ["documentsOld", "Tenants[/x]"]),
        ("objects:>=2M", ["Tenants[/x]"]),
        ("index:flat", ["documentsOld"]),
        ("!index:hnsw", ["documentsOld", "Tenants[/x]"]),
        ("index:=HNSW", ["Documents", "Chunks"]),
        ("OBJECTS:>0 ch", []),
    ],
)
def test_what_a_line_keeps(line: str, names: list[str]) -> None:
    assert kept(line) == names


def test_unknown_holds_no_comparison() -> None:
    assert "Chunks" not in kept("objects:>0")
    assert "Chunks" not in kept("objects:<1")
    assert "Chunks" not in kept("objects:!=1")


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("doc[", "regular expression"),
        ("objects:>", "needs a value"),
        ("objects:>many", "not a number"),
        ("objcts:>3", "no field 'objcts'"),
        ("-f", "needs letters"),
        ("index:(", "regular expression"),
    ],
)
def test_what_is_wrong_is_said(line: str, part: str) -> None:
    with pytest.raises(FilterError, match=part):
        parse_filter(line, FIELDS)


def test_a_colon_can_be_part_of_a_name() -> None:
    wanted = parse_filter("a:b", FIELDS)
    assert wanted(Thing("xa:by"))


@given(st.text(max_size=12))
def test_any_line_is_understood_or_refused(line: str) -> None:
    try:
        wanted = parse_filter(line, FIELDS)
    except FilterError:
        return
    for thing in THINGS:
        assert wanted(thing) in (True, False)
