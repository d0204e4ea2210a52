"""Which address belongs to which node.

A profile can name nodes, give a template, or just list addresses. The node behind an unnamed
address is known from the ``nodeID`` label of its metrics (metrics address at the same place in
the list), else from its host name when the first label is a node's name, else from memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from elysiadash.config.profile import Profile


class NodeAddress(msgspec.Struct, frozen=True, gc=False):
    """One place to ask: the node where known, its REST and its metrics address where given."""

    node: str | None
    rest: str | None
    metrics: str | None


class Directory:
    """The addresses of one profile, and what was learned about them."""

    def __init__(self, profile: Profile, learned: dict[str, str] | None = None) -> None:
        self._profile = profile
        self.learned: dict[str, str] = dict(learned or {})
        """Address -> node name, found out from answers; kept on disk between runs."""

    def learn(self, address: str, node: str | None) -> None:
        """Note that ``node`` answered at ``address``."""
        if node:
            self.learned[address] = node

    def addresses(self, nodes: Iterable[str]) -> tuple[NodeAddress, ...]:
        """Every address to ask, given the names of the nodes known so far; sorted by node."""
        names = sorted(nodes)
        rest = _resolve(self._profile.nodes.known(), names, self.learned)
        metrics = _resolve(self._profile.metrics.known(), names, self.learned)
        _align(self._profile, rest, metrics)
        for name in names:
            if name not in rest.values() and (url := self._profile.nodes.for_node(name)):
                rest[url] = name
            if name not in metrics.values() and (url := self._profile.metrics.for_node(name)):
                metrics[url] = name
        return _joined(rest, metrics)


def _resolve(
    known: Iterable[tuple[str | None, str]], names: list[str], learned: dict[str, str]
) -> dict[str, str | None]:
    """Address -> node, None where it cannot be told."""
    found: dict[str, str | None] = {}
    for name, url in known:
        found[url] = name or learned.get(url) or _by_host(url, names)
    return found


def _by_host(url: str, names: list[str]) -> str | None:
    label = (urlsplit(url).hostname or "").split(".", 1)[0]
    return label if label in names else None


def _align(profile: Profile, rest: dict[str, str | None], metrics: dict[str, str | None]) -> None:
    """Lists of equal length go by position: what one address tells, its neighbour knows."""
    pairs = list(zip(profile.nodes.unnamed, profile.metrics.unnamed, strict=False))
    if len(profile.nodes.unnamed) != len(profile.metrics.unnamed):
        return
    for rest_url, metrics_url in pairs:
        node = rest.get(rest_url) or metrics.get(metrics_url)
        rest[rest_url] = metrics[metrics_url] = node


def _joined(rest: dict[str, str | None], metrics: dict[str, str | None]) -> tuple[NodeAddress, ...]:
    metrics_of = {node: url for url, node in metrics.items() if node}
    entries = [
        NodeAddress(node, url, metrics_of.get(node) if node else None) for url, node in rest.items()
    ]
    seen = {entry.node for entry in entries if entry.node}
    entries += [NodeAddress(node, None, url) for url, node in metrics.items() if node not in seen]
    return tuple(sorted(entries, key=lambda entry: (entry.node or "~", entry.rest or "")))
