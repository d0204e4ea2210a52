"""Single values of a settings file: each parser takes what TOML gave and returns what we use.

A parser raises ``Wrong`` with what was expected. It never repeats an address or a text that it
refuses: people put passwords into both.
"""

from __future__ import annotations

import math
import os
import re
from typing import Any

import msgspec

from elysiadash.config.fields import Field
from elysiadash.config.mistake import Wrong, nearest
from elysiadash.config.profile import Addresses

NODE_MARK = "{node}"

_COLOUR = re.compile(r"#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|[a-z][a-z0-9_]{1,39}")
_HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})")
_LABEL = re.compile(r"[\w .:/+-]{1,40}")
_LARGEST_PORT = 65535


class Where(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a value was written; decides what it may say and what relative paths mean."""

    base: str
    """Folder that relative paths start from."""
    trusted: bool = True
    """False for a project file: it comes with a repository, not from the user."""


def type_name(value: object) -> str:
    """What TOML calls a value of this type."""
    names: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a number"),
        (str, "a text"),
        (list, "a list"),
        (dict, "a table"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "a date or time")


def text(value: object) -> str:
    """A text that is not empty and stays on one line."""
    if not isinstance(value, str):
        raise Wrong(f"expected a text in quotes, found {type_name(value)}")
    if not value.strip():
        raise Wrong("expected a text, found an empty one; leave the key out instead")
    if not value.isprintable():
        raise Wrong("holds a line break or control characters")
    return value


def boolean(value: object) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise Wrong(f"expected true or false, without quotes, found {type_name(value)}")
    return value


def scalar(value: object, field: Field) -> Any:
    """The value of a plain field: a boolean, a number within its range, a text or a choice."""
    if field.kind == "bool":
        return boolean(value)
    if field.kind in ("int", "float"):
        return number(value, field)
    given = text(value)
    if field.choices and given not in field.choices:
        valid = ", ".join(field.choices)
        raise Wrong(f"expected one of {valid}", nearest=nearest(given, field.choices))
    return given


def number(value: object, field: Field) -> int | float:
    """A number within the field's range; integers serve where fractions are allowed."""
    expected = f"expected {range_text(field)}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"{expected}, found {type_name(value)}")
    if field.kind == "int" and not isinstance(value, int):
        raise Wrong(f"{expected}, found a fraction")
    is_finite = isinstance(value, int) or math.isfinite(value)
    if (
        not is_finite
        or (field.above is not None and value <= field.above)
        or (field.least is not None and value < field.least)
        or (field.most is not None and value > field.most)
    ):
        raise Wrong(f"{expected}, found {_short(value)}")
    try:
        return value if field.kind == "int" else float(value)
    except OverflowError:
        raise Wrong(f"{expected}, found {_short(value)}") from None


def range_text(field: Field) -> str:
    """Such as "a number from 1 to 3600" or "an integer of at least 0"."""
    what = "an integer" if field.kind == "int" else "a number"
    if field.above is not None and field.most is not None:
        return f"{what} above {field.above:g} and up to {field.most:.12g}"
    if field.least is not None and field.most is not None:
        return f"{what} from {field.least:.12g} to {field.most:.12g}"
    if field.least is not None:
        return f"{what} of at least {field.least:.12g}"
    return what


def address(value: object) -> str:
    """An http(s) URL without credentials, query or fragment, as it was written."""
    # urllib.parse pulls in ipaddress; needed only once a file is read.
    from urllib.parse import urlsplit

    given = text(value)
    if any(char.isspace() for char in given):
        raise Wrong("an address holds no spaces")
    try:
        parts = urlsplit(given)
        port = parts.port
    except ValueError:
        raise Wrong("is no valid address; expected http://HOST:PORT or https://HOST:PORT") from None
    if parts.username is not None or parts.password is not None:
        raise Wrong(
            "a user name or password in an address is refused, it would end up in logs; "
            "use auth or headers with env, command or file"
        )
    if parts.scheme not in ("http", "https") or not given.startswith(f"{parts.scheme}://"):
        likely = None
        if _HOST_AND_PORT.fullmatch(given):
            likely = f"http://{given}"
        raise Wrong("expected an address that begins with http:// or https://", nearest=likely)
    if not parts.hostname or port == 0:
        raise Wrong("expected http://HOST:PORT or https://HOST:PORT")
    if parts.query or parts.fragment or given.endswith(("?", "#")):
        raise Wrong("expected an address without ?query and #fragment")
    return given


def base_address(value: object) -> str:
    """An ``address`` to which paths are appended, so without a slash at its end."""
    return address(value).rstrip("/")


def host_and_port(value: object) -> str:
    """``HOST:PORT``, IPv6 hosts in brackets."""
    given = text(value)
    match = _HOST_AND_PORT.fullmatch(given)
    if match is None or not 0 < int(match[1]) <= _LARGEST_PORT:
        raise Wrong("expected HOST:PORT without http://, for example localhost:50051")
    return given


def colour(value: object) -> str:
    """``#rgb``, ``#rrggbb`` or a colour's name."""
    given = text(value)
    if not _COLOUR.fullmatch(given):
        raise Wrong('expected a colour such as "#b02a37" or "red"')
    return given


def label(value: object) -> str:
    """A short word or two to show in a header."""
    given = text(value)
    if not _LABEL.fullmatch(given):
        raise Wrong("expected up to 40 letters, digits, spaces and . : / + - _")
    return given


def path(value: object, where: Where) -> str:
    """An absolute path; ``~`` is the home folder, relative ones start at the file's folder."""
    given = text(value)
    return os.path.normpath(
        os.path.join(where.base, os.path.expanduser(given))  # noqa: PTH111, PTH118
    )


def addresses(value: object) -> Addresses:
    """Node addresses: a URL with ``{node}``, a list of URLs, or a table of node name -> URL."""
    if isinstance(value, str):
        return Addresses(template=template(value))
    wrongs: list[Wrong] = []
    if isinstance(value, list):
        urls = tuple(_parts(enumerate(value), wrongs).values())
        found = Addresses(unnamed=urls)
    elif isinstance(value, dict):
        found = Addresses(named=_parts(value.items(), wrongs))
    else:
        raise Wrong(
            "expected a URL with {node}, a list of URLs or a table of name = URL, "
            f"found {type_name(value)}"
        )
    if wrongs:
        raise ExceptionGroup("addresses", wrongs)
    return found


def template(value: str) -> str:
    """A URL with ``{node}`` in place of a node's name."""
    if NODE_MARK not in value:
        raise Wrong(
            "a template needs {node} in place of the node's name; for one address write a list"
        )
    base_address(value.replace(NODE_MARK, "node"))
    return value.rstrip("/")


def _parts(items: Any, wrongs: list[Wrong]) -> dict[Any, str]:
    found: dict[Any, str] = {}
    for key, value in items:
        try:
            found[key] = base_address(value)
        except Wrong as wrong:
            wrongs.append(Wrong(wrong.message, key=(key,), nearest=wrong.nearest))
    return found


def _short(value: int | float) -> str:
    """A number as text, unless it is absurdly long."""
    if isinstance(value, float) or abs(value) < 10**18:
        return str(value)
    return "a much larger one" if value > 0 else "a much smaller one"
