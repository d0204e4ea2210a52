"""What flags and environment variables say: which cluster, and settings that beat the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import msgspec

from elysiadash.config import credentials, values
from elysiadash.config.document import Layer
from elysiadash.config.fields import field_named
from elysiadash.config.mistake import Mistake, Wrong
from elysiadash.config.profile import Addresses, Auth, Secret
from elysiadash.config.tables import Key, Origin, Setting, Table
from elysiadash.config.tuning import LogSettings
from elysiadash.config.values import Where

FLAGS = ("profile", "url", "grpc", "node", "metrics_url", "auth", "write", "log_level")
"""Keys of the dict that a command line hands in."""

API_KEY_VARIABLE = "ELYSIADASH_API_KEY"

_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")


class Overrides(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One layer above the files."""

    layer: Layer
    """``flag`` or ``env``."""
    profile: Setting | None
    """The name of the profile to use."""
    table: Table
    """Settings of whichever profile is used."""
    log: Table
    mistakes: tuple[Mistake, ...]

    @property
    def names_cluster(self) -> bool:
        """Whether this layer says which cluster is meant."""
        url = ("url",)
        return self.profile is not None or url in self.table.settings or url in self.table.bad


def from_flags(flags: Mapping[str, Any], cwd: str) -> Overrides:
    """Flags by name; None and empty lists count as not given, ``write=False`` as read-only.

    ``node`` and ``metrics_url`` are lists of ``URL``, ``NAME=URL`` or a URL with ``{node}``;
    ``auth`` is ``env:NAME``, ``command:LINE`` or ``file:PATH`` of an API key. Raises
    ``ValueError`` for a flag that does not exist, which is a mistake of the caller.
    """
    unknown = sorted(set(flags) - set(FLAGS))
    if unknown:
        raise ValueError(f"unknown flags {', '.join(unknown)}; known: {', '.join(FLAGS)}")
    where = Where(base=cwd)
    reader = _Reader("flag", "command line")
    for name, value in flags.items():
        if value is None or value == []:
            continue
        source = f"--{name.replace('_', '-')}"
        if name == "profile":
            reader.choose(source, value)
        elif name == "log_level":
            reader.log_level(source, value)
        elif name in ("node", "metrics_url"):
            key = ("nodes",) if name == "node" else ("metrics",)
            reader.setting(source, key, value, _addresses)
        elif name == "auth":
            reader.setting(source, ("auth",), value, partial(_auth, where=where))
        else:
            parse = {"url": values.base_address, "grpc": values.host_and_port}
            reader.setting(source, (name,), value, parse.get(name, values.boolean))
    return reader.overrides()


def from_env(env: Mapping[str, str]) -> Overrides:
    """The variables ``ELYSIADASH_*``; an empty one counts as not set."""
    reader = _Reader("env", "environment")
    profile = env.get("ELYSIADASH_PROFILE")
    if profile:
        reader.choose("ELYSIADASH_PROFILE", profile)
    level = env.get("ELYSIADASH_LOG_LEVEL")
    if level:
        reader.log_level("ELYSIADASH_LOG_LEVEL", level.lower())
    parsers: tuple[tuple[str, Key, Callable[[Any], object]], ...] = (
        ("ELYSIADASH_URL", ("url",), values.base_address),
        ("ELYSIADASH_GRPC", ("grpc",), values.host_and_port),
        ("ELYSIADASH_WRITE", ("write",), _boolean_word),
        (API_KEY_VARIABLE, ("auth",), _api_key_of_variable),
    )
    for variable, key, parse in parsers:
        value = env.get(variable)
        if value:
            reader.setting(variable, key, value, parse)
    return reader.overrides()


class _Reader:
    """Collects the settings of one layer and their mistakes."""

    def __init__(self, layer: Layer, source: str) -> None:
        self._layer = layer
        self._source = source
        self._profile: Setting | None = None
        self._table = Table(origin=Origin(layer=layer))
        self._log = Table(origin=Origin(layer=layer))
        self._mistakes: list[Mistake] = []

    def choose(self, name: str, profile: str) -> None:
        self._profile = Setting(profile, self._origin(name))

    def log_level(self, name: str, value: object) -> None:
        field = field_named(LogSettings, "level")
        self._set(self._log, name, ("level",), value, partial(values.scalar, field=field))

    def setting(self, name: str, key: Key, value: object, parse: Callable[[Any], object]) -> None:
        self._set(self._table, name, key, value, parse)

    def overrides(self) -> Overrides:
        return Overrides(
            layer=self._layer,
            profile=self._profile,
            table=self._table,
            log=self._log,
            mistakes=tuple(self._mistakes),
        )

    def _set(
        self, table: Table, name: str, key: Key, value: object, parse: Callable[[Any], object]
    ) -> None:
        try:
            table.settings[key] = Setting(parse(value), self._origin(name))
        except Wrong as wrong:
            mistake = Mistake(
                file=self._source,
                key=name,
                line=None,
                message=wrong.message,
                nearest=wrong.nearest,
            )
            self._mistakes.append(mistake)
            table.bad[key] = [mistake]

    def _origin(self, name: str) -> Origin:
        return Origin(layer=self._layer, name=name)


def _addresses(given: Iterable[str]) -> Addresses:
    template: str | None = None
    named: dict[str, str] = {}
    unnamed: list[str] = []
    for entry in given:
        name, equals, url = entry.partition("=")
        if values.NODE_MARK in entry:
            template = values.template(entry)
        elif equals and "://" not in name:
            named[name] = values.base_address(url)
        else:
            unnamed.append(values.base_address(entry))
    return Addresses(template=template, named=named, unnamed=tuple(unnamed))


def _auth(given: str, where: Where) -> Auth:
    return Auth(method="api-key", key=credentials.secret_from_flag(given, where))


def _api_key_of_variable(_value: str) -> Auth:
    """Only the variable's name is kept; the value is read when a request needs it."""
    return Auth(method="api-key", key=Secret(kind="env", reference=API_KEY_VARIABLE))


def _boolean_word(given: str) -> bool:
    word = given.strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise Wrong("expected 1, true, yes or on, or else 0, false, no or off")
