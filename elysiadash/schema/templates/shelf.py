"""Where templates are: the user's own in a folder, and those of the package."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Protocol

import msgspec

from elysiadash.schema.names import template_fault
from elysiadash.schema.templates.template import (
    BadTemplate,
    Format,
    Template,
    read_template,
    template_bytes,
)

SHIPPED = ("high-recall", "multi-tenant", "small-flat")
"""The files in ``shipped``."""

_FORMATS: tuple[Format, ...] = ("toml", "json")
_MOST_BYTES = 8 << 20


class Files(Protocol):
    """How files are read and written whole or not at all: ``elysiadash.config.files``."""

    def read(self, path: Path, most: int) -> tuple[bytes, int]:
        """At most so many bytes, and the mode. Raises ``OSError``."""

    def write_new(self, path: Path, data: bytes) -> None:
        """Write a file that must not exist. Raises ``OSError``."""

    def replace(self, path: Path, data: bytes) -> None:
        """Write a file in the place of another. Raises ``OSError``."""


class NoTemplate(LookupError):
    """There is none of this name."""

    def __init__(self, name: str, nearest: str | None) -> None:
        super().__init__(f"there is no template {name!r}")
        self.nearest = nearest


class NameRefused(ValueError):
    """The name cannot be a template's; says why."""


class NotYours(ValueError):
    """A shipped template is not the user's to delete."""


class Damaged(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A file of the folder that holds no template."""

    name: str
    place: str
    fault: str


class Shelf:
    """The templates that can be taken. The folder need not exist; all of it waits for the disk."""

    def __init__(self, folder: Path, files: Files) -> None:
        self.folder = folder
        self._files = files

    def all(self) -> tuple[Template | Damaged, ...]:
        """By name: the user's own, and the shipped ones whose names these do not take."""
        own = {one.name: one for one in self._own()}
        shipped = {name: _shipped(name) for name in SHIPPED if name not in own}
        return tuple(one for _, one in sorted({**shipped, **own}.items()))

    def get(self, name: str) -> Template:
        """The user's own of this name, else the shipped one.

        Raises ``NameRefused``, ``NoTemplate``, ``BadTemplate`` or ``OSError``.
        """
        path = self._path_of(name)
        if path is not None:
            return self._read(name, path)
        if name in SHIPPED:
            return _shipped(name)
        raise NoTemplate(name, _nearest(name, (*SHIPPED, *(one.name for one in self._own()))))

    def save(self, template: Template, *, overwrite: bool = False) -> Path:
        """Write it into the folder, which is made where it is missing; returns the file.

        Raises ``NameRefused``, ``FileExistsError`` where there is one of this name already, or
        another ``OSError``; then nothing was changed.
        """
        there = self._path_of(template.name)
        path = self.folder / f"{template.name}.toml"
        if there is not None and not overwrite:
            raise FileExistsError(f"there is a template {template.name} already: {there}")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = template_bytes(template)
        if overwrite:
            self._files.replace(path, data)
        else:
            self._files.write_new(path, data)
        if there is not None and there != path:
            there.unlink(missing_ok=True)
        return path

    def delete(self, name: str) -> Path:
        """Remove the user's own; returns the file that is gone.

        Raises ``NameRefused``, ``NotYours``, ``NoTemplate`` or ``OSError``.
        """
        path = self._path_of(name)
        if path is None:
            if name in SHIPPED:
                raise NotYours(f"{name} is shipped with elysiadash and stays")
            raise NoTemplate(name, _nearest(name, (one.name for one in self._own())))
        path.unlink()
        return path

    def _path_of(self, name: str) -> Path | None:
        fault = template_fault(name)
        if fault:
            raise NameRefused(fault)
        paths = (self.folder / f"{name}.{kind}" for kind in _FORMATS)
        return next((path for path in paths if path.is_file()), None)

    def _own(self) -> Iterator[Template | Damaged]:
        if not self.folder.is_dir():
            return
        names = {
            path.stem
            for path in self.folder.iterdir()
            if path.suffix[1:] in _FORMATS and template_fault(path.stem) is None
        }
        for name in sorted(names):
            path = self._path_of(name)
            if path is None:
                continue
            try:
                yield self._read(name, path)
            except BadTemplate as error:
                yield Damaged(name=name, place=str(path), fault=str(error))
            except OSError as error:
                fault = f"cannot be read: {error.strerror or error}"
                yield Damaged(name=name, place=str(path), fault=fault)

    def _read(self, name: str, path: Path) -> Template:
        data, _ = self._files.read(path, _MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise BadTemplate(f"is larger than {_MOST_BYTES >> 20} MiB")
        kind: Format = "json" if path.suffix == ".json" else "toml"
        return read_template(name, data, kind, place=str(path))


def _shipped(name: str) -> Template:
    folder = resources.files("elysiadash.schema.templates") / "shipped"
    data = (folder / f"{name}.toml").read_bytes()
    return read_template(name, data, "toml", origin="shipped")


def _nearest(name: str, names: Iterator[str] | tuple[str, ...]) -> str | None:
    found = difflib.get_close_matches(name.lower(), list(names), n=1)
    return found[0] if found else None
