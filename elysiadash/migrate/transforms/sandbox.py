"""The near end of the process that runs a transform: gives it objects, and ends it when it hangs.

An object that does not come back in time, or with which the process ends, is named; the others of
its batch are given again to a new process.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from elysiadash.config.redaction import redact
from elysiadash.migrate.spec import TransformFile
from elysiadash.migrate.transforms.errors import TransformHangs, TransformUnusable
from elysiadash.migrate.transforms.file import code_of
from elysiadash.migrate.transforms.wire import (
    LENGTH,
    PLACE,
    Failed,
    Given,
    Made,
    Product,
    framed,
    read,
)

LIMIT_S: Final = 5.0
"""Seconds that one object may take."""
_LOADING_S: Final = 60.0
_AT_ONCE: Final = 256
_TICK_S: Final = 0.05
# Lost one after the other, and none done: it is not the objects.
_ENOUGH: Final = 20
_START: Final = (
    "import json, sys; about = json.loads(sys.argv[1]); sys.path[:] = about['path'];"
    "from elysiadash.migrate.transforms.child import main; main(*about['handles'])"
)


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """A transform as tasks carry it to whatever process or machine does them: with its code, so
    that no other than the one whose hash the job has is ever run."""

    path: str
    code: bytes
    started_at: float
    """The job's creation, wall time: ``ctx.started_at``, the same after each resume."""
    cluster: str = ""
    """The source's profile: ``ctx.source.cluster``."""
    limit_s: float = LIMIT_S

    @classmethod
    def of(cls, file: TransformFile, *, started_at: float, cluster: str = "") -> Self:
        """Read the file. Raises ``TransformChanged``, ``TransformUnusable``."""
        return cls(path=file.path, code=code_of(file), started_at=started_at, cluster=cluster)


