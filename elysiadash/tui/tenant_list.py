"""The tenants of a collection as a list: state, replicas, and what is known of their objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from elysiadash.tui import numbers
from elysiadash.tui.filtering import Fields
from elysiadash.tui.plain import plain
from elysiadash.tui.widgets.table import Cell, Column, StyleName
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.models import Tenant

_ACTIVE = frozenset({"HOT", "ACTIVE"})
_CHANGING = frozenset({"FREEZING", "UNFREEZING", "OFFLOADING", "ONLOADING"})
_NEEDS_LEADER = frozenset({"no answer", "server fault", "connection lost"})
_MEANING = {
    "HOT": "loaded or loaded at the first use",
    "ACTIVE": "loaded or loaded at the first use",
    "COLD": "on disk, not loaded, not counted",
    "INACTIVE": "on disk, not loaded, not counted",
    "FROZEN": "offloaded to the cloud, not counted",
    "OFFLOADED": "offloaded to the cloud, not counted",
    "FREEZING": "being offloaded",
    "OFFLOADING": "being offloaded",
    "UNFREEZING": "being fetched back",
    "ONLOADING": "being fetched back",
}


class TenantRow(msgspec.Struct, frozen=True, gc=False):
    """One tenant. ``objects`` are flushed ones, None where no loaded replica tells."""

    name: str
    state: str
    objects: int | None = None


FIELDS: Fields[TenantRow] = Fields(
    lambda row: (row.name,),
    {
        "tenant": lambda row: row.name,
        "state": lambda row: row.state,
        "objects": lambda row: row.objects,
    },
)
"""What the list can be filtered by."""

COLUMNS: tuple[Column[TenantRow], ...] = (
    Column(
        "tenant",
        "Tenant",
        lambda row: Cell(plain(row.name), "strong"),
        (12, 60),
        "left",
        100,
        lambda row: row.name,
        letter="t",
    ),
    Column(
        "state",
        "State",
        lambda row: Cell(plain(row.state), _style(row.state)),
        (6, 12),
        "left",
        90,
        lambda row: row.state,
        letter="s",
    ),
    Column(
        "objects",
        "Objects",
        lambda row: Cell(
            numbers.UNKNOWN if row.objects is None else f"~{numbers.count(row.objects)}",
            "muted" if row.objects is None else "",
        ),
        (7, 14),
        "right",
        80,
        lambda row: row.objects,
        True,
        letter="b",
    ),
    Column(
        "meaning",
        "Which means",
        lambda row: Cell(_MEANING.get(row.state, ""), "muted"),
        (10, 44),
        "left",
        50,
    ),
)


def tenant_rows(tenants: Iterable[Tenant], counts: Mapping[str, int]) -> tuple[TenantRow, ...]:
    """Rows of all tenants; ``counts`` has the flushed objects of loaded shards by name."""
    return tuple(
        TenantRow(tenant.name, tenant.activity_status or "HOT", counts.get(tenant.name))
        for tenant in tenants
    )


def states_of(rows: Iterable[TenantRow]) -> dict[str, int]:
    """Tenants by state, the most frequent state first."""
    counted = Counter(row.state for row in rows)
    return dict(sorted(counted.items(), key=lambda found: (-found[1], found[0])))


def refusal_words(error: WeaviateError, leader: str | None) -> str:
    """Why there is no list; ``leader`` is "" where every node says that there is none."""
    if error.kind == "forbidden":
        return "this user may not list tenants: it lacks the permission read_tenants"
    if leader == "" and error.kind in _NEEDS_LEADER:
        return f"the cluster has no leader, and only a leader lists tenants ({error.what})"
    return f"{error.what}: {error.hint}" if error.hint else error.what


def line_of(row: TenantRow) -> str:
    """A tenant in one line, for the status line."""
    known = (
        "objects not counted: no replica of it is loaded"
        if row.objects is None
        else f"{numbers.count(row.objects)} objects flushed"
    )
    meaning = _MEANING.get(row.state)
    return f"{plain(row.name)}: {plain(row.state)}{f' ({meaning})' if meaning else ''}, {known}"


def is_active(state: str) -> bool:
    """Whether a tenant in this state has a shard that nodes list."""
    return state in _ACTIVE


def _style(state: str) -> StyleName:
    if state in _ACTIVE:
        return "ok"
    return "warning" if state in _CHANGING else "muted"
