"""A profile: one Weaviate cluster, how to reach it, and what we may do to it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from elysiadash.config.secret import Secret, SecretKind, SecretUnavailable
from elysiadash.config.tuning import Intervals, Limits, Recording, Thresholds, Timeouts

__all__ = [
    "Addresses",
    "Auth",
    "AuthMethod",
    "Intervals",
    "Limits",
    "Profile",
    "Prometheus",
    "Recording",
    "Secret",
    "SecretKind",
    "SecretUnavailable",
    "Thresholds",
    "Timeouts",
    "Tls",
]

AuthMethod = Literal["none", "api-key", "bearer", "oidc"]

# Node names come from the server; one with "/", "@" or "#" could lead requests elsewhere.
_HOST_LABELS = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")


class Auth(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How we prove who we are. The same credential goes to every address of the profile."""

    method: Annotated[
        AuthMethod,
        Meta(
            description='"none"; "api-key" or "bearer": the key is sent as a bearer token; '
            '"oidc": a token is fetched with the client credentials.'
        ),
    ] = "none"
    key: Annotated[
        Secret | None, Meta(description="The API key or the token, for api-key and bearer.")
    ] = None
    client_id: Annotated[str | None, Meta(description="The OIDC client's id.")] = None
    client_secret: Annotated[Secret | None, Meta(description="The OIDC client's secret.")] = None
    token_url: Annotated[
        str | None,
        Meta(
            description="Where tokens are fetched. Without it, discovered through the server's "
            "/v1/.well-known/openid-configuration."
        ),
    ] = None
    scopes: Annotated[
        tuple[str, ...], Meta(description="OIDC scopes to ask for besides those of the server.")
    ] = ()


