"""The JSON that commands print: one document each, with fields that stay.

Every document has ``kind``, ``version`` (1), ``at``, ``cluster`` and ``items``. A number that is
not known is null, and ``not_exposed`` says why. The files in ``schemas/`` are made from here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Time = Annotated[str, Meta(description="RFC 3339, UTC, with milliseconds.")]
Objects = Literal["exact", "approximate", "partial", "unknown"]
Severity = Literal["ok", "warning", "critical", "unknown"]
Count = Annotated[int, Meta(ge=0)]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Base: what is not declared is a mistake."""


class Cluster(Part, frozen=True, kw_only=True):
    """Which cluster, as it is now."""

    name: str
    url: str
    demo: Annotated[bool, Meta(description="Simulated: no number of it is real.")]
    version: Annotated[
        str | None, Meta(description="The lowest release among the nodes; null when not known.")
    ]
    nodes_live: Count | None
    nodes_expected: Count | None
    leader: Annotated[
        str | None,
        Meta(description='"" when every answering node says there is none; null when not known.'),
    ]


class Problem(Part, frozen=True, kw_only=True):
    """A question that has no fresh answer."""

    question: str
    of: Annotated[str, Meta(description="The node's address or the collection; may be empty.")]
    kind: str
    message: str
    request: str | None
    hint: str | None


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Where a value comes from, and since when it is known."""

    from_: Annotated[str, Meta(description="The request and the server's own field.")] = (
        msgspec.field(name="from")
    )
    at: Time
    age_s: float


class Document(Part, frozen=True, kw_only=True):
    """What all documents share."""

    kind: str = ""
    version: Literal[1] = 1
    at: Time


class ClusterDocument(Document, frozen=True, kw_only=True):
    """What all documents about a cluster share."""

    cluster: Cluster
    problems: tuple[Problem, ...]


class StatsItem(Part, frozen=True, kw_only=True):
    """One collection."""

    collection: str
    multi_tenant: bool
    objects: Count | None
    objects_are: Objects
    shards_answered: Count | None
    shards: Count | None
    replicas: Count | None
    replication_factor: Count | None
    tenants: Count | None
    tenants_by_state: dict[str, Count] | None
    objects_per_s: Annotated[
        float | None, Meta(description="A slope over minutes, since listed counts lag.")
    ]
    growth_pct_per_day: float | None
    queries_per_s: float | None
    query_ms_p50: float | None
    query_ms_p95: float | None
    query_ms_p50_below: Annotated[
        bool, Meta(description="The p50 lies in the lowest bucket: read it as less than.")
    ]
    query_ms_p95_below: Annotated[
        bool, Meta(description="The p95 lies in the lowest bucket: read it as less than.")
    ]
    query_ms_above: Annotated[
        bool, Meta(description="The p95 lies above the highest bucket: read it as more than.")
    ]
    imports_per_s: float | None
    vector_ops_per_s: float | None
    vector_queue: Count | None
    metrics_partial: Annotated[
        bool,
        Meta(
            description="The metrics of a node are missing: rates, sizes and tombstones are lower "
            "bounds."
        ),
    ]
    lsm_partial: Annotated[
        bool, Meta(description="Sizes and segments are lower bounds: not all shards told theirs.")
    ]
    lsm_bytes: Count | None
    segments: Count | None
    segments_min: Count | None
    tombstones: Count | None
    tombstone_ratio: float | None
    dimensions: Count | None
    vector_index: str | None
    compression: str | None
    unloaded_replicas: Count | None
    readonly_replicas: Count | None
    replica_gap: Annotated[
        int | None,
        Meta(description="Largest difference of flushed counts between replicas of one shard."),
    ]
    missing_nodes: tuple[str, ...]
    health: Severity
    not_exposed: dict[str, str]
    sources: dict[str, Source]


class StatsDocument(ClusterDocument, frozen=True, kw_only=True):
    """``stats --json``."""

    kind: Literal["stats"] = "stats"
    items: tuple[StatsItem, ...]


class NodeItem(Part, frozen=True, kw_only=True):
    """One node."""

    node: str
    status: Literal[
        "healthy",
        "unhealthy",
        "not ready",
        "unavailable",
        "hung",
        "missing",
        "unreachable",
        "unknown",
    ]
    why: str
    expected: bool
    leader: bool
    version: str | None
    shards: Count | None
    objects: Annotated[
        int | None, Meta(description="Flushed objects on this node, replicas counted.")
    ]
    raft_state: str | None
    batch_queue: int | None
    operational_mode: str | None
    address: str | None
    metrics_address: str | None
    disk_used_share: Annotated[
        float | None,
        Meta(description="0 to 1; told only where the profile names a prometheus."),
    ]
    disk_free_bytes: Count | None
    disk_size_bytes: Count | None
    memory_bytes: Annotated[
        Count | None, Meta(description="Resident memory of the process, mapped files included.")
    ]
    memory_limit_bytes: Annotated[Count | None, Meta(description="GOMEMLIMIT, where one is set.")]
    heap_bytes: Annotated[Count | None, Meta(description="Go heap in use.")]
    shards_loaded: Count | None
    shards_unloaded: Count | None
    seen_at: Time | None
    not_exposed: dict[str, str]
    sources: dict[str, Source]


class NodesDocument(ClusterDocument, frozen=True, kw_only=True):
    """``nodes --json``."""

    kind: Literal["nodes"] = "nodes"
    items: tuple[NodeItem, ...]


class CollectionItem(Part, frozen=True, kw_only=True):
    """One collection's make."""

    collection: str
    multi_tenant: bool
    shards: Count | None
    replication_factor: Count | None
    tenants: Count | None
    tenants_by_state: dict[str, Count] | None
    vector_index: str | None
    compression: str | None
    aliases: tuple[str, ...]
    not_exposed: dict[str, str]
    sources: dict[str, Source]


