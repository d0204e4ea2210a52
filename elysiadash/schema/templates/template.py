"""One template, and the files that hold one: TOML as we write it, TOML or JSON as people do."""

from __future__ import annotations

import math
import tomllib
from typing import Any, Literal

import msgspec

from elysiadash.schema.cleaning import clean
from elysiadash.schema.definition import Definition, shown

Format = Literal["toml", "json"]
Origin = Literal["own", "shipped"]
_DEEPEST = 50
_HEAD = ("about", "why", "saved_from", "definition")


class BadTemplate(ValueError):
    """A file that holds no template; says what is wrong with it."""


class Template(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A definition for collections to come."""

    name: str
    about: str = ""
    """What it makes, in a line."""
    why: str = ""
    """When to take it, and what it costs."""
    saved_from: str = ""
    """The collection and the release it was saved from."""
    definition: Definition
    origin: Origin = "own"
    place: str = ""
    """The file; empty for a shipped one."""

    def named(self, collection: str) -> Definition:
        """The definition of a collection of this name."""
        return {"class": collection, **self.definition}


def read_template(name: str, data: bytes, kind: Format, **about: Any) -> Template:
    """The template in a file's bytes. Raises ``BadTemplate``.

    Either ``about``, ``why``, ``saved_from`` and ``definition``, or a definition alone, as
    ``GET /v1/schema/{collection}`` gives it.
    """
    found = _decoded(data, kind)
    if "definition" not in found:
        found = {"definition": found}
    strange = [key for key in found if key not in _HEAD]
    if strange:
        raise BadTemplate(f"has {', '.join(map(ascii, strange))} beside its definition")
    definition = found["definition"]
    if not isinstance(definition, dict):
        raise BadTemplate("its definition is no table of settings")
    texts = {key: found.get(key, "") for key in _HEAD if key != "definition"}
    if not all(isinstance(text, str) for text in texts.values()):
        raise BadTemplate("about, why and saved_from are texts")
    _only_json(definition, ("definition",))
    kept = clean(definition, "template").definition
    return Template(name=name, definition=kept, **texts, **about)


def template_bytes(template: Template) -> bytes:
    """The template as a TOML file."""
    # Only saving needs a writer.
    import tomli_w

    head = {key: getattr(template, key) for key in _HEAD[:-1] if getattr(template, key)}
    return tomli_w.dumps({**head, "definition": template.definition}).encode()


def _only_json(value: Any, path: tuple[str, ...]) -> None:
    """Raise ``BadTemplate`` for what a request cannot carry: TOML's dates, nan, inf, an abyss."""
    place = shown(path)
    if len(path) > _DEEPEST:
        raise BadTemplate(f"is nested more than {_DEEPEST} deep")
    if isinstance(value, dict):
        for name, part in value.items():
            _only_json(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            _only_json(part, (*path, str(number)))
    elif isinstance(value, float) and not math.isfinite(value):
        raise BadTemplate(f"has {value} at {place}, which is no number")
    elif not (value is None or isinstance(value, str | int | float)):
        raise BadTemplate(f"has a {type(value).__name__} at {place}: dates are texts here")


def _decoded(data: bytes, kind: Format) -> dict[str, Any]:
    try:
        found = tomllib.loads(data.decode()) if kind == "toml" else msgspec.json.decode(data)
    except UnicodeDecodeError:
        raise BadTemplate("is not text in UTF-8") from None
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise BadTemplate(f"is no {kind.upper()}: {error}") from None
    if not isinstance(found, dict):
        raise BadTemplate("holds no table of settings")
    return found
