"""What was found and how the nodes are, as one list: problems first."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import cast

import msgspec

from elysiadash.health.finding import Finding, Severity
from elysiadash.tui import numbers
from elysiadash.tui.filtering import Fields
from elysiadash.tui.finding_ages import FindingAges, identity
from elysiadash.tui.node_list import NodeRow, raft_words, status_words
from elysiadash.tui.plain import plain
from elysiadash.tui.severity import look
from elysiadash.tui.widgets.about import Words
from elysiadash.tui.widgets.table import Cell, Column, Succession

CHECKED = "nodes, raft, where replicas lie, shards' states and queues, tombstones, versions"
NOT_CHECKED = "disks, memory, backups, latency, replicas against each other, settings"


class HealthRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One finding, or one node that no finding is about. ``since`` is for the sort, wall-clock
    seconds; ``since_words`` says it."""

    severity: Severity
    place: int
    """Where it stands among all: the worst first."""
    finding: Finding | None = None
    node: NodeRow | None = None
    since: float | None = None
    since_words: str = numbers.UNKNOWN

    @property
    def key(self) -> tuple[object, ...]:
        """The same trouble is the same row."""
        if self.finding is not None:
            return identity(self.finding)
        return ("node", self.name)

    @property
    def code(self) -> str:
        """The finding's stable code."""
        return self.finding.code if self.finding else ""

    @property
    def name(self) -> str:
        """What it is about: ``Documents/shard03``, ``weaviate-1``, ``cluster``."""
        found = self.finding
        if found is None:
            return self.node.name if self.node else ""
        part = found.shard or found.tenant
        if found.collection:
            return f"{found.collection}/{part}" if part else found.collection
        return found.node or "cluster"

    @property
    def words(self) -> str:
        """What is so."""
        if self.finding is not None:
            return self.finding.message
        if self.node is None:
            return ""
        view = self.node.view
        parts = [view.status, raft_words(view) if view.raft_state or view.leader else ""]
        parts += [view.version or "", f"{view.shards:,} shards" if view.shards is not None else ""]
        return ", ".join(part for part in parts if part)


def health_rows(
    findings: Sequence[Finding], nodes: Iterable[NodeRow], ages: FindingAges, now: float
) -> tuple[HealthRow, ...]:
    """Every finding, the worst first; then the nodes that no finding is about.

    One that only holds a shard in trouble is listed too: it may be well itself.
    """
    rows = [_of_finding(finding, place, ages, now) for place, finding in enumerate(findings)]
    named = {finding.node for finding in findings if finding.collection is None}
    quiet = [node for node in nodes if node.name not in named]
    # A node that nobody can say anything about is no healthy one.
    for node in sorted(quiet, key=lambda each: (not each.is_problem, each.name)):
        style = status_words(node.view)[1]
        severity = Severity.OK if style == "ok" else Severity.UNKNOWN
        rows.append(HealthRow(severity=severity, place=len(rows), node=node))
    return tuple(sorted(rows, key=lambda row: (-row.severity.rank, row.place)))


_NODE_PARTS = 2
"""Parts of the key of a node's own row; that of a finding has more."""


class SameThing(Succession[HealthRow]):
    """Of a node there is a row of its own, or its findings: the cursor goes from one to the other.

    What is gone is a finding or a row, never the node itself.
    """

    def name(self, key: Hashable) -> str:
        """``AVL-101 of weaviate-2``, ``weaviate-2``."""
        parts = [plain(part) for part in _parts(key) if part]
        if not _is_finding(key):
            return parts[-1]
        code, *place = parts
        return f"{code} of {' '.join(place) or 'the cluster'}"

    def gone(self, key: Hashable) -> str:
        """That it is not found any more."""
        return f"{self.name(key)} is no longer {'found' if _is_finding(key) else 'listed'}"

    def heir(self, key: Hashable, rows: Sequence[HealthRow]) -> Hashable | None:
        """The worst that is found of the same node, else its own row."""
        node = _node_of(key)
        same = (row.key for row in rows if _node_of(row.key) == node)
        return None if node is None else next(same, None)

    def followed(self, key: Hashable, heir: Hashable) -> str:
        """Nothing where a finding took the node's place: it speaks for itself."""
        return super().followed(key, heir) if _is_finding(key) else ""


def _parts(key: Hashable) -> tuple[str | None, ...]:
    """A key as ``HealthRow.key`` makes it."""
    return cast("tuple[str | None, ...]", key)


def _is_finding(key: Hashable) -> bool:
    return len(_parts(key)) > _NODE_PARTS


def _node_of(key: Hashable) -> str | None:
    """The node that a row is about as a whole."""
    parts = _parts(key)
    if not _is_finding(key):
        return parts[1]
    _, node, *within = parts
    return None if any(within) else node


def _of_finding(finding: Finding, place: int, ages: FindingAges, now: float) -> HealthRow:
    since = ages.since(finding)
    return HealthRow(
        severity=finding.severity,
        place=place,
        finding=finding,
        since=since.at if since else None,
        since_words=since.words(now) if since else numbers.UNKNOWN,
    )


def about(row: HealthRow) -> list[Words]:
    """A finding in full, for the lines under the list."""
    found = row.finding
    if found is None:
        why = row.node.view.why if row.node else ""
        return [[(plain(row.name), "bold"), f"  {plain(row.words)}"], [plain(why)]]
    lines: list[Words] = [
        [(found.code, f"bold {look(found.severity).colour}"), f"  {plain(found.message)}"]
    ]
    for title, text in (("Means", found.impact), ("Cause", found.cause), ("Do", found.action)):
        if text:
            lines.append([(f"{title:6}", "$health-unknown"), plain(text)])
    for seen in found.evidence[:2]:
        words = f"{seen.source}  {seen.field}: {seen.value}"
        lines.append([(f"{'Seen':6}", "$health-unknown"), plain(words)])
    return lines


def target_of(row: HealthRow) -> str | None:
    """The command that leads to what it is about."""
    if row.node is not None:
        return f"node {row.node.name}"
    found = row.finding
    if found is None or not (found.collection or found.node):
        return None
    return f"collection {found.collection}" if found.collection else f"node {found.node}"


COLUMNS: tuple[Column[HealthRow], ...] = (
    Column(
        "state",
        "State",
        lambda row: Cell(f"{look(row.severity).sign} {row.severity}", look(row.severity).style),
        (10, 10),
        "left",
        100,
        lambda row: (row.severity.rank, -row.place),
        True,
        letter="s",
    ),
    Column(
        "code",
        "Code",
        lambda row: Cell(plain(row.code)),
        (7, 8),
        "left",
        80,
        lambda row: row.code or None,
        letter="c",
    ),
    Column(
        "object",
        "Object",
        lambda row: Cell(plain(row.name), "strong"),
        (10, 36),
        "left",
        90,
        lambda row: row.name,
        letter="b",
    ),
    Column(
        "since",
        "Since",
        lambda row: Cell(row.since_words, "muted"),
        (6, 9),
        "right",
        60,
        lambda row: row.since,
        True,
        letter="i",
    ),
    Column(
        "what",
        "What",
        lambda row: Cell(plain(row.words), "" if row.finding else "muted"),
        (16, 120),
        "left",
        95,
        whole=True,
    ),
)

FIELDS: Fields[HealthRow] = Fields(
    lambda row: (row.name, row.code, row.words),
    {
        "state": lambda row: row.severity.value,
        "code": lambda row: row.code,
        "object": lambda row: row.name,
        "node": lambda row: row.finding.node if row.finding else row.name,
        "collection": lambda row: row.finding.collection if row.finding else None,
    },
)
"""What the list can be filtered by."""
