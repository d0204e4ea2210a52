"""``config``: write a starter file, show the settings in force, find mistakes."""

from __future__ import annotations

import os
import time
from pathlib import Path

from elysiadash.cli.choosing import load_settings
from elysiadash.cli.documents import (
    ConfigCheckDocument,
    ConfigDocument,
    MistakeItem,
    SettingItem,
)
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.cli.output import say, write_json, write_line
from elysiadash.cli.tables import Column, Table, write_table
from elysiadash.cli.words import plural
from elysiadash.config.mistake import ConfigError
from elysiadash.config.moments import rfc3339
from elysiadash.config.paths import user_file


def config_init(flags: ClusterFlags) -> int:
    """Write the starter file; one that exists stays as it is."""
    from elysiadash.config.starter import write_starter

    path = _user_file(flags)
    try:
        write_starter(path)
    except ConfigError as error:
        raise CommandFailed(str(error)) from None
    say("written; set the url of its profile, then try: elysiadash config check")
    write_line(str(path))
    return Exit.OK


def config_show(flags: ClusterFlags, as_json: bool) -> int:
    """Every setting with its value and where it came from; secrets as their source."""
    settings = load_settings(flags)
    rows = settings.show()
    if as_json:
        write_json(
            ConfigDocument(
                at=rfc3339(time.time()),
                files=tuple(str(path) for path in settings.files),
                notes=settings.notes,
                items=tuple(SettingItem(key=k, value=v, origin=o) for k, v, o in rows),
            )
        )
    else:
        write_table(
            Table(
                title="",
                columns=(Column("KEY"), Column("VALUE"), Column("FROM")),
                rows=tuple(rows),
            )
        )
        for note in settings.notes:
            say(note)
    mistakes = settings.check()
    if mistakes:
        say(f"{plural(len(mistakes), 'mistake')}: elysiadash config check")
    return Exit.OK


def config_check(flags: ClusterFlags, as_json: bool) -> int:
    """List every mistake with file, line and key; the exit code is 1 when there are any."""
    settings = load_settings(flags)
    mistakes = settings.check()
    files = tuple(str(path) for path in settings.files)
    if as_json:
        write_json(
            ConfigCheckDocument(
                at=rfc3339(time.time()),
                files=files,
                items=tuple(
                    MistakeItem(
                        file=mistake.file,
                        line=mistake.line,
                        key=mistake.key,
                        message=mistake.message,
                        nearest=mistake.nearest,
                    )
                    for mistake in mistakes
                ),
            )
        )
    else:
        for mistake in mistakes:
            write_line(str(mistake))
        read = ", ".join(files) or "no file"
        found = plural(len(mistakes), "mistake") if mistakes else "no mistake"
        say(f"{found} ({read})")
    return Exit.FAILED if mistakes else Exit.OK


def config_path(flags: ClusterFlags) -> int:
    """The user's settings file, whether or not it exists."""
    path = _user_file(flags)
    if not path.exists():
        say("there is no such file yet; elysiadash config init writes one")
    write_line(str(path))
    return Exit.OK


def _user_file(flags: ClusterFlags) -> Path:
    return Path(flags.config).expanduser().absolute() if flags.config else user_file(os.environ)
