"""One job in a worker's hands: its engine in a thread, and whatever comes of it written down."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from elysiadash.config.secret import SecretUnavailable
from elysiadash.jobs import claims, outcomes, steps
from elysiadash.jobs.claims import Claim, Claimed
from elysiadash.jobs.database import Database
from elysiadash.jobs.errors import Busy, CannotWrite, ClaimLost, JobsError
from elysiadash.jobs.work import Engine, Interrupted, Stop, Work, causes_in

log = logging.getLogger(__name__)

_AGAIN_S = 2.0
"""Between tries to write down what came of a job, while the disk is full."""

Load = Callable[[str], Engine]


class Running:
    """A job that is worked on. ``start`` returns at once; ``done`` says when it is over."""

    def __init__(self, database: Database, claim: Claim, kind: str, load: Load) -> None:
        self.claim = claim
        self.stop = threading.Event()
        """Set when the worker ends, or when the claim is lost."""
        self._database = database
        self._kind = kind
        self._load = load
        # A daemon: what hangs must not hold the process beyond its grace.
        self._thread = threading.Thread(target=self._run, name=f"job {claim.job}", daemon=True)

    def start(self) -> None:
        """Begin."""
        log.info("job %s (%s) begins", self.claim.job, self._kind)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether its thread has ended."""
        return not self._thread.is_alive()

    def join(self, seconds: float) -> bool:
        """Wait for its end; whether it has ended."""
        self._thread.join(max(0.0, seconds))
        return self.done

    def beat(self) -> None:
        """Say that the worker lives. Where the claim is lost, the engine is told to stop."""
        try:
            claims.beat(self._database, self.claim)
        except ClaimLost:
            # Also what a job that has just ended looks like.
            self.stop.set()

    def _run(self) -> None:
        try:
            work = Work(self._database, self.claim, stop=self.stop)
            try:
                self._load(self._kind)(work)
            except BaseException as error:  # noqa: BLE001 - a job's fault never ends the worker
                self._settle(cause_of(error))
            else:
                self._write(self._forgotten)
        except ClaimLost:
            log.info("job %s is no longer ours", self.claim.job)
        except JobsError as error:
            log.error("what came of job %s cannot be kept: %s", self.claim.job, error)

    def _settle(self, error: BaseException) -> None:
        if isinstance(error, Interrupted):
            log.info("job %s stops: %s", self.claim.job, error.verb)
            self._write(lambda tx: rest(tx, error.verb))
        elif isinstance(error, ClaimLost):
            raise error
        else:
            log.error("job %s failed", self.claim.job, exc_info=error)
            words, ending = reason_of(error), getattr(error, "ending", None)
            self._write(lambda tx: outcomes.fail(tx, words, ending=ending))

    def _forgotten(self, tx: Claimed) -> None:
        """An engine that returns has ended its job; one that has not is at fault."""
        outcomes.fail(tx, f"the engine for {self._kind} returned and did not say how the job ended")

    def _write(self, write: Callable[[Claimed], None]) -> None:
        """Write down what came of it, as soon as that can be written. Raises ``ClaimLost``."""
        told = False
        while True:
            try:
                with claims.held(self._database, self.claim) as tx:
                    write(tx)
                return
            except (Busy, CannotWrite) as error:
                if not told:
                    log.error("job %s: %s", self.claim.job, error)
                    told = True
                if self.stop.is_set():
                    # The next worker takes it over, since this process will be gone.
                    raise
                time.sleep(_AGAIN_S)


def rest(tx: Claimed, verb: Stop) -> None:
    """Let go of a job whose engine stopped as it was asked to."""
    if verb == "pause":
        outcomes.pause(tx)
    elif verb == "cancel":
        owed = steps.owed(tx, tx.job)
        if owed:
            titles = "; ".join(step.title for step in owed)
            outcomes.fail(tx, f"asked to cancel, and could not put back: {titles}")
        else:
            outcomes.cancelled(tx)
    else:
        outcomes.give_back(tx)


def cause_of(error: BaseException) -> BaseException:
    """What counts of a group, as task groups raise it: a lost claim, then a fault, then a stop."""
    leaves = list(causes_in(error))
    lost = next((leaf for leaf in leaves if isinstance(leaf, ClaimLost)), None)
    fault = next((leaf for leaf in leaves if not isinstance(leaf, Interrupted)), None)
    return lost or fault or leaves[0]


def reason_of(error: BaseException) -> str:
    """Why a job failed, for people; the log has the traceback."""
    if isinstance(error, SecretUnavailable):
        return (
            f"{error}; the worker has the environment of the terminal that started it: end it with "
            "elysiadash worker --stop, then resume the job from a terminal that has the credential"
        )
    words = str(error)
    if not words or isinstance(error, _FAULTS):
        words = f"our own fault: {type(error).__name__}: {words}; the worker's log has more"
    return words


_FAULTS = (
    *(TypeError, AttributeError, LookupError, NameError, AssertionError, ArithmeticError),
    *(ValueError, RuntimeError, MemoryError, SystemExit, KeyboardInterrupt, GeneratorExit),
)
"""What nobody words for people."""
