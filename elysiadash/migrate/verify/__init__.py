"""Proves a copy, by a way of reading that shares nothing with the copy's (``scan``).

``proving`` goes through the ranges of both sides; ``pieces`` reads one, ``judging`` says what its
rows say, ``settling`` reads again what seems to differ, ``keeping`` and ``mismatches`` keep what
was found. ``verdict`` alone says whether a proof is green.
"""

from __future__ import annotations

from elysiadash.migrate.verify.proving import prove, prove_again
from elysiadash.migrate.verify.verdict import (
    differences,
    is_green,
    why_not_all_green,
    why_not_green,
)

__all__ = ["differences", "is_green", "prove", "prove_again", "why_not_all_green", "why_not_green"]
