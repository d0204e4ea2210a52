"""Begins a backup or a restore, waits for the server, and lets reading back decide.

Both go on where they were when they are called again after a crash: what they need is in the
diary, which is durable before the first request. A backup's id is its own. The status of a
restore is one file for each id on a path that clusters share, so one that was there before
proves nothing (1.39.0).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec

from elysiadash.backups import requests
from elysiadash.backups.errors import BackupStopped, Cancelled
from elysiadash.backups.requests import Status
from elysiadash.jobs.work import Interrupted
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import (
    BadAnswer,
    ConnectionLost,
    NoAnswer,
    NotFound,
    Rejected,
    ServerFault,
    Unreachable,
    WeaviateError,
)
from elysiadash.weaviate.guard import Permit

T = TypeVar("T")

POLL_S: Final = 2.0
_BREATH_S: Final = 0.5
_PASSING = (BadAnswer, ConnectionLost, NoAnswer, ServerFault, Unreachable)


class Patience(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How long is waited, in seconds."""

    poll_s: float = POLL_S
    appears_s: float = 60.0
    """Until the server tells something that is surely of this request."""
    silent_s: float = 900.0
    """While no node answers at all."""
    lands_s: float = 30.0
    """Until what a finished restore brought is in the schema."""
    cancel_s: float = 120.0


class Diary(Protocol):
    """Where what was begun is noted, durably, and who is told."""

    async def begun(self) -> dict[str, Any] | None:
        """What ``begin`` and ``keep`` noted; None where nothing was begun."""
        ...

    async def begin(self, data: dict[str, Any]) -> None:
        """Note it before the first request."""
        ...

    async def keep(self, data: dict[str, Any]) -> None:
        """Replace what is noted."""
        ...

    async def tell(self, status: Status, seconds: float) -> None:
        """The server says something new."""
        ...

    async def warn(self, text: str) -> None:
        """Something that a person should know."""
        ...

    async def breathe(self) -> None:
        """Raise ``Interrupted`` where it shall stop."""
        ...


