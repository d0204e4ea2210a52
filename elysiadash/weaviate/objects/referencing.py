"""Writes references when all objects are there: in batches, read back, mended one by one.

A batch adds to what an object has, so giving it twice would double references: what is there is
read first, and only objects without references get theirs by batch. Batches take references to
objects that do not exist, as the source may have them too; ``PUT`` does not (1.39.0).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from elysiadash.weaviate.errors import BadAnswer, Rejected, WeaviateError
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.objects.convert import Converted, Lost, Reference
from elysiadash.weaviate.objects.doors import is_passing
from elysiadash.weaviate.objects.outcome import Outcome, is_passing_word
from elysiadash.weaviate.objects.readback import walk
from elysiadash.weaviate.objects.routes import list_call, tenant_of
from elysiadash.weaviate.objects.rows import Place
from elysiadash.weaviate.objects.shape import Beacon, Shape
from elysiadash.weaviate.transport import Call, Transport

_AT_ONCE: Final = 1_000
_PUTS_AT_ONCE: Final = 4
_ROUNDS: Final = 3
_HOST: Final = "weaviate://localhost/"
NOT_THERE: Final = "the object is not there"
"""Of an object whose references cannot be written since the target lacks it."""

#: References by property, in order.
_Held = dict[str, tuple[str, ...]]


class ReferenceWriter:
    """Writes the references of objects of one place, whose definition is ``shape``."""

    def __init__(
        self,
        transport: Transport,
        shape: Shape,
        place: Place,
        *,
        permit: Permit,
        timeout: float = 60.0,
    ) -> None:
        self.place = place
        self._names = [known.name for known in shape.references]
        self._transport = transport
        self._permit = permit
        self._timeout = timeout

    async def write(self, objects: Iterable[Converted]) -> Outcome:
        """Give each object exactly the references it should have; may be given again.

        Objects without any are left out of the outcome. ``refused`` are those that do not hold
        what they should after three rounds, with the server's words.
        """
        wanted = {one.id: _held(one.references) for one in objects if one.references}
        outcome, words = Outcome(), dict[str, str]()
        left = dict(wanted)
        for last in (False,) * _ROUNDS + (True,):
            there = await self._there(left)
            for identity in list(left):
                held = there.get(identity)
                if held is not None and held.references == wanted[identity]:
                    outcome.stored[identity] = held.updated_ms
                    del left[identity]
            if not left or last:
                break
            words = await self._give(left, there, outcome)
        for identity in left:
            why = words.get(identity)
            if identity not in there:
                outcome.refused.append(Lost(identity, NOT_THERE))
            elif why is None or not is_passing_word(why):
                outcome.refused.append(Lost(identity, why or "its references were not kept"))
            else:
                outcome.unsettle(identity, why)
        return outcome

    async def _give(
        self, left: Mapping[str, _Held], there: Mapping[str, _There], outcome: Outcome
    ) -> dict[str, str]:
        """One round: clear what is wrong, set empty lists, add the rest by batch."""
        cleared: list[tuple[str, str]] = []
        added: list[tuple[str, str, str]] = []
        for identity, wanted in left.items():
            held = there.get(identity)
            if held is None:
                continue
            for name in wanted.keys() | held.references.keys():
                now, then = held.references.get(name), wanted.get(name, ())
                if now == then:
                    continue
                if now or not then:
                    cleared.append((identity, name))
                added += [(identity, name, beacon) for beacon in then]
        words = await self._clear(cleared, outcome)
        for start in range(0, len(added), _AT_ONCE):
            words |= await self._add(added[start : start + _AT_ONCE], outcome)
        return words

    async def _clear(self, cleared: Sequence[tuple[str, str]], outcome: Outcome) -> dict[str, str]:
        """``PUT .../references/{property}`` with an empty list, which is then there."""
        places, words = asyncio.Semaphore(_PUTS_AT_ONCE), dict[str, str]()

        async def put(identity: str, name: str) -> None:
            async with places:
                outcome.requests += 1
                path = f"/v1/objects/{quote(self.place.collection, safe='')}/{identity}"
                call = Call(
                    method="PUT",
                    path=f"{path}/references/{quote(name, safe='')}",
                    base=self.place.base,
                    params=tenant_of(self.place),
                    json=[],
                    timeout=self._timeout,
                    permit=self._permit,
                )
                try:
                    await self._transport.send(call)
                except WeaviateError as error:
                    if not is_passing(error) and not isinstance(error, Rejected):
                        raise
                    words[identity] = str(error)

        async with asyncio.TaskGroup() as group:
            for identity, name in cleared:
                group.create_task(put(identity, name))
        return words

    async def _add(self, added: Sequence[tuple[str, str, str]], outcome: Outcome) -> dict[str, str]:
        """``POST /v1/batch/references``."""
        outcome.requests += 1
        own = _HOST + self.place.collection
        tenant = {"tenant": self.place.tenant} if self.place.tenant else {}
        call = Call(
            method="POST",
            path="/v1/batch/references",
            base=self.place.base,
            headers={"Content-Type": "application/json"},
            content=msgspec.json.encode(
                [
                    {"from": f"{own}/{identity}/{name}", "to": _HOST + beacon, **tenant}
                    for identity, name, beacon in added
                ]
            ),
            timeout=self._timeout,
            permit=self._permit,
        )
        try:
            answer = await self._transport.send(call)
            results = msgspec.json.decode(answer.body, type=list[_Added])
        except msgspec.DecodeError as error:
            return {one[0]: f"the answer is not understood ({error})" for one in added}
        except Rejected as error:
            # One that cannot be read takes the whole request with it.
            if len(added) == 1:
                return {added[0][0]: str(error)}
            middle = len(added) // 2
            words = await self._add(added[:middle], outcome)
            return words | await self._add(added[middle:], outcome)
        except WeaviateError as error:
            if not is_passing(error):
                raise
            return {one[0]: str(error) for one in added}
        return {
            identity: str(result.result.errors)
            for (identity, _, _), result in zip(added, results, strict=False)
            if result.result.errors
        }

    async def _there(self, left: Iterable[str]) -> dict[str, _There]:
        """The references that the objects have now, and their update times."""

        async def page(after: str, limit: int) -> list[tuple[str, _There]]:
            call = list_call(
                self.place, after=after, limit=limit, timeout=self._timeout, permit=self._permit
            )
            answer = await self._transport.send(call)
            try:
                found = _PAGE.decode(answer.body).objects or ()
                return [(one.id, self._held_by(one)) for one in found]
            except msgspec.DecodeError as error:
                what = f"the references are not understood ({error})"
                raise BadAnswer(what, request=answer.request) from None

        return await walk(left, page)

    def _held_by(self, one: _Object) -> _There:
        """Only its references are looked at. Raises ``msgspec.DecodeError``."""
        held: _Held = {}
        for name in self._names:
            raw = (one.properties or {}).get(name)
            beacons = None if raw is None else _BEACONS.decode(raw)
            if beacons is not None:
                held[name] = tuple(_spelt(known.beacon) for known in beacons)
        return _There(one.updated_ms, held)


class _There(msgspec.Struct, gc=False):
    updated_ms: int
    references: _Held


class _Object(msgspec.Struct, gc=False):
    id: str
    updated_ms: int = msgspec.field(name="lastUpdateTimeUnix")
    properties: dict[str, msgspec.Raw] | None = None


class _Page(msgspec.Struct, gc=False):
    objects: list[_Object] | None


_PAGE: Final = msgspec.json.Decoder(_Page)
_BEACONS: Final = msgspec.json.Decoder(list[Beacon] | None)


class _AddedResult(msgspec.Struct, gc=False):
    status: str = ""
    errors: Any = None


class _Added(msgspec.Struct, gc=False):
    result: _AddedResult = msgspec.field(default_factory=_AddedResult)


def _held(references: Sequence[Reference]) -> _Held:
    return {one.property: tuple(map(_spelt, one.beacons)) for one in references}


def _spelt(beacon: str) -> str:
    """A beacon as it is compared: where it leads; the host in it says nothing."""
    return beacon.removeprefix("weaviate://").partition("/")[2]
