"""Whether a proof is green: the one place that says so."""

from __future__ import annotations

from elysiadash.migrate.checkpoint import Checkpoint, Proof

_DEEP_ENOUGH = ("V2", "V3", "V4")


def differences(proof: Proof | None) -> list[str]:
    """What speaks against the copy, in words, leaving open what only changed meanwhile.

    Empty before a freeze means that the freeze is worth its while, and nothing more.
    """
    if proof is None:
        return ["nothing was verified"]
    found = list(proof.faults)
    found += [
        f"{count:,} objects are {words}"
        for count, words in (
            (proof.missing, "missing in the target"),
            (proof.extra, "in the target and not in the source"),
            (proof.different, "different"),
        )
        if count
    ]
    return found


def why_not_green(proof: Proof | None, *, dead_letters: int, any_depth: bool = False) -> list[str]:
    """Everything that stands against "nothing was lost", in words; empty only where it is proven.

    Green is every object of both sides compared by its digest while nobody wrote, none missing,
    extra, different or still to be proven, no count that disagrees, and no dead letter.
    ``any_depth``: what was looked at counts, however shallow that was asked to be.
    """
    found = differences(proof)
    shallow = proof is not None and proof.level not in _DEEP_ENOUGH
    if proof is not None and shallow and not any_depth:
        found.append(f"verification was {proof.level}: objects were not compared whole")
    if dead_letters:
        found.append(f"{dead_letters:,} objects are in the dead letters")
    if proof is None:
        return found
    if proof.pending:
        found.append(f"{proof.pending:,} objects changed meanwhile and were not proven since")
    if not proof.final:
        found.append("writers were not kept out: what they wrote meanwhile is not proven")
    if shallow:
        return found
    if not found and proof.same != proof.expected:
        found.append(f"{proof.expected:,} objects were expected and {proof.same:,} are the same")
    if not found and proof.target != proof.same + proof.expired:
        found.append(
            f"the target has {proof.target:,} objects and {proof.same + proof.expired:,} of them "
            "are accounted for"
        )
    return found


def why_not_all_green(
    checkpoint: Checkpoint, *, dead_letters: int, awake: bool, any_depth: bool = False
) -> list[str]:
    """The same of a whole run: what was proven in waves of tenants, and what is ``awake``, if any
    part is."""
    found = []
    if awake or not checkpoint.asleep:
        found += why_not_green(checkpoint.proof, dead_letters=dead_letters, any_depth=any_depth)
    elif dead_letters:
        found.append(f"{dead_letters:,} objects are in the dead letters")
    for number, proof in enumerate(checkpoint.asleep, 1):
        against = why_not_green(proof, dead_letters=0, any_depth=any_depth)
        found += [f"wave {number} of tenants: {words}" for words in against]
    if checkpoint.broken:
        found.append("the source was writable while it was held, and was not compared since")
    return found


def is_green(proof: Proof | None, *, dead_letters: int) -> bool:
    """Whether nothing stands against it."""
    return not why_not_green(proof, dead_letters=dead_letters)
