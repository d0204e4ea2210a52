"""The ``prometheus`` setting: a URL, or a table that says more.

A secret is named as in ``auth``: ``key_env``, ``key_command``, ``key_file``, or ``key_clear``
together with ``allow_clear = true``.
"""

from __future__ import annotations

import re

from elysiadash.config import credentials
from elysiadash.config.mistake import Wrong
from elysiadash.config.profile import Prometheus
from elysiadash.config.values import Where, base_address, boolean, text, type_name

KEYS = (
    "url",
    "match",
    "node_label",
    "disk",
    "user",
    *(f"key_{kind}" for kind in credentials.KINDS),
    "allow_clear",
    "tenant",
)

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_MATCHER = r'\s*[a-zA-Z_][a-zA-Z0-9_]*\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"\s*'
_MATCHERS = re.compile(rf"{_MATCHER}(?:,{_MATCHER})*")


def prometheus(value: object, where: Where) -> Prometheus:
    """The setting ``prometheus``. Raises ``Wrong``, or several in a group."""
    if isinstance(value, str):
        return Prometheus(url=base_address(value))
    if not isinstance(value, dict):
        raise Wrong(
            'expected a URL or a table such as { url = "http://prometheus:9090", '
            f"""match = 'job="weaviate"' }}, found {type_name(value)}"""
        )
    wrongs = credentials.unknown_keys(value, KEYS)
    url = credentials.part(value, "url", base_address, wrongs)
    match = credentials.part(value, "match", matchers, wrongs)
    node_label = credentials.part(value, "node_label", _label_name, wrongs)
    disk = credentials.part(value, "disk", matchers, wrongs)
    user = credentials.part(value, "user", _user, wrongs)
    tenant = credentials.part(value, "tenant", _header_text, wrongs)
    allow_clear = credentials.part(value, "allow_clear", boolean, wrongs)
    key = credentials.secret_of(value, "key_", bool(allow_clear), where, wrongs)
    if "url" not in value:
        wrongs.append(Wrong('url is missing; write for example url = "http://prometheus:9090"'))
    if user is not None and key is None and not wrongs:
        wrongs.append(Wrong("user needs key_env, key_command or key_file beside it"))
    if wrongs:
        raise ExceptionGroup("prometheus", wrongs)
    return Prometheus(
        url=url,
        match=match,
        node_label=node_label or "instance",
        disk=disk,
        user=user,
        key=key,
        tenant=tenant,
    )


def matchers(value: object) -> str:
    """Label matchers as PromQL writes them between braces, such as ``job="weaviate"``."""
    given = text(value).strip()
    if not _MATCHERS.fullmatch(given):
        raise Wrong(
            'expected label matchers without braces, such as \'job="weaviate",cluster="eu"\''
        )
    return given


def _label_name(value: object) -> str:
    given = text(value)
    if not _LABEL_NAME.fullmatch(given):
        raise Wrong("expected the name of a label: letters, digits and _")
    return given


def _user(value: object) -> str:
    given = _header_text(value)
    if ":" in given:
        raise Wrong("a user name holds no colon; the password belongs into key_env or the like")
    return given


def _header_text(value: object) -> str:
    given = text(value)
    if not given.isascii():
        raise Wrong("expected ASCII characters only, as headers have")
    return given
