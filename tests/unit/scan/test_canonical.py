"""Two objects are equal exactly where the canonical form says so, and no damage passes unseen."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.scan import canonical
from elysiadash.scan.canonical import CanonicalForm, Vector, WholeObject

PLAIN = CanonicalForm()
FORM = CanonicalForm.of(
    {
        "properties": [
            {"name": "author", "dataType": ["Author"]},
            {"name": "phone", "dataType": ["phoneNumber"]},
            {"name": "title", "dataType": ["text"]},
        ]
    },
    renamed={"Copy": "Author"},
)

_NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63)
_LEAVES = st.none() | st.booleans() | _NUMBERS | st.text(st.characters(exclude_categories=["Cs"]))
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=4),
    max_leaves=12,
)
_PROPERTIES = st.dictionaries(st.text("abcd", min_size=1), _JSON, max_size=5)
_VECTORS = st.dictionaries(
    st.text("abc", max_size=3), st.tuples(st.booleans(), st.binary(min_size=4, max_size=24))
)


def _whole(properties: Any, vectors: list[Vector] | None = None) -> WholeObject:
    text = properties if isinstance(properties, bytes) else json.dumps(properties).encode()
    return WholeObject(bytes(16), 1, text, vectors or [])


def _digest(properties: Any, vectors: list[Vector] | None = None) -> bytes:
    return FORM.digest(_whole(properties, vectors))


@given(_PROPERTIES)
def test_both_ways_of_reading_give_the_same_values(properties: dict[str, Any]) -> None:
    text = json.dumps(properties).encode()
    quick = PLAIN.values(text)
    # A property that cannot be read quickly sends the whole object the slower way.
    slow = PLAIN.values(text[:-1] + (b"," if properties else b"") + b'"z":-0}')
    assert math.copysign(1, slow.pop("z")) == -1
    assert repr(slow) == repr(quick)


@given(_PROPERTIES, st.randoms())
def test_the_order_of_keys_does_not_matter(properties: dict[str, Any], random: Any) -> None:
    names = list(properties)
    random.shuffle(names)
    assert _digest({name: properties[name] for name in names}) == _digest(properties)


@given(_PROPERTIES, _PROPERTIES)
def test_digests_agree_exactly_where_values_do(one: dict[str, Any], other: dict[str, Any]) -> None:
    alike = repr(_as_floats(one)) == repr(_as_floats(other))
    assert (PLAIN.digest(_whole(one)) == PLAIN.digest(_whole(other))) == alike


def _as_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_floats(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_as_floats(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(_VECTORS, st.data())
def test_a_flipped_bit_in_any_vector_is_seen(
    vectors: dict[str, tuple[bool, bytes]], data: st.DataObject
) -> None:
    whole = [Vector(name, *each) for name, each in vectors.items()]
    before = _digest({}, whole)
    assert _digest({}, whole[::-1]) == before
    if not whole:
        return
    place = data.draw(st.integers(0, len(whole) - 1))
    name, multi, raw = whole[place]
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    flipped = (int.from_bytes(raw) ^ (1 << bit)).to_bytes(len(raw))
    for damaged in (
        [*whole[:place], Vector(name, multi, flipped), *whole[place + 1 :]],
        [*whole[:place], Vector(name, not multi, raw), *whole[place + 1 :]],
        [*whole[:place], Vector(f"{name}x", multi, raw), *whole[place + 1 :]],
        [*whole[:place], *whole[place + 1 :]],
    ):
        assert _digest({}, damaged) != before


def test_vectors_swapped_between_names_are_seen() -> None:
    one, other = b"\0\0\x80?", b"\0\0\0@"
    straight = [Vector("a", False, one), Vector("b", False, other)]
    crossed = [Vector("a", False, other), Vector("b", False, one)]
    assert _digest({}, straight) != _digest({}, crossed)


def test_the_borders_between_vectors_are_part_of_the_digest() -> None:
    together = [Vector("a", False, b"\0\0\0\0\0\0\0\0")]
    apart = [Vector("a", False, b"\0\0\0\0"), Vector("", False, b"\0\0\0\0")]
    assert _digest({}, together) != _digest({}, apart)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a":null}', b"{}"),
        (b'{"a":[]}', b"{}"),
        (b'{"a":""}', b'{"a":null}'),
        (b'{"a":-0}', b'{"a":0}'),
        (b'{"a":[1,-0]}', b'{"a":[1,0]}'),
        (b'{"a":-0.0}', b'{"a":0.0}'),
        (b'{"a":1}', b'{"a":true}'),
        (b'{"a":"1"}', b'{"a":1}'),
        (b'{"a":0.1}', b'{"a":0.10000000000000002}'),
        (b'{"a":"2020-01-01T00:00:00.123456789Z"}', b'{"a":"2020-01-01T00:00:00.123456Z"}'),
        (b'{"a":"2020-01-01T00:00:00Z"}', b'{"a":"2020-01-01T00:00:00+00:00"}'),
        ('{"a":"é"}'.encode(), '{"a":"e\u0301"}'.encode()),
        (b'{"a":["x","y"]}', b'{"a":["y","x"]}'),
        (b'{"a":{"b":null}}', b'{"a":{}}'),
        (b'{"author":[]}', b"{}"),
        (b'{"phone":{"input":"1"}}', b'{"phone":{"input":"1","defaultCountry":"NL"}}'),
    ],
)
def test_what_is_kept_apart(one: bytes, other: bytes) -> None:
    assert _digest(one) != _digest(other)


_AUTHOR = "weaviate://localhost/Author/6361ae1c-c91a-458a-91cf-7ef2556440f0"
_ANOTHER = "weaviate://localhost/Author/7361ae1c-c91a-458a-91cf-7ef2556440f0"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 1.0}),
        (b'{"a":-0}', b'{"a":-0.0}'),
        (b'{"a":1e+21}', b'{"a":1000000000000000000000}'),
        (b'{"a":9223372036854775807}', b'{"a":9223372036854776000}'),
        (b'{"a":"\\u003c\\u2028"}', '{"a":"<\u2028"}'.encode()),
        (b"null", b"{}"),
        (
            {"phone": {"input": "020", "defaultCountry": "NL", "national": 1, "valid": True}},
            {"phone": {"input": "020", "defaultCountry": "NL"}},
        ),
        (
            {"author": [{"beacon": _AUTHOR, "href": "/v1/objects/Author/6"}]},
            {"author": [{"beacon": _AUTHOR.replace("localhost", "elsewhere")}]},
        ),
        (
            {"author": [{"beacon": _AUTHOR}, {"beacon": _ANOTHER}]},
            {"author": [{"beacon": _ANOTHER}, {"beacon": _AUTHOR}]},
        ),
        (
            {"author": [{"beacon": _AUTHOR}]},
            {"author": [{"beacon": _AUTHOR.replace("Author", "Copy")}]},
        ),
    ],
)
def test_what_counts_as_the_same(one: Any, other: Any) -> None:
    assert _digest(one) == _digest(other)


def test_a_missing_and_a_repeated_reference_are_seen() -> None:
    once = _digest({"author": [{"beacon": _AUTHOR}]})
    assert _digest({"author": []}) != once
    assert _digest({"author": [{"beacon": _AUTHOR}, {"beacon": _AUTHOR}]}) != once
    assert _digest({"author": [{"beacon": _ANOTHER}]}) != once


def test_the_id_is_part_of_the_digest() -> None:
    whole = _whole({"a": 1})
    assert FORM.digest(whole) != FORM.digest(whole._replace(id=b"\1" * 16))
    assert FORM.digest(whole) == FORM.digest(whole._replace(time=2))


def test_nesting_deeper_than_the_quick_way_knows() -> None:
    deep: Any = 1
    for _ in range(canonical._DEPTH + 5):
        deep = {"a": [deep]}
    assert _digest(deep) == _digest(json.loads(json.dumps(deep)))


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"1", b'{"a":NaN}', b'{"a":1e999,"b":-0}', b'{"a":1e999}', b'{"a":"\xff"}', b"{",
     b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"],
)  # fmt: skip
def test_what_is_no_properties_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        _digest(text)
