"""How a job ended or where it rests: as an exit code and in words."""

from __future__ import annotations

from elysiadash.cli.exits import Exit
from elysiadash.jobs.job import Job, JobState

_S = JobState
_OF_ENDING = {
    "DIFFERENT": Exit.DIFFERENT,
    "REFUSED": Exit.REFUSED,
    "CAUGHT_UP": Exit.CAUGHT_UP,
    "ROLLED_BACK": Exit.ROLLED_BACK,
    "ABORTED": Exit.CANCELLED,
}
"""The engines' words for an ending that is not simply well."""
_WORDS = {
    "VERIFIED": "done and verified",
    "NOT_VERIFIED": "done; not verified, as was asked",
    "CAUGHT_UP": "caught up; nothing was cut over",
    "DIFFERENT": "over, with differences",
    "REFUSED": "refused by its preflight",
    "ROLLED_BACK": "rolled back",
    "DELETED": "done: the old collection is deleted",
    "CHECKED": "checked; nothing was copied",
    "CRASHED": "given up",
}


def is_at_rest(job: Job) -> bool:
    """Whether nothing happens to it before a person does something."""
    resting = job.state.ended or job.state is _S.PAUSED
    # One that began and is cancelled is cleaned up by its engine first.
    return resting and not job.cancelling


def code_of(job: Job) -> Exit:
    """What a command that waited for the job exits with."""
    if job.ending in _OF_ENDING and job.state.ended:
        return _OF_ENDING[job.ending]
    return {
        _S.DONE: Exit.OK,
        _S.PAUSED: Exit.PAUSED,
        _S.CANCELLED: Exit.CANCELLED,
    }.get(job.state, Exit.JOB_FAILED)


def words_of(job: Job) -> str:
    """``job 20261130-7f3k is done and verified``; the reason is not in it."""
    ending = job.ending or ""
    known = _WORDS.get(ending, ending.lower().replace("_", " ")) if job.state.ended else ""
    if job.state is _S.FAILED:
        return f"job {job.id} failed" + (f": {known}" if known and known != "failed" else "")
    state = {_S.DONE: "done", _S.CANCELLED: "cancelled", _S.PAUSED: "paused"}
    return f"job {job.id} is {known or state.get(job.state, job.state.lower())}"


def next_step(job: Job) -> str | None:
    """The command that goes on from here; None where there is nothing to do."""
    question = job.checkpoint.get("question")
    if job.state is _S.PAUSED and question and question == job.reason:
        return f"to answer: elysiadash jobs answer {job.id} ANSWER"
    if job.state is _S.FAILED and job.ending == "REFUSED":
        return f"once that is mended: elysiadash jobs resume {job.id}"
    if job.state in (_S.PAUSED, _S.FAILED):
        return f"to go on: elysiadash jobs resume {job.id}"
    return None
