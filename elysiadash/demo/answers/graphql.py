"""`/v1/graphql`, as far as counting goes: `{Aggregate{Name(tenant:"t"){meta{count}}}}`.

Errors come with status 200. Everything else that GraphQL can is refused as a query that the
schema does not know.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from elysiadash.demo.answers.counting import counted
from elysiadash.demo.messages import Answer, Request, failure, library_failure, payload
from elysiadash.demo.stored import Refusal
from elysiadash.demo.world import World

_AGGREGATE = re.compile(r"\s*(?:query\s*)?\{\s*Aggregate\s*\{(?P<fields>.*)\}\s*\}\s*", re.DOTALL)
_FIELD = re.compile(
    r"\s*(?:(?P<alias>\w+)\s*:\s*)?(?P<name>\w+)\s*"
    r"(?:\(\s*tenant\s*:\s*\"(?P<tenant>[^\"]*)\"\s*\))?\s*"
    r"\{\s*meta\s*\{\s*count\s*\}\s*\}",
)


class _Query(msgspec.Struct, gc=False):
    query: str = ""


async def graphql(world: World, request: Request) -> Answer:
    """Counts of one collection or of several."""
    media = request.headers.get("content-type", "").split(";")[0]
    if media not in ("application/json", "application/yaml"):
        allowed = "only [application/json application/yaml] are allowed"
        return library_failure(415, f'unsupported media type "{media}", {allowed}')
    try:
        query = request.json(_Query).query
    except msgspec.DecodeError as error:
        return library_failure(400, f'parsing body body from "" failed, because {error}')
    if not query:
        return failure(422, "query cannot be empty")
    aggregate = _AGGREGATE.fullmatch(query)
    if aggregate is None:
        return payload({"errors": [_error(query, 0, "Syntax Error GraphQL request", None)]})
    return await _answer(world, query, aggregate)


async def _answer(world: World, query: str, aggregate: re.Match[str]) -> Answer:
    counts: dict[str, Any] = {}
    errors = []
    place, end = aggregate.span("fields")
    while place < end and query[place:end].strip():
        field = _FIELD.match(query, place, end)
        if field is None:
            break
        place = field.end()
        name = field["name"]
        collection = world.collection(name)
        at = field.start("name")
        if collection is None:
            why = f'Cannot query field "{name}" on type "AggregateObjectsObj".'
            return payload({"errors": [_error(query, at, why, None)]})
        shown = field["alias"] or name
        try:
            count = await counted(world, collection, field["tenant"] or "")
            counts[shown] = [{"meta": {"count": count}}]
        except Refusal as refusal:
            counts[shown] = None
            errors.append(_error(query, at, str(refusal), ["Aggregate", shown]))
    body: dict[str, Any] = {"data": {"Aggregate": dict(sorted(counts.items()))}}
    if errors:
        body["errors"] = errors
    return payload(body)


def _error(query: str, at: int, message: str, path: list[str] | None) -> dict[str, Any]:
    line = query.count("\n", 0, at) + 1
    column = at - query.rfind("\n", 0, at)
    return {"locations": [{"column": column, "line": line}], "message": message, "path": path}
