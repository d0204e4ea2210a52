"""A profile as JSON that may be kept on disk and opened by another process: it holds no secret.

A credential stands there only as where it comes from (``env:NAME``, ``file:PATH``,
``command:LINE``); the process that resolves it looks it up in its own environment. A profile with
a credential in clear text is named instead, together with the settings file that holds it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from elysiadash.config.profile import Auth, Profile, Prometheus, Secret

_T = TypeVar("_T", Auth, Prometheus)

Reference = dict[str, Any]
"""``{"profile": {...}}`` with all that differs from our defaults, or ``{"named": {...}}``."""


class NotReferable(Exception):
    """The profile cannot be handed to another process. Says why and what to do."""


class Unresolved(Exception):
    """A reference leads to no profile (any more). Says why and what to do."""


class _Named(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A profile of a settings file, looked up there each time."""

    name: str
    settings: str
    """The user's settings file, absolute."""
    folder: str
    """Where a project file is looked for."""
    write: bool


def of(profile: Profile, config_file: Path | None = None) -> Reference:
    """The profile as JSON; the same profile always gives the same.

    ``config_file`` is the settings file of the user (``--config``, else the usual one): it is
    named where the profile has a credential in clear text. Paths become absolute. Raises
    ``NotReferable``.
    """
    if any(secret.kind == "clear" for secret in _secrets(profile)):
        return {"named": msgspec.to_builtins(_named(profile, config_file))}
    # As it comes back from a row, lists for tuples: references are compared.
    found: Reference = msgspec.json.decode(msgspec.json.encode({"profile": _plain(profile)}))
    return found


def resolve(reference: Mapping[str, Any]) -> Profile:
    """The profile of a reference. No credential is revealed, none is looked up.

    Raises ``Unresolved``.
    """
    try:
        if "named" in reference:
            return _looked_up(msgspec.convert(reference["named"], _Named))
        return _profile(dict(reference["profile"]))
    except (msgspec.ValidationError, KeyError, TypeError, ValueError) as error:
        raise Unresolved(
            f"the cluster in the job cannot be read ({error}); a later release may have written it"
        ) from None


def _secrets(profile: Profile) -> list[Secret]:
    found = [profile.auth.key, profile.auth.client_secret, *profile.headers.values()]
    if profile.prometheus is not None:
        found.append(profile.prometheus.key)
    return [one for one in found if isinstance(one, Secret)]


def _named(profile: Profile, config_file: Path | None) -> _Named:
    way_out = (
        "name the credential as a variable, a file or a command instead (elysiadash config show "
        "says where it stands)"
    )
    if config_file is None:
        raise NotReferable(
            f"{profile.name} has a credential in clear text, which a job must not hold; {way_out}"
        )
    named = _Named(
        name=profile.name,
        settings=str(config_file.absolute()),
        folder=str(Path.cwd()),
        write=profile.write,
    )
    try:
        found = _looked_up(named)
    except Unresolved as error:
        raise NotReferable(
            f"{profile.name} has a credential in clear text and cannot be looked up by the job: "
            f"{error}; {way_out}"
        ) from None
    if found != profile:
        raise NotReferable(
            f"{profile.name} has a credential in clear text and differs from what "
            f"{named.settings} says of it (by flags or variables); put all of it into that file, "
            f"or {way_out}"
        )
    return named


def _looked_up(named: _Named) -> Profile:
    from elysiadash.config.configuration import load
    from elysiadash.config.mistake import ConfigError

    try:
        settings = load({}, {}, Path(named.folder), Path(named.settings))
        found = settings.choose(named.name)
    except ConfigError as error:
        raise Unresolved(f"{error} ({named.settings})") from None
    if found is None:
        raise Unresolved(f"{named.settings} has no profile {named.name}")
    return msgspec.structs.replace(found, write=named.write)


def _plain(profile: Profile) -> dict[str, Any]:
    """What differs from our defaults, with secrets as words and headers as triples."""
    plain: dict[str, Any] = {"name": profile.name, "url": profile.url}
    usual = Profile(name=profile.name, url=profile.url)
    for name in Profile.__struct_fields__:
        value = getattr(profile, name)
        if name not in plain and value != getattr(usual, name):
            plain[name] = msgspec.to_builtins(value)
    if "auth" in plain:
        plain["auth"] = _with_words(profile.auth, ("key", "client_secret"))
    if profile.prometheus is not None:
        plain["prometheus"] = _with_words(profile.prometheus, ("key",))
    if "headers" in plain:
        # A header's text may look like the word of a secret: the kind stands beside it.
        plain["headers"] = [_header(name, value) for name, value in profile.headers.items()]
    if "tls" in plain:
        plain["tls"] = {
            name: _absolute(value) if name.endswith("_file") and value else value
            for name, value in plain["tls"].items()
        }
    return plain


def _with_words(table: Auth | Prometheus, keys: tuple[str, ...]) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(table)
    for key in keys:
        secret = getattr(table, key)
        plain[key] = None if secret is None else _word(secret)
    return {name: value for name, value in plain.items() if value is not None}


def _header(name: str, value: str | Secret) -> list[str]:
    if isinstance(value, Secret):
        return [name, "secret", _word(value)]
    return [name, "text", value]


def _word(secret: Secret) -> str:
    given = _absolute(secret.reference) if secret.kind == "file" else secret.reference
    return f"{secret.kind}:{given}"


def _secret(word: str) -> Secret:
    kind, _, given = word.partition(":")
    if kind not in ("env", "file", "command") or not given:
        # The word may be a credential that somebody put there: it is not repeated.
        raise ValueError("a credential is not named as env:, file: or command:")
    return Secret(kind=kind, reference=given)  # type: ignore[arg-type]


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111


def _profile(plain: dict[str, Any]) -> Profile:
    headers = {
        name: _secret(value) if kind == "secret" else value
        for name, kind, value in plain.pop("headers", [])
    }
    auth = _table(plain.pop("auth", {}), Auth, ("key", "client_secret"))
    prometheus = plain.pop("prometheus", None)
    found = msgspec.convert(plain, Profile)
    return msgspec.structs.replace(
        found,
        headers=headers,
        auth=auth,
        prometheus=None if prometheus is None else _table(prometheus, Prometheus, ("key",)),
    )


def _table(plain: Mapping[str, Any], type: type[_T], keys: tuple[str, ...]) -> _T:
    secrets = {key: _secret(plain[key]) for key in keys if plain.get(key) is not None}
    rest = {name: value for name, value in plain.items() if name not in keys}
    return msgspec.structs.replace(msgspec.convert(rest, type), **secrets)
