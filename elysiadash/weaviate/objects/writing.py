"""Writes objects by ``BatchObjects`` and believes only what is read back.

A server's SUCCESS is no proof (a READONLY shard with one replica stores nothing and says so of
one object only), and its FAILED is none either. An object counts as stored when its update time
at the target is another one than before the write. Writing is idempotent by id, so whatever is
in doubt is written again; what fails is halved until it stands alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from elysiadash.weaviate.errors import BadAnswer, WeaviateError
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.objects.as_json import writable
from elysiadash.weaviate.objects.convert import Converted, Lost
from elysiadash.weaviate.objects.doors import Door, is_passing, is_too_much
from elysiadash.weaviate.objects.encoding import CannotTravel, Way
from elysiadash.weaviate.objects.outcome import Outcome, is_passing_word
from elysiadash.weaviate.objects.readback import ReadBack
from elysiadash.weaviate.objects.rows import Place
from elysiadash.weaviate.objects.shape import Shape
from elysiadash.weaviate.objects.sizing import WANTED_BYTES
from elysiadash.weaviate.objects.wire import length, tag
from elysiadash.weaviate.rpc import RpcCall
from elysiadash.weaviate.transport import Call, Transport

_OBJECT: Final = tag(1)
_SETTLE_S: Final = 0.1
# So many refused one after the other, and none taken: it is not the objects.
_ENOUGH: Final = 20
_QUORUM_READS: Final = 50
_POSTED_AT_ONCE: Final = 100
_SILENT: Final = "the server said that it was stored, and it is not"

# Before words that a request failed with: never held against an object.
_WAY: Final = "on the way: "

#: Errors by id, in the server's words.
Words = dict[str, str]


class Writer:
    """Writes to one place.

    ``nodes`` are the REST addresses of the target's nodes, for objects that only the owner of
    their shard takes; without them those are refused where the contact is not the owner.
    """

    def __init__(
        self,
        transport: Transport,
        door: Door,
        shape: Shape,
        place: Place,
        *,
        permit: Permit,
        nodes: Sequence[str] = (),
        timeout: float = 60.0,
    ) -> None:
        self.place = place
        self._shape = shape
        self._transport = transport
        self._door = door
        self._permit = permit
        self._nodes: tuple[str | None, ...] = tuple(nodes) or (None,)
        self._timeout = timeout
        self._largest = min(WANTED_BYTES, door.max_message // 2)
        self._read_back = ReadBack(transport, door, place, timeout=timeout, permit=permit)

    async def write(self, objects: Sequence[Converted]) -> Outcome:
        """Write objects of different ids; says of each what became of it.

        The target's times are read first, and not taken from a ledger: after a crash it may hold
        a later write than the ledger knows of, which would pass for this one. Raises the
        ``WeaviateError`` that fits where asking again is no use (permission, guard, a place that
        does not exist), or where nothing can be read back; then nothing is known, and all may be
        given again.
        """
        ids = [one.id for one in objects]
        if len(set(ids)) < len(ids):
            raise ValueError("two objects of one id in one write: the later would win in silence")
        outcome = Outcome()
        times = await self._read_back.times(ids)
        together = [one for one in objects if one.way is Way.BATCH]
        for batch in _batches(together, self._largest):
            await self._settle(batch, times, outcome)
        apart = [one for one in objects if one.way is not Way.BATCH]
        if apart:
            await self._settle_apart(apart, times, outcome)
        return outcome

    async def _settle(
        self, batch: Sequence[Converted], times: dict[str, int], outcome: Outcome
    ) -> None:
        """Halve what was not stored until it is settled; gives up where all are refused alike."""
        waiting, refused_in_a_row = [list(batch)], 0
        while waiting:
            part = waiting.pop()
            left, words = await self._attempt(part, times, outcome)
            if len(left) < len(part):
                refused_in_a_row = 0
            if not left:
                continue
            said = _passing(words)
            if said is not None or refused_in_a_row >= _ENOUGH:
                cause = said or f"the target refuses one object after the other: {_any(words)}"
                for one in left:
                    outcome.unsettle(one.id, words.get(one.id, cause))
                outcome.cause = outcome.cause or cause
                if said is None:
                    for one in (one for others in waiting for one in others):
                        outcome.unsettle(one.id, cause)
                    return
            elif len(left) > 1:
                middle = len(left) // 2
                waiting += [left[middle:], left[:middle]]
            else:
                if await self._settle_alone(left[0], words, times, outcome):
                    refused_in_a_row = 0
                else:
                    refused_in_a_row += 1

    async def _settle_alone(
        self, one: Converted, words: Words, times: dict[str, int], outcome: Outcome
    ) -> bool:
        """One object that its batch did not take: by REST through every node, or not at all."""
        before = len(outcome.stored)
        await self._settle_apart([one], times, outcome, said=words)
        return len(outcome.stored) > before

    async def _settle_apart(
        self,
        objects: Sequence[Converted],
        times: dict[str, int],
        outcome: Outcome,
        *,
        said: Words | None = None,
    ) -> None:
        """Objects that not every node takes: each node in turn takes those of its own shards."""
        left, words = list(objects), dict(said or {})
        documents: dict[str, dict[str, Any]] = {}
        for one in objects:
            try:
                documents[one.id] = writable(self._shape, one.row, self.place)
            except CannotTravel as error:
                outcome.refused.append(Lost(one.id, str(error)))
        left = [one for one in left if one.id in documents]
        # First together: a node takes those of its own shards. Then each for itself, since one
        # that is refused takes its shard's part of the batch with it.
        for at_once in (_POSTED_AT_ONCE, 1) if len(left) > 1 else (1,):
            for base in self._nodes:
                for start in range(0, len(left), at_once):
                    part = left[start : start + at_once]
                    found = await self._post([documents[one.id] for one in part], base, outcome)
                    await self._note_stored(part, found, times, outcome)
                    words |= found
                left = [one for one in left if one.id not in outcome.stored]
        for one in left:
            why = words.get(one.id)
            if why is None or is_passing_word(why):
                outcome.unsettle(one.id, why or _SILENT)
            else:
                outcome.refused.append(Lost(one.id, why))

    async def _attempt(
        self, part: Sequence[Converted], times: dict[str, int], outcome: Outcome
    ) -> tuple[list[Converted], Words]:
        """Send once, and once more what is in doubt; returns what is not stored, and its words."""
        words = await self._send(part, outcome)
        left = await self._note_stored(part, words, times, outcome)
        if left and all(words.get(one.id, _WAY).startswith(_WAY) for one in left):
            await asyncio.sleep(_SETTLE_S)
            words = await self._send(left, outcome)
            left = await self._note_stored(left, words, times, outcome)
        return left, words

    async def _note_stored(
        self,
        part: Sequence[Converted],
        words: Words,
        times: dict[str, int],
        outcome: Outcome,
    ) -> list[Converted]:
        """Read back and note what is stored; returns the rest."""
        now = await self._read_back.times(one.id for one in part)
        left = []
        for one in part:
            time = now.get(one.id)
            if time is not None and time != times.get(one.id):
                outcome.stored[one.id] = times[one.id] = time
            else:
                left.append(one)
        claimed = [one for one in left if one.id not in words]
        if not claimed or any(one.id in words for one in left) or len(claimed) > _QUORUM_READS:
            return left
        # The replica that was read may lag behind those that took the write.
        for one in claimed:
            try:
                time = await self._read_back.surely(one.id)
            except WeaviateError as error:
                if not is_passing(error):
                    raise
                continue
            if time is not None and time != times.get(one.id):
                outcome.stored[one.id] = times[one.id] = time
        return [one for one in left if one.id not in outcome.stored]

    async def _send(self, part: Sequence[Converted], outcome: Outcome) -> Words:
        """One request; a failure of the way there is said of every object, for now."""
        outcome.requests += 1
        content = b"".join(
            [piece for one in part for piece in (_OBJECT, length(len(one.content)), one.content)]
        )
        call = RpcCall(
            method="BatchObjects",
            content=content,
            timeout=self._timeout,
            permit=self._permit,
            base=self.place.base,
        )
        try:
            return _batch_errors(await self._door.exchange(call), part)
        except WeaviateError as error:
            if is_too_much(error) or is_passing(error):
                return dict.fromkeys((one.id for one in part), _in_words(error))
            raise

    async def _post(
        self, documents: list[dict[str, Any]], base: str | None, outcome: Outcome
    ) -> Words:
        """``POST /v1/batch/objects`` to one node."""
        outcome.requests += 1
        call = Call(
            method="POST",
            path="/v1/batch/objects",
            base=base if base is not None else self.place.base,
            headers={"Content-Type": "application/json"},
            content=msgspec.json.encode({"objects": documents}),
            timeout=self._timeout,
            permit=self._permit,
        )
        try:
            answer = await self._transport.send(call)
            results = msgspec.json.decode(answer.body, type=list[_Posted])
        except msgspec.DecodeError as error:
            unclear = BadAnswer(f"the answer to a batch is not understood ({error})")
            return dict.fromkeys((one["id"] for one in documents), _in_words(unclear))
        except WeaviateError as error:
            if is_passing(error):
                return dict.fromkeys((one["id"] for one in documents), _in_words(error))
            raise
        return {one.id: words for one in results if (words := one.words()) is not None}


class _Message(msgspec.Struct, gc=False):
    message: str = ""


class _Errors(msgspec.Struct, gc=False):
    error: list[_Message] = []


class _Result(msgspec.Struct, gc=False):
    errors: _Errors | None = None


class _Posted(msgspec.Struct, gc=False):
    id: str
    result: _Result = msgspec.field(default_factory=_Result)

    def words(self) -> str | None:
        errors = self.result.errors
        return None if errors is None else "; ".join(one.message for one in errors.error)


def _batches(objects: Sequence[Converted], largest: int) -> Iterator[Sequence[Converted]]:
    """Batches of at most ``largest`` bytes; an object that is larger goes alone."""
    start, size = 0, 0
    for place, one in enumerate(objects):
        weight = len(one.content) + 8
        if size and size + weight > largest:
            yield objects[start:place]
            start, size = place, 0
        size += weight
    if start < len(objects):
        yield objects[start:]


def _batch_errors(body: bytes, part: Sequence[Converted]) -> Words:
    from google.protobuf.message import DecodeError

    from elysiadash.proto import weaviate_pb2 as pb

    try:
        reply = pb.BatchObjectsReply.FromString(body)
    except DecodeError as error:
        raise BadAnswer(f"the answer to a batch is not understood ({error})") from None
    return {part[one.index].id: one.error for one in reply.errors if 0 <= one.index < len(part)}


def _in_words(error: WeaviateError) -> str:
    return _WAY + str(error)


def _passing(words: Words) -> str | None:
    """The first reason that is not the objects' own; one such word explains the whole batch."""
    for said in words.values():
        if said.startswith(_WAY):
            return None if any(sign in said for sign in ("larger than max",)) else said
        if is_passing_word(said):
            return said
    return None


def _any(words: Words) -> str:
    return next(iter(words.values()), _SILENT)
