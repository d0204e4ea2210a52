"""Whether a proof is green: the one place that says so."""

from __future__ import annotations

from elysiadash.migrate.checkpoint import Proof

_DEEP_ENOUGH = ("V2", "V3", "V4")


def why_not_green(proof: Proof | None, *, dead_letters: int) -> list[str]:
    """Everything that stands against "nothing was lost", in words; empty only where it is proven.

    Green is every object of both sides compared by its digest, none missing, extra, different or
    still to be proven, no count that disagrees, and no dead letter.
    """
    if proof is None:
        return ["nothing was verified"]
    found = list(proof.faults)
    if proof.level not in _DEEP_ENOUGH:
        found.append(f"verification was {proof.level}: objects were not compared whole")
    found += [
        f"{count:,} {words}"
        for count, words in (
            (proof.missing, "missing in the target"),
            (proof.extra, "in the target and not in the source"),
            (proof.different, "different"),
            (proof.pending, "changed while they were proven, and were not proven since"),
            (dead_letters, "in the dead letters"),
        )
        if count
    ]
    accounted = proof.same + proof.expired
    if not found and proof.same != proof.expected:
        found.append(f"{proof.expected:,} objects were expected and {proof.same:,} are the same")
    if not found and proof.target != accounted:
        found.append(
            f"the target holds {proof.target:,} objects and {accounted:,} are accounted for"
        )
    return found


def is_green(proof: Proof | None, *, dead_letters: int) -> bool:
    """Whether nothing stands against it."""
    return not why_not_green(proof, dead_letters=dead_letters)
