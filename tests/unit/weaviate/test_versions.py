"""Known faults by release: the edges of every range."""

from __future__ import annotations

import pytest

from elysiadash.weaviate.versions import (
    KNOWN_FAULTS,
    VERBOSE_LOADS_LAZY_SHARDS,
    Version,
    has_fault,
    known_faults,
    parse_version,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.38.11", Version(1, 38, 11)),
        ("v1.39.0-rc.1", Version(1, 39, 0)),
        ("1.40", Version(1, 40, 0)),
        ("1.40.0-dev-abc", Version(1, 40, 0)),
        ("", None),
        (None, None),
        ("latest", None),
    ],
)
def test_versions_are_read(text: str | None, expected: Version | None) -> None:
    assert parse_version(text) == expected


@pytest.mark.parametrize(
    ("version", "hit"),
    [("1.30.13", True), ("1.30.14", False), ("1.31.8", True), ("1.32.2", False), ("1.39.0", False)],
)
def test_verbose_is_known_to_load_lazy_shards(version: str, hit: bool) -> None:
    assert has_fault(version, VERBOSE_LOADS_LAZY_SHARDS) is hit


def test_every_range_starts_with_and_ends_without_the_fault() -> None:
    for fault in KNOWN_FAULTS:
        for first, fixed in fault.ranges:
            assert fault.hits(first)
            assert fixed is None or not any(
                start <= fixed and (end is None or fixed < end) for start, end in fault.ranges
            )


def test_an_unreadable_version_has_no_known_fault() -> None:
    assert known_faults("main") == ()


def test_a_good_release_has_none() -> None:
    assert known_faults("1.39.2") == ()