class CollectionsDocument(ClusterDocument, frozen=True, kw_only=True):
    """``collections --json``."""

    kind: Literal["collections"] = "collections"
    items: tuple[CollectionItem, ...]


class EventItem(Part, frozen=True, kw_only=True):
    """Something that changed."""

    at: Annotated[str, Meta(description="RFC 3339, UTC: when it was seen, or began to be seen.")]
    severity: Literal["info", "warning", "critical"]
    kind: Annotated[str, Meta(description="A dotted word that stays, such as node.left.")]
    message: str
    node: str | None
    collection: str | None
    tenant: str | None
    shard: str | None
    name: Annotated[
        str | None, Meta(description="An alias, a setting's path, a backup, a movement, a task.")
    ]
    before: str | None
    after: str | None
    evidence: Annotated[str, Meta(description="Which answer showed it, and between which looks.")]


class EventsDocument(Document, frozen=True, kw_only=True):
    """``events --json``: newest first; with ``--follow`` a line each time, in the order seen."""

    kind: Literal["events"] = "events"
    cluster: Cluster
    items: tuple[EventItem, ...]


class EvidenceItem(Part, frozen=True, kw_only=True):
    """One thing that was seen."""

    source: str
    field: str
    value: str
    at: Time | None


class FindingItem(Part, frozen=True, kw_only=True):
    """One trouble."""

    code: str
    severity: Severity
    node: str | None
    collection: str | None
    shard: str | None
    tenant: str | None
    since: Time | None
    message: str
    impact: str
    cause: str
    action: str
    fix: None = None
    evidence: tuple[EvidenceItem, ...]


class Performance(Part, frozen=True, kw_only=True):
    """One value of the plugin's performance data; null is not known."""

    value: float | None
    unit: str
    warning: str
    critical: str
    minimum: float | None
    maximum: float | None


class CheckDocument(Document, frozen=True, kw_only=True):
    """``check --json``."""

    kind: Literal["check"] = "check"
    cluster: Cluster | None
    problems: tuple[Problem, ...]
    status: Literal["OK", "WARNING", "CRITICAL", "UNKNOWN"]
    exit_code: Annotated[int, Meta(ge=0, le=3)]
    message: str
    performance: dict[str, Performance]
    items: tuple[FindingItem, ...]


class SettingItem(Part, frozen=True, kw_only=True):
    """One setting; a secret shows its source only."""

    key: str
    value: str
    origin: str


class ConfigDocument(Document, frozen=True, kw_only=True):
    """``config show --json``."""

    kind: Literal["config"] = "config"
    cluster: None = None
    files: tuple[str, ...]
    notes: tuple[str, ...]
    items: tuple[SettingItem, ...]


class MistakeItem(Part, frozen=True, kw_only=True):
    """One mistake in the settings."""

    file: str
    line: int | None
    key: str
    message: str
    nearest: str | None


class ConfigCheckDocument(Document, frozen=True, kw_only=True):
    """``config check --json``."""

    kind: Literal["config-check"] = "config-check"
    cluster: None = None
    files: tuple[str, ...]
    items: tuple[MistakeItem, ...]


class DemoItem(Part, frozen=True, kw_only=True):
    """One simulated cluster."""

    name: str
    url: str
    grpc: str
    nodes: dict[str, str]
    metrics: dict[str, str]
    grpc_nodes: dict[str, str]
    control: str


class DemoDocument(Document, frozen=True, kw_only=True):
    """``demo --serve``."""

    kind: Literal["demo"] = "demo"
    cluster: None = None
    items: tuple[DemoItem, ...]


