"""What Weaviate answers, as typed values: only the fields that are shown or decided on.

Presence and meaning are those of 1.39.0 with the differences of 1.30 to 1.38 noted; fields that
a version leaves out have defaults. States are plain strings, since servers add new ones.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""A number of things: anything else is no answer of a Weaviate."""

MOST_NODES = 1000
"""Several times the largest clusters: the nodes are looked at many times a second, so an answer
of tens of thousands would hold up every screen."""
_OF_A_CLUSTER = msgspec.Meta(max_length=MOST_NODES)


class Wire(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of everything decoded from REST: camelCase on the wire, unknown fields ignored."""


class BatchStats(Wire, frozen=True):
    """``queueLength`` is absent under async indexing; ``ratePerSecond`` is stale when idle."""

    queue_length: Count | None = None
    rate_per_second: int | None = None


class NodeStats(Wire, frozen=True):
    """Sums over one node's loaded shards, replicas counted (verbose only)."""

    object_count: Count = 0
    shard_count: Count = 0


class AsyncReplicationStatus(Wire, frozen=True):
    """Last comparison with one peer; without ``target_node`` it means "compared, nothing to do".

    ``objects_propagated`` keeps its last value after convergence and is absent while 0.
    """

    target_node: str | None = None
    objects_propagated: int = 0
    start_diff_time_unix_millis: int = 0


class ShardReplica(Wire, frozen=True):
    """One replica of one shard on one node (verbose nodes).

    ``object_count`` counts flushed objects only and is a placeholder while ``loaded`` is false;
    ``status`` is the shard's storage state (READY, INDEXING, READONLY, LAZY_LOADING, ...).
    """

    collection: str = msgspec.field(name="class")
    name: str = ""
    object_count: Count = 0
    status: str = msgspec.field(name="vectorIndexingStatus", default="")
    vector_queue_length: Count = 0
    compressed: bool = False
    loaded: bool = True
    number_of_replicas: Count = 0
    replication_factor: Count = 0
    async_replication_status: list[AsyncReplicationStatus] | None = None


class Node(Wire, frozen=True):
    """One listed node. A node that did not answer the fan-out carries only name and status."""

    name: str
    status: str = ""
    version: str | None = None
    operational_mode: str | None = None
    batch_stats: BatchStats | None = None
    stats: NodeStats | None = None
    shards: list[ShardReplica] | None = None


class Nodes(Wire, frozen=True):
    """``GET /v1/nodes``: only the nodes that gossip still counts as members."""

    nodes: Annotated[list[Node], _OF_A_CLUSTER] = []


class RaftPeer(Wire, frozen=True):
    """One member of the raft configuration; ``suffrage`` 0 votes."""

    id: str
    address: str = ""
    suffrage: int = 0


class Raft(Wire, frozen=True):
    """Raft's own numbers, strings on the wire. ``last_contact`` is "0" on the leader."""

    state: str = ""
    term: str = ""
    applied_index: str = ""
    commit_index: str = ""
    fsm_pending: str = ""
    last_contact: str = ""
    num_peers: str = ""
    latest_configuration: Annotated[list[RaftPeer], _OF_A_CLUSTER] | None = None


class NodeStatistics(Wire, frozen=True):
    """One node's view; flags are absent when false, ``raft`` can be missing after a death.

    ``leader_id`` is a string at run time ("" without leader); the specification says object.
    """

    name: str
    status: str = ""
    leader_id: Any = None
    ready: bool = False
    is_voter: bool = False
    open: bool = False
    bootstrapped: bool = False
    db_loaded: bool = False
    raft: Raft | None = None


class Statistics(Wire, frozen=True):
    """``GET /v1/cluster/statistics``; ``synchronized`` looks at listed nodes only."""

    statistics: Annotated[list[NodeStatistics], _OF_A_CLUSTER] = []
    synchronized: bool = False


class Quantizer(Wire, frozen=True):
    """One quantizer's switch and settings; ``bits`` belongs to rq, ``segments``, ``centroids``
    and ``bit_compression`` to pq. A ``rescore_limit`` of -1 leaves the number to the server."""

    enabled: bool = False
    bits: int | None = None
    segments: int | None = None
    centroids: int | None = None
    training_limit: int | None = None
    rescore_limit: int | None = None
    bit_compression: bool | None = None
    cache: bool | None = None


class MultiVector(Wire, frozen=True):
    """Whether an object has many vectors (late interaction), and how they are put together."""

    enabled: bool = False
    aggregation: str | None = None
    muvera: Quantizer | None = None


class VectorIndexConfig(Wire, frozen=True):
    """The settings of a vector index that the console shows; others are ignored.

    ``ef`` of -1 is chosen for each query between the ``dynamic_ef`` bounds. ``search_probe``,
    ``replicas`` and ``max_posting_size_kb`` belong to hfresh, ``hnsw`` and ``flat`` to dynamic.
    """

    distance: str | None = None
    ef: int | None = None
    ef_construction: int | None = None
    max_connections: int | None = None
    vector_cache_max_objects: int | None = None
    filter_strategy: str | None = None
    threshold: int | None = None
    pq: Quantizer | None = None
    bq: Quantizer | None = None
    sq: Quantizer | None = None
    rq: Quantizer | None = None
    hnsw: VectorIndexConfig | None = None
    flat: VectorIndexConfig | None = None
    dynamic_ef_min: int | None = None
    dynamic_ef_max: int | None = None
    dynamic_ef_factor: int | None = None
    flat_search_cutoff: int | None = None
    cleanup_interval_seconds: float | None = None
    skip: bool | None = None
    search_probe: int | None = None
    replicas: int | None = None
    max_posting_size_kb: int | None = msgspec.field(name="maxPostingSizeKB", default=None)
    multivector: MultiVector | None = None


class VectorConfig(Wire, frozen=True):
    """One named vector."""

    vector_index_type: str = ""
    vector_index_config: VectorIndexConfig | None = None
    vectorizer: dict[str, Any] | None = None


class Replication(Wire, frozen=True):
    """``async_enabled`` is left out by some releases; ``async_config`` has what was set of the
    asynchronous replication's own settings (``frequency``, ``propagationDelay``, ...)."""

    factor: Count = 1
    deletion_strategy: str | None = None
    async_enabled: bool | None = None
    async_config: dict[str, Any] | None = None


class MultiTenancy(Wire, frozen=True):
    """Whether each tenant has a shard of its own, and what happens by itself."""

    enabled: bool = False
    auto_tenant_creation: bool = False
    auto_tenant_activation: bool = False


class Sharding(Wire, frozen=True):
    """All zero for a multi-tenant collection."""

    desired_count: Count = 0
    actual_count: Count = 0
    key: str | None = None
    strategy: str | None = None
    function: str | None = None
    virtual_per_physical: int | None = None


class Bm25(Wire, frozen=True):
    """How keyword search weighs."""

    k1: float | None = None
    b: float | None = None


class Stopwords(Wire, frozen=True):
    """Words that keyword search leaves out."""

    preset: str | None = None
    additions: list[str] | None = None
    removals: list[str] | None = None


class InvertedIndex(Wire, frozen=True):
    """The settings of a collection's inverted indexes; switches are absent when off."""

    bm25: Bm25 | None = None
    stopwords: Stopwords | None = None
    cleanup_interval_seconds: float | None = None
    index_timestamps: bool = False
    index_null_state: bool = False
    index_property_length: bool = False
    using_block_max_wand: bool | None = msgspec.field(name="usingBlockMaxWAND", default=None)


class Property(Wire, frozen=True):
    """One property of a collection and which inverted indexes it has."""

    name: str
    data_type: list[str] = []
    tokenization: str | None = None
    index_filterable: bool | None = None
    index_searchable: bool | None = None
    index_range_filters: bool | None = None


class CollectionDefinition(Wire, frozen=True):
    """One collection of ``GET /v1/schema``."""

    name: str = msgspec.field(name="class")
    description: str | None = None
    vector_config: dict[str, VectorConfig] | None = None
    vector_index_type: str | None = None
    vector_index_config: VectorIndexConfig | None = None
    vectorizer: str | None = None
    replication_config: Replication | None = None
    multi_tenancy_config: MultiTenancy | None = None
    sharding_config: Sharding | None = None
    properties: list[Property] | None = None
    inverted_index_config: InvertedIndex | None = None
    module_config: dict[str, Any] | None = None
    object_ttl_config: dict[str, Any] | None = None


class Schema(Wire, frozen=True):
    """``GET /v1/schema``; under RBAC only the collections that the user may read."""

    classes: list[CollectionDefinition] | None = None


class Alias(Wire, frozen=True):
    """One alias and the collection it stands for."""

    alias: str
    collection: str = msgspec.field(name="class", default="")


class Aliases(Wire, frozen=True):
    """``GET /v1/aliases`` (1.32 and later)."""

    aliases: list[Alias] | None = None


class Tenant(Wire, frozen=True):
    """One tenant; an absent state means HOT."""

    name: str
    activity_status: str = "HOT"


class ShardPlacement(Wire, frozen=True):
    """Which nodes hold one shard, dead ones included."""

    shard: str
    replicas: list[str] | None = None


class ShardingState(Wire, frozen=True):
    """``GET /v1/replication/sharding-state``: intended placement; shard order is random."""

    collection: str = ""
    shards: list[ShardPlacement] | None = None


class ShardingStateAnswer(Wire, frozen=True):
    """The envelope around a sharding state."""

    sharding_state: ShardingState | None = None


class OperationError(Wire, frozen=True):
    """One failed try of a replica movement."""

    message: str = ""
    when_errored_unix_ms: int = 0


class OperationStatus(Wire, frozen=True):
    """One state of a replica movement."""

    state: str = ""
    when_started_unix_ms: int | None = None
    errors: list[OperationError] | None = None


class ReplicationOperation(Wire, frozen=True):
    """One replica movement (field names of 1.32 and later)."""

    id: str
    collection: str = ""
    shard: str = ""
    source_node: str = ""
    target_node: str = ""
    type: str = ""
    status: OperationStatus | None = None
    status_history: list[OperationStatus] | None = None
    uncancelable: bool = False
    scheduled_for_cancel: bool = False
    scheduled_for_delete: bool = False


class TaskUnit(Wire, frozen=True):
    """One node's part of a task; ``progress`` runs from 0 to 1."""

    id: str = ""
    node_id: str = ""
    status: str = ""
    progress: float = 0.0
    error: str | None = None


class Task(Wire, frozen=True):
    """One distributed task; an unset ``finished_at`` is year 1."""

    id: str
    status: str = ""
    started_at: str | None = None
    finished_at: str | None = None
    error: str | None = None
    payload: Any = None
    units: list[TaskUnit] | None = None


class PropertyIndex(Wire, frozen=True):
    """One inverted index of a property and its state."""

    type: str = ""
    status: str = ""
    progress: float | None = None
    tokenization: str | None = None
    task_id: str | None = None


class PropertyIndexes(Wire, frozen=True):
    """The indexes of one property."""

    name: str
    data_type: str | None = None
    indexes: list[PropertyIndex] | None = None


class CollectionIndexes(Wire, frozen=True):
    """``GET /v1/schema/{c}/indexes`` (1.38 and later)."""

    collection: str = ""
    properties: list[PropertyIndexes] | None = None


class Backup(Wire, frozen=True):
    """One backup of a backend's list; ``size`` in GiB before compression."""

    id: str
    status: str = ""
    classes: list[str] | None = None
    started_at: str | None = None
    completed_at: str | None = None
    size: float | None = None


class Meta(Wire, frozen=True):
    """``GET /v1/meta`` of the contacted node."""

    version: str = ""
    hostname: str = ""
    grpc_max_message_size: int | None = None
    modules: dict[str, Any] | None = None

    def backup_backends(self) -> tuple[str, ...]:
        """The backup backends that are switched on, by the name the backup routes take."""
        prefix = "backup-"
        names = (name for name in (self.modules or {}) if name.startswith(prefix))
        return tuple(sorted(name.removeprefix(prefix) for name in names))


class OwnInfo(Wire, frozen=True):
    """``GET /v1/users/own-info``: who the server takes us for."""

    username: str = ""
    groups: list[str] | None = None
    roles: list[dict[str, Any]] | None = None


class Readiness(msgspec.Struct, frozen=True, gc=False):
    """What one node's own readiness endpoint said; ``status`` is the HTTP status."""

    ready: bool
    status: int
    seconds: float


ENVELOPES: dict[type, bytes] = {
    Nodes: b'"nodes"',
    Statistics: b'"statistics"',
    Schema: b'"classes"',
    Meta: b'"version"',
}
"""What each of these answers always holds: without it another program answered."""
