"""Reads objects whole and fast: properties by REST, vectors by gRPC, one page after the other.

An empty or short page is told as such and never taken for the end by this module: who reads a
range asks again through another node before believing it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID

import msgspec

from elysiadash.weaviate.errors import BadAnswer, NotFound, WeaviateError
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.objects.doors import Door, is_too_much
from elysiadash.weaviate.objects.join import Half, Joined, OutOfOrder, join, without_expired
from elysiadash.weaviate.objects.pages import Decoders, DefinitionChanged, vector_page
from elysiadash.weaviate.objects.routes import facts_of, list_call, object_call
from elysiadash.weaviate.objects.rows import Place, Row
from elysiadash.weaviate.objects.shape import Shape
from elysiadash.weaviate.objects.sizing import PageSize
from elysiadash.weaviate.rpc import RpcCall
from elysiadash.weaviate.transport import Transport

# Reading a few rows alone is cheaper than both pages again.
_FEW: Final = 20
_ALONE_AT_ONCE: Final = 4
_LEAST_LEFT: Final = 32
_MARGIN: Final = 1.1
_THREAD_ABOVE_BYTES: Final = 64 * 1024


class Page(msgspec.Struct, frozen=True, gc=False):
    """One page: ``rows`` in order of id, all with an id above what was asked for.

    ``cursor`` is what to ask for next. ``ended`` says that whoever answered knew of nothing
    more, or that the upper end was reached (``at_upper``). ``whole`` rows were read by REST
    alone; ``gone`` were in one half and not there when asked for by id: deleted meanwhile, or
    on a shard that did not answer. ``bytes`` came over the wire.
    """

    rows: list[Row]
    cursor: str
    ended: bool
    at_upper: bool
    whole: int
    gone: tuple[str, ...]
    bytes: int
    hidden: int = 0
    """Objects that expired, where those are left out: REST shows them and gRPC does not."""


class Reader:
    """Pages of one place. One page at a time; several readers may share transport and door."""

    def __init__(
        self,
        transport: Transport,
        door: Door,
        shape: Shape,
        place: Place,
        *,
        size: PageSize | None = None,
        timeout: float = 60.0,
        permit: Permit | None = None,
        expires: bool = False,
    ) -> None:
        """``expires``: the collection has an ``objectTtlConfig``; what expired is left out. What
        was added between the two halves of a page looks the same, and is left out too."""
        self.shape = shape
        self.place = place
        self.size = size or PageSize(door.max_message)
        self._transport = transport
        self._door = door
        self._timeout = timeout
        self._permit = permit
        self._expires = expires
        self._decoders = Decoders(shape)
        self._density = 0.0
        """Rows of the last page per step of the id space."""

    async def page(self, after: str = "", *, upper: str | None = None) -> Page:
        """The next rows with ids above ``after`` (from the first on, if it is empty).

        Rows above ``upper`` are left out, and then the page says ``at_upper``. Raises the
        ``WeaviateError`` that fits; ``DefinitionChanged`` where the shape is out of date.
        """
        most = self._needed(after, upper)
        joined, size = await self._both(after, most)
        if len(joined.apart) > _FEW:
            again, more = await self._both(after, most)
            joined, size = _later(joined, again), size + more
        self._density = _density(after, joined)
        wanted = joined.apart
        at_upper = upper is not None and joined.cursor >= upper
        if upper is not None:
            wanted = [one for one in wanted if one <= upper]
        alone = await self._alone(wanted)
        found = [row for row in alone if row is not None]
        rows = joined.rows
        if upper is not None and rows and rows[-1].id > upper:
            rows = [row for row in rows if row.id <= upper]
        if found:
            rows = sorted([*rows, *found], key=lambda row: row.id)
        gone = tuple(one for one, row in zip(wanted, alone, strict=True) if row is None)
        return Page(
            rows,
            joined.cursor,
            joined.ended or at_upper,
            at_upper,
            len(found),
            gone,
            size,
            sum(upper is None or one <= upper for one in joined.hidden),
        )

    async def one(self, identity: str) -> Row | None:
        """One object, whole, by REST alone; None where there is none."""
        call = object_call(
            self.place, identity, vectors=True, timeout=self._timeout, permit=self._permit
        )
        try:
            answer = await self._transport.send(call)
        except NotFound:
            return None
        row: Row = await self._understood(
            len(answer.body), answer.request, self._decoders.whole, answer.body
        )
        return row

    async def _alone(self, identities: list[str]) -> list[Row | None]:
        places = asyncio.Semaphore(_ALONE_AT_ONCE)

        async def read(identity: str) -> Row | None:
            async with places:
                return await self.one(identity)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read(identity)) for identity in identities]
        return [task.result() for task in tasks]

    def _needed(self, after: str, upper: str | None) -> int | None:
        """About how many rows there are up to ``upper``, from how close the last ones lay.

        Without it the last page of each range would be read mostly for nothing.
        """
        if upper is None or not self._density:
            return None
        span = UUID(upper).int - (UUID(after).int if after else 0)
        return max(_LEAST_LEFT, int(span * self._density * _MARGIN))

    async def _both(self, after: str, most: int | None) -> tuple[Joined, int]:
        """Both halves of one cursor, joined; smaller ones where the size is refused."""
        while True:
            limit = min(self.size.limit, most or self.size.limit)
            try:
                properties, vectors = await _side_by_side(
                    self._properties(after, limit), self._vectors(after, limit)
                )
                break
            except WeaviateError as error:
                if not is_too_much(error) or not self.size.too_large(limit):
                    raise
        size = len(properties) + len(vectors)
        request = f"page of {self.place.collection} after {after or 'the beginning'}"
        joined = await self._understood(
            size, request, self._joined, properties, vectors, limit, after
        )
        self.size.took(len(joined.rows) + len(joined.apart), max(len(properties), len(vectors)))
        return joined, size

    def _joined(self, properties: bytes, vectors: bytes, limit: int, after: str) -> Joined:
        left: list[Half] = self._decoders.rest_page(properties)
        right = vector_page(vectors)
        joined = join(left, right, limit=limit, after=after)
        return without_expired(joined, right) if self._expires else joined

    async def _properties(self, after: str, limit: int) -> bytes:
        call = list_call(
            self.place, after=after, limit=limit, timeout=self._timeout, permit=self._permit
        )
        return (await self._transport.send(call)).body

    async def _vectors(self, after: str, limit: int) -> bytes:
        from elysiadash.proto import weaviate_pb2 as pb

        place = self.place
        message = pb.SearchRequest(
            collection=place.collection,
            tenant=place.tenant,
            limit=limit,
            after=after,
            # Asked for by an empty request: none. Left out, the server would send all.
            properties=pb.PropertiesRequest(),
            metadata=pb.MetadataRequest(
                uuid=True,
                last_update_time_unix=True,
                vector=True,
                vectors=self.shape.vectors,
            ),
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
                facts=facts_of(place),
                base=place.base,
            )
        )

    async def _understood(self, size: int, request: str, work: Any, *bodies: Any) -> Any:
        """What ``work`` makes of bodies, in a thread where they are large."""
        from google.protobuf.message import DecodeError

        try:
            if size < _THREAD_ABOVE_BYTES:
                return work(*bodies)
            return await asyncio.to_thread(work, *bodies)
        except DefinitionChanged as error:
            error.request = request
            raise
        except (msgspec.DecodeError, UnicodeDecodeError, DecodeError) as error:
            raise BadAnswer(
                f"the answer is cut off or is not what was asked for ({error})", request=request
            ) from None
        except OutOfOrder as error:
            raise BadAnswer(
                f"the ids of a page do not rise ({error}), so no cursor can be trusted",
                request=request,
            ) from None


async def _side_by_side(properties: Any, vectors: Any) -> tuple[bytes, bytes]:
    """Both requests at once; the first failure cancels the other and is raised as it is."""
    left, right = asyncio.ensure_future(properties), asyncio.ensure_future(vectors)
    try:
        found: tuple[bytes, bytes] = await asyncio.gather(left, right)
    except BaseException:
        for task in (left, right):
            task.cancel()
        await asyncio.gather(left, right, return_exceptions=True)
        raise
    return found


def _density(after: str, joined: Joined) -> float:
    rows = len(joined.rows) + len(joined.apart)
    span = (UUID(joined.cursor).int if joined.cursor else 0) - (UUID(after).int if after else 0)
    return rows / span if span > 0 else 0.0


def _later(first: Joined, second: Joined) -> Joined:
    """The second try; ids that only the first one saw are asked for by themselves."""
    seen = {row.id for row in second.rows}
    lost = {row.id for row in first.rows} | set(first.apart)
    apart = set(second.apart) | {one for one in lost if one not in seen and one <= second.cursor}
    return Joined(second.rows, sorted(apart), second.cursor, second.ended, second.hidden)
