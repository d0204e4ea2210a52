"""What a user may tune: how often, how long, how much, when to worry, and how to log.

Each field's ``Meta`` carries its unit, its meaning and its valid range. The starter file, the
JSON schema and the range check are made from it; nothing is said twice.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

LogLevel = Literal["debug", "info", "warning", "error"]

_MIB = 1024 * 1024


class Intervals(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Seconds between two polls of a lane."""

    fast: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            description="Seconds between polls of readiness, minimal nodes and statistics.",
        ),
    ] = 5.0
    metrics: Annotated[
        float,
        Meta(ge=5, le=3600, description="Seconds, at least, between two reads of the metrics."),
    ] = 15.0
    slow: Annotated[
        float,
        Meta(
            ge=5,
            le=3600,
            description="Seconds, at least, between polls of schema, aliases, tenants, tasks.",
        ),
    ] = 15.0
    backups: Annotated[
        float,
        Meta(ge=30, le=86400, description="Seconds between two looks at the list of backups."),
    ] = 300.0
    metrics_cost_factor: Annotated[
        float,
        Meta(
            ge=1,
            le=10000,
            description="The metrics wait at least this many times as long as the server took.",
        ),
    ] = 100.0
    slow_cost_factor: Annotated[
        float,
        Meta(
            ge=1,
            le=10000,
            description="A slow call waits at least this many times as long as it took last.",
        ),
    ] = 50.0
    ui_notice: Annotated[
        float,
        Meta(ge=0.05, le=10, description="Seconds, at least, between two redraws with new data."),
    ] = 0.25


class Timeouts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Seconds after which a call is given up, or in the case of ``park`` only set aside."""

    connect: Annotated[
        float, Meta(gt=0, le=120, description="Seconds to open a connection, TLS included.")
    ] = 2.0
    read: Annotated[
        float, Meta(gt=0, le=600, description="Seconds for an answer of the identity provider.")
    ] = 5.0
    probe: Annotated[
        float, Meta(gt=0, le=60, description="Seconds for a node's readiness to answer.")
    ] = 2.0
    park: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="Seconds after which a call that asks all nodes is set aside: it goes on "
            "in the background and the old values stay on screen.",
        ),
    ] = 3.0
    fan_out: Annotated[
        float,
        Meta(
            gt=0,
            le=600,
            description="Seconds after which a call that asks all nodes is given up. A server "
            "with a hung peer needs 30 s to answer.",
        ),
    ] = 35.0
    slow: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds for a call of the slow lane.")
    ] = 60.0
    metrics: Annotated[float, Meta(gt=0, le=600, description="Seconds for one node's metrics.")] = (
        30.0
    )
    exact_count: Annotated[
        float, Meta(gt=0, le=600, description="Seconds for an exact count of objects.")
    ] = 5.0
    leader_read: Annotated[
        float, Meta(gt=0, le=600, description="Seconds for a read that asks the raft leader.")
    ] = 5.0
    command: Annotated[
        float,
        Meta(
            gt=0,
            le=600,
            description="Seconds that a command waits for its questions, a hung peer or not; what "
            "has not answered then is told as a problem.",
        ),
    ] = 4.0


class Limits(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How much of the server's and of our own resources may be used."""

    in_flight_per_host: Annotated[
        int, Meta(ge=1, le=256, description="Requests in flight to one host at the same time.")
    ] = 8
    keepalive_s: Annotated[
        float, Meta(ge=0, le=3600, description="Seconds an idle connection is kept open.")
    ] = 60.0
    answer_bytes: Annotated[
        int,
        Meta(ge=_MIB, le=4096 * _MIB, description="Bytes of the largest JSON answer accepted."),
    ] = 256 * _MIB
    metrics_bytes: Annotated[
        int,
        Meta(
            ge=_MIB,
            le=1024 * _MIB,
            description="Bytes of one node's metrics after which reading stops.",
        ),
    ] = 64 * _MIB
    retries: Annotated[
        int, Meta(ge=0, le=10, description="Further tries of a read after a broken connection.")
    ] = 1
    backoff_first_s: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds before the first retry of a poller.")
    ] = 1.0
    backoff_max_s: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds between retries of a poller, at most.")
    ] = 60.0
    history_points: Annotated[
        int, Meta(ge=2, le=100000, description="Points kept in memory for each chart.")
    ] = 720
    requests_per_minute: Annotated[
        int,
        Meta(
            ge=10,
            le=1000000,
            description="Requests a minute to one cluster after which we stop ourselves.",
        ),
    ] = 600


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """From when on a value becomes a finding."""

    vector_queue_warn: Annotated[
        int, Meta(ge=0, description="Vectors waiting to be indexed in a shard: warning.")
    ] = 10_000
    vector_queue_critical: Annotated[
        int, Meta(ge=0, description="Vectors waiting to be indexed in a shard: critical.")
    ] = 1_000_000
    tombstone_ratio_warn: Annotated[
        float, Meta(ge=0, le=1, description="Tombstones to objects, 0 to 1: warning.")
    ] = 0.10
    tombstone_ratio_critical: Annotated[
        float, Meta(ge=0, le=1, description="Tombstones to objects, 0 to 1: critical.")
    ] = 0.30
    stale_after_s: Annotated[
        float, Meta(gt=0, le=86400, description="Seconds after which a value is shown as stale.")
    ] = 30.0


class Recording(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is kept of the past: for charts, for events, and to look at it again later."""

    enabled: Annotated[
        bool,
        Meta(description="Whether the app and elysiadash record keep the past of the cluster."),
    ] = True
    max_age_h: Annotated[
        float, Meta(ge=1, le=8760, description="Hours after which the past is forgotten.")
    ] = 168.0
    max_bytes: Annotated[
        int,
        Meta(
            ge=8 * _MIB,
            le=65536 * _MIB,
            description="Bytes of the file; when it is full, the oldest part goes first.",
        ),
    ] = 256 * _MIB


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where and how much we write about our own work."""

    level: Annotated[
        LogLevel,
        Meta(description='The least important entries kept: "debug", "info", "warning", "error".'),
    ] = "info"
    file: Annotated[
        str | None,
        Meta(
            description="The log file. Without it, elysiadash.log in the state folder.",
            examples=["~/elysiadash.log"],
        ),
    ] = None
    max_bytes: Annotated[
        int,
        Meta(
            ge=64 * 1024,
            le=1024 * _MIB,
            description="Bytes of the file after which a new one is begun.",
        ),
    ] = 5 * _MIB
    backups: Annotated[
        int, Meta(ge=0, le=100, description="Full files kept besides the one being written.")
    ] = 3
