"""The JSON schemas of what commands print, made from ``documents``.

``python -m elysiadash.cli.schema_files`` writes the files anew; a test compares them.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from elysiadash.cli.document_list import DOCUMENTS

FOLDER = Path(__file__).parent / "schemas"


def schema_text(kind: str) -> str:
    """The schema of one kind of document, as its file holds it."""
    schema = msgspec.json.schema(DOCUMENTS[kind])
    for definition in schema["$defs"].values():
        # Nothing is ever left out, and a later release may say more.
        definition["required"] = list(definition["properties"])
        definition.pop("additionalProperties", None)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"elysiadash {kind}, version 1",
    }
    encoded = msgspec.json.encode({**head, **schema}, order="deterministic")
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def main() -> None:
    """Write every file."""
    FOLDER.mkdir(exist_ok=True)
    for kind in DOCUMENTS:
        (FOLDER / f"{kind}.json").write_text(schema_text(kind), encoding="utf-8")


if __name__ == "__main__":
    main()
