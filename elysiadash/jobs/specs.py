"""A job's spec: plain JSON without secrets, and the hash that says whether two are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from elysiadash.config.redaction import redact
from elysiadash.jobs.errors import SecretInSpec

Json = dict[str, Any]
"""A JSON object as Python has it."""

_REFERENCES = ("env:", "file:", "command:")
"""How a profile names a credential that is kept elsewhere."""
_SECRET_NAMES = frozenset(
    {
        "apikey", "authorization", "bearer", "clientsecret", "cookie", "credential",
        "accesstoken", "refreshtoken", "idtoken", "token", "password", "passwd", "secret",
    }
)  # fmt: skip


def encode(spec: Mapping[str, Any]) -> str:
    """The spec as it is kept. Raises ``SecretInSpec`` naming the path, never the value.

    Refused are texts that look like a credential, and any text under a key that is named like
    one (``token``, ``api_key``, ...) unless it only names where the credential is (``env:NAME``).
    A mapping whose keys are a user's words (properties, say) is better kept as pairs.
    """
    for path, name, text in _texts(spec, ""):
        plain = name.lower().replace("-", "").replace("_", "")
        named = plain in _SECRET_NAMES and text and not text.startswith(_REFERENCES)
        if named or redact(text) != text:
            raise SecretInSpec(
                f"{path} of the job's spec looks like a credential, and a spec is kept on disk; "
                "name the profile instead, or where the credential is, such as env:NAME"
            )
    return canonical(spec)


def canonical(value: object) -> str:
    """JSON text that is the same for equal values."""
    return msgspec.json.encode(value, order="sorted").decode()


def decode(text: str) -> Json:
    """A JSON object that ``encode`` or ``canonical`` made."""
    found: Json = msgspec.json.decode(text)
    return found


def hash_of(kind: str, identity: Mapping[str, Any]) -> str:
    """What makes two jobs the same work: SHA-256 over the kind and what the engine names."""
    return hashlib.sha256(canonical([kind, dict(identity)]).encode()).hexdigest()


def _texts(value: object, path: str, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Every text with its path and the key it stands under."""
    if isinstance(value, str):
        yield path, name, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            inner = f"{path}.{key}" if path else str(key)
            # A key can be the credential itself; it must not be named then.
            yield (f"a key in {path or 'the spec'}", "", str(key))
            yield from _texts(part, inner, str(key))
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for place, part in enumerate(value):
            yield from _texts(part, f"{path}[{place}]", name)
