"""A settings file's tables, checked key by key: what can be used, and every mistake at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec

from elysiadash.config import credentials, prometheus_setting, values
from elysiadash.config.document import Document, Layer
from elysiadash.config.fields import TUNING, Field, fields_of
from elysiadash.config.locate import KeyPath
from elysiadash.config.mistake import Mistake, Wrong, dotted, nearest
from elysiadash.config.profile import Profile, Tls
from elysiadash.config.tuning import LogSettings
from elysiadash.config.values import Where

TOP_KEYS = ("default_profile", "log", "defaults", "profiles")
SUB_TABLES: dict[str, type[msgspec.Struct]] = {"tls": Tls, **TUNING}
PROFILE_KEYS = tuple(field.name for field in fields_of(Profile))

_PROFILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_SURELY_MEANT = 0.8
"""Likeness from which on an unknown key is taken for a misspelt one."""
_FILE_KEYS = {"file", "ca_file", "cert_file", "key_file"}

Key = tuple[str, ...]
"""A setting within its table, such as ``("url",)`` or ``("intervals", "fast")``."""


class Origin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a value came from."""

    layer: Layer
    name: str | None = None
    """The flag or the variable, for those layers."""
    file: str | None = None
    """The file's path, for those layers."""
    line: int | None = None
    """Line in the file, from 1."""
    key: str | None = None
    """The dotted key as it stands in the file."""

    @property
    def place(self) -> str:
        """The file, or which other layer it was, in words."""
        named: dict[str, str] = {"flag": "command line", "env": "environment"}
        return self.file or named.get(self.layer, "defaults")

    def __str__(self) -> str:
        if self.file is not None:
            place = self.file if self.line is None else f"{self.file}:{self.line}"
            return f"{self.layer} file {place}"
        return self.name or self.layer


class Setting(msgspec.Struct, frozen=True, gc=False):
    """A value that passed its check, and its origin."""

    value: Any
    origin: Origin


class Table(msgspec.Struct, kw_only=True, gc=False):
    """The settings of one table of one layer."""

    origin: Origin
    """Where the table itself stands."""
    settings: dict[Key, Setting] = msgspec.field(default_factory=dict)
    """What can be used."""
    bad: dict[Key, list[Mistake]] = msgspec.field(default_factory=dict)
    """Keys that are there with a value that cannot be used."""


