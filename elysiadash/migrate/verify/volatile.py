"""The canonical form where a transform makes some fields anew each time it runs: of those only
their presence and their type count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from elysiadash.scan.canonical import CanonicalForm, Json, Vector, WholeObject

_KINDS = {str: "text", bool: "boolean", float: "number", list: "list", dict: "object"}


class VolatileForm(CanonicalForm):
    """``volatile`` names properties (``title``), references (``references.to``) and vectors
    (``vector``, ``vectors.a``), as the preview of a transform does."""

    volatile: frozenset[str] = frozenset()

    @classmethod
    def with_volatile(
        cls,
        definition: Mapping[str, Any],
        volatile: Iterable[str],
        *,
        renamed: Mapping[str, str] | None = None,
    ) -> CanonicalForm:
        """The form of a definition."""
        plain = CanonicalForm.of(definition, renamed=renamed)
        names = frozenset(one.removeprefix("references.") for one in volatile)
        if not names:
            return plain
        found = cls()
        found.__dict__.update(plain.__dict__)
        found.volatile = names
        return found

    def values(self, properties: bytes) -> Json:
        values = super().values(properties)
        for name in self.volatile & values.keys():
            values[name] = {"(made anew each time)": _KINDS.get(type(values[name]), "null")}
        return values

    def digest(self, whole: WholeObject) -> bytes:
        vectors = [
            one._replace(data=len(one.data).to_bytes(4)) if one.data and self._is_anew(one) else one
            for one in whole.vectors
        ]
        return super().digest(whole._replace(vectors=vectors))

    def _is_anew(self, vector: Vector) -> bool:
        return (f"vectors.{vector.name}" if vector.name else "vector") in self.volatile
