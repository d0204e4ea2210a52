"""Settings as lines to read: key, value, origin. A secret is shown as its source only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from elysiadash.config.fields import fields_of
from elysiadash.config.mistake import dotted
from elysiadash.config.profile import Addresses, Auth, Profile, Prometheus, Secret
from elysiadash.config.settle import Settled
from elysiadash.config.tables import SUB_TABLES, Key, Origin
from elysiadash.config.tuning import LogSettings

NOT_SET = "not set"
_PARTS: dict[str, type[msgspec.Struct]] = {"auth": Auth, **SUB_TABLES}
_DEFAULT = Origin(layer="default")


class ShownRow(msgspec.Struct, frozen=True, gc=False):
    """One setting."""

    key: str
    """Dotted, such as ``profiles.prod.intervals.fast``."""
    value: str
    """As one would write it in TOML, or "not set"."""
    origin: Origin


def top_row(default_profile: str | None, origin: Origin) -> ShownRow:
    """The row of ``default_profile``."""
    return ShownRow("default_profile", value_text(default_profile), origin)


def log_rows(log: LogSettings, origins: Mapping[Key, Origin]) -> Iterator[ShownRow]:
    """The rows of ``[log]``."""
    for field in fields_of(LogSettings):
        value = value_text(getattr(log, field.name))
        yield ShownRow(f"log.{field.name}", value, origins.get((field.name,), _DEFAULT))


def profile_rows(name: str, settled: Settled) -> Iterator[ShownRow]:
    """The rows of one profile; a single one saying so when it cannot be used."""
    at = dotted(("profiles", name))
    profile = settled.profile
    if profile is None:
        first = next(iter(settled.origins.values()), _DEFAULT)
        count = len(settled.problems)
        noun = "mistake" if count == 1 else "mistakes"
        yield ShownRow(at, f"cannot be used: {count} {noun}", first)
        return
    for key, value in _settings_of(profile):
        origin = settled.origins.get(key) or settled.origins.get(key[:1]) or _DEFAULT
        yield ShownRow(f"{at}.{dotted(key)}", value_text(value), origin)


def value_text(value: Any) -> str:
    """A value as TOML would have it; secrets as ``env:NAME`` and the like."""
    if value is None:
        return NOT_SET
    if isinstance(value, Secret):
        return value.source
    if isinstance(value, Addresses):
        value = value.template or value.named or value.unnamed
    if isinstance(value, Prometheus):
        value = _said(value)
    if isinstance(value, dict):
        pairs = (f"{dotted((key,))} = {value_text(part)}" for key, part in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else NOT_SET
    if isinstance(value, tuple | list):
        return f"[{', '.join(value_text(part) for part in value)}]" if value else NOT_SET
    # Only commands that print settings need the writer.
    import tomli_w

    return tomli_w.dumps({"key": value}).removeprefix("key = ").strip()


def _said(found: Prometheus) -> Any:
    """As one would write it: a URL alone, or a table of what differs from the defaults."""
    pairs = {
        field.name: value
        for field in fields_of(Prometheus)
        if (value := getattr(found, field.name)) != field.default
    }
    return pairs if len(pairs) > 1 else found.url


def _settings_of(profile: Profile) -> Iterator[tuple[Key, Any]]:
    for field in fields_of(Profile):
        value = getattr(profile, field.name)
        if field.name in _PARTS:
            for part in fields_of(_PARTS[field.name]):
                yield (field.name, part.name), getattr(value, part.name)
        elif field.name == "headers":
            for name, header in value.items():
                yield ("headers", name), header
        else:
            yield (field.name,), value
