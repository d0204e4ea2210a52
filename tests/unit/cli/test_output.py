"""What is written and how: texts, tables, numbers, selection, schemas."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from elysiadash.cli import output, tables, words
from elysiadash.cli.document_list import DOCUMENTS
from elysiadash.cli.exits import CommandFailed
from elysiadash.cli.schema_files import FOLDER, schema_text
from elysiadash.cli.selection import chosen_items
from elysiadash.cli.tables import Column, Table
from tests.unit.cli.json_schema import violations


@given(st.text())
def test_printable_text_cannot_steer_a_terminal(text: str) -> None:
    shown = output.printable(text)
    assert shown.isprintable()
    assert (shown == text) == text.isprintable()


def test_csv_values(capsys: pytest.CaptureFixture[str]) -> None:
    output.write_csv([[None, True, False, 0.5, 3, "a,b", {"HOT": 1}, ("x", "y"), "\x1b["]])
    assert capsys.readouterr().out == ',true,false,0.5,3,"a,b",HOT=1,x y,\\x1b[\n'
    output.write_csv([[{"a\x1b]52": "\x07"}, ["\x9b", "\u202e"]]])
    assert capsys.readouterr().out == "a\\x1b]52=\\x07,\\x9b \\u202e\n"


def test_a_closed_stream_is_no_terminal() -> None:
    stream = io.StringIO()
    assert not output.is_terminal(stream)
    stream.close()
    assert not output.is_terminal(stream)
    assert not output.is_terminal(None)


TABLE = Table(
    title="three [nodes]",
    columns=(Column("NAME"), Column("OBJECTS", right=True)),
    rows=(("a[/red]", "1"), ("longer\x1b[2J", "22,000")),
)


def test_a_plain_table_is_aligned_and_cut_nowhere() -> None:
    assert tables.plain(TABLE) == (
        "three [nodes]\nNAME           OBJECTS\na[/red]              1\nlonger\\x1b[2J   22,000\n"
    )
    empty = msgspec.structs.replace(TABLE, rows=(), empty="no nodes")
    assert tables.plain(empty) == "three [nodes]\nno nodes\n"


def test_a_drawn_table_shows_server_text_as_it_is() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=60, markup=False, highlight=False)
    console.print(tables.drawn(TABLE, 60))
    assert "a[/red]" in out.getvalue()
    assert "\x1b[2J" not in out.getvalue()


def drawn_text(table: Table, width: int) -> str:
    out = io.StringIO()
    Console(file=out, width=width, markup=False, highlight=False).print(tables.drawn(table, width))
    return out.getvalue()


def test_columns_that_do_not_fit_go_by_their_worth_and_are_named() -> None:
    columns = (Column("NAME"), Column("A", spare=1), Column("B", spare=3), Column("C", spare=2))
    table = Table(title="t", columns=columns, rows=(("n" * 10, "1111", "2222", "3333"),))
    assert "too narrow" not in drawn_text(table, 28)
    assert drawn_text(table, 27).splitlines()[1].split() == ["NAME", "A", "C"]
    assert "too narrow for: B" in drawn_text(table, 27)
    assert drawn_text(table, 20).splitlines()[1].split() == ["NAME", "A"]
    assert "too narrow for: B, C" in " ".join(drawn_text(table, 20).split())
    assert drawn_text(table, 8).splitlines()[1].split() == ["NAME"]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (words.count(None), "-"),
        (words.count(0), "0"),
        (words.count(1_204_031), "1,204,031"),
        (words.rate(None), "-"),
        (words.rate(0.0), "0"),
        (words.rate(0.001), "<0.01"),
        (words.rate(41.56), "41.6"),
        (words.rate(1234.0), "1.23k"),
        (words.rate(999.7), "1k"),
        (words.change(812.0), "+812"),
        (words.change(-12.0), "-12"),
        (words.change(-0.001), "-<0.01"),
        (words.size(None), "-"),
        (words.size(812), "812 B"),
        (words.size(212_000_000_000), "212 GB"),
        (words.milliseconds(4.1), "4.1"),
        (words.milliseconds(1234.5), "1234"),
        (words.percent(0.031), "3.1 %"),
        (words.percent(None), "-"),
        (words.plural(1, "node"), "1 node"),
        (words.plural(3, "node"), "3 nodes"),
    ],
)
def test_numbers_as_people_read_them(shown: str, expected: str) -> None:
    assert shown == expected


class Thing(msgspec.Struct, frozen=True):
    """Something to select."""

    name: str
    objects: int | None = None
    state: str = "ok"


things = st.lists(st.builds(Thing, name=st.text(), objects=st.none() | st.integers()))


@given(things, st.booleans())
def test_sorting_keeps_all_and_puts_the_unknown_last(given_: list[Thing], down: bool) -> None:
    found = chosen_items(given_, "name", (), "-objects" if down else "objects")
    assert sorted(map(repr, found)) == sorted(map(repr, given_))
    values = [thing.objects for thing in found]
    known = [value for value in values if value is not None]
    assert values == known + [None] * (len(values) - len(known))
    assert known == sorted(known, reverse=down)


@given(things, st.integers())
def test_a_filter_and_its_opposite_part_the_known(given_: list[Thing], limit: int) -> None:
    above = chosen_items(given_, "name", (f"objects:>{limit}",), None)
    rest = chosen_items(given_, "name", (f"objects:<={limit}",), None)
    known = [thing for thing in given_ if thing.objects is not None]
    assert len(above) + len(rest) == len(known)


def test_names_match_with_smart_case() -> None:
    found = [Thing("Docs"), Thing("docker"), Thing("Other", state="critical")]

    def names(*filters: str) -> list[str]:
        return [thing.name for thing in chosen_items(found, "name", filters, None)]

    assert names("doc") == ["Docs", "docker"]
    assert names("Doc") == ["Docs"]
    assert names("!doc") == ["Other"]
    assert names("state:critical") == ["Other"]
    assert names("state:!=critical") == ["Docs", "docker"]
    assert names("doc", "!s$") == ["docker"]
    with pytest.raises(CommandFailed, match="needs a number"):
        names("state:>critical")


@pytest.mark.parametrize("kind", sorted(DOCUMENTS))
def test_the_shipped_schemas_are_those_of_the_documents(kind: str) -> None:
    shipped = (FOLDER / f"{kind}.json").read_text("utf-8")
    assert shipped == schema_text(kind), "run python -m elysiadash.cli.schema_files"


def test_no_schema_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(DOCUMENTS)


def test_the_schema_check_of_these_tests_can_fail() -> None:
    schema: dict[str, Any] = msgspec.json.decode((FOLDER / "diag.json").read_bytes())
    good = {
        "kind": "diag",
        "version": 1,
        "at": "now",
        "cluster": None,
        "archive": "a",
        "items": [{"name": "x", "bytes": 3}],
    }
    assert violations(good, schema) == []
    assert violations({**good, "version": 2}, schema)
    assert violations({**good, "kind": "nodes"}, schema)
    assert violations({**good, "items": [{"name": "x", "bytes": -1}]}, schema)
    assert violations({**good, "items": [{"name": "x"}]}, schema)
    assert violations({**good, "items": {}}, schema)
    assert violations({k: v for k, v in good.items() if k != "at"}, schema)
