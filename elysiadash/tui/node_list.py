"""The nodes as a list: one row each, with since when it is so and what the server says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.slices import Kind
from elysiadash.cluster.usage import NodeUsage, usage_by_node
from elysiadash.cluster.view import HEALTHY, LIVE_STATES, UNKNOWN, NodeView
from elysiadash.health.finding import Finding, Severity
from elysiadash.tui import numbers
from elysiadash.tui.emptiness import shown_address
from elysiadash.tui.filtering import Fields
from elysiadash.tui.finding_ages import FindingAges
from elysiadash.tui.plain import plain
from elysiadash.tui.source import Watched
from elysiadash.tui.widgets.table import Cell, Column, StyleName
from elysiadash.weaviate.models import Nodes

_STATE_EVENTS = frozenset({"node.left", "node.came", "node.state"})


class NodeRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One node. ``changed_at`` is when its state changed last, None where nobody saw that;
    ``batch_rate`` is objects a second as the server says it, which is old while it is idle;
    ``finding`` the worst that was found of it; ``usage`` what it uses of its machine.
    """

    view: NodeView
    changed_at: float | None = None
    batch_rate: int | None = None
    finding: Finding | None = None
    usage: NodeUsage = NodeUsage()

    @property
    def name(self) -> str:
        """The node's name."""
        return self.view.node

    @property
    def is_problem(self) -> bool:
        """Whether it is not simply healthy, or something was found of it."""
        found = self.finding is not None and self.finding.severity is not Severity.OK
        return found or self.view.status != HEALTHY

    @property
    def probed(self) -> str:
        """Whether we ask it at an address of its own."""
        if self.view.address is not None:
            return self.view.address
        return "not probed: no address"


def node_rows(watch: Watched, findings: Iterable[Finding]) -> tuple[NodeRow, ...]:
    """One row for each node that is there or should be; the worst first, then by name."""
    changed = _changes(watch.events.newest())
    worst: dict[str, Finding] = {}
    for finding in findings:
        # Those of one collection or shard are told there.
        if finding.node is not None and finding.collection is None:
            worst.setdefault(finding.node, finding)
    rates = _rates(watch.store.get(Kind.NODES).value)
    views = _views(watch)
    prometheus = watch.profile.prometheus is not None
    recorded = watch.replay is not None
    usage = usage_by_node(watch.store, views, prometheus=prometheus, recorded=recorded)
    rows = [
        NodeRow(
            view=view,
            usage=usage[view.node],
            changed_at=changed.get(view.node),
            batch_rate=rates.get(view.node) if view.status in LIVE_STATES else None,
            finding=worst.get(view.node),
        )
        for view in views
    ]
    return tuple(sorted(rows, key=lambda row: (-_rank(row), row.name)))


def _views(watch: Watched) -> tuple[NodeView, ...]:
    views = watch.cluster().nodes
    if watch.store.seq > 0:
        return views
    # How it was when the last run ended says nothing of now.
    why = "from the last run, asking now"
    return tuple(msgspec.structs.replace(view, status=UNKNOWN, why=why) for view in views)


def _changes(newest: Iterable[Event]) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for event in newest:
        if event.node is not None and event.kind in _STATE_EVENTS:
            found.setdefault(event.node, event.at)
    return found


def _rates(nodes: Nodes | None) -> dict[str, int]:
    stats = {node.name: node.batch_stats for node in nodes.nodes} if nodes else {}
    return {
        name: found.rate_per_second
        for name, found in stats.items()
        if found is not None and found.rate_per_second is not None
    }


def status_words(view: NodeView) -> tuple[str, StyleName]:
    """``● healthy``, ``✖ missing``: the sign and the word, and how they look."""
    if view.status == HEALTHY:
        return "● healthy", "ok"
    if view.status == UNKNOWN:
        return "? unknown", "unknown"
    if view.status in LIVE_STATES:
        return f"▲ {view.status}", "warning"
    return f"✖ {view.status}", "critical"


def _rank(row: NodeRow) -> int:
    found = row.finding.severity.rank if row.finding else 0
    return max(found, Severity(status_words(row.view)[1]).rank)


def raft_words(view: NodeView) -> str:
    """``leader``, ``follower``; ``led`` of one that is away; ``–`` where it is not known."""
    if view.leader:
        return "leader"
    if view.led:
        return "led"
    return plain(view.raft_state.lower()) if view.raft_state else numbers.UNKNOWN


