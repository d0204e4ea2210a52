"""The template that a command names, and what can be wrong with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.config import files
from elysiadash.config.paths import user_file
from elysiadash.schema.definition import Definition
from elysiadash.schema.setting import SettingsRefused, set_values
from elysiadash.schema.templates.shelf import NameRefused, NoTemplate, NotYours, Shelf
from elysiadash.schema.templates.template import BadTemplate

FOLDER = "templates"


def user_shelf() -> Shelf:
    """The user's templates and the shipped ones."""
    return Shelf(user_file(os.environ).expanduser().parent / FOLDER, files)


def needed(name: str | None) -> str:
    """The template's name. Raises ``CommandFailed`` where none is given."""
    if name:
        return name
    raise CommandFailed("which template?", "elysiadash template list shows them", Exit.USAGE)


def with_settings(definition: Definition, assignments: Sequence[str]) -> Definition:
    """``set_values``, its mistakes as ``CommandFailed``."""
    try:
        return set_values(definition, assignments)
    except SettingsRefused as error:
        raise CommandFailed(f"--set {error}", "nothing was done", Exit.USAGE) from None


@contextmanager
def told() -> Iterator[None]:
    """What can be wrong with templates, as ``CommandFailed``."""
    try:
        yield
    except NoTemplate as error:
        likely = error.nearest
        hint = f"did you mean {likely}?" if likely else "elysiadash template list shows them"
        raise CommandFailed(str(error), hint, Exit.USAGE) from None
    except NameRefused as error:
        raise CommandFailed(str(error), code=Exit.USAGE) from None
    except NotYours as error:
        raise CommandFailed(str(error)) from None
    except BadTemplate as error:
        raise CommandFailed(f"the template {error}", "template list shows its file") from None
    except FileExistsError as error:
        raise CommandFailed(str(error), "--overwrite puts the new one in its place") from None
