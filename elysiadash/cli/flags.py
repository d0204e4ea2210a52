"""Options as data: what each is called, takes and means; and those that name a cluster.

Cheap to load: it knows no parser.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

SCENARIOS = ("healthy", "troubled", "empty")

Kind = Literal["text", "texts", "choice", "switch", "seconds", "whole", "path"]


class Option(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One option. ``texts`` may be given again and again, ``switch`` takes no value."""

    name: str
    """The parameter's name."""
    words: tuple[str, ...] = ()
    """How it is written, for example ``--timeout`` and ``-t``; none for an argument."""
    off: str | None = None
    """How a switch is turned off, where it is on by default."""
    kind: Kind
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    help: str
    default: Any = None
    least: float | None = None
    most: float | None = None


CLUSTER_OPTIONS: tuple[Option, ...] = (
    Option(
        name="profile",
        words=("--profile",),
        kind="text",
        metavar="NAME",
        help="A profile of the settings.",
    ),
    Option(
        name="url",
        words=("--url",),
        kind="text",
        metavar="URL",
        help="The REST address of a cluster.",
    ),
    Option(
        name="grpc",
        words=("--grpc",),
        kind="text",
        metavar="HOST:PORT",
        help="Its gRPC address.",
    ),
    Option(
        name="node",
        words=("--node",),
        kind="texts",
        metavar="[NAME=]URL",
        help="The address of one node, or one with {node} for all; may be repeated.",
    ),
    Option(
        name="metrics_url",
        words=("--metrics-url",),
        kind="texts",
        metavar="[NAME=]URL",
        help="Where one node serves its metrics, written as --node is.",
    ),
    Option(
        name="auth",
        words=("--auth",),
        kind="text",
        metavar="SOURCE",
        help="Where the API key is: env:NAME, file:PATH or command:LINE.",
    ),
    Option(
        name="demo",
        words=("--demo",),
        kind="switch",
        default=False,
        help="A simulated cluster instead of a real one.",
    ),
    Option(
        name="scenario",
        words=("--scenario",),
        kind="text",
        metavar="NAME",
        help=f"Which simulated cluster: {', '.join(SCENARIOS)}.",
    ),
    Option(
        name="write",
        words=("--write",),
        kind="switch",
        default=False,
        help="Allow changes; without it all is read-only.",
    ),
    Option(
        name="config",
        words=("--config",),
        kind="text",
        metavar="FILE",
        help="Settings instead of your own.",
    ),
    Option(
        name="log_level",
        words=("--log-level",),
        kind="text",
        metavar="LEVEL",
        help="debug, info, warning or error.",
    ),
)
"""What every command about a cluster takes."""


class ClusterFlags(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the command line says about the cluster; None and empty are "not given"."""

    profile: str | None = None
    url: str | None = None
    grpc: str | None = None
    node: tuple[str, ...] = ()
    metrics_url: tuple[str, ...] = ()
    auth: str | None = None
    write: bool = False
    demo: bool = False
    scenario: str | None = None
    config: str | None = None
    log_level: str | None = None

    @classmethod
    def of(cls, given: dict[str, Any]) -> ClusterFlags:
        """The flags out of what a parser found; other options are left alone."""
        values = {name: given[name] for name in cls.__struct_fields__}
        for name in ("node", "metrics_url"):
            values[name] = tuple(values[name] or ())
        return cls(**values)

    def over(self, others: ClusterFlags) -> ClusterFlags:
        """These flags, and where one was not given, that of ``others``."""
        values = {
            name: getattr(self, name) or getattr(others, name) for name in self.__struct_fields__
        }
        return ClusterFlags(**values)

    def for_settings(self) -> dict[str, Any]:
        """The flags in the form that ``config.configuration.load`` takes."""
        return {
            "profile": self.profile,
            "url": self.url,
            "grpc": self.grpc,
            "node": list(self.node),
            "metrics_url": list(self.metrics_url),
            "auth": self.auth,
            "write": True if self.write else None,
            "log_level": self.log_level.lower() if self.log_level else None,
        }