class NodeColumns:
    """Renders cells; ``now`` is set before each repaint."""

    def __init__(self, ages: FindingAges) -> None:
        self.now = 0.0
        self._ages = ages
        self.columns: tuple[Column[NodeRow], ...] = (
            Column("node", "Node", _name, (10, 40), "left", 100, _by_name, False, "n"),
            Column("status", "Status", _status, (9, 14), "left", 95, _rank, True, "s"),
            Column("since", "Since", self._since, (6, 9), "right", 60, _changed_at, True, "i"),
            Column("seen", "Seen", self._seen, (6, 10), "right", 40, _seen_at, True),
            Column("version", "Version", _version, (7, 12), "left", 70, _by_version, False, "v"),
            Column("raft", "Raft", _raft, (10, 10), "left", 80, _by_raft, False, "a"),
            Column("shards", "Shards", _shards, (6, 9), "right", 65, _shard_count, True, "h"),
            Column("objects", "Objects", _objects, (8, 17), "right", 75, _object_count, True, "b"),
            Column("queue", "Queue", _queue, (5, 9), "right", 50, _queue_length, True, "u"),
            Column("rate", "Batch/s", _rate, 7, "right", 30, lambda row: row.batch_rate, True),
            Column("disk", "Disk", _disk, (7, 20), "right", 58, _disk_share, True, "d"),
            Column("memory", "Memory", _memory, (7, 18), "right", 56, _memory_bytes, True, "m"),
            Column("heap", "Heap", _heap, (7, 8), "right", 35, _heap_bytes, True, "p"),
            Column("loaded", "Loaded", _loaded, (8, 17), "right", 34, _loaded_count, True, "l"),
            Column("probed", "Asked at", _probed, (20, 44), "left", 20),
            Column("why", "Because", _why, (24, 90), "left", 62, whole=True),
        )

    def _since(self, row: NodeRow) -> Cell:
        if row.changed_at is not None:
            return Cell(numbers.span(self.now - row.changed_at), "muted")
        # Nobody saw it begin, but that it is so is known since then.
        since = self._ages.since(row.finding) if row.finding is not None else None
        return Cell(since.words(self.now) if since else numbers.UNKNOWN, "muted")

    def _seen(self, row: NodeRow) -> Cell:
        at = row.view.seen_at
        if at is None and row.view.last is not None:
            at = row.view.last.at
        return Cell(numbers.UNKNOWN if at is None else numbers.span(self.now - at), "muted")


def _name(row: NodeRow) -> Cell:
    return Cell(plain(row.name), "strong")


def _status(row: NodeRow) -> Cell:
    return Cell(*status_words(row.view))


def _version(row: NodeRow) -> Cell:
    last = row.view.last
    return _or_old(row.view.version or None, last.version if last else None)


def _raft(row: NodeRow) -> Cell:
    words = raft_words(row.view)
    look: StyleName = "accent" if row.view.leader else "warning" if row.view.led else ""
    return Cell(words, "unknown" if words == numbers.UNKNOWN else look)


def _shards(row: NodeRow) -> Cell:
    last = row.view.last
    return _or_old(row.view.shards, last.shards if last else None)


def _objects(row: NodeRow) -> Cell:
    last = row.view.last
    return _or_old(_about(row.view.objects), _about(last.objects) if last else None)


def _about(many: int | None) -> str | None:
    return None if many is None else f"~{numbers.count(many)}"


def _queue(row: NodeRow) -> Cell:
    queue = row.view.batch_queue
    return Cell(numbers.count(queue), "unknown" if queue is None else "accent" if queue else "")


def _rate(row: NodeRow) -> Cell:
    # The server keeps the last rate while nothing is written.
    idle = not row.view.batch_queue
    return Cell(numbers.rate(row.batch_rate), "muted" if idle else "")


def _disk(row: NodeRow) -> Cell:
    return _words_or_unknown(disk_words(row.usage))


def _memory(row: NodeRow) -> Cell:
    return _words_or_unknown(memory_words(row.usage))


def _heap(row: NodeRow) -> Cell:
    return _words_or_unknown(numbers.size(row.usage.heap_bytes))


def _loaded(row: NodeRow) -> Cell:
    return _words_or_unknown(loaded_words(row.usage))


