"""Green is said by one function, and any single thing against it makes it not green."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from elysiadash.migrate.checkpoint import Checkpoint, Proof
from elysiadash.migrate.verify import differences, is_green, why_not_all_green

GREEN = Proof(
    level="V2", number=1, final=True, source=10, target=11, expected=10, same=10, expired=1
)


def test_green_is_green() -> None:
    assert is_green(GREEN, dead_letters=0)


@pytest.mark.parametrize(
    "change",
    [
        {"level": "none"},
        {"level": "V0"},
        {"level": "V1"},
        {"final": False},
        {"missing": 1},
        {"extra": 1},
        {"different": 1},
        {"pending": 1},
        {"faults": ("a tenant was not read",)},
        {"same": 9},
        {"expected": 11},
        {"target": 10},
        {"target": 12},
    ],
)
def test_any_single_thing_makes_it_not_green(change: dict[str, Any]) -> None:
    assert not is_green(replace(GREEN, **change), dead_letters=0)


def test_dead_letters_or_no_proof_make_it_not_green() -> None:
    assert not is_green(GREEN, dead_letters=1)
    assert not is_green(None, dead_letters=0)


def test_a_run_is_green_when_every_wave_and_what_is_awake_is() -> None:
    bad = replace(GREEN, missing=1)
    for proof, asleep, awake, letters, green in (
        (GREEN, (GREEN,), True, 0, True),
        (None, (GREEN, GREEN), False, 0, True),
        (None, (GREEN,), True, 0, False),
        (GREEN, (GREEN, bad), True, 0, False),
        (bad, (GREEN,), True, 0, False),
        (None, (GREEN,), False, 1, False),
        (None, (), False, 0, False),
    ):
        checkpoint = Checkpoint(proof=proof, asleep=asleep)
        found = why_not_all_green(checkpoint, dead_letters=letters, awake=awake)
        assert (not found) == green, found


@given(st.builds(Proof, level=st.sampled_from(["none", "V0", "V1", "V2", "V3", "V4"]),
                 final=st.booleans(), same=st.integers(0, 3), expected=st.integers(0, 3),
                 target=st.integers(0, 3), missing=st.integers(0, 1), extra=st.integers(0, 1),
                 different=st.integers(0, 1), pending=st.integers(0, 1),
                 expired=st.integers(0, 1)))  # fmt: skip
def test_what_is_green_has_every_object_in_both_places(proof: Proof) -> None:
    if is_green(proof, dead_letters=0):
        assert proof.expected == proof.same
        assert proof.target == proof.same + proof.expired
        assert not differences(proof)
        assert (proof.missing, proof.extra, proof.different, proof.pending) == (0, 0, 0, 0)
