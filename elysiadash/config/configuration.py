"""All settings of one run: profiles, the one to use, log settings, and where each value came from.

Which cluster is used is decided by the first that names one: flags (``--profile``, ``--url``),
then ``ELYSIADASH_PROFILE`` / ``ELYSIADASH_URL``, then ``default_profile`` of the project file,
then of the user file. A URL without a profile is a cluster of its own that takes ``[defaults]``,
never another profile's credentials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.config.document import Document, project_file, read_document
from elysiadash.config.mistake import ConfigError, Mistake, nearest
from elysiadash.config.overrides import Overrides, from_env, from_flags
from elysiadash.config.paths import user_file
from elysiadash.config.profile import Profile
from elysiadash.config.settle import Settled, settle
from elysiadash.config.shown import ShownRow, log_rows, profile_rows, top_row
from elysiadash.config.tables import Key, Origin, Setting, Table, read_tables
from elysiadash.config.tuning import LogSettings

_DEFAULT = Origin(layer="default")
_ADDRESS_KEYS: tuple[Key, ...] = (("url",), ("grpc",))


def load(
    flags: Mapping[str, Any],
    env: Mapping[str, str],
    cwd: Path,
    config_file: Path | None = None,
) -> Configuration:
    """Read every file and put the layers together. What is wrong with them is in ``check()``.

    ``flags`` are those of ``overrides.FLAGS``; ``config_file`` (``--config``) stands in for the
    user file and must exist.
    """
    return Configuration(
        documents=_documents(env, cwd, config_file),
        flags=from_flags(flags, str(cwd.absolute())),
        env=from_env(env),
        cwd=str(cwd.absolute()),
    )


class Configuration:
    """The settled settings. Immutable after ``load``."""

    profiles: Mapping[str, Profile]
    """Name -> every profile that can be used, in the order of the files."""
    broken: Mapping[str, tuple[Mistake, ...]]
    """Name -> why a profile cannot be used."""
    default: str | None
    """The name of the profile that ``choose(None)`` gives; it may be broken or unknown."""
    log: LogSettings
    notes: tuple[str, ...]
    """What was given but has no effect, in words."""

    def __init__(
        self, *, documents: Sequence[Document], flags: Overrides, env: Overrides, cwd: str
    ) -> None:
        self._documents = tuple(documents)
        self._tables = tuple(read_tables(document) for document in documents)
        self._flags = flags
        self._cwd = cwd
        self._env, self.notes = _without_other_cluster(env, flags)
        self._chosen = self._choice()
        self.default = None if self._chosen is None else self._chosen.value
        self._settled = {name: self._settle(name) for name in self._names()}
        self.profiles = {
            name: settled.profile
            for name, settled in self._settled.items()
            if settled.profile is not None
        }
        self.broken = {
            name: settled.problems
            for name, settled in self._settled.items()
            if settled.profile is None
        }
        log_layers = [flags.log, env.log, *(tables.log for tables in self._tables)]
        self._log_settings = _first_of_each(log_layers)
        self.log = LogSettings(**{key[0]: s.value for key, s in self._log_settings.items()})

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that were read or tried, the most important first."""
        return tuple(document.path for document in self._documents)

    def choose(
        self, name: str | None = None, flags: Mapping[str, Any] | None = None
    ) -> Profile | None:
        """The profile ``name``, or with None the one to use; None when nothing names one.

        To try an address then, ``load`` again with the flag ``url``: the other flags hold for it.

        ``flags`` replace the flags and variables of ``load`` where another cluster is meant than
        the one to use, such as a copy's target: then only they beat the files. Raises
        ``ConfigError`` for a profile that is unknown or cannot be used.
        """
        wanted = self.default if name is None else name
        if wanted is None:
            if any(not document.is_readable for document in self._documents):
                raise ConfigError(
                    "no cluster is named, and the settings cannot be read; "
                    "correct the file or give --url",
                    self._file_mistakes(),
                )
            return None
        if wanted not in self._settled:
            raise ConfigError(self._unknown(wanted), self._file_mistakes())
        settled = self._settled[wanted]
        if flags is not None:
            overrides = from_flags(flags, self._cwd)
            settled = settle(wanted, [overrides.table, *self._file_layers(wanted)])
        if settled.profile is None:
            raise ConfigError(f"the profile {wanted} cannot be used", settled.problems)
        return settled.profile

    def ad_hoc(self, url: str, flags: Mapping[str, Any] | None = None) -> Profile:
        """A cluster known by its URL only, with ``[defaults]`` and ``flags``.

        Raises ``ConfigError`` when the URL or a flag is wrong.
        """
        overrides = from_flags({**(flags or {}), "url": url}, self._cwd)
        name = _host_of(overrides.table) or "--url"
        settled = settle(name, [overrides.table, *self._file_layers(name)])
        if settled.profile is None:
            raise ConfigError("this address cannot be used", settled.problems)
        return settled.profile

    def check(self) -> list[Mistake]:
        """Every mistake of files, variables and flags, by file and line, each once."""
        found = [*self._flags.mistakes, *self._env.mistakes]
        for tables in self._tables:
            found += tables.mistakes
        for settled in self._settled.values():
            found += settled.found
        if self._chosen is not None and self._chosen.value not in self._settled:
            found.append(self._unknown_choice(self._chosen))
        order = {str(path): number for number, path in enumerate(self.files)}
        unique = dict.fromkeys((m.file, m.key, m.line, m.message, m.nearest) for m in found)
        mistakes = [
            Mistake(file=file, key=key, line=line, message=message, nearest=likely)
            for file, key, line, message, likely in unique
        ]
        return sorted(mistakes, key=lambda m: (order.get(m.file, -1), m.line or 0))

    def origin(self, dotted_key: str) -> Origin:
        """Where a value came from, such as of ``profiles.prod.url`` or ``log.level``.

        Raises ``KeyError`` for a key that ``show`` does not have, and for a table whose parts
        come from several places.
        """
        below = f"{dotted_key}."
        found = [
            row.origin for row in self.rows() if row.key == dotted_key or row.key.startswith(below)
        ]
        if not found or any(origin != found[0] for origin in found):
            raise KeyError(dotted_key)
        return found[0]

    def rows(self) -> list[ShownRow]:
        """Every setting with its value, secrets as their source only, and its origin."""
        chosen = self._chosen
        rows = [top_row(self.default, chosen.origin if chosen else _DEFAULT)]
        rows += log_rows(self.log, {key: s.origin for key, s in self._log_settings.items()})
        for name, settled in self._settled.items():
            rows += profile_rows(name, settled)
        return rows

    def show(self) -> list[tuple[str, str, str]]:
        """(key, value, origin) of every setting, as text."""
        return [(row.key, row.value, str(row.origin)) for row in self.rows()]

    def _choice(self) -> Setting | None:
        """The name of the profile to use and who said so."""
        for layer in (self._flags, self._env):
            if layer.profile is not None:
                return layer.profile
            if layer.names_cluster:
                return _named_by_url(layer.table)
        return _first_of_each([tables.top for tables in self._tables]).get(("default_profile",))

    def _names(self) -> list[str]:
        names = [name for tables in self._tables for name in tables.profiles]
        if self._chosen is not None and self._is_ad_hoc():
            names.append(self._chosen.value)
        return list(dict.fromkeys(names))

    def _is_ad_hoc(self) -> bool:
        return self._flags.profile is None and (
            self._flags.names_cluster or (self._env.profile is None and self._env.names_cluster)
        )

    def _settle(self, name: str) -> Settled:
        overrides = [self._flags.table, self._env.table] if name == self.default else []
        return settle(name, [*overrides, *self._file_layers(name)])

    def _file_layers(self, name: str) -> list[Table]:
        profiles = [tables.profiles[name] for tables in self._tables if name in tables.profiles]
        return [*profiles, *(tables.defaults for tables in self._tables)]

    def _file_mistakes(self) -> list[Mistake]:
        return [
            mistake
            for document in self._documents
            if not document.is_readable
            for mistake in document.mistakes
        ]

    def _unknown(self, name: str) -> str:
        likely = nearest(name, self._settled)
        hint = f"; did you mean {likely}?" if likely else ""
        known = ", ".join(self._settled) or "none"
        return f"there is no profile {name!r}{hint} (known: {known})"

    def _unknown_choice(self, chosen: Setting) -> Mistake:
        return Mistake(
            file=chosen.origin.place,
            key=chosen.origin.name or "default_profile",
            line=chosen.origin.line,
            message="there is no profile of this name",
            nearest=nearest(chosen.value, self._settled),
        )


