"""``record``: keep the past of a cluster without the app, until told to stop."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec

from elysiadash.cli.choosing import Chosen, chosen_cluster
from elysiadash.cli.envelope import (
    problem_lines,
    problems_of,
)
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.moments import length
from elysiadash.cli.output import say, say_demo
from elysiadash.cli.session import run_to_end
from elysiadash.cluster.connect import connect
from elysiadash.cluster.recording.file import (
    DamagedRecording,
    NewerRecording,
    NotARecording,
    open_to_read,
)
from elysiadash.cluster.recording.recorder import Recorder
from elysiadash.cluster.recording.state import RecordingState
from elysiadash.cluster.watch import Watch
from elysiadash.config.moments import rfc3339

_TELL_S = 1.0
_MIB = 1024 * 1024


class RecordWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the options of ``record`` say. ``file`` is another than the profile's own."""

    span: str | None = None
    file: Path | None = None


def record(flags: ClusterFlags, wish: RecordWish) -> int:
    """Watch and record; returns the exit code."""
    seconds = None if wish.span is None else length(wish.span, "--for")
    with chosen_cluster(flags) as chosen:
        if not chosen.profile.recording.enabled:
            raise CommandFailed(
                f"nothing is to be recorded of {chosen.profile.name}",
                "its settings say recording.enabled = false",
            )
        if chosen.demo and wish.file is None:
            raise CommandFailed(
                "a demo has no recording of its own: its ports never come back",
                "say where to: elysiadash record --demo --file FILE",
                Exit.USAGE,
            )
        if wish.file is not None:
            _check_file(wish.file)
        elif chosen.state_dir is None:
            raise CommandFailed(
                "there is no folder that the recording could stay in",
                "say where to: elysiadash record --file FILE",
            )
        return run_to_end(_record(chosen, wish, seconds))


def _check_file(path: Path) -> None:
    """Raise ``CommandFailed`` for a file that cannot be gone on with."""
    if not path.absolute().parent.is_dir():
        raise CommandFailed(f"there is no folder {path.absolute().parent}", "name another file")
    if path.exists() and not path.is_file():
        raise CommandFailed(f"{path} is not a file", "name another one")
    if not path.exists() or path.stat().st_size == 0:
        return
    try:
        open_to_read(path).close()
    except NewerRecording as error:
        raise CommandFailed(str(error), "record with that release, or name another file") from None
    except DamagedRecording as error:
        raise CommandFailed(
            str(error),
            f"move it away, or name another file; what can still be read of it is shown by:"
            f" elysiadash replay {path}",
        ) from None
    except NotARecording as error:
        raise CommandFailed(str(error), "name another file") from None


async def _record(chosen: Chosen, wish: RecordWish, seconds: float | None) -> int:
    watch = connect(
        chosen.profile,
        state_dir=chosen.state_dir,
        records=True,
        recording=wish.file,
        demo=chosen.demo,
    )
    recorder = watch.recorder
    if recorder is None:
        raise CommandFailed("there is nothing that records")
    await _become_recorder(recorder, chosen)
    if chosen.demo:
        say_demo()
    kept = chosen.profile.recording
    say(
        f"recording {chosen.profile.name} into {recorder.path}: at most {kept.max_age_h:g} h"
        f" and {kept.max_bytes // _MIB} MiB, until told to stop"
    )
    started = time.monotonic()
    polling = asyncio.create_task(watch.run())
    telling = asyncio.create_task(_tell(watch))
    last = recorder.state
    try:
        await asyncio.wait({polling, telling}, timeout=seconds, return_when="FIRST_COMPLETED")
        for task in (polling, telling):
            if task.done():
                # Neither ends but by a fault of ours.
                task.result()
    except asyncio.CancelledError:
        # Being told to stop is how a recording ends well.
        pass
    finally:
        last = recorder.state
        for task in (polling, telling):
            task.cancel()
        await asyncio.gather(polling, telling, return_exceptions=True)
        await watch.aclose()
    say(_farewell(last, recorder.state, time.monotonic() - started))
    return Exit.OK if recorder.state.problem is None else Exit.FAILED


async def _become_recorder(recorder: Recorder, chosen: Chosen) -> None:
    """Raise ``CommandFailed`` with who records, or why nobody can."""
    if await recorder.take_lock():
        return
    state = recorder.state
    if state.problem is not None:
        raise CommandFailed(f"{chosen.profile.name} cannot be recorded: {state.problem}")
    who = "another process" if state.pid is None else f"process {state.pid}"
    since = "" if state.since is None else f" since {rfc3339(state.since)}"
    raise CommandFailed(
        f"{chosen.profile.name} is being recorded by {who}{since}",
        f"its recording can be read by everybody of this user: {state.path}",
    )


async def _tell(watch: Watch) -> None:
    """Narrate what is not answered and not recorded, once for as long as it lasts."""
    told: list[str] = []
    while True:
        await asyncio.sleep(_TELL_S)
        now = problem_lines(problems_of(watch))
        state = watch.recording
        if state is not None:
            trouble = state.problem is not None or state.elsewhere
            now += [line for line in (state.words if trouble else None, state.note) if line]
        for line in now:
            if line not in told:
                say(line)
        told = now


def _farewell(state: RecordingState, end: RecordingState, seconds: float) -> str:
    size = "" if state.bytes is None else f", {state.bytes / 1e6:.1f} MB"
    trouble = "" if end.problem is None else f"; not recorded in the end: {end.problem}"
    return f"recorded {state.moments:,} moments in {seconds:.0f} s{size}: {state.path}{trouble}"
