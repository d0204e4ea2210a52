"""The environment that makes one Weaviate process a node of a cluster on this machine.

Names and meanings are those of the server's configuration in 1.39.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Gossip = Literal["local", "lan", "wan"]
"""How quickly nodes notice that one is gone: the profile that memberlist runs with.

``local`` (about 5 s) works on every system. ``lan`` (about 5 s, what a Kubernetes cluster runs
with) and ``wan`` (half a minute and more, what a set CLUSTER_ADVERTISE_ADDR switches on) give
each node a loopback address of its own, which only Linux has.
"""

PORTS_PER_NODE = 7


@dataclass(frozen=True)
class Key:
    """An API key and the user it stands for."""

    user: str
    key: str


ROOT = Key("root", "root-key")
VIEWER = Key("viewer", "viewer-key")
NOBODY = Key("nobody", "nobody-key")
"""May log in and has no role."""
WRONG = Key("wrong", "wrong-key")
"""A key that the server does not know."""


@dataclass(frozen=True)
class Place:
    """Where one node lives: its name, address, first port, and folders."""

    name: str
    host: str
    first_port: int
    data: Path
    backups: Path

    @property
    def rest(self) -> int:
        """The port of the REST API, bound to the loopback address only."""
        return self.first_port

    @property
    def grpc(self) -> int:
        """The port of the gRPC API; the server binds it on every address."""
        return self.first_port + 1

    @property
    def metrics(self) -> int:
        """The port of the Prometheus metrics; the server binds it on every address."""
        return self.first_port + 2

    @property
    def gossip(self) -> int:
        """The port of memberlist, TCP and UDP."""
        return self.first_port + 3

    @property
    def data_port(self) -> int:
        """The port other nodes use for data; the server binds it on every address."""
        return self.first_port + 4

    @property
    def raft(self) -> int:
        """The port of raft; on one shared address the server takes the next one for its RPC."""
        return self.first_port + 5


def places(names: tuple[str, ...], first_port: int, folder: Path, gossip: Gossip) -> list[Place]:
    """One place a node; all on 127.0.0.1, or on 127.0.0.1, 127.0.0.2, ... with lan and wan."""
    return [
        Place(
            name=name,
            host="127.0.0.1" if gossip == "local" else f"127.0.0.{number + 1}",
            first_port=first_port + number * PORTS_PER_NODE,
            data=folder / name,
            backups=folder / "backups",
        )
        for number, name in enumerate(names)
    ]


def environment(
    place: Place,
    cluster: list[Place],
    *,
    gossip: Gossip,
    metrics: bool,
    keys: bool,
    extra: Mapping[str, str],
) -> dict[str, str]:
    """Everything the process gets; nothing of our own environment leaks in."""
    # On addresses of their own the nodes expect each other's raft on one common port.
    raft = {node.name: (node if gossip == "local" else cluster[0]).raft for node in cluster}
    settings = {
        "PERSISTENCE_DATA_PATH": str(place.data),
        "BACKUP_FILESYSTEM_PATH": str(place.backups),
        "ENABLE_MODULES": "backup-filesystem",
        "DEFAULT_VECTORIZER_MODULE": "none",
        "GRPC_PORT": str(place.grpc),
        "CLUSTER_HOSTNAME": place.name,
        "CLUSTER_BIND_ADDR": place.host,
        "CLUSTER_GOSSIP_BIND_PORT": str(place.gossip),
        "CLUSTER_DATA_BIND_PORT": str(place.data_port),
        "RAFT_PORT": str(raft[place.name]),
        "RAFT_INTERNAL_RPC_PORT": str(raft[place.name] + 1),
        "RAFT_JOIN": ",".join(f"{name}:{port}" for name, port in raft.items()),
        "RAFT_BOOTSTRAP_EXPECT": str(len(cluster)),
        "REPLICA_MOVEMENT_ENABLED": "true",
        "DISABLE_TELEMETRY": "true",
        "GO_PROFILING_DISABLE": "true",
        # A full disk of the machine is no part of a test: 0 switches both thresholds off.
        "DISK_USE_WARNING_PERCENTAGE": "0",
        "DISK_USE_READONLY_PERCENTAGE": "0",
        "PROMETHEUS_MONITORING_ENABLED": str(metrics).lower(),
        "PROMETHEUS_MONITORING_PORT": str(place.metrics),
        **_membership(place, cluster, gossip),
        **_access(keys),
    }
    return settings | dict(extra)


def _membership(place: Place, cluster: list[Place], gossip: Gossip) -> dict[str, str]:
    others = [node for node in cluster if node is not place]
    settings = {"CLUSTER_JOIN": ",".join(f"{node.host}:{node.gossip}" for node in others)}
    # Replica movement needs an IPv4 address to be advertised. memberlist advertises what it is
    # bound to; setting the address as well selects the slow profile, unless IN_LOCALHOST wins.
    if gossip == "local":
        settings |= {"CLUSTER_IN_LOCALHOST": "true", "CLUSTER_ADVERTISE_ADDR": place.host}
    if gossip == "wan":
        settings |= {"CLUSTER_ADVERTISE_ADDR": place.host}
    return settings


def _access(keys: bool) -> dict[str, str]:
    if not keys:
        return {"AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "true"}
    known = (ROOT, VIEWER, NOBODY)
    return {
        "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "false",
        "AUTHENTICATION_APIKEY_ENABLED": "true",
        "AUTHENTICATION_APIKEY_ALLOWED_KEYS": ",".join(key.key for key in known),
        "AUTHENTICATION_APIKEY_USERS": ",".join(key.user for key in known),
        "AUTHORIZATION_RBAC_ENABLED": "true",
        "AUTHORIZATION_RBAC_ROOT_USERS": ROOT.user,
    }
