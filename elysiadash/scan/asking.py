"""The two questions every scan shares: ids with times by protobuf, and ids by REST."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from elysiadash.scan import keys
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.extent import Extent
from elysiadash.scan.keys import Cursor
from elysiadash.scan.rows import IdTime, check_order, shown
from elysiadash.weaviate.answers import Answer, decode
from elysiadash.weaviate.errors import BadAnswer

if TYPE_CHECKING:
    from elysiadash.proto import weaviate_pb2 as pb


class _Listed(msgspec.Struct, gc=False, rename="camel"):
    id: str
    last_update_time_unix: int


class _List(msgspec.Struct, gc=False):
    objects: list[_Listed] | None


def request(
    extent: Extent, cursor: Cursor, limit: int, *, vectors: Sequence[str] | None = None
) -> pb.SearchRequest:
    """A page of ids and times, and no properties; without vectors where ``vectors`` is None.

    Else with all of them: 1.39.0 sends all that there are, and those of these names are asked for
    by name as well, so that no version leaves any out.
    """
    from elysiadash.proto import weaviate_pb2 as pb

    return pb.SearchRequest(
        collection=extent.collection,
        tenant=extent.tenant,
        # Set and empty: no properties. Not set, it would be all of them.
        properties=pb.PropertiesRequest(),
        metadata=pb.MetadataRequest(
            uuid=True,
            last_update_time_unix=True,
            vector=vectors is not None,
            vectors=vectors or (),
        ),
        limit=limit,
        after=keys.as_parameter(cursor),
        uses_123_api=True,
        uses_125_api=True,
        uses_127_api=True,
    )


async def ids_page(
    coordinator: Coordinator, extent: Extent, cursor: Cursor, limit: int
) -> list[IdTime]:
    """A page of ids and times, strictly rising; one replica's view of each shard."""
    reply = await coordinator.search(request(extent, cursor, limit), extent)
    rows = rows_of(reply, coordinator.name)
    check_order([row.id for row in rows], cursor, _where(coordinator, extent, cursor))
    return rows


def rows_of(reply: pb.SearchReply, name: str) -> list[IdTime]:
    """The ids and times of a reply; raises ``BadAnswer`` where a row lacks either."""
    found = [result.metadata for result in reply.results]
    rows = [IdTime(one.id_as_bytes, one.last_update_time_unix) for one in found]
    if any(len(key) != 16 or time <= 0 for key, time in rows):
        raise BadAnswer(f"{name} sent an object without its id or its update time")
    return rows


async def listed_rows(
    coordinator: Coordinator, extent: Extent, cursor: Cursor, limit: int
) -> list[IdTime]:
    """A page of ids and times by REST, which shows what gRPC hides."""
    answer = await coordinator.listed(extent, cursor, limit)
    rows = [
        IdTime(key_of(one.id, answer), one.last_update_time_unix)
        for one in decode(_List, answer).objects or ()
    ]
    check_order([row.id for row in rows], cursor, _where(coordinator, extent, cursor))
    return rows


def key_of(text: str, answer: Answer) -> bytes:
    """An id of an answer as bytes; raises ``BadAnswer`` where it is none."""
    try:
        return keys.as_bytes(text)
    except ValueError as error:
        raise BadAnswer(str(error), request=answer.request) from None


def _where(coordinator: Coordinator, extent: Extent, cursor: Cursor) -> str:
    tenant = f"/{extent.tenant}" if extent.tenant else ""
    return f"{extent.collection}{tenant} through {coordinator.name} from {shown(cursor)}"
