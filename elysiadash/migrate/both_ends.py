"""What a generation asks of the two clusters: what there is, what is gone for certain, deleting.

A missing object and a missing collection are the same 404 without a word (1.39.0, at every
consistency level), a tenant that is gone or asleep is 422. So before and after ids are asked for,
the source has to prove that it is whole and still the same one (``vouch``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol
from urllib.parse import quote

import msgspec

from elysiadash.migrate.audit_lines import delete_line
from elysiadash.migrate.errors import SourceChanged, TargetChanged
from elysiadash.migrate.pacing import Pacing
from elysiadash.migrate.parts import Part
from elysiadash.migrate.replica_reads import Replication, may_repair
from elysiadash.migrate.run import Run
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.errors import CoordinatorsDisagree, OwnersAway, ScanFailed
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.keys import as_text
from elysiadash.scan.ledger import Entry
from elysiadash.scan.owners import Owners, all_there
from elysiadash.scan.persistence import Patience, persist
from elysiadash.scan.rows import IdTime
from elysiadash.weaviate.answers import decode
from elysiadash.weaviate.errors import BadAnswer, Forbidden, NotFound, NotSupported, WeaviateError
from elysiadash.weaviate.guard import Facts
from elysiadash.weaviate.models import Tenant
from elysiadash.weaviate.objects import Place, ReadBack
from elysiadash.weaviate.objects.routes import object_call
from elysiadash.weaviate.transport import Call

_AT_ONCE: Final = 16
_TIMEOUT_S: Final = 60.0
_PATIENCE: Final = Patience()

CopyIds = Callable[[Run, Part, Sequence[bytes]], Awaitable[list[Entry]]]
"""Copies objects as they are now; gives the entries of those that are stored since."""


class Undecided(Exception):
    """The replicas of an object contradict each other, and nobody decides it."""


class Ends(Protocol):
    """The two ends of a part, as a generation needs them."""

    def scan(self, part: Part, lower: bytes, upper: bytes) -> AsyncIterator[list[IdTime]]:
        """Pages of ids and times of the source, strictly rising; vouched for at their end only."""
        ...

    async def vouch(self, part: Part, witnesses: Sequence[bytes]) -> None:
        """Raise unless the source is whole now: all nodes, the same collection, the tenant.

        Of ``witnesses``, ids that were there a moment ago, one at least must be there.
        """
        ...

    async def ask(self, part: Part, key: bytes) -> int | None:
        """Update time of an object of the source as all its replicas know it; None: deleted.

        Counts only between two ``vouch`` that passed. Raises ``Undecided``.
        """
        ...

    async def delete(self, part: Part, keys: Sequence[bytes]) -> None:
        """Delete what the job wrote for these objects of the source, and read it back."""
        ...

    async def copy(self, part: Part, keys: Sequence[bytes]) -> list[Entry]:
        """Copy objects as they are now; the entries of those that are stored."""
        ...

    async def stored(self, part: Part, keys: Sequence[bytes]) -> list[Entry]:
        """Of new ids that ``copy`` said nothing of: those that the target holds all the same."""
        ...


class _Time(msgspec.Struct, gc=False):
    updated_ms: int = msgspec.field(name="lastUpdateTimeUnix")


class Live:
    """The two clusters of a run; ``copy_ids`` is ``copying.copy_ids``.

    ``final``: the source is frozen, so that two answers that disagree are not only late.
    """

    def __init__(self, run: Run, copy_ids: CopyIds, *, final: bool = False) -> None:
        self._run = run
        self._copy_ids = copy_ids
        self._final = final
        self._coordinators: tuple[Coordinator, ...] | None = None
        self.owners = Joined(run.source.owners)
        self._replication = Replication(run)
        self._pace = Pacing(run)
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def scan(self, part: Part, lower: bytes, upper: bytes) -> AsyncIterator[list[IdTime]]:
        """See ``Ends``; through the contact, its ends confirmed by the other nodes."""
        if self._coordinators is None:
            self._coordinators = tuple((await self._run.source.coordinators()).values())
        definition = self._run.definitions.get(part.collection, {})
        await self._is_there(part)
        settled: set[bytes] = set()

        async def settle(disagreement: CoordinatorsDisagree) -> bool:
            new = [key for key in disagreement.ids if key not in settled]
            settled.update(new)
            if new and await may_repair(self._run, part, self._replication):
                for key in new:
                    await self._ask(part, key)
                return True
            if self._final:
                raise disagreement
            return False

        scan = IdTimeScan(
            self._run.source.contact,
            Extent(
                collection=part.collection,
                tenant=part.tenant,
                tenant_is_hot=bool(part.tenant),
                lower=lower,
                upper=upper,
                expires=expires(definition),
            ),
            owners=self.owners,
            others=self._coordinators,
            settle=settle,
            pace=self._pace,
            max_message=self._run.source.meta.grpc_max_message_size,
        )
        async for page in scan.pages():
            yield page

    async def vouch(self, part: Part, witnesses: Sequence[bytes]) -> None:
        """See ``Ends``; ``MigrationStopped`` or ``Waits`` where replicas must not be asked."""
        await self._replication.leave_to_ask(part)
        await all_there(self.owners)
        await self._is_there(part)
        for key in witnesses:
            if await self._ask(part, key) is not None:
                return
        if witnesses:
            raise ScanFailed(
                f"none of {len(witnesses)} objects of {part.key} that were there a moment ago is"
                " there now: the source does not answer as a whole, so no delete is believed"
            )

    async def ask(self, part: Part, key: bytes) -> int | None:
        """See ``Ends``. With more than one replica a repairing read at ALL, which needs write."""
        async with self._slots:
            return await self._ask(part, key)

    async def delete(self, part: Part, keys: Sequence[bytes]) -> None:
        """See ``Ends``. Two lines in the audit log for all of them, with their ids."""
        sink = self._run.target.guard.audit
        if not keys or sink is None:
            return await self._delete_all(part, keys)
        permit = self._run.permit("objects that were deleted in the source")
        ids = tuple(as_text(key) for key in keys)
        started, result = time.monotonic(), "failed"
        await asyncio.to_thread(delete_line, sink, part, permit, "started", ids)
        try:
            await self._delete_all(part, keys)
            result = "ok"
        finally:
            seconds = time.monotonic() - started
            await asyncio.to_thread(delete_line, sink, part, permit, result, ids, seconds=seconds)

    async def _delete_all(self, part: Part, keys: Sequence[bytes]) -> None:
        async def one(key: bytes) -> None:
            async with self._slots:
                await persist(lambda: self._delete(part, key), _PATIENCE)

        await _all(one, keys)
        read_back = self._read_back(part)
        for key in await read_back.times(as_text(key) for key in keys):
            # The replica that was read may lag behind those that took the delete.
            if await read_back.surely(key) is not None:
                raise TargetChanged(
                    f"{part.target}/{key} is still in the target after its delete was accepted:"
                    " look for a READONLY shard or another writer there, then resume the job"
                )

    async def copy(self, part: Part, keys: Sequence[bytes]) -> list[Entry]:
        """See ``Ends``."""
        return sorted(await self._copy_ids(self._run, part, keys))

    async def stored(self, part: Part, keys: Sequence[bytes]) -> list[Entry]:
        """See ``Ends``."""
        found = await self._read_back(part).times(as_text(key) for key in keys)
        return [
            Entry(key, 0, target_time=found[as_text(key)])
            for key in sorted(keys)
            if as_text(key) in found
        ]

    async def _ask(self, part: Part, key: bytes) -> int | None:
        # Also with one replica where it is allowed: a movement may have made a second one.
        all_of_them = self._run.source.profile.write or await self._several(part)
        call = object_call(
            Place(collection=part.collection, tenant=part.tenant, tenant_is_hot=bool(part.tenant)),
            as_text(key),
            vectors=False,
            timeout=_TIMEOUT_S,
            permit=self._run.permit("ask all replicas whether an object is deleted"),
            consistency="ALL" if all_of_them else "ONE",
        )
        try:
            answer = await persist(lambda: self._run.source.many.send(call), _PATIENCE)
        except NotFound as error:
            if error.detail:
                raise BadAnswer(
                    "a 404 with words, which an object that is missing does not have",
                    request=error.request, detail=error.detail,
                ) from None  # fmt: skip
            return None
        except WeaviateError as error:
            if "conflict" in (error.detail or "").lower():
                raise Undecided(str(error)) from None
            raise
        try:
            return msgspec.json.decode(answer.body, type=_Time).updated_ms
        except msgspec.DecodeError as error:
            raise BadAnswer(
                f"the object is not understood ({error})", request=answer.request
            ) from None

    async def _several(self, part: Part) -> bool:
        return await self._replication.several(part.collection)

    async def _delete(self, part: Part, key: bytes) -> None:
        params: dict[str, Any] = {"consistency_level": "QUORUM"}
        if part.tenant:
            params["tenant"] = part.tenant
        call = Call(
            method="DELETE",
            path=f"/v1/objects/{quote(part.target, safe='')}/{as_text(key)}",
            params=params,
            timeout=_TIMEOUT_S,
            permit=self._run.permit("an object that was deleted in the source"),
            facts=Facts(tenant_is_hot=bool(part.tenant)),
        )
        with suppress(NotFound):
            await self._run.target.many.send(call)

    def _read_back(self, part: Part) -> ReadBack:
        target = self._run.target
        place = Place(collection=part.target, tenant=part.tenant, tenant_is_hot=bool(part.tenant))
        permit = self._run.permit("read back what was written")
        return ReadBack(target.many, target.door, place, permit=permit)

    async def _is_there(self, part: Part) -> None:
        """The collection, or the tenant, is there, and is the same one."""
        if part.tenant:
            await self._tenant(part)
        else:
            await self._same_collection(part)

    async def _tenant(self, part: Part) -> None:
        """The tenant is there and active."""
        path = f"/v1/schema/{quote(part.collection, safe='')}/tenants/{quote(part.tenant, safe='')}"
        call = Call(method="GET", path=path, timeout=_TIMEOUT_S)
        try:
            answer = await persist(lambda: self._run.source.transport.send(call), _PATIENCE)
        except (NotFound, NotSupported):
            found = {
                one.name: one for one in await self._run.source.client.tenants(part.collection)
            }
            tenant = found.get(part.tenant)
        else:
            tenant = decode(Tenant, answer)
        if tenant is None:
            raise SourceChanged(
                f"tenant {part.tenant} of {part.collection} is no longer in the source"
            )
        if tenant.activity_status not in ("HOT", "ACTIVE"):
            raise SourceChanged(
                f"tenant {part.tenant} of {part.collection} is {tenant.activity_status} in the"
                " source, and what is not active cannot be compared: activate it, then resume"
            )

    async def _same_collection(self, part: Part) -> None:
        """The collection is there, and not one of the same name that was made anew."""
        now = await shards_of(self._run, part.collection)
        before = dict(self._run.checkpoint.shards).get(part.collection)
        if now is not None and before is not None and now != before:
            raise SourceChanged(
                f"{part.collection} of the source was deleted and made anew since its copy began:"
                " nothing is deleted in the target; begin a new job, or bring the old one back"
            )


async def shards_of(run: Run, collection: str) -> tuple[str, ...] | None:
    """The names of a collection's shards, which are random and never change.

    None where the server does not tell. Raises ``SourceChanged`` where it has no such collection.
    """
    source = run.source.client
    try:
        await source.collection(collection, leader=True)
    except NotFound:
        raise SourceChanged(
            f"the source has no collection {collection} any more: nothing is deleted in the target"
        ) from None
    try:
        state = await source.sharding_state(collection)
    except (NotSupported, NotFound, Forbidden):
        return None
    names = tuple(sorted(shard.shard for shard in state.shards or ()))
    return names or None


def expires(definition: dict[str, Any]) -> bool:
    """Whether objects of a collection expire, so that gRPC hides some that REST shows."""
    setting = definition.get("objectTtlConfig")
    return bool(isinstance(setting, dict) and setting.get("enabled"))


class Joined:
    """One question for many who ask at once: each gets an answer that was asked for after."""

    def __init__(self, ask: Callable[[], Awaitable[Owners]]) -> None:
        self._ask = ask
        self._coming: asyncio.Task[Owners] | None = None
        self._lock = asyncio.Lock()

    async def __call__(self) -> Owners:
        if self._coming is None:
            self._coming = asyncio.ensure_future(self._next())
        return await asyncio.shield(self._coming)

    async def _next(self) -> Owners:
        async with self._lock:
            # From here on it answers nobody who comes later.
            self._coming = None
            return await self._ask()


async def _all(do: Callable[[bytes], Awaitable[None]], keys: Sequence[bytes]) -> None:
    """Do it for all, side by side; the first failure is raised once all came to an end."""
    results = await asyncio.gather(*(do(key) for key in keys), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


__all__ = ["CopyIds", "Ends", "Joined", "Live", "OwnersAway", "Undecided", "expires", "shards_of"]
