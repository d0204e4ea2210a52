"""Credentials in a settings file: ``auth``, secret headers, and what a project file may not say.

A secret is named by the suffix of its key: ``key_env``, ``key_command``, ``key_file``, or
``key_clear`` together with ``allow_clear = true``. A header's table uses the suffix alone.
"""

from __future__ import annotations

import os
import re
import typing
from collections.abc import Mapping

from elysiadash.config.fields import field_named
from elysiadash.config.mistake import Wrong, nearest
from elysiadash.config.profile import Auth, Secret, SecretKind
from elysiadash.config.values import Where, base_address, boolean, path, scalar, text, type_name

KINDS: tuple[SecretKind, ...] = typing.get_args(SecretKind)
AUTH_KEYS = (
    "method",
    *(f"key_{kind}" for kind in KINDS),
    "client_id",
    *(f"client_secret_{kind}" for kind in KINDS),
    "token_url",
    "scopes",
    "allow_clear",
)
HEADER_KEYS = (*KINDS, "allow_clear")

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_SECRET_HEADER = re.compile(r"auth|key|token|secret|cookie|passw|credential|signature", re.I)
_OWN_VARIABLE = re.compile(r"weaviate|elysiadash", re.I)


def auth(value: object, where: Where) -> Auth:
    """The ``auth`` table of a profile. Raises ``Wrong``, or several in a group."""
    if not isinstance(value, dict):
        raise Wrong(
            'expected a table such as { method = "api-key", key_env = "WEAVIATE_API_KEY" }, '
            f"found {type_name(value)}"
        )
    wrongs = unknown_keys(value, AUTH_KEYS)
    method = part(value, "method", lambda given: scalar(given, field_named(Auth, "method")), wrongs)
    client_id = part(value, "client_id", text, wrongs)
    token_url = part(value, "token_url", base_address, wrongs)
    scopes = part(value, "scopes", _scopes, wrongs)
    allow_clear = part(value, "allow_clear", boolean, wrongs)
    key = secret_of(value, "key_", bool(allow_clear), where, wrongs)
    client_secret = secret_of(value, "client_secret_", bool(allow_clear), where, wrongs)
    if not wrongs:
        wrongs = _what_the_method_needs(method, key, client_id, client_secret)
    if wrongs:
        raise ExceptionGroup("auth", wrongs)
    return Auth(
        method=method or "none",
        key=key,
        client_id=client_id,
        client_secret=client_secret,
        token_url=token_url,
        scopes=scopes or (),
    )


def header(name: str, value: object, where: Where) -> str | Secret:
    """One of the ``headers``: plain text, or a table naming a secret's source."""
    if not _HEADER_NAME.fullmatch(name):
        raise Wrong("is no valid name of a header")
    if isinstance(value, dict):
        wrongs = unknown_keys(value, HEADER_KEYS)
        allow_clear = part(value, "allow_clear", boolean, wrongs)
        secret = secret_of(value, "", bool(allow_clear), where, wrongs)
        if secret is None and not wrongs:
            wrongs.append(Wrong('expected one source, for example { env = "NAME" }'))
        if wrongs or secret is None:
            raise ExceptionGroup("header", wrongs)
        return secret
    plain = text(value)
    if _SECRET_HEADER.search(name):
        raise Wrong(
            "looks like a secret and is refused as plain text; write "
            '{ env = "NAME" }, { command = "..." } or { file = "..." }'
        )
    if not plain.isascii():
        raise Wrong("expected ASCII characters only, as headers have")
    return plain


def secret_from_flag(given: str, where: Where) -> Secret:
    """``env:NAME``, ``command:LINE`` or ``file:PATH``, as a command line names a credential."""
    kind, colon, reference = given.partition(":")
    if not colon or kind not in ("env", "command", "file"):
        # The rest may be the secret itself.
        raise Wrong("expected env:NAME, command:LINE or file:PATH")
    return secret(kind, reference, where)


def secret(kind: str, reference: object, where: Where) -> Secret:
    """A secret's source, checked for what can be known without revealing it."""
    if kind not in KINDS:
        raise Wrong(f"expected one of {', '.join(KINDS)}", nearest=nearest(kind, KINDS))
    known_kind: SecretKind = kind
    given = text(reference)
    if known_kind == "env" and not _VARIABLE.fullmatch(given):
        # A key pasted here by mistake must not be repeated in a message.
        raise Wrong("expected the name of a variable: letters, digits and _")
    if known_kind == "file":
        given = path(given, where)
    if not where.trusted:
        _refuse_in_a_project(known_kind, given, where)
    return Secret(kind=known_kind, reference=given)


