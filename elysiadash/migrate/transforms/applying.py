"""Rows through a transform to rows of the target: what a copy of a range calls, in its process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from elysiadash.migrate.parts import Part
from elysiadash.migrate.tasks import Applied
from elysiadash.migrate.transforms.sandbox import Sandbox, Script
from elysiadash.migrate.transforms.wire import Failed, Given, Made, Product
from elysiadash.weaviate.objects import Lost, Row, Shape, Vector, shape_of
from elysiadash.weaviate.objects.shape import Beacon

_NOT_OF_THE_TARGET: Final = "transform gave what the target's definition does not take"
_ONE_ID: Final = "two objects of the source got one id"


class FileTransform(msgspec.Struct, frozen=True, kw_only=True):
    """A transform as a task carries it. Processes that get it run it in one sandbox each."""

    script: Script
    targets: dict[str, dict[str, Any]] = {}
    """Collection of the source -> its definition in the target; without it, what
    ``transform_schema`` makes of the source's."""

    def open(self, part: Part, definition: dict[str, Any]) -> Transformer:
        """For one part, whose definition in the source this is.

        Raises ``TransformUnusable``.
        """
        sandbox = _kept.sandbox(self.script)
        target = self.targets.get(part.collection) or sandbox.schema(definition)
        return Transformer(sandbox, shape_of(definition), shape_of(target), part.tenant)


class _Kept(threading.local):
    """One process for all parts, however many tenants there are."""

    def __init__(self) -> None:
        self._script: Script | None = None
        self._sandbox: Sandbox | None = None

    def sandbox(self, script: Script) -> Sandbox:
        if self._sandbox is None or self._script != script:
            self._script, self._sandbox = script, Sandbox(script)
        return self._sandbox


_kept = _Kept()


class Transformer:
    """Applies a transform to rows of one part; ``shape`` is that of the rows it gives."""

    def __init__(self, sandbox: Sandbox, source: Shape, shape: Shape, tenant: str = "") -> None:
        self.shape = shape
        self._source = source
        self._tenant = tenant
        self._sandbox = sandbox
        self._given = [known.name for known in source.references]
        self._references = {known.name: known.field for known in shape.references}
        self._vectors = frozenset(shape.vectors)

    def apply(self, rows: Sequence[Row]) -> Applied:
        """What the rows become. Waits. Raises ``TransformUnusable``, ``TransformHangs``; what one
        object does to it is in ``lost``."""
        objects = [self._object(row) for row in rows]
        results = self._sandbox.run(objects, self._source.collection, self._tenant)
        made: list[Row] = []
        lost: list[Lost] = []
        origins: dict[str, str] = {}
        owners: dict[str, str] = {}
        dropped = added = 0
        for row, result in zip(rows, results, strict=True):
            products = self._products(row, result)
            if isinstance(products, list):
                taken = next((one.id for one in products if one.id in owners), None)
                if taken is not None:
                    detail = f"{taken} is made of {owners[taken]} already"
                    products = Lost(row.id, f"{_ONE_ID}\n{detail}")
            if isinstance(products, Lost):
                lost.append(products)
                continue
            made += products
            owners |= dict.fromkeys((one.id for one in products), row.id)
            if [one.id for one in products] != [row.id]:
                origins |= dict.fromkeys((one.id for one in products), row.id)
            dropped += not products
            added += max(0, len(products) - 1)
        return Applied(rows=made, origins=origins, lost=lost, dropped=dropped, added=added)

    def _object(self, row: Row) -> Given:
        properties: dict[str, Any] = msgspec.to_builtins(row.properties) or {}
        references = {
            name: [one["beacon"] for one in properties.pop(name)]
            for name in self._given
            if properties.get(name) is not None
        }
        vectors = [(name, data, multi) for name, data, multi in row.vectors]
        return Given(row.id, properties, references, vectors)

    def _products(self, row: Row, result: Made | Failed) -> list[Row] | Lost:
        """All of an object's parts, or why none of them is written."""
        if isinstance(result, Failed):
            return Lost(row.id, f"{result.reason}\n{result.detail}")
        try:
            return [self._row(row, one) for one in result.products]
        except (_Misfit, msgspec.ValidationError, OverflowError) as error:
            return Lost(row.id, f"{_NOT_OF_THE_TARGET}\n{error}")

    def _row(self, row: Row, product: Product) -> Row:
        typed = self.shape.typed(product.properties)
        for name, beacons in product.references.items():
            field = self._references.get(name)
            if field is None:
                raise _Misfit(f"{self.shape.collection} has no reference {name}")
            setattr(typed, field, [Beacon(one) for one in beacons])
        for name, _, _ in product.vectors:
            if name and name not in self._vectors:
                raise _Misfit(f"{self.shape.collection} has no vector {name}")
        vectors = tuple(Vector(*one) for one in product.vectors)
        return Row(product.id, row.updated_ms, row.created_ms, typed, vectors)


class _Misfit(Exception):
    """Something that the target's definition does not have."""
