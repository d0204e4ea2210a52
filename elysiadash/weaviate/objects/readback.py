"""Which of some ids a server holds, and since when: what decides whether a write is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final
from uuid import UUID

import msgspec

from elysiadash.weaviate.errors import BadAnswer, NotFound, WeaviateError
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.objects.doors import Door, is_too_much
from elysiadash.weaviate.objects.routes import facts_of, object_call
from elysiadash.weaviate.objects.rows import Place
from elysiadash.weaviate.rpc import RpcCall
from elysiadash.weaviate.transport import Transport

_MOST: Final = 2_000
_SPARE: Final = 4
_SPARSE: Final = 8


class ReadBack:
    """Asks one place for the update times of ids, by id order and never by what a write said."""

    def __init__(
        self,
        transport: Transport,
        door: Door,
        place: Place,
        *,
        timeout: float = 60.0,
        permit: Permit | None = None,
    ) -> None:
        self.place = place
        self._transport = transport
        self._door = door
        self._timeout = timeout
        self._permit = permit

    async def times(self, identities: Iterable[str]) -> dict[str, int]:
        """Update time in ms of each of the ids that is there.

        Ids that lie side by side come with one request; a gap in which the server has other
        objects is jumped over.
        """

        async def page(after: str, limit: int) -> list[tuple[str, int]]:
            return _times(await self._search(after, limit))

        return await walk(identities, page)

    async def surely(self, identity: str) -> int | None:
        """The same of one id from a quorum of its replicas: a repairing read, with a permit."""
        call = object_call(
            self.place,
            identity,
            vectors=False,
            timeout=self._timeout,
            permit=self._permit,
            consistency="QUORUM",
        )
        try:
            answer = await self._transport.send(call)
        except NotFound:
            return None
        try:
            return msgspec.json.decode(answer.body, type=_Time).updated_ms
        except msgspec.DecodeError as error:
            raise BadAnswer(
                f"the object is not understood ({error})", request=answer.request
            ) from (None)

    async def _search(self, after: str, limit: int) -> bytes:
        from elysiadash.proto import weaviate_pb2 as pb

        message = pb.SearchRequest(
            collection=self.place.collection,
            tenant=self.place.tenant,
            limit=limit,
            after=after,
            properties=pb.PropertiesRequest(),
            metadata=pb.MetadataRequest(uuid=True, last_update_time_unix=True),
            uses_123_api=True,
            uses_125_api=True,
            uses_127_api=True,
        )
        return await self._door.exchange(
            RpcCall(
                method="Search",
                message=message,
                timeout=self._timeout,
                permit=self._permit,
                facts=facts_of(self.place),
                base=self.place.base,
            )
        )


class _Time(msgspec.Struct, gc=False):
    updated_ms: int = msgspec.field(name="lastUpdateTimeUnix")


def _times(body: bytes) -> list[tuple[str, int]]:
    from google.protobuf.message import DecodeError

    from elysiadash.proto import weaviate_pb2 as pb

    try:
        reply = pb.SearchReply.FromString(body)
    except DecodeError as error:
        raise BadAnswer(f"the ids are not understood ({error})") from None
    return [(one.metadata.id, one.metadata.last_update_time_unix) for one in reply.results]


async def walk(identities: Iterable[str], page: Callable[[str, int], Any]) -> dict[str, Any]:
    """What ``page`` says of each id that it has, going through them in order.

    ``page(after, limit)`` gives ``(id, anything)`` in order of id; it is asked for less where
    the answer is too large.
    """
    wanted = sorted(set(identities))
    found: dict[str, Any] = {}
    at, dense, most = 0, True, _MOST
    while at < len(wanted):
        limit = min(most, len(wanted) - at + _SPARE if dense else _SPARSE)
        try:
            known = await page(before(wanted[at]), limit)
        except WeaviateError as error:
            if limit == 1 or not is_too_much(error):
                raise
            most = limit // 2
            continue
        there = dict(known)
        last = known[-1][0] if len(known) >= limit else None
        started = at
        while at < len(wanted) and (last is None or wanted[at] <= last):
            if wanted[at] in there:
                found[wanted[at]] = there[wanted[at]]
            at += 1
        if at == started:
            raise BadAnswer("the server lists ids in another order than that of their bytes")
        dense = 4 * (at - started) >= len(known)
    return found


def before(identity: str) -> str:
    """The cursor after which ``identity`` comes first; empty for the nil UUID."""
    number = UUID(identity).int
    return str(UUID(int=number - 1)) if number else ""
