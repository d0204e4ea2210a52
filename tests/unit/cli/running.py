"""Running a command in this process, and judging its documents."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pytest

from elysiadash.cli.document_list import DOCUMENTS
from elysiadash.cli.main import run
from elysiadash.cli.schema_files import FOLDER
from tests.unit.cli.json_schema import violations


class Ran(NamedTuple):
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


class Cli:
    """Runs commands; what they write is captured."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Ran:
        self._capsys.readouterr()
        code = run(list(words))
        out, err = self._capsys.readouterr()
        return Ran(code, out, err)

    def document(self, *words: str, code: int = 0) -> Any:
        """The one document that a command prints, checked against its type and its schema."""
        ran = self(*words)
        assert ran.code == code, ran
        return valid_document(ran.out)


def valid_document(text: str) -> Any:
    """The document in ``text`` as plain data; fails when it is not what its schema says."""
    document = msgspec.json.decode(text)
    kind = document["kind"]
    msgspec.json.decode(text, type=DOCUMENTS[kind])
    schema = msgspec.json.decode((FOLDER / f"{kind}.json").read_bytes())
    assert violations(document, schema) == []
    return document