class PackedItem(Part, frozen=True, kw_only=True):
    """One file in the archive."""

    name: str
    bytes: Count


class DiagDocument(Document, frozen=True, kw_only=True):
    """``diag --json``."""

    kind: Literal["diag"] = "diag"
    cluster: None = None
    archive: str
    items: tuple[PackedItem, ...]


class KeyItem(Part, frozen=True, kw_only=True):
    """One action of the app."""

    action: str
    keys: tuple[str, ...]
    """As Textual names them; empty: no key."""
    usual: tuple[str, ...]
    command: str | None
    """What is typed after ``:``."""
    takes: str | None
    """The command's argument; in brackets where it can be left out."""
    where: str
    """On which screens: "app" and "screen" everywhere, "list" and "table" in lists."""
    writes: bool
    """Whether it changes a cluster."""
    help: str


class KeysDocument(Document, frozen=True, kw_only=True):
    """``keys list``."""

    kind: Literal["keys"] = "keys"
    cluster: None = None
    file: str
    items: tuple[KeyItem, ...]


class KeysCheckDocument(Document, frozen=True, kw_only=True):
    """``keys check``."""

    kind: Literal["keys-check"] = "keys-check"
    cluster: None = None
    file: str
    items: tuple[MistakeItem, ...]


class TemplateItem(Part, frozen=True, kw_only=True):
    """One template of a collection."""

    template: str
    origin: Literal["own", "shipped"] = "own"
    about: str = ""
    why: str = ""
    """When to take it."""
    saved_from: str | None = None
    """The collection and release it was saved from."""
    file: str | None
    """Null for a shipped one."""
    multi_tenant: bool | None = None
    vectors: tuple[str, ...] = ()
    properties: Count | None = None
    fault: str | None = None
    """Why the file holds no template."""


class TemplatesDocument(Document, frozen=True, kw_only=True):
    """``template list``."""

    kind: Literal["templates"] = "templates"
    cluster: None = None
    folder: str
    items: tuple[TemplateItem, ...]


class TemplateFullItem(TemplateItem, frozen=True, kw_only=True):
    """One template, whole."""

    definition: Annotated[
        dict[str, Any], Meta(description="As POST /v1/schema takes it, without class.")
    ]


class TemplateDocument(Document, frozen=True, kw_only=True):
    """``template show``."""

    kind: Literal["template"] = "template"
    cluster: None = None
    items: tuple[TemplateFullItem, ...]


class LeftOutItem(Part, frozen=True, kw_only=True):
    """A setting that is not kept, and why."""

    path: str
    why: str
    source: str


class TemplateSavedItem(Part, frozen=True, kw_only=True):
    """A template that was saved."""

    template: str
    file: str
    left_out: tuple[LeftOutItem, ...]


class TemplateSavedDocument(Document, frozen=True, kw_only=True):
    """``template save``."""

    kind: Literal["template-saved"] = "template-saved"
    cluster: Cluster
    items: tuple[TemplateSavedItem, ...]


class SchemaRequestItem(Part, frozen=True, kw_only=True):
    """A request that makes or changes a collection."""

    method: Literal["POST", "PUT"]
    path: str
    body: dict[str, Any]
    why: str


class DifferenceItem(Part, frozen=True, kw_only=True):
    """A setting that is not as it was posted; null: not said."""

    path: str
    posted: Any
    read: Any


class TemplateCreatedItem(Part, frozen=True, kw_only=True):
    """A collection made, or to be made, of a template."""

    collection: str
    template: str
    state: Literal["planned", "created", "different", "refused", "unknown"]
    """different: it exists, and not as it was posted; unknown: whether it exists is not known."""
    requests: tuple[SchemaRequestItem, ...]
    differences: tuple[DifferenceItem, ...]
    unknown_settings: tuple[str, ...]
    """Settings that no release known to us has: a server drops them without a word."""
    message: str | None
    """What the server, or the way to it, said against it."""


class TemplateCreatedDocument(Document, frozen=True, kw_only=True):
    """``template create``."""

    kind: Literal["template-created"] = "template-created"
    cluster: Cluster
    items: tuple[TemplateCreatedItem, ...]


DOCUMENTS: dict[str, type[Document]] = {
    "stats": StatsDocument,
    "nodes": NodesDocument,
    "collections": CollectionsDocument,
    "events": EventsDocument,
    "check": CheckDocument,
    "config": ConfigDocument,
    "config-check": ConfigCheckDocument,
    "demo": DemoDocument,
    "diag": DiagDocument,
    "keys": KeysDocument,
    "keys-check": KeysCheckDocument,
    "templates": TemplatesDocument,
    "template": TemplateDocument,
    "template-saved": TemplateSavedDocument,
    "template-created": TemplateCreatedDocument,
}
"""``kind`` -> the type of the document."""
