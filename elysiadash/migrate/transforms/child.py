"""The process that runs a transform: it is given objects, and may be killed at any moment.

It holds no connection and no file of the job's. What the transform prints goes nowhere.
"""

from __future__ import annotations

import faulthandler
import inspect
import linecache
import mmap
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, NoReturn

from elysiadash.migrate.transforms.results import Rubbish, obj_of, plain, products_of
from elysiadash.migrate.transforms.wire import PLACE, Failed, Given, receive, send

_FRAMES: Final = 12
_LONGEST: Final = 1_000
_LOOK_S: Final = 0.3


@dataclass(frozen=True)
class Source:
    """Where an object comes from."""

    cluster: str
    collection: str
    tenant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.cluster, self.collection, self.tenant) if part)


@dataclass(frozen=True)
class Context:
    """The second argument of ``transform``; the same for all objects of a part."""

    started_at: datetime
    source: Source


class Unusable(Exception):
    """The file cannot be run; in words."""


def main(requests: int, answers: int, page: int, trace: int, parent: int) -> NoReturn:
    """Answer requests until the pipe ends. The arguments are handles, and the parent's id."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    # Told by the parent where this hangs, before it is killed: works in loops of C as well.
    faulthandler.register(signal.SIGUSR1, file=trace, all_threads=False)
    place = mmap.mmap(page, PLACE.size)
    about = receive(requests)
    if about is None:
        os._exit(0)
    try:
        script = _Script(about)
    except BaseException as error:  # noqa: BLE001 - a user's file may raise anything, and it ends here
        text = str(error) if isinstance(error, Unusable) else _raised(error, about["path"])
        send(answers, ("unusable", text))
        os._exit(0)
    send(answers, ("ready", script.has_schema))
    while (request := receive(requests)) is not None:
        verb, *values = request
        if verb == "schema":
            send(answers, script.schema(*values))
        else:
            collection, tenant, objects = values
            context, made = script.context(collection, tenant), []
            for number, one in enumerate(objects):
                PLACE.pack_into(place, 0, number)
                made.append(script.do(Given(*one), context))
            send(answers, made)
    os._exit(0)


class _Script:
    """The user's file, loaded."""

    def __init__(self, about: dict[str, Any]) -> None:
        self._path: str = about["path"]
        self._started = datetime.fromtimestamp(about["started_at"], UTC)
        self._cluster: str = about["cluster"]
        code: bytes = about["code"]
        lines = code.decode(errors="replace").splitlines(keepends=True)
        # Tracebacks show the lines that were run, whatever the file holds by then.
        linecache.cache[self._path] = (len(code), None, lines, self._path)
        space: dict[str, Any] = {"__name__": "transform", "__file__": self._path}
        exec(compile(code, self._path, "exec", dont_inherit=True), space)  # noqa: S102
        self._transform = space.get("transform")
        self._schema = space.get("transform_schema")
        if not callable(self._transform):
            raise Unusable("it defines no function transform(obj) or transform(obj, ctx)")
        if inspect.iscoroutinefunction(self._transform):
            raise Unusable("transform is an async function; it must be a plain one")
        self._wants_context = _wants_context(self._transform)

    @property
    def has_schema(self) -> bool:
        return callable(self._schema)

    def context(self, collection: str, tenant: str) -> Context:
        return Context(self._started, Source(self._cluster, collection, tenant))

    def do(self, given: Given, context: Context) -> tuple[str, Any]:
        """One object: what it became, or why it did not."""
        tenant = context.source.tenant
        try:
            obj = obj_of(given, tenant)
            function: Callable[..., Any] = self._transform  # type: ignore[assignment]
            result = function(obj, context) if self._wants_context else function(obj)
            return "made", [tuple(one) for one in products_of(given, result, tenant)]
        except Rubbish as error:
            return "failed", tuple(Failed(error.kind, _cut(str(error))))
        except BaseException as error:  # noqa: BLE001 - a user's code may raise anything; it is told
            reason = f"transform raised {type(error).__name__}"
            return "failed", tuple(Failed(reason, _raised(error, self._path)))

    def schema(self, definition: dict[str, Any]) -> tuple[str, Any]:
        """The definition that ``transform_schema`` makes of another."""
        try:
            made = self._schema(definition) if callable(self._schema) else definition
            if not isinstance(made, dict):
                raise Rubbish("", f"transform_schema returned {type(made).__name__}, not a dict")
            return "made", plain(made, "schema")
        except Rubbish as error:
            return "failed", tuple(Failed("", _cut(str(error))))
        except BaseException as error:  # noqa: BLE001 - as above
            return "failed", tuple(Failed("", _raised(error, self._path)))


def _wants_context(function: Callable[..., Any]) -> bool:
    """Whether it takes a second argument that is meant for the context."""
    try:
        known = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    places = [one for one in known if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    needed = [one for one in places if one.default is one.empty]
    if len(needed) > 2 or not (places or any(one.kind is one.VAR_POSITIONAL for one in known)):
        raise Unusable(
            f"transform takes {len(needed)} arguments; it is called as transform(obj) or "
            "transform(obj, ctx)"
        )
    return len(needed) == 2 or (len(places) >= 2 and places[1].name in ("ctx", "context"))


def _raised(error: BaseException, path: str) -> str:
    """The error with its traceback, as far as it runs through the user's file and beyond."""
    frames = traceback.extract_tb(_inside(error.__traceback__, path))
    left_out = len(frames) - _FRAMES
    lines = [f"({left_out} frames left out)\n"] if left_out > 0 else []
    lines += traceback.format_list(frames[-_FRAMES:])
    said = _cut("".join(traceback.format_exception_only(error)))
    return f"{''.join(lines)}{said}".strip()


def _inside(trace: TracebackType | None, path: str) -> TracebackType | None:
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    return trace


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _end_with(parent: int) -> None:
    """A worker that was killed leaves no process behind."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)