def _documents(env: Mapping[str, str], cwd: Path, config_file: Path | None) -> list[Document]:
    """The project's file, if any, then the user's; one that is both counts as the user's."""
    users = config_file.absolute() if config_file else user_file(env)
    projects = project_file(cwd)
    documents: list[Document] = []
    if projects is not None and not _is_same(projects, users):
        documents.append(read_document(projects, "project"))
    if config_file is not None or users.is_symlink() or _exists(users):
        documents.append(read_document(users, "user"))
    return documents


def _exists(path: Path) -> bool:
    """Whether reading the file is worth a try: one we may not look at is."""
    try:
        return path.exists()
    except OSError:
        return True


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _without_other_cluster(env: Overrides, flags: Overrides) -> tuple[Overrides, tuple[str, ...]]:
    """Addresses from the environment do not follow the user to a cluster that a flag names."""
    if not flags.names_cluster:
        return env, ()
    table = env.table
    dropped = [key for key in _ADDRESS_KEYS if key in table.settings or key in table.bad]
    variables = [f"ELYSIADASH_{key[0].upper()}" for key in dropped]
    if env.profile is not None:
        variables.append("ELYSIADASH_PROFILE")
    kept = Table(
        origin=table.origin,
        settings={key: s for key, s in table.settings.items() if key not in dropped},
        bad={key: bad for key, bad in table.bad.items() if key not in dropped},
    )
    notes = tuple(
        f"{variable} has no effect: the command line names the cluster" for variable in variables
    )
    return msgspec.structs.replace(env, profile=None, table=kept), notes


def _first_of_each(tables: Sequence[Table]) -> dict[Key, Setting]:
    found: dict[Key, Setting] = {}
    for table in tables:
        for key, setting in table.settings.items():
            found.setdefault(key, setting)
    return found


def _host_of(table: Table) -> str | None:
    """``host:port`` of the table's URL: no profile's name can hold the colon."""
    from urllib.parse import urlsplit

    setting = table.settings.get(("url",))
    if setting is None:
        return None
    parts = urlsplit(setting.value)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _named_by_url(table: Table) -> Setting:
    """The name of a cluster that has only a URL; a wrong one is called by its flag."""
    setting = table.settings.get(("url",))
    name = _host_of(table)
    if setting is None or name is None:
        flag = table.bad["url",][0].key
        return Setting(flag, msgspec.structs.replace(table.origin, name=flag))
    return Setting(name, setting.origin)
