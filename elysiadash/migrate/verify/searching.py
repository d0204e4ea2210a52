"""Search parity (V4): the same questions to both sides, and whether the same objects come back.

An index is approximate, so answers may differ where every object is the same; it is said how many
did, and only many of them speak against a copy. Questions go to the REST port as protobuf's JSON
(Connect), which 1.39.0 answers as it answers gRPC.
"""

from __future__ import annotations

import base64
import json
import math
import random
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from elysiadash.migrate.run import Run
from elysiadash.migrate.verify.covering import Parts
from elysiadash.migrate.verify.sides import Side, Sides
from elysiadash.scan.canonical import Vector, WholeObject
from elysiadash.scan.keys import LAST
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.guard import Facts
from elysiadash.weaviate.transport import Call

SAMPLES: Final = 20
"""Objects of each part whose vectors and words are searched for."""
MOST_PARTS: Final = 20
TOP: Final = 10
ENOUGH: Final = 0.9
"""Share of the same ids below which a fault is told."""
_WORDS = 3
_CLOSE = 1e-5
_PATH = "/v1/grpc-web/weaviate.v1.Weaviate/Search"
_HEADERS = {"Connect-Protocol-Version": "1", "Content-Type": "application/json"}


class Searched(NamedTuple):
    """What was compared, in words; what speaks against the copy; what was not compared."""

    told: list[str]
    faults: list[str]
    not_checked: list[str]


class _Metadata(msgspec.Struct, rename="camel"):
    id: str = ""
    distance: float = 0.0
    distance_present: bool = False
    score: float = 0.0
    score_present: bool = False


class _Result(msgspec.Struct):
    metadata: _Metadata


class _Reply(msgspec.Struct):
    results: list[_Result] = []


async def compare_searches(run: Run, parts: Parts, *, seed: int = 4) -> Searched:
    """Ask both sides for the ten nearest of samples' vectors, and for some of their words."""
    found = Searched([], [], [])
    if run.spec.transform is not None:
        found.not_checked.append("search: a transform makes other objects to be found")
        return found
    keys = list(parts)[:MOST_PARTS]
    if len(keys) < len(parts):
        found.not_checked.append(f"search in {len(parts) - len(keys):,} of {len(parts):,} parts")
    choose = random.Random(seed)  # noqa: S311 - samples, the same ones each time
    for key in keys:
        await run.breathe()
        part, sides = parts[key]
        try:
            samples = await _samples(sides.source, part.tenant, choose)
            await _compare(run, key, part.tenant, sides, samples, found)
        except (WeaviateError, msgspec.DecodeError) as error:
            found.not_checked.append(f"search in {key}: {error}")
    return found


async def _compare(
    run: Run, key: str, tenant: str, sides: Sides, samples: Sequence[WholeObject], found: Searched
) -> None:
    if not samples:
        found.not_checked.append(f"search in {key}: it has no objects")
        return
    for kind in ("nearVector", "BM25"):
        same = asked = wanted = many = 0
        for question in _questions(kind, sides.source, samples):
            await run.breathe()
            one = await _ask(sides.source, tenant, question, kind)
            other = await _ask(sides.target, tenant, question, kind)
            if one is None or other is None:
                found.not_checked.append(f"search by {kind} in {key}: it is not answered")
                break
            asked += 1  # noqa: SIM113 - it says how many were answered
            wanted += len(one) + len(other)
            same += _alike(one, other) + _alike(other, one)
            many += 2 * min(len(one), len(other))
        else:
            if not wanted:
                found.not_checked.append(f"search by {kind} in {key}: nothing to search for")
                continue
            words = (
                f"{kind} in {key}: {asked:,} questions, {same / wanted:.1%} of the top {TOP} are "
                "found on both sides"
            )
            if kind == "BM25":
                # Scores count words by shard, and objects are spread anew: only how many come
                # back has to agree.
                words += f"; {many / wanted:.1%} as many objects (scores depend on the shards)"
            enough = (many if kind == "BM25" else same) >= ENOUGH * wanted
            (found.told if enough else found.faults).append(words)


def _alike(one: dict[str, float], other: dict[str, float]) -> int:
    """How many of one side's objects the other has too, or could have: those that are not better
    than its last one are ties, of which any may be left out."""
    last = min(other.values(), default=-math.inf) if len(other) >= TOP else -math.inf
    return sum(key in other or value <= last + _CLOSE * abs(last) for key, value in one.items())


async def _samples(side: Side, tenant: str, choose: random.Random) -> list[WholeObject]:
    """Objects from all over the space of ids."""
    found: dict[bytes, WholeObject] = {}
    for _ in range(SAMPLES):
        lower = choose.randbytes(16)
        for start, end in ((lower, LAST), (bytes(16), lower)):
            row = await side.first(side.extent(tenant, start, end))
            if row is not None:
                single = await side.read(side.extent(tenant), row)
                if single.whole is not None:
                    found[row] = single.whole
                break
    return list(found.values())


def _questions(kind: str, side: Side, samples: Sequence[WholeObject]) -> Iterator[dict[str, Any]]:
    for whole in samples:
        if kind == "nearVector":
            for vector in whole.vectors:
                if vector.data and not vector.multi:
                    yield {"nearVector": _near(vector)}
            continue
        text = _words_of(side, whole)
        if text:
            yield {"bm25Search": {"query": text}}


def _near(vector: Vector) -> dict[str, Any]:
    data = base64.b64encode(vector.data).decode()
    if not vector.name:
        return {"vectorBytes": data}
    named = {"name": vector.name, "vectorBytes": data, "type": "VECTOR_TYPE_SINGLE_FP32"}
    return {"vectors": [named], "targets": {"targetVectors": [vector.name]}}


def _words_of(side: Side, whole: WholeObject) -> str:
    """The first words of its first text that is indexed for words."""
    properties = json.loads(whole.properties) or {}
    for known in side.definition.get("properties") or ():
        value = properties.get(known["name"])
        if known["dataType"] == ["text"] and known.get("indexSearchable", True) and value:
            return " ".join(str(value).split()[:_WORDS])
    return ""


async def _ask(
    side: Side, tenant: str, question: dict[str, Any], kind: str
) -> dict[str, float] | None:
    """How good each object of the answer is; None where it is none to such a question."""
    body = {
        "collection": side.collection,
        "limit": TOP,
        "metadata": {"uuid": True, "distance": True, "score": True},
        "properties": {},
        "uses123Api": True,
        "uses125Api": True,
        "uses127Api": True,
        **question,
    }
    if tenant:
        body["tenant"] = tenant
    answer = await side.site.transport.send(
        Call(
            method="POST",
            path=_PATH,
            headers=_HEADERS,
            json=body,
            timeout=side.site.profile.timeouts.slow,
            facts=Facts(tenant_is_hot=bool(tenant)),
        )
    )
    rows = [one.metadata for one in msgspec.json.decode(answer.body, type=_Reply).results]
    if kind == "nearVector":
        return {one.id: -one.distance for one in rows} if _all(rows, "distance_present") else None
    return {one.id: one.score for one in rows} if _all(rows, "score_present") else None


def _all(rows: Sequence[_Metadata], sign: str) -> bool:
    return all(getattr(one, sign) for one in rows)