class Addresses(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One URL for each node: by template, by name, or as a plain list; false when there is none."""

    template: str | None = None
    """A URL with ``{node}``, such as ``http://{node}.weaviate-headless:8080``."""
    named: dict[str, str] = field(default_factory=dict)
    """Node name -> URL; wins over the template."""
    unnamed: tuple[str, ...] = ()
    """URLs whose nodes are not known before one has asked them."""

    def for_node(self, name: str) -> str | None:
        """The URL of the node ``name``; None when unknown, or the name fits into no host name."""
        if name in self.named:
            return self.named[name]
        if self.template is None or not _HOST_LABELS.fullmatch(name):
            return None
        return self.template.replace("{node}", name)

    def known(self) -> tuple[tuple[str | None, str], ...]:
        """(node name or None, URL) of every address that is written out, named ones first."""
        return (*self.named.items(), *((None, url) for url in self.unnamed))

    def __bool__(self) -> bool:
        return bool(self.template or self.named or self.unnamed)


class Tls(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How ``https`` connections are checked."""

    verify: Annotated[
        bool, Meta(description="Whether the server's certificate is checked. Keep it true.")
    ] = True
    ca_file: Annotated[
        str | None,
        Meta(
            description="A PEM file of authorities to trust besides the system's.",
            examples=["ca.pem"],
        ),
    ] = None
    cert_file: Annotated[
        str | None,
        Meta(
            description="Our own certificate, a PEM file, for mutual TLS.", examples=["client.pem"]
        ),
    ] = None
    key_file: Annotated[
        str | None,
        Meta(
            description="The private key of cert_file; not needed where that file holds it.",
            examples=["client.key"],
        ),
    ] = None


class Prometheus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The site's Prometheus, or what speaks its HTTP API (Thanos, Mimir, VictoriaMetrics).

    Neither the profile's ``auth`` nor its ``headers`` are sent there; ``tls`` and ``proxy`` count.
    """

    url: Annotated[
        str, Meta(description="Its address, with the path before /api/v1 where it has one.")
    ]
    match: Annotated[
        str | None,
        Meta(description="Label matchers that tell this cluster's series from all others."),
    ] = None
    node_label: Annotated[
        str, Meta(description="The label that tells one node's series from another node's.")
    ] = "instance"
    disk: Annotated[
        str | None,
        Meta(description="Label matchers of the volumes or file systems that hold the data."),
    ] = None
    user: Annotated[
        str | None,
        Meta(description="With it, user and key are sent as basic auth; else key as a bearer."),
    ] = None
    key: Annotated[Secret | None, Meta(description="The token or the password.")] = None
    tenant: Annotated[
        str | None, Meta(description="Sent as X-Scope-OrgID, as Mimir and Cortex want it.")
    ] = None


class Profile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One cluster. Printing it shows no clear secret; never encode it into a file."""

    name: str
    """The name the user chose; unique among the profiles."""
    url: Annotated[str, Meta(description="The REST address.", examples=["http://localhost:8080"])]
    grpc: Annotated[
        str | None,
        Meta(
            description="host:port of the gRPC door. Without it, the REST port is used for all.",
            examples=["localhost:50051"],
        ),
    ] = None
    nodes: Annotated[
        Addresses,
        Meta(
            description="An address of its own for each node: a URL with {node}, a list of URLs, "
            "or a table of name = URL. Readiness of a single node and scans need it.",
            examples=["http://{node}.weaviate-headless:8080"],
        ),
    ] = field(default_factory=Addresses)
    metrics: Annotated[
        Addresses,
        Meta(
            description="Where each node serves its metrics, written as nodes are.",
            examples=["http://{node}.weaviate-headless:2112/metrics"],
        ),
    ] = field(default_factory=Addresses)
    prometheus: Annotated[
        Prometheus | None,
        Meta(
            description="The site's Prometheus: its URL, or a table of url; match, the label "
            "matchers that tell this cluster's series from others; node_label, the label that "
            'tells nodes apart ("instance" if not given); disk, the matchers of the volumes or '
            "file systems that hold the data; key_env, key_command or key_file, a bearer token or, "
            "beside user, a password; tenant, for X-Scope-OrgID. With it metrics, their past and "
            "disks come from there by PromQL, and the addresses of metrics are not read.",
            examples=[
                {"url": "http://prometheus.example.com:9090", "match": 'job="weaviate"'},
            ],
        ),
    ] = None
    auth: Annotated[
        Auth,
        Meta(
            description="How we prove who we are.",
            examples=[{"method": "api-key", "key_env": "WEAVIATE_API_KEY"}],
        ),
    ] = field(default_factory=Auth)
    headers: Annotated[
        dict[str, str | Secret],
        Meta(
            description="Headers sent with every request. A value is text, or a table with env, "
            "command or file for one that is secret.",
            examples=[{"X-Team": "search", "X-Gate": {"env": "WEAVIATE_GATE_KEY"}}],
        ),
    ] = field(default_factory=dict)
    tls: Annotated[Tls, Meta(description="How https connections are checked.")] = field(
        default_factory=Tls
    )
    proxy: Annotated[
        str | None,
        Meta(
            description="The URL of a proxy between us and the cluster.",
            examples=["http://proxy.example.com:3128"],
        ),
    ] = None
    environment: Annotated[
        str | None,
        Meta(
            description='What the cluster is for, such as "prod" or "staging"; shown in the '
            "header and asked for before what cannot be undone.",
            examples=["prod"],
        ),
    ] = None
    colour: Annotated[
        str | None,
        Meta(
            description="Colour of the header and the frame: #rrggbb or a name such as red.",
            examples=["#b02a37"],
        ),
    ] = None
    write: Annotated[
        bool,
        Meta(description="Whether we may change anything. Without it every write is refused."),
    ] = False
    intervals: Annotated[Intervals, Meta(description="How often we ask.")] = field(
        default_factory=Intervals
    )
    timeouts: Annotated[Timeouts, Meta(description="How long we wait.")] = field(
        default_factory=Timeouts
    )
    limits: Annotated[Limits, Meta(description="How much we use.")] = field(default_factory=Limits)
    thresholds: Annotated[Thresholds, Meta(description="When to worry.")] = field(
        default_factory=Thresholds
    )
    recording: Annotated[Recording, Meta(description="What is kept of the past.")] = field(
        default_factory=Recording
    )
