"""Numbers as the server keeps and writes them; every text below was served by a real 1.39.0."""

from __future__ import annotations

import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.demo.definitions import property_definition
from elysiadash.demo.values import Float32, kept_properties, number_text, printed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "-0"), (0.0, "0"), (3.0, "3"), (0.1, "0.1"), (1e308, "1e+308"), (5e-324, "5e-324"),
        (1e21, "1e+21"), (1e-7, "1e-7"), (123456789012345680000.0, "123456789012345680000"),
        (float(2**63), "9223372036854776000"), (float(-(2**63)), "-9223372036854776000"),
        (float(2**53 + 1), "9007199254740992"), (-1.5e-10, "-1.5e-10"), (0.000001, "0.000001"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert number_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_is_the_number(value: float) -> None:
    assert struct.pack("<d", float(number_text(value))) == struct.pack("<d", value)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_written_float32_is_the_float32(value: float) -> None:
    text = msgspec.json.encode(printed(Float32(value)))
    assert struct.pack("<f", float(text)) == struct.pack("<f", value)
    assert (
        len(text.strip(b"-").replace(b".", b"").strip(b"0").split(b"e")[0]) <= 9 or abs(value) > 1e9
    )


def test_null_is_dropped_outside_and_kept_inside() -> None:
    nested = [property_definition("t", "text"), property_definition("i", "int")]
    definition = {
        "properties": [
            property_definition("t", "text"),
            property_definition("o", "object", nested=nested),
        ]
    }
    given_ = {"t": None, "o": {"t": None, "i": 2**53 + 1}}
    assert kept_properties(definition, given_) == {"o": {"t": None, "i": 2.0**53}}