def holds_clear_secret(value: object) -> bool:
    """Whether a raw table, or a table inside it, writes a secret in clear."""
    if isinstance(value, list):
        return any(holds_clear_secret(part) for part in value)
    if not isinstance(value, Mapping):
        return False
    return any(
        key in ("clear", "key_clear", "client_secret_clear") or holds_clear_secret(part)
        for key, part in value.items()
    )


def secret_of(
    table: Mapping[str, object], prefix: str, allow_clear: bool, where: Where, wrongs: list[Wrong]
) -> Secret | None:
    """The secret whose source is named by ``prefix`` and a kind; complaints go into ``wrongs``."""
    given = [kind for kind in KINDS if f"{prefix}{kind}" in table]
    if len(given) > 1:
        names = " and ".join(f"{prefix}{kind}" for kind in given)
        wrongs.append(Wrong(f"{names} are given; keep one", key=(f"{prefix}{given[1]}",)))
        return None
    if not given:
        return None
    name = f"{prefix}{given[0]}"
    if given[0] == "clear" and where.trusted and not allow_clear:
        wrongs.append(
            Wrong(
                f"a secret in clear text is refused; better {prefix}env, {prefix}command or "
                f"{prefix}file; to insist, add allow_clear = true beside it",
                key=(name,),
            )
        )
        return None
    kind = given[0]
    found: Secret | None = part(table, name, lambda raw: secret(kind, raw, where), wrongs)
    return found


def _refuse_in_a_project(kind: SecretKind, reference: str, where: Where) -> None:
    """A project file is fetched with a repository; whoever wrote it must not gain our secrets."""
    way_out = "put it into the user file"
    if kind == "clear":
        raise Wrong(f"a project file may not hold a secret in clear text; {way_out}")
    if kind == "command":
        raise Wrong(f"a project file may not run commands; {way_out}")
    if kind == "env" and not _OWN_VARIABLE.search(reference):
        raise Wrong(
            "a project file may only use variables with WEAVIATE or ELYSIADASH in their name; "
            f"rename the variable, or {way_out}"
        )
    # Links are followed: a repository can hold one that leads to the user's keys.
    project = os.path.realpath(where.base)
    if kind == "file" and os.path.commonpath([project, os.path.realpath(reference)]) != project:
        raise Wrong(f"a project file may only name files inside the project; {way_out}")


def _what_the_method_needs(
    method: str | None, key: Secret | None, client_id: str | None, client_secret: Secret | None
) -> list[Wrong]:
    if method is None and (key or client_id or client_secret):
        return [
            Wrong(
                "method is missing", nearest='method = "oidc"' if not key else 'method = "api-key"'
            )
        ]
    if method in ("api-key", "bearer") and key is None:
        return [Wrong(f"{method} needs key_env, key_command or key_file")]
    if method in ("api-key", "bearer") and (client_id or client_secret):
        return [Wrong(f"{method} takes no client_id and no client_secret")]
    if method == "oidc" and key is not None:
        return [Wrong("oidc takes client_id and client_secret, no key")]
    if method == "oidc" and (client_id is None or client_secret is None):
        return [Wrong("oidc needs client_id and client_secret_env, _command or _file")]
    if method == "none" and (key or client_id or client_secret):
        return [Wrong("a credential is given, but the method is none")]
    return []


def _scopes(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Wrong(f"expected a list of texts, found {type_name(value)}")
    return tuple(text(scope) for scope in value)


def unknown_keys(table: Mapping[str, object], valid: tuple[str, ...]) -> list[Wrong]:
    """A complaint about every key of ``table`` that is not ``valid``."""
    return [
        Wrong("unknown key", key=(key,), nearest=nearest(key, valid))
        for key in table
        if key not in valid
    ]


def part(
    table: Mapping[str, object],
    name: str,
    parse: typing.Callable[[object], typing.Any],
    wrongs: list[Wrong],
) -> typing.Any:
    """``table[name]`` parsed; None when absent or wrong, which is then noted in ``wrongs``."""
    if name not in table:
        return None
    try:
        return parse(table[name])
    except Wrong as wrong:
        wrongs.append(Wrong(wrong.message, key=(name, *wrong.key), nearest=wrong.nearest))
        return None
