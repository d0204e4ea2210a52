"""Why the rows of a watch lack what was not asked for yet."""

from __future__ import annotations

import pytest

from elysiadash.cluster.connect import connect
from elysiadash.cluster.slices import Kind
from elysiadash.config.profile import Addresses, Profile
from elysiadash.demo import simulated


@pytest.mark.parametrize(
    ("named", "words"),
    [(True, "the metrics were not read yet"), (False, "no metrics: set metrics in the profile")],
)
async def test_metrics_that_are_named_are_only_not_read_yet(named: bool, words: str) -> None:
    async with simulated("healthy", grpc=False, time_scale=0.05) as cluster:
        metrics = Addresses(named=cluster.metrics if named else {})
        watch = connect(Profile(name="sim", url=cluster.url, metrics=metrics))
        await watch.once({Kind.NODES, Kind.SCHEMA, Kind.VERBOSE}, limit=20)
        reasons = {row.not_exposed["queries_per_s"] for row in await watch.rows()}
        await watch.aclose()
    assert len(reasons) == 1
    assert reasons.pop().startswith(words)
