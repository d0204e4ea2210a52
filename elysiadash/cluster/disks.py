"""Which volume or file system holds a node's data, from what Prometheus knows of disks.

A volume of Kubernetes belongs to the node whose name its claim ends with, as a StatefulSet names
claims. A file system of the node exporter belongs to the node whose label (``node_label``, the
port left out) is the same. Where that leaves more than one, none is taken: the profile's
``prometheus.disk`` has to say which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from elysiadash.cluster.promql import DISK_FREE, DISK_SIZE
from elysiadash.weaviate.prometheus import Sample

NO_DISKS = "no disk metrics of this node in this Prometheus (node_filesystem, kubelet_volume_stats)"


class NodeDisk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The disk under one node's data, in bytes. None: not known, and ``why`` says why.

    ``place`` is the claim or the mount point, ``metric`` where the free bytes come from.
    """

    free_bytes: int | None = None
    size_bytes: int | None = None
    place: str = ""
    metric: str = ""
    why: str | None = None

    @property
    def used_share(self) -> float | None:
        """0 to 1; None where not known."""
        if self.free_bytes is None or not self.size_bytes:
            return None
        return 1.0 - self.free_bytes / self.size_bytes


def match(
    samples: Iterable[Sample], labels: Mapping[str, str], node_label: str
) -> dict[str, NodeDisk]:
    """The disk of every node in ``labels`` (name -> its label on Weaviate's series)."""
    found = tuple(samples)
    return {node: _disk_of(node, label, found, node_label) for node, label in labels.items()}


def _disk_of(node: str, label: str, samples: tuple[Sample, ...], node_label: str) -> NodeDisk:
    places: dict[tuple[str, str], dict[str, Sample]] = {}
    for sample in samples:
        place = _place(sample, node, label, node_label)
        if place is not None:
            places.setdefault(place, {})[sample.labels["__name__"]] = sample
    if not places:
        return NodeDisk(why=NO_DISKS)
    if len(places) > 1:
        names = ", ".join(sorted({_name(next(iter(part.values()))) for part in places.values()}))
        return NodeDisk(
            why=f"several disks may be this node's ({names}): name one in prometheus.disk"
        )
    (values,) = places.values()
    free = next((values[name] for name in DISK_FREE if name in values), None)
    size = next((values[name] for name in DISK_SIZE if name in values), None)
    if free is None:
        return NodeDisk(why=NO_DISKS)
    return NodeDisk(
        free_bytes=int(free.value),
        size_bytes=None if size is None else int(size.value),
        place=_name(free),
        metric=free.labels["__name__"],
    )


def _place(sample: Sample, node: str, label: str, node_label: str) -> tuple[str, str] | None:
    """What tells this disk from others, None where it is not the node's."""
    claim = sample.labels.get("persistentvolumeclaim")
    if claim is not None:
        is_own = claim == node or claim.endswith(f"-{node}")
        return (sample.labels.get("namespace", ""), claim) if is_own else None
    if _host(sample.labels.get(node_label, "")) != _host(label):
        return None
    # One device may be mounted at several places.
    device = sample.labels.get("device") or sample.labels.get("mountpoint", "")
    return (sample.labels.get(node_label, ""), device)


def _host(label: str) -> str:
    host, _, port = label.rpartition(":")
    return host if host and port.isdigit() else label


def _name(sample: Sample) -> str:
    labels = sample.labels
    return labels.get("persistentvolumeclaim") or labels.get("mountpoint", "")
