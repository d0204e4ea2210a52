"""Whose fault an error is: the object's, or of something that passes."""

from __future__ import annotations

import pytest

from elysiadash.weaviate.objects.outcome import is_passing_word


@pytest.mark.parametrize(
    ("words", "passing"),
    [
        ("store is read-only due to: manually set by user", True),
        ('cannot reach enough replicas: required 2, got 0: replica "n": read only "S"', True),
        ("tenant not active: 'c'", True),
        ("class 'Doc' not present in schema", True),
        ("failed to execute query: leader not found", True),
        ("parse as time array, expected []interface{} got []interface {}", False),
        ("cannot reach enough replicas: parse as time array", False),
        ("vector dimensions do not match the index dimensions", False),
        ("invalid text property 'n' on class 'X': not a string, but float64", False),
        ("invalid date property 'd': requires a date, the given value is 'timeout'", False),
    ],
)
def test_words_are_the_objects_or_they_pass(words: str, passing: bool) -> None:
    assert is_passing_word(words) is passing
