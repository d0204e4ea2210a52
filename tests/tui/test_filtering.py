"""The filter line: what it keeps, and that nothing typed can raise anything but its own error."""

from __future__ import annotations

import re
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
    {"things": "objects", "kind of index": "index", "kind": "index"},
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
        ("things:>10k", ["Documents", "Tenants[/x]"]),
        ("doc Kind of Index:flat", ["documentsOld"]),
        ("!kind of index:hnsw", ["documentsOld", "Tenants[/x]"]),
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
        ("objcts:>3", "no field 'objcts'; did you mean objects? there are objects, index"),
        ("ob:>3", "no field 'ob'; did you mean objects? there are"),
        ("thing:>3", "no field 'thing'; did you mean objects? there are"),
        ("zzz:>3", "no field 'zzz'; there are objects, index"),
        ("-f", "needs letters"),
        ("index:(", "regular expression"),
    ],
)
def test_what_is_wrong_is_said(line: str, part: str) -> None:
    with pytest.raises(FilterError, match=re.escape(part)):
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


names = st.text(alphabet="abAB-_", min_size=1, max_size=5)
rows_of_things = st.lists(
    st.builds(
        Thing,
        names,
        st.none() | st.integers(0, 30),
        st.none() | st.sampled_from(["hnsw", "flat", "dynamic"]),
    ),
    max_size=8,
)
words = st.one_of(
    st.tuples(st.just("bare"), st.text(alphabet="abAB", min_size=1, max_size=2)),
    st.tuples(st.just("fuzzy"), st.text(alphabet="abAB", min_size=1, max_size=3)),
    st.tuples(st.sampled_from([">", ">=", "<", "<=", "=", "!="]), st.integers(0, 30)),
    st.tuples(st.just("index"), st.sampled_from(["hn", "flat", "a"])),
)


def as_word(kind: str, value: object) -> str:
    match kind:
        case "bare":
            return str(value)
        case "fuzzy":
            return f"-f {value}"
        case "index":
            return f"index:{value}"
    return f"objects:{kind}{value}"


def holds(thing: Thing, kind: str, value: object) -> bool:
    """The grammar said once more, plainly and without regular expressions."""
    text = str(value)
    capitals = any(char.isupper() for char in text)
    name = thing.name if capitals else thing.name.lower()
    match kind:
        case "bare":
            return text in name
        case "fuzzy":
            rest = iter(name)
            return all(letter in rest for letter in text)
        case "index":
            return thing.index is not None and text in thing.index
    if thing.objects is None:
        return False
    compare = {
        ">": thing.objects > value,  # type: ignore[operator]
        ">=": thing.objects >= value,  # type: ignore[operator]
        "<": thing.objects < value,  # type: ignore[operator]
        "<=": thing.objects <= value,  # type: ignore[operator]
        "=": thing.objects == value,
        "!=": thing.objects != value,
    }
    return compare[kind]


@given(rows_of_things, st.lists(st.tuples(words, st.booleans()), max_size=3))
def test_a_line_keeps_what_a_plain_model_keeps(
    things: list[Thing], wished: list[tuple[tuple[str, object], bool]]
) -> None:
    # Letters after -f are no word that can be turned around.
    wished = [(word, inverse and word[0] != "fuzzy") for word, inverse in wished]
    line = " ".join("!" * inverse + as_word(*word) for word, inverse in wished)
    wanted = parse_filter(line, FIELDS)
    expected = [
        thing for thing in things if all(holds(thing, *word) != inverse for word, inverse in wished)
    ]
    assert [thing for thing in things if wanted(thing)] == expected


def test_a_filter_that_takes_too_long_keeps_everything_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("elysiadash.config.patterns._RUN_S", 0.0)
    wanted = parse_filter("(a|b|ab)*c(a|b|ab)*!", FIELDS)
    assert wanted.too_slow is None
    assert all(wanted(thing) for thing in THINGS)
    assert "takes too long" in (wanted.too_slow or "")


@given(st.text("abA", max_size=6), st.text("abAB", max_size=8))
def test_letters_in_order(letters: str, name: str) -> None:
    typed = letters.strip() or "a"
    pattern = re.compile(".*".join(typed), re.IGNORECASE if typed == typed.lower() else 0)
    assert parse_filter(f"-f {typed}", FIELDS)(Thing(name)) is bool(pattern.search(name))
