"""Rows through a transform to objects ready to be written: what a copy of a range calls.

::

    with Transformer(task.transform, shape, target_shape, "DocCopy") as transformer:
        done = await asyncio.to_thread(transformer.convert, page.rows)
        outcome = await writer.write(done.objects)      # a Writer with the target's shape
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import msgspec

from elysiadash.migrate.transforms.sandbox import Applied, Sandbox
from elysiadash.migrate.transforms.wire import Failed, Given, Made, Product
from elysiadash.weaviate.objects import CannotTravel, Converted, Converter, Row, Shape, Vector
from elysiadash.weaviate.objects.shape import Beacon

_NOT_OF_THE_TARGET: Final = "transform gave what the target's definition does not take"
_ONE_ID: Final = "two objects of the source got one id"


class Refused(msgspec.Struct, frozen=True, gc=False):
    """An object of the source that becomes a dead letter: nothing of it is written."""

    id: str
    reason: str
    """Short, shared by others: dead letters are counted by it."""
    detail: str = ""


class Transformed(msgspec.Struct, frozen=True, gc=False):
    """What became of some rows. Each row is in ``became`` or in ``refused``."""

    objects: list[Converted]
    """To be written, of different ids."""
    became: dict[str, tuple[str, ...]]
    """Source id -> ids in the target, in order of the rows; empty where it was dropped."""
    refused: list[Refused]
    dropped: int
    added: int
    """Parts beyond the first of each object."""

    @property
    def origins(self) -> list[tuple[bytes, bytes]]:
        """``(target id, source id)`` of every object whose ids are not just the source's own:
        what ``migrate.origins`` keeps."""
        return [
            (_key(target), _key(source))
            for source, targets in self.became.items()
            for target in targets
            if target != source
        ]

    def sources(self) -> dict[str, str]:
        """Target id -> source id, for what a server says about one of ``objects``."""
        return {target: source for source, targets in self.became.items() for target in targets}


class Transformer:
    """Applies a transform to rows of one part. Used by one thread at a time; a context manager.

    ``source`` is the shape that rows were read with, ``target`` that of the collection they are
    written to, under the name ``collection``; ``renamed`` as for ``Converter``.
    """

    def __init__(
        self,
        applied: Applied,
        source: Shape,
        target: Shape,
        collection: str,
        *,
        tenant: str = "",
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self.target = target
        self._source_references = [known.name for known in source.references]
        self._references = {known.name: known.field for known in target.references}
        self._vectors = frozenset(target.vectors)
        renamed = {source.collection: collection, **(renamed or {})}
        self._converter = Converter(target, collection, tenant=tenant, renamed=renamed)
        self._sandbox = Sandbox(applied, source.collection, tenant)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process that runs it."""
        self._sandbox.close()

    def convert(self, rows: Sequence[Row]) -> Transformed:
        """What the rows become. Waits. Raises ``TransformUnusable``, ``TransformHangs``."""
        results = self._sandbox.run([self.given(row) for row in rows])
        objects: list[Converted] = []
        became: dict[str, tuple[str, ...]] = {}
        refused: list[Refused] = []
        owners: dict[str, str] = {}
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, Failed):
                refused.append(Refused(row.id, result.reason, result.detail))
                continue
            made = self._made(row, result)
            if isinstance(made, Refused):
                refused.append(made)
                continue
            taken = next((one.id for one in made if one.id in owners), None)
            if taken is not None:
                detail = f"{taken} is made of {owners[taken]} already"
                refused.append(Refused(row.id, _ONE_ID, detail))
                continue
            owners |= dict.fromkeys((one.id for one in made), row.id)
            objects += made
            became[row.id] = tuple(one.id for one in made)
        return Transformed(
            objects,
            became,
            refused,
            dropped=sum(1 for ids in became.values() if not ids),
            added=sum(len(ids) - 1 for ids in became.values() if ids),
        )

    def given(self, row: Row) -> Given:
        """The row as the sandbox takes it."""
        properties: dict[str, Any] = msgspec.to_builtins(row.properties) or {}
        references = {
            name: [one["beacon"] for one in properties.pop(name)]
            for name in self._source_references
            if properties.get(name) is not None
        }
        return Given(
            row.id,
            properties,
            references,
            [(name, data, multi) for name, data, multi in row.vectors],
        )

    def _made(self, row: Row, result: Made) -> list[Converted] | Refused:
        try:
            return [self._converter.one(self._row(row, one)) for one in result.products]
        except CannotTravel as error:
            return Refused(row.id, _NOT_OF_THE_TARGET, str(error))
        except (msgspec.ValidationError, OverflowError) as error:
            return Refused(row.id, _NOT_OF_THE_TARGET, f"properties: {error}")

    def _row(self, row: Row, product: Product) -> Row:
        typed = self.target.typed(product.properties)
        for name, beacons in product.references.items():
            field = self._references.get(name)
            if field is None:
                raise CannotTravel(f"{self.target.collection} has no reference {name}")
            setattr(typed, field, [Beacon(one) for one in beacons])
        for name, _, _ in product.vectors:
            if name and name not in self._vectors:
                raise CannotTravel(f"{self.target.collection} has no vector {name}")
        vectors = tuple(Vector(*one) for one in product.vectors)
        return Row(product.id, row.updated_ms, row.created_ms, typed, vectors)


def _key(identity: str) -> bytes:
    return bytes.fromhex(identity.replace("-", ""))
