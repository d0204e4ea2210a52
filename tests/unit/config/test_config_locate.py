"""The line of every key in a TOML text."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from elysiadash.config.locate import KeyPath, key_lines, line_of

TEXT = """\
# a comment with [brackets] and a = sign
top = 1
"quoted key" = "a # is no comment"
'li.teral' = '''
[not.a.table]
x = 1'''
dotted.inner."deep key" = true

[profiles.prod.intervals] # the parent comes later
fast = 5
[profiles.prod]
url = "http://a"
nodes = [
  "http://one",  # first
  "http://two",
]
auth = { method = "api-key", "key_env" = "X", nested = { a = [1, { b = 2 }] } }
text = QQQ
one \\QQQ [x]
y = 2 QQQ"
after = 1
[ profiles . "with.dot" ]
a\t=\t1
[[list]]
n = 1
[[list]]
n = 2
[list.sub]
m = 3
""".replace("QQQ", '"""')


def test_tables_keys_and_elements_stand_where_they_are_written() -> None:
    lines = key_lines(TEXT)
    expected: dict[KeyPath, int] = {
        ("top",): 2,
        ("quoted key",): 3,
        ("li.teral",): 4,
        ("dotted",): 7,
        ("dotted", "inner"): 7,
        ("dotted", "inner", "deep key"): 7,
        ("profiles",): 9,
        ("profiles", "prod", "intervals"): 9,
        ("profiles", "prod", "intervals", "fast"): 10,
        ("profiles", "prod"): 11,
        ("profiles", "prod", "url"): 12,
        ("profiles", "prod", "nodes"): 13,
        ("profiles", "prod", "nodes", 0): 14,
        ("profiles", "prod", "nodes", 1): 15,
        ("profiles", "prod", "auth"): 17,
        ("profiles", "prod", "auth", "method"): 17,
        ("profiles", "prod", "auth", "key_env"): 17,
        ("profiles", "prod", "auth", "nested", "a", 1, "b"): 17,
        ("profiles", "prod", "text"): 18,
        ("profiles", "prod", "after"): 21,
        ("profiles", "with.dot"): 22,
        ("profiles", "with.dot", "a"): 23,
        ("list", 0): 24,
        ("list", 0, "n"): 25,
        ("list", 1, "n"): 27,
        ("list", 1, "sub"): 28,
        ("list", 1, "sub", "m"): 29,
    }
    assert {path: lines.get(path) for path in expected} == expected
    assert ("not",) not in lines
    tomllib.loads(TEXT)


def test_escapes_in_a_quoted_key_are_understood() -> None:
    assert key_lines('\n"a\\u0062\\"c" = 1\n')[('ab"c',)] == 2


def test_the_nearest_thing_above_serves_where_a_key_is_not_found() -> None:
    lines = key_lines(TEXT)
    assert line_of(lines, ("profiles", "prod", "nothing", "here")) == 11
    assert line_of(lines, ("absent",)) is None


def test_an_odd_text_gives_what_was_found_before() -> None:
    assert key_lines('a = 1\nb = "open\nc = 2') == {("a",): 1, ("b",): 2}
    assert key_lines("a = 1\n = 2") == {("a",): 1}


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("ab.\"'\\[]{}=,#\n \t1"), max_size=60))
def test_no_text_raises_or_hangs(text: str) -> None:
    key_lines(text)


def paths(value: Any, at: KeyPath = ()) -> Iterator[KeyPath]:
    if at:
        yield at
    pairs: Any = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, part in pairs:
        yield from paths(part, (*at, key))


keys = st.one_of(
    st.sampled_from(["a", "b", "c d", 'e"f', "g.h", "", "é", "i\nj"]), st.text(max_size=4)
)
values = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(keys, values, max_size=4))
def test_everything_in_any_valid_text_has_a_line_that_names_it(data: dict[str, Any]) -> None:
    text = tomli_w.dumps(data)
    written = tomllib.loads(text)
    lines = key_lines(text)
    for path in paths(written):
        # An empty list of tables leaves no trace; so do elements of what is written inline.
        assert path in lines, (path, text)
        key = path[-1]
        if isinstance(key, str) and key.isalnum() and key.isascii():
            assert key in text.split("\n")[lines[path] - 1]