class Tables(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything one file says."""

    top: Table
    """``default_profile``."""
    log: Table
    defaults: Table
    profiles: dict[str, Table]
    mistakes: tuple[Mistake, ...]
    """All mistakes of the file, those in ``bad`` too."""


def read_tables(document: Document) -> Tables:
    """Check a whole file. Never raises."""
    return _Reader(document).read()


class _Reader:
    """Walks one document; collects mistakes instead of stopping at the first."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._mistakes: list[Mistake] = list(document.mistakes)
        self._where = Where(
            base=os.path.dirname(document.path),  # noqa: PTH120 - a text is wanted
            trusted=document.layer != "project",
        )
        self._parsers: dict[str, Callable[[object], object]] = {
            "url": values.base_address,
            "grpc": values.host_and_port,
            "nodes": values.addresses,
            "metrics": values.addresses,
            "prometheus": partial(prometheus_setting.prometheus, where=self._where),
            "auth": partial(credentials.auth, where=self._where),
            "proxy": values.base_address,
            "environment": values.label,
            "colour": values.colour,
            "write": self._write,
        }

    def read(self) -> Tables:
        top = self._table(())
        log = self._table(("log",))
        defaults = self._table(("defaults",))
        profiles: dict[str, Table] = {}
        for key, value in self._document.data.items():
            if key == "default_profile":
                self._setting(top, (), (key,), value, _profile_name)
            elif key == "log":
                self._fields(log, ("log",), (), value, LogSettings)
            elif key == "defaults":
                self._profile(defaults, ("defaults",), value)
            elif key == "profiles":
                profiles = self._profiles(value)
            else:
                self._unknown(top, (), (key,), TOP_KEYS)
        return Tables(
            top=top, log=log, defaults=defaults, profiles=profiles, mistakes=tuple(self._mistakes)
        )

    def _profiles(self, value: object) -> dict[str, Table]:
        found: dict[str, Table] = {}
        for name, table in self._items(("profiles",), value):
            at = ("profiles", name)
            if not _PROFILE_NAME.fullmatch(name):
                message = "a profile's name holds up to 64 letters, digits, _ . and -"
                self._mistake(at, message)
                continue
            found[name] = self._table(at)
            self._profile(found[name], at, table)
        return found

    def _profile(self, table: Table, at: Key, value: object) -> None:
        for key, given in self._items(at, value, table):
            if key in SUB_TABLES:
                self._fields(table, at, (key,), given, SUB_TABLES[key])
            elif key == "headers":
                self._headers(table, at, given)
            elif key in PROFILE_KEYS:
                self._setting(table, at, (key,), given, self._parsers[key])
            else:
                self._unknown(table, at, (key,), PROFILE_KEYS)

    def _write(self, value: object) -> bool:
        wanted = values.boolean(value)
        if wanted and not self._where.trusted:
            raise Wrong(
                "a project file may not allow writing; set it in the user file or give --write"
            )
        return wanted

    def _headers(self, table: Table, at: Key, value: object) -> None:
        seen: dict[str, str] = {}
        for name, given in self._items((*at, "headers"), value, table, ("headers",)):
            key = ("headers", name)
            twin = seen.setdefault(name.lower(), name)
            if twin != name:
                self._bad(table, key, self._mistake((*at, *key), f"is the same header as {twin}"))
                continue
            parse = partial(credentials.header, name, where=self._where)
            self._setting(table, at, key, given, parse)

    def _fields(
        self, table: Table, at: Key, below: Key, value: object, struct: type[msgspec.Struct]
    ) -> None:
        valid = {field.name: field for field in fields_of(struct)}
        for key, given in self._items((*at, *below), value, table, below):
            if key in valid:
                self._setting(table, at, (*below, key), given, partial(self._scalar, valid[key]))
            else:
                self._unknown(table, at, (*below, key), tuple(valid))

    def _scalar(self, field: Field, value: object) -> Any:
        if field.name not in _FILE_KEYS:
            return values.scalar(value, field)
        if field.name == "file" and not self._where.trusted:
            raise Wrong(
                "a project file may not say where the log is written; set it in the user file"
            )
        return values.path(value, self._where)

    def _items(
        self, at: Key, value: object, table: Table | None = None, key: Key = ()
    ) -> Iterator[tuple[str, Any]]:
        """The pairs of what should be a table."""
        if isinstance(value, dict):
            yield from value.items()
            return
        mistake = self._mistake(at, f"expected a table, found {values.type_name(value)}")
        if table is not None:
            self._bad(table, key, mistake)

    def _setting(
        self, table: Table, at: Key, key: Key, given: object, parse: Callable[[object], object]
    ) -> None:
        """Put the parsed value into the table, or what is wrong with it."""
        path = (*at, *key)
        try:
            value = parse(given)
        except* Wrong as group:
            for wrong in _flat(group):
                found = self._mistake((*path, *wrong.key), wrong.message, wrong.nearest)
                self._bad(table, key, found)
        else:
            table.settings[key] = Setting(value, self._origin(path))

    def _unknown(self, table: Table, at: Key, key: Key, valid: tuple[str, ...]) -> None:
        mistake = self._mistake((*at, *key), "unknown key", nearest(key[-1], valid))
        meant = nearest(key[-1], valid, _SURELY_MEANT)
        if meant is not None:
            # The user believes to have set that one.
            self._bad(table, (*key[:-1], meant), mistake)

    def _bad(self, table: Table, key: Key, mistake: Mistake) -> None:
        table.bad.setdefault(key, []).append(mistake)

    def _mistake(self, path: KeyPath, message: str, likely: str | None = None) -> Mistake:
        mistake = Mistake(
            file=str(self._document.path),
            key=dotted(path),
            line=self._document.line(path),
            message=message,
            nearest=likely,
        )
        self._mistakes.append(mistake)
        return mistake

    def _table(self, path: Key) -> Table:
        return Table(origin=self._origin(path))

    def _origin(self, path: Key) -> Origin:
        return Origin(
            layer=self._document.layer,
            file=str(self._document.path),
            line=self._document.line(path),
            key=dotted(path),
        )


def _profile_name(value: object) -> str:
    name = values.text(value)
    if not _PROFILE_NAME.fullmatch(name):
        raise Wrong("expected the name of a profile")
    return name


def _flat(group: BaseExceptionGroup[Wrong]) -> Iterator[Wrong]:
    for one in group.exceptions:
        if isinstance(one, BaseExceptionGroup):
            yield from _flat(one)
        else:
            yield one
