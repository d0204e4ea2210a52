"""The commented file that ``config init`` writes: every setting, its meaning and its default.

A line that begins with ``# `` is prose; one that begins with ``#`` and a key is a setting with
its default, or an example where there is no default. Uncommented as a whole, it is valid too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import msgspec

from elysiadash.config.fields import TUNING, Field, fields_of
from elysiadash.config.files import write_new
from elysiadash.config.mistake import ConfigError
from elysiadash.config.profile import Addresses, Auth, Profile, Tls
from elysiadash.config.shown import value_text
from elysiadash.config.tuning import LogSettings
from elysiadash.config.values import range_text

_STARTER_PROFILE = "local"
_WIDTH = 96

_HEAD = """\
Settings of elysiadash. A line such as "#fast = 5.0" shows a default; remove the # to change it. \
Where a setting has no default, the line is an example.

For each setting the first of these wins: flags, ELYSIADASH_ variables, the nearest \
elysiadash.toml from the working folder upwards, this file, the default. What a profile says for \
itself, in either file, goes before [defaults].

"elysiadash config check" finds mistakes, "elysiadash config show" says where each value came \
from. Keys and colours are in files of their own beside this one: keys.toml ("elysiadash keys" \
lists and changes them) and themes/NAME.toml. Paths start at the folder of this file."""

_AUTH = """\
A credential is named, not written down: key_env (a variable), key_command (a command that prints \
it) or key_file (a file that holds it); likewise client_secret_env, _command and _file. In clear \
text only as key_clear together with allow_clear = true. Here auth is one setting: a profile's \
auth replaces that of [defaults] as a whole."""


def init_text() -> str:
    """The starter file: valid as it is, with one profile for a server on this machine."""
    return "\n".join(_lines()) + "\n"


def write_starter(path: Path) -> None:
    """Write the starter file as a whole, readable by its owner only, never over another.

    Raises ``ConfigError`` when there is a file already or the folder cannot be written.
    """
    if path.parts[:1] == ("~",):
        raise ConfigError("no home folder is known; name a folder with ELYSIADASH_CONFIG_DIR")
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True)
        try:
            write_new(path, init_text().encode())
        except FileExistsError:
            raise ConfigError(f"{path} exists already and is left as it is") from None
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}; "
            "choose another folder with ELYSIADASH_CONFIG_DIR"
        ) from None


def _lines() -> Iterator[str]:
    yield from _prose(_HEAD)
    yield ""
    yield from _prose("The profile to use when neither a flag nor a variable names a cluster.")
    yield f"default_profile = {value_text(_STARTER_PROFILE)}"
    yield from _section("log", LogSettings, _meaning(LogSettings))
    yield ""
    yield from _prose(
        "What holds for every profile that does not say otherwise. Whatever a profile may hold "
        "may stand here too."
    )
    yield "[defaults]"
    for name, struct in TUNING.items():
        yield from _section(f"defaults.{name}", struct, _meaning(struct))
    yield ""
    yield from _prose("One cluster. Add a table [profiles.NAME] for each.")
    yield f"[profiles.{_STARTER_PROFILE}]"
    for field in fields_of(Profile):
        if field.name not in TUNING and field.name != "tls":
            yield from _setting(field)
    yield from _section(f"profiles.{_STARTER_PROFILE}.tls", Tls, _meaning(Tls))


def _section(header: str, struct: type[msgspec.Struct], meaning: str) -> Iterator[str]:
    yield ""
    yield from _prose(meaning)
    yield f"[{header}]"
    for field in fields_of(struct):
        yield from _setting(field)


def _setting(field: Field) -> Iterator[str]:
    yield from _prose(_description(field))
    if isinstance(field.default, Auth):
        yield from _prose(_AUTH)
    if field.default is msgspec.NODEFAULT:
        yield f"{field.name} = {value_text(field.examples[0])}"
        return
    yield f"#{field.name} = {value_text(_shown_value(field))}"


def _shown_value(field: Field) -> object:
    """The field's default, or an example where the default is to have none."""
    has_none = field.default is None or isinstance(field.default, Addresses | Auth | dict)
    return field.examples[0] if has_none else field.default


def _description(field: Field) -> str:
    if field.kind not in ("int", "float"):
        return field.description
    what = range_text(field)
    return f"{field.description} {what[0].upper()}{what[1:]}."


def _meaning(struct: type[msgspec.Struct]) -> str:
    return (struct.__doc__ or "").strip().replace("``", "")


def _prose(text: str) -> Iterator[str]:
    for paragraph in text.split("\n"):
        if not paragraph:
            yield "#"
            continue
        yield from textwrap.wrap(
            paragraph, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
        )
