"""What this server offers, so that a feature says what it needs instead of failing.

Probed once per connection, again when the version changes, and now and then, because features
land in old releases' patches and are switched by settings and permissions: the answer decides,
not the version.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

import msgspec

from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import (
    Forbidden,
    NotFound,
    NotSupported,
    Rejected,
    ServerFault,
    WeaviateError,
)

_UNKNOWN_COLLECTION = "ElysiadashProbe"


class Feature(StrEnum):
    """Something a server may or may not offer."""

    ALIASES = "aliases"
    REPLICA_MOVEMENT = "replica movement"
    TASKS = "tasks"
    PROPERTY_INDEXES = "property indexes"
    BACKUPS = "backups"
    CONNECT_DOOR = "protobuf over the REST port"
    STATISTICS = "cluster statistics"
    METRICS = "metrics"


class Support(msgspec.Struct, frozen=True, gc=False):
    """``available`` None means it could not be found out; ``reason`` is for the user's eyes."""

    available: bool | None
    reason: str = ""


class Capabilities(msgspec.Struct, frozen=True, gc=False):
    """What was found for one version; ``features`` has an entry for each probed feature.

    ``probed_at`` (monotonic seconds) is when the answers were in.
    """

    version: str
    features: dict[Feature, Support]
    probed_at: float = 0.0

    def of(self, feature: Feature) -> Support:
        """What is known of one feature."""
        return self.features.get(feature, Support(None, "not asked yet"))

    def unknown(self) -> bool:
        """Whether some feature could not be found out, so that asking again makes sense."""
        return any(support.available is None for support in self.features.values())

    def due(
        self, now: float, version: str, *, unknown_after: float = 60.0, known_after: float = 600.0
    ) -> bool:
        """Whether to probe again at monotonic ``now``, where the server says ``version``.

        At once for another version; after ``unknown_after`` seconds while something could not be
        found out; else after ``known_after``, since permissions and settings change.
        """
        if version != self.version:
            return True
        return now - self.probed_at >= (unknown_after if self.unknown() else known_after)


NEEDS: dict[Feature, str] = {
    Feature.ALIASES: "needs 1.32",
    Feature.REPLICA_MOVEMENT: "needs 1.31",
    Feature.TASKS: "needs 1.31, or DISTRIBUTED_TASKS_ENABLED=true before 1.38",
    Feature.PROPERTY_INDEXES: "needs 1.38",
    Feature.BACKUPS: "needs a backup module (ENABLE_MODULES)",
    Feature.CONNECT_DOOR: "needs 1.38.3 and grpc_web_enabled",
    Feature.STATISTICS: "needs 1.25",
}


async def probe(client: Client) -> Capabilities:
    """Ask for each feature once, side by side; raises only when ``meta`` cannot be had."""
    meta = await client.meta()
    questions: dict[Feature, Callable[[], Awaitable[Any]]] = {
        Feature.ALIASES: client.aliases,
        Feature.REPLICA_MOVEMENT: client.replication_operations,
        Feature.TASKS: client.tasks,
        Feature.PROPERTY_INDEXES: lambda: client.indexes(_UNKNOWN_COLLECTION),
        Feature.CONNECT_DOOR: lambda: client.knock_connect(_UNKNOWN_COLLECTION),
    }
    found = await asyncio.gather(*(_ask(feature, ask) for feature, ask in questions.items()))
    features = dict(zip(questions, found, strict=True))
    features[Feature.BACKUPS] = (
        Support(True) if meta.backup_backends() else Support(False, NEEDS[Feature.BACKUPS])
    )
    features[Feature.METRICS] = (
        Support(True)
        if client.profile.metrics
        else Support(False, "needs metrics addresses in the profile")
    )
    return Capabilities(meta.version, features, time.monotonic())


async def _ask(feature: Feature, ask: Callable[[], Awaitable[Any]]) -> Support:
    try:
        await ask()
    except NotSupported as error:
        return Support(False, _why_not(feature, error))
    except NotFound:
        # The probe's collection does not exist, the route does.
        return Support(True)
    except Forbidden:
        return Support(False, "the user lacks the permission")
    except Rejected:
        return Support(True)
    except ServerFault as error:
        if feature is Feature.CONNECT_DOOR and error.status == 500:
            return Support(True)
        return Support(None, error.what)
    except WeaviateError as error:
        return Support(None, error.what)
    return Support(True)


def _why_not(feature: Feature, error: NotSupported) -> str:
    # Measured on 1.39.0: 501 with an empty body when the feature is switched off.
    if feature is Feature.REPLICA_MOVEMENT and error.status == 501:
        return "REPLICA_MOVEMENT_ENABLED is off"
    return NEEDS[feature]