class Sandbox:
    """Runs one transform. Its methods wait: call them in threads, which then take turns.

    A context manager; leaving it ends the process, and so does its last owner's letting go.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._turn = threading.Lock()
        self._child: _Child | None = None
        self._lost_in_a_row = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._child is not None:
            self._child.end()
            self._child = None

    def run(
        self, objects: Sequence[Given], collection: str, tenant: str = ""
    ) -> list[Made | Failed]:
        """What each object of a collection, or a tenant of it, becomes, in their order.

        Raises ``TransformUnusable`` and ``TransformHangs``.
        """
        found: list[Made | Failed] = []
        for start in range(0, len(objects), _AT_ONCE):
            with self._turn:
                found += self._batch(objects[start : start + _AT_ONCE], collection, tenant)
        return found

    def schema(self, definition: dict[str, Any]) -> dict[str, Any]:
        """The definition that ``transform_schema`` makes of it; the same where there is none.

        Raises ``TransformUnusable``.
        """
        with self._turn:
            answer = self._opened().exchange(("schema", definition), self._script.limit_s)
            if isinstance(answer, _Lost):
                self.close()
        if isinstance(answer, _Lost):
            raise TransformUnusable(f"{self._script.path}: transform_schema: {answer.reason}")
        verb, value = answer
        if verb == "failed":
            said = redact(value[1])
            raise TransformUnusable(f"{self._script.path}: transform_schema failed:\n{said}")
        made: dict[str, Any] = value
        return made

    def _batch(self, batch: Sequence[Given], collection: str, tenant: str) -> list[Made | Failed]:
        found: dict[int, Made | Failed] = {}
        left = list(range(len(batch)))
        while left:
            objects = [tuple(batch[place]) for place in left]
            request = ("objects", collection, tenant, objects)
            answer = self._opened().exchange(request, self._script.limit_s)
            if not isinstance(answer, _Lost):
                self._lost_in_a_row = 0
                for place, (verb, value) in zip(left, answer, strict=True):
                    found[place] = _outcome(verb, value)
                break
            self.close()
            self._count(answer)
            if answer.place is not None:
                culprit = left.pop(answer.place)
                found[culprit] = Failed(answer.reason, answer.detail)
        return [found[place] for place in range(len(batch))]

    def _count(self, lost: _Lost) -> None:
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= _ENOUGH:
            raise TransformHangs(
                f"{self._script.path}: {lost.reason}, and so {_ENOUGH} times one after the "
                f"other; nothing of the source is lost. Begin a new job with a file that ends.\n"
                f"{lost.detail}".strip()
            )

    def _opened(self) -> _Child:
        if self._child is None:
            script = self._script
            child = _Child()
            about = {
                "code": script.code,
                "path": script.path,
                "started_at": script.started_at,
                "cluster": script.cluster,
            }
            answer = child.exchange(about, _LOADING_S)
            if isinstance(answer, _Lost) or answer[0] != "ready":
                child.end()
                said = answer.reason if isinstance(answer, _Lost) else redact(answer[1])
                raise TransformUnusable(f"{script.path} cannot be used: {said}")
            self._child = child
        return self._child


def _outcome(verb: str, value: Any) -> Made | Failed:
    if verb == "failed":
        reason, detail = value
        return Failed(redact(reason), redact(detail))
    return Made([Product(*one) for one in value])


class _Lost(msgspec.Struct, frozen=True, gc=False):
    """No answer: the process hung or ended; ``place`` is the object it was at, where known."""

    place: int | None
    reason: str
    detail: str = ""


class _Child:
    """One process, its two pipes, the page that says where it is, the file for its trace."""

    def __init__(self) -> None:
        with contextlib.ExitStack() as opened:
            self._page = opened.enter_context(tempfile.TemporaryFile())
            self._page.write(PLACE.pack(-1))
            self._page.flush()
            self._place = mmap.mmap(self._page.fileno(), PLACE.size)
            self._trace = opened.enter_context(tempfile.TemporaryFile())
            theirs_in, self._to = os.pipe()
            self._from, theirs_out = os.pipe()
            given = (theirs_in, theirs_out, self._page.fileno(), self._trace.fileno())
            about = json.dumps({"path": sys.path, "handles": [*given, os.getpid()]})
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _START, about],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    pass_fds=given,
                    # What it starts itself ends with it; a Ctrl-C at a terminal is not for it.
                    start_new_session=True,
                )
            finally:
                os.close(theirs_in)
                os.close(theirs_out)
            self._opened = opened.pop_all()
            # Nobody may be left to end it: those who hold it let go of it as they please.
            self.end = weakref.finalize(
                self, _end, self._process, (self._to, self._from), self._place, self._opened
            )

    def exchange(self, request: Any, limit_s: float) -> Any:
        """Ask and wait; ``_Lost`` where one object takes longer than the limit."""
        PLACE.pack_into(self._place, 0, -1)
        try:
            left = memoryview(framed(request))
            while left:
                left = left[os.write(self._to, left) :]
        except BrokenPipeError:
            return self._ended()
        found, size = bytearray(), -1
        poll = select.poll()
        poll.register(self._from, select.POLLIN)
        at, spent, before = -1, 0.0, time.monotonic()
        while True:
            ready = poll.poll(_TICK_S * 1000)
            now = time.monotonic()
            # A machine that slept, or a worker that was stopped, is not the transform's doing.
            passed, before = min(now - before, 2 * _TICK_S), now
            if ready:
                piece = os.read(self._from, 1 << 20)
                if not piece:
                    return self._ended()
                found += piece
                if size < 0 and len(found) >= LENGTH.size:
                    size = LENGTH.unpack_from(found)[0] + LENGTH.size
                if len(found) == size:
                    return read(found[LENGTH.size :])
                continue
            (place,) = PLACE.unpack_from(self._place)
            spent = spent + passed if place == at else 0.0
            at = place
            if spent > limit_s:
                reason = f"transform did not come back in {limit_s:g} s"
                return _Lost(self._where(), reason, self._traced())

    def _where(self) -> int | None:
        (place,) = PLACE.unpack_from(self._place)
        return None if place < 0 else int(place)

    def _ended(self) -> _Lost:
        try:
            code = self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            code = None
        how = "closed its pipe" if code is None else f"ended with code {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                how = f"was ended by {signal.Signals(-code).name}"
        return _Lost(self._where(), f"transform's process {how}")

    def _traced(self) -> str:
        """Where it is now, as far as it can be asked."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGUSR1)
        time.sleep(2 * _TICK_S)
        self._trace.seek(0)
        lines = self._trace.read(4096).decode(errors="replace").splitlines()
        package = str(Path(__file__).parent)
        return "\n".join(
            line for line in lines if line.startswith("  File") and package not in line
        )


def _end(
    process: subprocess.Popen[bytes],
    handles: tuple[int, ...],
    place: mmap.mmap,
    opened: contextlib.ExitStack,
) -> None:
    """Kill it, with what it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for handle in handles:
        os.close(handle)
    place.close()
    opened.close()