class Restored(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a restore ended, as the server says and as reading back finds."""

    status: Status | None
    """None: nothing was told that is surely of this restore."""
    there: tuple[str, ...]
    missing: tuple[str, ...]
    """Collections that should have come and are not in the schema."""


async def create(
    client: Client,
    backend: str,
    body: dict[str, Any],
    *,
    permit: Permit,
    diary: Diary,
    patience: Patience | None = None,
) -> Status:
    """Make a backup and wait for its SUCCESS. ``body`` is that of the request, with its ``id``.

    Raises ``BackupStopped`` where it fails, ``Interrupted`` as asked (the server goes on unless it
    was a cancel: then ``Cancelled``), and the ``WeaviateError`` that outlasts all patience.
    """
    patience = patience or Patience()
    following = _Following(client, backend, body["id"], diary, patience, restore=False)
    try:
        begun = await diary.begun()
        if begun is None:
            await diary.breathe()
            before = await following.look()
            # An id may be used again where that backup was cancelled.
            if before is not None and before.status != "CANCELED":
                raise BackupStopped(
                    f"{backend} has a backup {body['id']} already ({before.status}): choose "
                    "another id"
                )
            begun = {"at": time.time(), "before": before.mark if before else None}
            await diary.begin(begun)
        following.began(begun)

        def ours(status: Status) -> bool:
            return status.running or status.mark != begun["before"]

        now = await following.look()
        if now is None or not ours(now):
            await following.ask(lambda: requests.create(client, backend, body, permit))
        found = await following.until_over(ours)
    except Interrupted as stop:
        if stop.verb != "cancel":
            raise
        raise Cancelled(await following.cancelled(permit)) from None
    if found is None:
        raise BackupStopped(
            f"the server did not begin the backup {body['id']} within {patience.appears_s:.0f} s "
            f"and told no reason; its log has it{following.last_words()}"
        )
    if found.status != "SUCCESS":
        raise BackupStopped(
            f"the backup {body['id']} is {found.status}: {found.error or 'no reason is told'}; "
            "its id is used up, so make the next one with another"
        )
    return found


async def restore(
    client: Client,
    backend: str,
    name: str,
    body: dict[str, Any],
    wanted: Sequence[str],
    *,
    permit: Permit,
    diary: Diary,
    patience: Patience | None = None,
) -> Restored:
    """Restore a backup and wait for its end; ``wanted`` are the collections that have to come.

    A SUCCESS is only believed with all of them in the schema, and neither is a FAILED: the caller
    compares ``Restored`` with what it knows. Raises as ``create`` does.
    """
    patience = patience or Patience()
    following = _Following(client, backend, name, diary, patience, restore=True)
    try:
        begun = await diary.begun()
        if begun is None:
            await diary.breathe()
            old = await following.look()
            taken = await following.here(wanted)
            if taken:
                raise BackupStopped(f"these are here already: {', '.join(taken)}")
            begun = {"at": time.time(), "before": old.mark if old else None, "seen": False}
            await diary.begin(begun)
        following.began(begun)
        now = await following.look()
        running = now is not None and now.running
        if not (running or begun["seen"] or await following.here(wanted)):
            answer = await following.ask(
                lambda: requests.restore(client, backend, name, body, permit)
            )
            if answer is not None:
                begun["classes"] = list(answer.classes)
                await diary.keep(begun)
        wanted = wanted or begun.get("classes", ())

        def ours(status: Status) -> bool:
            return status.running or begun["seen"] or status.mark != begun["before"]

        async def seen(status: Status) -> None:
            if status.running and not begun["seen"]:
                begun["seen"] = True
                await diary.keep(begun)

        found = await following.until_over(ours, seen)
    except Interrupted as stop:
        if stop.verb != "cancel":
            raise
        raise Cancelled(await following.cancelled(permit)) from None
    there = await following.landed(wanted, wait=found is not None and found.status == "SUCCESS")
    if found is None and wanted and len(there) == len(wanted):
        # Its words are those of an earlier restore, and what was not here when this one began is.
        last = await following.look()
        if last is not None and last.status == "SUCCESS":
            await diary.warn("its state cannot be told from an earlier one's; all of it is here")
            found = last
    return Restored(
        status=found,
        there=there,
        missing=tuple(one for one in wanted if one not in there),
    )


async def cancel(
    client: Client,
    backend: str,
    name: str,
    *,
    restore: bool,
    permit: Permit,
    patience: Patience | None = None,
) -> Status | None:
    """Cancel a backup or a restore and read back until it is over; None: the server has none.

    What is over stays as it is. Raises ``BackupStopped`` where it goes on all the same.
    """
    patience = patience or Patience()

    async def look() -> Status | None:
        return await requests.status(client, backend, name, restore=restore)

    found: Status | None = None
    unclear: WeaviateError | None = None
    end = time.monotonic() + patience.cancel_s
    while True:
        try:
            # Asked first: an unknown id is answered 204 as well.
            found = await look()
            if found is None or not found.running:
                return found
            await requests.cancel(client, backend, name, permit, restore=restore)
        except (Rejected, *_PASSING) as error:
            # Done meanwhile, or past the point where it can be: reading back decides.
            unclear = error
        if time.monotonic() >= end:
            words = f": {unclear}" if unclear else ""
            raise BackupStopped(
                f"{name} was cancelled and is still {found.status if found else 'not told of'} "
                f"after {patience.cancel_s:.0f} s{words}; it may go on in the server"
            )
        await asyncio.sleep(min(patience.poll_s, 1.0))


class _Following:
    """One backup or restore that is watched."""

    def __init__(
        self,
        client: Client,
        backend: str,
        name: str,
        diary: Diary,
        patience: Patience,
        *,
        restore: bool,
    ) -> None:
        self._client = client
        self._backend = backend
        self._name = name
        self._diary = diary
        self._patience = patience
        self._restore = restore
        self._at = time.time()
        self._unsure: WeaviateError | None = None
        self._told = ""

    def began(self, noted: dict[str, Any]) -> None:
        """Since when it is under way."""
        self._at = float(noted["at"])

    async def look(self) -> Status | None:
        """What the server says now."""
        return await self._answer(
            lambda: requests.status(self._client, self._backend, self._name, restore=self._restore)
        )

    async def here(self, names: Sequence[str]) -> tuple[str, ...]:
        """Which of these collections the cluster has, as the leader knows."""
        schema = await self._answer(lambda: self._client.schema(leader=True))
        there = {one.name for one in schema.classes or ()}
        return tuple(one for one in names if one in there)

    async def landed(self, names: Sequence[str], *, wait: bool) -> tuple[str, ...]:
        """Which of them are there in the end."""
        until = time.monotonic() + (self._patience.lands_s if wait else 0)
        while True:
            found = await self.here(names)
            if len(found) == len(names) or time.monotonic() >= until:
                return found
            await self._pause()

    async def ask(self, send: Callable[[], Awaitable[Status]]) -> Status | None:
        """Send the request. What has no clear answer is decided by what is read after it."""
        try:
            answer = await send()
        except (NoAnswer, ConnectionLost, BadAnswer) as error:
            self._unsure = error
            await self._diary.warn(f"whether it was begun is not known yet: {error}")
            return None
        except (Rejected, NotFound, ServerFault) as error:
            if "already in progress" in (error.detail or "") and self._name in (error.detail or ""):
                return None
            # Of a request of ours that arrived before, by a worker that died since.
            now = await self.look()
            if not self._restore and now is not None and now.running:
                return None
            raise BackupStopped(_words(error, self._name)) from None
        self._told = answer.status
        await self._diary.tell(answer, 0.0)
        return answer

    async def until_over(
        self,
        ours: Callable[[Status], bool],
        seen: Callable[[Status], Awaitable[None]] | None = None,
    ) -> Status | None:
        """Watch until it is over; None where nothing of it shows up in time."""
        until = time.monotonic() + self._patience.appears_s
        shown = False
        while True:
            await self._diary.breathe()
            status = await self.look()
            if status is not None and ours(status):
                if seen is not None:
                    await seen(status)
                shown = True
                if status.status != self._told:
                    self._told = status.status
                    await self._diary.tell(status, max(0.0, time.time() - self._at))
                if not status.running:
                    return status
            elif not shown and time.monotonic() >= until:
                return None
            await self._pause()

    async def cancelled(self, permit: Permit) -> Status | None:
        """Stop it in the server, if it has begun there."""
        if await self._diary.begun() is None:
            return None
        return await cancel(
            self._client, self._backend, self._name,
            restore=self._restore, permit=permit, patience=self._patience,
        )  # fmt: skip

    def last_words(self) -> str:
        """Why it was not sure that it was begun."""
        return f" ({self._unsure})" if self._unsure else ""

    async def _answer(self, ask: Callable[[], Awaitable[T]]) -> T:
        """An answer, waited for while none comes. Raises the ``WeaviateError`` that stays."""
        until, told = time.monotonic() + self._patience.silent_s, False
        while True:
            try:
                return await ask()
            except _PASSING as error:
                if time.monotonic() >= until:
                    raise
                if not told:
                    told = True
                    await self._diary.warn(f"the server does not tell how it stands: {error}")
            await self._pause()

    async def _pause(self) -> None:
        until = time.monotonic() + self._patience.poll_s
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(_BREATH_S, left))
            await self._diary.breathe()


def _words(error: WeaviateError, name: str) -> str:
    said = error.detail or error.what
    if "cannot resolve hostname" in said:
        return (
            f"the backup {name} has shards of a node that is not here: {said}; say which node here "
            "takes them (--node-mapping OLD=NEW, once for each)"
        )
    return f"the server refuses it: {said}"
