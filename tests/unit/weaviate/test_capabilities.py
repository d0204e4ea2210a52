"""Capabilities: what each answer says of a feature, and when to ask again."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest

from elysiadash.weaviate.capabilities import NEEDS, Capabilities, Feature, Support, probe
from elysiadash.weaviate.client import Client
from elysiadash.weaviate.errors import (
    Forbidden,
    NoAnswer,
    NotFound,
    NotSupported,
    Rejected,
    ServerFault,
    WeaviateError,
)
from elysiadash.weaviate.models import Meta

ASKED = (
    Feature.ALIASES,
    Feature.REPLICA_MOVEMENT,
    Feature.TASKS,
    Feature.PROPERTY_INDEXES,
    Feature.CONNECT_DOOR,
)


class FakeClient:
    """Answers every question, or fails the one of a feature."""

    def __init__(
        self,
        failing: Feature | None = None,
        error: WeaviateError | None = None,
        *,
        modules: dict[str, Any] | None = None,
        metrics: tuple[str, ...] = (),
    ) -> None:
        self.failing = failing
        self.error = error
        self.modules = modules
        self.profile = SimpleNamespace(metrics=metrics)
        self.asked: list[Feature] = []

    async def meta(self) -> Meta:
        return Meta(version="1.39.0", modules=self.modules)

    async def aliases(self) -> None:
        self._answer(Feature.ALIASES)

    async def replication_operations(self) -> None:
        self._answer(Feature.REPLICA_MOVEMENT)

    async def tasks(self) -> None:
        self._answer(Feature.TASKS)

    async def indexes(self, collection: str) -> None:
        self._answer(Feature.PROPERTY_INDEXES)

    async def knock_connect(self, collection: str) -> None:
        self._answer(Feature.CONNECT_DOOR)

    def _answer(self, feature: Feature) -> None:
        self.asked.append(feature)
        if feature is self.failing and self.error is not None:
            raise self.error


async def found(client: FakeClient) -> Capabilities:
    return await probe(cast(Client, client))


@pytest.mark.parametrize("feature", ASKED)
@pytest.mark.parametrize(
    ("error", "available", "reason"),
    [
        (None, True, ""),
        (NotSupported("no route", status=404), False, "needs"),
        (NotSupported("switched off", status=501), False, ""),
        (NotFound("no such collection", status=404), True, ""),
        (Forbidden("403", status=403), False, "the user lacks the permission"),
        (Rejected("422", status=422), True, ""),
        (ServerFault("503 of a proxy", status=503), None, "503 of a proxy"),
        (NoAnswer("no answer within 5 s"), None, "no answer within 5 s"),
    ],
)
async def test_what_each_answer_says(
    feature: Feature, error: WeaviateError | None, available: bool | None, reason: str
) -> None:
    client = FakeClient(feature, error)
    answer = await found(client)
    assert answer.version == "1.39.0"
    assert answer.of(feature).available is available
    assert reason in answer.of(feature).reason
    assert sorted(client.asked) == sorted(ASKED)
    others = [answer.of(other) for other in ASKED if other is not feature]
    assert others == [Support(True)] * 4
    assert answer.unknown() is (available is None)


@pytest.mark.parametrize(
    ("feature", "status", "reason"),
    [
        (Feature.REPLICA_MOVEMENT, 501, "REPLICA_MOVEMENT_ENABLED is off"),
        (Feature.REPLICA_MOVEMENT, 404, NEEDS[Feature.REPLICA_MOVEMENT]),
        (Feature.TASKS, 501, NEEDS[Feature.TASKS]),
    ],
)
async def test_a_missing_feature_says_what_it_needs(
    feature: Feature, status: int, reason: str
) -> None:
    answer = await found(FakeClient(feature, NotSupported("no", status=status)))
    assert answer.of(feature) == Support(False, reason)


@pytest.mark.parametrize(
    ("feature", "available"), [(Feature.CONNECT_DOOR, True), (Feature.ALIASES, None)]
)
async def test_only_the_connect_door_is_known_by_its_500(
    feature: Feature, available: bool | None
) -> None:
    answer = await found(FakeClient(feature, ServerFault("500", status=500)))
    assert answer.of(feature).available is available


async def test_backups_and_metrics_are_read_from_meta_and_profile() -> None:
    with_both = await found(FakeClient(modules={"backup-s3": {}}, metrics=("http://a:2112",)))
    without = await found(FakeClient())
    for feature in (Feature.BACKUPS, Feature.METRICS):
        assert with_both.of(feature) == Support(True)
        assert without.of(feature).available is False
        assert without.of(feature).reason


async def test_a_probe_notes_when_it_was() -> None:
    before = time.monotonic()
    answer = await found(FakeClient())
    assert before <= answer.probed_at <= time.monotonic()


KNOWN = {Feature.TASKS: Support(True), Feature.ALIASES: Support(False, "lacks the permission")}
UNKNOWN = {**KNOWN, Feature.ALIASES: Support(None, "no answer")}


@pytest.mark.parametrize(
    ("features", "after", "version", "due"),
    [
        (KNOWN, 0.0, "1.39.0", False),
        (KNOWN, 599.0, "1.39.0", False),
        (KNOWN, 600.0, "1.39.0", True),
        (UNKNOWN, 0.0, "1.39.0", False),
        (UNKNOWN, 59.0, "1.39.0", False),
        (UNKNOWN, 60.0, "1.39.0", True),
        (KNOWN, 0.0, "1.39.1", True),
    ],
)
def test_when_to_probe_again(
    features: dict[Feature, Support], after: float, version: str, due: bool
) -> None:
    assert Capabilities("1.39.0", features, 1000.0).due(1000.0 + after, version) is due


def test_the_pauses_between_probes_can_be_chosen() -> None:
    assert Capabilities("1", UNKNOWN, 0.0).due(5.0, "1", unknown_after=5.0)
    assert Capabilities("1", KNOWN, 0.0).due(7.0, "1", known_after=7.0)
