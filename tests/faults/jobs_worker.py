"""A worker that does nothing but what must survive a kill: claim, take, write, commit, finish.

Run by ``test_jobs_kill`` as ``python -m tests.faults.jobs_worker STATE NAME SEED``. Each piece of
key space has a few steps of work; each step appends a line to the job's ledger and moves the
watermark in the same transaction. Inside that transaction the worker also writes down in
``witness`` who it is: transactions exclude each other, so the lines are in their order.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

from elysiadash.jobs import claims, control, folder, outcomes, ranges, steps
from elysiadash.jobs.claims import Claim, Claimed
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import ClaimLost, RangeNotHeld
from elysiadash.jobs.folder import Appended
from elysiadash.jobs.ranges import KeyRange

STEPS = 4
SLOTS = 2
LINE = 16
"""Bytes of one line of a ledger: the watermark."""
CROWDED = 2
"""Every piece whose lower key is odd is split after so many steps."""


class JumpingClock:
    """Wall time that jumps hours back and forth; steady time is the machine's."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def wall(self) -> float:
        return time.time() + self._chance.choice([0, -7200, -1, 1, 7200])

    def steady(self) -> float:
        return time.monotonic()


class Worker:
    def __init__(self, state: Path, name: str, seed: int) -> None:
        self.state = state
        self.name = name
        self.chance = random.Random(seed)
        self.jobs = Database.open(state, check=True, clock=JumpingClock(self.chance))
        self.witness = os.open(state / "witness", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def run(self) -> None:
        """Work until there is nothing left."""
        while True:
            claim = claims.claim_next(self.jobs, self.name, patience=5.0)
            if claim is not None:
                try:
                    self.work(claim)
                except (ClaimLost, RangeNotHeld) as lost:
                    self.note(f"lost {claim.job} {claim.token} {type(lost).__name__}")
                continue
            with self.jobs.reading() as read:
                left = claims.outlook(read)
            if not left.waiting and not left.running:
                return
            time.sleep(0.02)

    def work(self, claim: Claim) -> None:
        made = folder.make(self.state, claim.job)
        with self.jobs.reading() as read:
            folder.recover(read, made, claim.job)
            lengths = folder.committed(read, claim.job)
        with claims.held(self.jobs, claim) as tx:
            self.seen(tx)
            steps.begin(tx, "freeze", undo={"thaw": claim.job}, owed=True)
            outcomes.enter(tx, "COPY", checkpoint={"token": claim.token})
        with Appended(made, "ledger", lengths.get("ledger", 0)) as ledger:
            while self.one_step(claim, ledger):
                if self.chance.random() < 0.05:
                    with claims.held(self.jobs, claim) as tx:
                        self.seen(tx)
                        outcomes.give_back(tx)
                    return
        with claims.held(self.jobs, claim) as tx:
            self.seen(tx)
            assert not ranges.unfinished(tx, claim.job, generation=0)
            steps.put_back(tx, claim.job, "freeze", who=self.name)
            for wish in control.still_open(tx, claim.job):
                control.apply(tx, wish)
            outcomes.finish(tx, ending="VERIFIED")

    def one_step(self, claim: Claim, ledger: Appended) -> bool:
        slot = self.chance.randrange(SLOTS)
        with claims.held(self.jobs, claim) as tx:
            self.seen(tx)
            piece = ranges.take(tx, slot) or ranges.take(tx, 1 - slot)
        if piece is None:
            return False
        watermark = next_watermark(piece)
        ledger.append(watermark)
        length = ledger.sync()
        with claims.held(self.jobs, claim) as tx:
            self.seen(tx)
            folder.commit(tx, "ledger", length)
            piece = ranges.advance(tx, piece, watermark, objects=1, bytes=LINE, seconds=0.01)
            done = watermark == piece.upper
            if done:
                ranges.finish(tx, piece)
            elif piece.objects == CROWDED and piece.lower[-1] % 2:
                ranges.split_at_watermark(tx, piece)
        return True

    def seen(self, tx: Claimed) -> None:
        self.note(f"in {tx.claim.job} {tx.claim.token} {self.name}")

    def note(self, text: str) -> None:
        os.write(self.witness, f"{text}\n".encode())


def next_watermark(piece: KeyRange) -> bytes:
    """A quarter of the piece further on, at its end after the fourth step."""
    lower, upper = (int.from_bytes(key) for key in piece.interval)
    step = (upper - lower) // STEPS + 1
    done = lower if piece.watermark is None else int.from_bytes(piece.watermark)
    return min(upper, done + step).to_bytes(16)


if __name__ == "__main__":
    Worker(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])).run()
