"""Layers of settings -> one profile: who wins, what is missing, what must not be mixed.

For each setting the first of these that has it wins: flag, environment, the profile in the
project file, the profile in the user file, ``[defaults]`` of the project file, ``[defaults]`` of
the user file, our default. ``auth`` counts as one setting; headers are merged by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from elysiadash.config.fields import fields_of
from elysiadash.config.mistake import Mistake, dotted
from elysiadash.config.profile import Auth, Profile, Prometheus, Secret
from elysiadash.config.tables import SUB_TABLES, Key, Origin, Setting, Table

_MUST_BE_RIGHT = frozenset(
    {"url", "grpc", "nodes", "metrics", "prometheus", "auth", "headers", "tls", "proxy", "write"}
)
"""A mistake here makes the profile unusable; elsewhere the next layer's value serves."""

_LEADS_ELSEWHERE = frozenset({"url", "grpc", "nodes", "metrics", "prometheus", "proxy", "tls"})
"""Who changes one of these decides who receives the credentials."""

_IN_ORDER: tuple[tuple[str, str, str], ...] = (
    ("limits", "backoff_first_s", "backoff_max_s"),
    ("timeouts", "park", "fan_out"),
    ("thresholds", "vector_queue_warn", "vector_queue_critical"),
    ("thresholds", "tombstone_ratio_warn", "tombstone_ratio_critical"),
)
"""(table, key, key that must not be smaller)."""


class Settled(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The outcome for one profile."""

    profile: Profile | None
    """None when it cannot be used; ``problems`` says why."""
    origins: dict[Key, Origin]
    """Where each value came from; a key that is missing has our default."""
    problems: tuple[Mistake, ...]
    """What makes the profile unusable."""
    found: tuple[Mistake, ...]
    """Mistakes that only show once the layers are put together, those in ``problems`` too."""


def settle(name: str, layers: Sequence[Table]) -> Settled:
    """Put the tables, most important first, together into the profile ``name``."""
    winners, problems = _winners(layers)
    found = [*_led_elsewhere(winners), *_missing(name, winners, layers, bool(problems))]
    problems += found
    found += _out_of_order(winners)
    return Settled(
        profile=None if problems else _profile(name, winners),
        origins={key: setting.origin for key, setting in winners.items()},
        problems=tuple(problems),
        found=tuple(found),
    )


def _winners(layers: Sequence[Table]) -> tuple[dict[Key, Setting], list[Mistake]]:
    winners: dict[Key, Setting] = {}
    problems: list[Mistake] = []
    decided: set[Key] = set()
    for table in layers:
        decided_here: set[Key] = set()
        for key, setting in table.settings.items():
            if _slot(key) not in decided:
                winners[key] = setting
                decided_here.add(_slot(key))
        for key, mistakes in table.bad.items():
            blocks = not key or key[0] in _MUST_BE_RIGHT
            if blocks and _slot(key) not in decided | decided_here:
                problems += mistakes
                decided_here.add(_slot(key))
        decided |= decided_here
    return winners, problems


def _slot(key: Key) -> Key:
    """Headers are the same whatever their case."""
    return (key[0], key[1].lower()) if key[:1] == ("headers",) and len(key) > 1 else key


def _led_elsewhere(winners: Mapping[Key, Setting]) -> list[Mistake]:
    """The user's credentials never go to an address that a project file gives."""
    if not any(_is_the_users(key, setting) for key, setting in winners.items()):
        return []
    return [
        _mistake(
            setting.origin,
            "a project file may not say where the credentials of your user file are sent, "
            "nor where a profile leads that may write; give the profile its own auth here, or "
            "put this into the user file",
        )
        for key, setting in winners.items()
        if key[0] in _LEADS_ELSEWHERE and setting.origin.layer == "project"
    ]


def _is_the_users(key: Key, setting: Setting) -> bool:
    if setting.origin.layer != "user":
        return False
    value = setting.value
    return (
        (isinstance(value, Auth) and value.method != "none")
        or (isinstance(value, Prometheus) and value.key is not None)
        or isinstance(value, Secret)
        or key in (("tls", "cert_file"), ("tls", "key_file"))
        or (key == ("write",) and value is True and setting.origin.key != "defaults.write")
    )


def _missing(
    name: str, winners: Mapping[Key, Setting], layers: Sequence[Table], is_broken: bool
) -> list[Mistake]:
    found: list[Mistake] = []
    if ("url",) not in winners and not is_broken:
        origin = next((table.origin for table in layers if table.origin.file), layers[0].origin)
        message = 'the address is missing; write for example url = "http://localhost:8080"'
        found.append(_mistake(origin, message, dotted(("profiles", name, "url"))))
    if ("tls", "key_file") in winners and ("tls", "cert_file") not in winners:
        found.append(_mistake(winners["tls", "key_file"].origin, "needs cert_file beside it"))
    return found


def _out_of_order(winners: Mapping[Key, Setting]) -> list[Mistake]:
    found: list[Mistake] = []
    for table, low, high in _IN_ORDER:
        given = winners.get((table, low)) or winners.get((table, high))
        if given is None:
            continue
        low_value, high_value = _effective(winners, table, low), _effective(winners, table, high)
        if low_value > high_value:
            message = f"{low} ({low_value:g}) is above {high} ({high_value:g})"
            found.append(_mistake(given.origin, message))
    return found


def _effective(winners: Mapping[Key, Setting], table: str, key: str) -> Any:
    setting = winners.get((table, key))
    if setting is not None:
        return setting.value
    return next(field.default for field in fields_of(SUB_TABLES[table]) if field.name == key)


def _profile(name: str, winners: Mapping[Key, Setting]) -> Profile:
    plain: dict[str, Any] = {"name": name}
    headers: dict[str, str | Secret] = {}
    parts: dict[str, dict[str, Any]] = {}
    for key, setting in winners.items():
        if len(key) == 1:
            plain[key[0]] = setting.value
        elif key[0] == "headers":
            headers[key[1]] = setting.value
        else:
            parts.setdefault(key[0], {})[key[1]] = setting.value
    for table, values in parts.items():
        plain[table] = SUB_TABLES[table](**values)
    return Profile(**plain, headers=headers)


def _mistake(origin: Origin, message: str, key: str | None = None) -> Mistake:
    return Mistake(
        file=origin.place,
        key=key or origin.key or origin.name or "",
        line=origin.line,
        message=message,
    )