def disk_words(usage: NodeUsage) -> str:
    """``72 %, 28 GB free``: what of the disk is used, and what is left."""
    if usage.disk_free_bytes is None:
        return numbers.UNKNOWN
    free = f"{numbers.size(usage.disk_free_bytes)} free"
    share = usage.disk_used_share
    return free if share is None else f"{numbers.percent(share)}, {free}"


def memory_words(usage: NodeUsage) -> str:
    """``5.8 GB / 16 GB``: resident, and the limit where one is set."""
    resident = numbers.size(usage.memory_bytes)
    if usage.memory_bytes is None or usage.memory_limit_bytes is None:
        return resident
    return f"{resident} / {numbers.size(usage.memory_limit_bytes)}"


def loaded_words(usage: NodeUsage) -> str:
    """``1,204 / 96``: shards in memory, and those on disk only."""
    if usage.shards_loaded is None and usage.shards_unloaded is None:
        return numbers.UNKNOWN
    return f"{numbers.count(usage.shards_loaded)} / {numbers.count(usage.shards_unloaded)}"


def missing_words(row: NodeRow) -> list[tuple[str, str]]:
    """(what, why) of what is not known of a node's machine; one line for each reason."""
    causes: dict[str, list[str]] = {}
    for name, why in row.usage.not_exposed.items():
        causes.setdefault(why, []).append(_USAGE_NAMES[name])
    return [(", ".join(dict.fromkeys(names)), why) for why, names in causes.items()]


_USAGE_NAMES = {
    "memory_bytes": "Memory",
    "memory_limit_bytes": "Memory limit",
    "heap_bytes": "Heap",
    "shards_loaded": "Loaded shards",
    "shards_unloaded": "Loaded shards",
    "disk_used_share": "Disk",
    "disk_free_bytes": "Disk",
    "disk_size_bytes": "Disk",
}


def _words_or_unknown(words: str) -> Cell:
    return Cell(plain(words), "unknown" if words == numbers.UNKNOWN else "")


def _probed(row: NodeRow) -> Cell:
    address = row.view.address
    return Cell(plain(shown_address(address) if address else row.probed), "muted")


def _why(row: NodeRow) -> Cell:
    if row.finding is not None:
        return Cell(plain(f"{row.finding.code} {row.view.why or row.finding.message}"))
    return Cell(plain(row.view.why), "muted")


def _or_old(value: int | str | None, last: int | str | None) -> Cell:
    """A value of now; else the last one that was known, marked as such."""
    if value is None and last is not None:
        return Cell(f"{_text(last)} old", "muted")
    return Cell(numbers.UNKNOWN, "unknown") if value is None else Cell(_text(value))


def _text(value: int | str) -> str:
    return numbers.count(value) if isinstance(value, int) else plain(value)


def _by_name(row: NodeRow) -> str:
    return row.name


def _changed_at(row: NodeRow) -> float | None:
    return row.changed_at


def _seen_at(row: NodeRow) -> float | None:
    return row.view.seen_at


def _by_version(row: NodeRow) -> str | None:
    return row.view.version


def _by_raft(row: NodeRow) -> str | None:
    return "" if row.view.leader else row.view.raft_state


def _shard_count(row: NodeRow) -> int | None:
    return row.view.shards


def _object_count(row: NodeRow) -> int | None:
    return row.view.objects


def _disk_share(row: NodeRow) -> float | None:
    return row.usage.disk_used_share


def _memory_bytes(row: NodeRow) -> int | None:
    return row.usage.memory_bytes


def _heap_bytes(row: NodeRow) -> int | None:
    return row.usage.heap_bytes


def _loaded_count(row: NodeRow) -> int | None:
    return row.usage.shards_loaded


def _queue_length(row: NodeRow) -> int | None:
    return row.view.batch_queue


FIELDS: Fields[NodeRow] = Fields(
    lambda row: (row.name,),
    {
        "node": lambda row: row.name,
        "status": lambda row: row.view.status,
        "version": lambda row: row.view.version,
        "raft": lambda row: raft_words(row.view),
        "shards": lambda row: row.view.shards,
        "objects": lambda row: row.view.objects,
        "queue": lambda row: row.view.batch_queue,
        "disk": lambda row: row.usage.disk_used_share,
        "free": lambda row: row.usage.disk_free_bytes,
        "memory": lambda row: row.usage.memory_bytes,
        "heap": lambda row: row.usage.heap_bytes,
        "loaded": lambda row: row.usage.shards_loaded,
        "unloaded": lambda row: row.usage.shards_unloaded,
    },
)
"""What the list can be filtered by."""
