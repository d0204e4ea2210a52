"""What the users' roles must allow, from ``GET /v1/users/own-info`` (RBAC of 1.30 on)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from elysiadash.migrate.phases import Freeze, Strategy
from elysiadash.migrate.preflight.facts import Facts
from elysiadash.weaviate.models import OwnInfo

_READS: Final = ("read_collections", "read_data")
_WRITES: Final = (
    "create_collections", "read_collections", "update_collections",
    "create_data", "read_data", "update_data", "delete_data",
)  # fmt: skip
_DOMAINS: Final = {"collections": "collections", "data": "data", "tenants": "tenants"}


def missing_rights(facts: Facts, role: str, own: OwnInfo) -> list[str]:
    """Actions on collections that no role of the user allows; sorted."""
    permissions = [one for each in own.roles or () for one in each.get("permissions") or ()]
    wanted = set(_wanted(facts, role))
    if facts.spec.same_cluster:
        wanted |= set(_wanted(facts, "target"))
    return sorted(
        f"{action} on {name}" for action, name in wanted if not allows(permissions, action, name)
    )


def allows(permissions: list[Mapping[str, Any]], action: str, collection: str) -> bool:
    """Whether one of them is for this action on this collection; ``manage_`` is all actions."""
    verb, _, domain = action.partition("_")
    del verb
    for one in permissions:
        if one.get("action") not in (action, f"manage_{domain}"):
            continue
        about = one.get(_DOMAINS.get(domain, domain)) or {}
        if _fits(str(about.get("collection", "*")), collection):
            return True
    return False


def _wanted(facts: Facts, role: str) -> Iterator[tuple[str, str]]:
    spec = facts.spec
    for one in facts.collections:
        if role == "source":
            yield from ((action, one.wanted.name) for action in _READS)
            if one.tenants is not None:
                yield "read_tenants", one.wanted.name
                if any(state != "HOT" for state in one.tenants.values()):
                    yield "update_tenants", one.wanted.name
            if spec.strategy is Strategy.BACKUP:
                yield "manage_backups", one.wanted.name
            if spec.freezes and spec.freeze is Freeze.READONLY:
                yield "update_collections", one.wanted.name
            continue
        name = one.translation.name
        yield from ((action, name) for action in _WRITES)
        if one.tenants is not None:
            yield from ((f"{verb}_tenants", name) for verb in ("create", "read", "update"))
        if spec.strategy is Strategy.BACKUP:
            yield "manage_backups", name
        if spec.overwrite and one.there is not None and not one.made_by_job:
            yield "delete_collections", name


def _fits(pattern: str, name: str) -> bool:
    """Weaviate's own patterns: ``*`` is anything, all else is taken as it is."""
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), name) is not None
