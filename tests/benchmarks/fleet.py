"""What several clusters cost us and them: one watched, against four in the fleet.

    python -m tests.benchmarks.fleet

Simulated clusters in a process of their own, real sockets, the app without a terminal. The first
cluster is watched as ever, metrics included; the three others by the fleet's light watches.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec

from elysiadash.cli.choosing import profile_of_demo
from elysiadash.cli.demo_process import demo_clusters
from elysiadash.cluster.connect import connect
from elysiadash.cluster.glance import Glance, glance
from elysiadash.config.profile import Profile
from elysiadash.tui.app import ElysiadashApp
from elysiadash.tui.clusters import Clusters
from tests.benchmarks.rows import Row, print_rows

WARM_UP_S, MEASURED_S = 20.0, 60.0
SIZE = (200, 50)


class Cost(msgspec.Struct, frozen=True):
    """CPU as a share of one core, and requests a minute to all clusters together."""

    cpu: float
    requests: float
    others: float
    """Requests a minute to one of the clusters that are only looked at."""


async def cost(profiles: Sequence[Profile], seconds: float) -> Cost:
    """The app on the first profile, on the fleet's screen where there are more."""
    looks: list[Glance] = []

    def look(profile: Profile, *, pace: float) -> Glance:
        looks.append(glance(profile, pace=pace))
        return looks[-1]

    watch = connect(profiles[0])
    clusters = Clusters({each.name: each for each in profiles}, connect, look=look)
    app = ElysiadashApp(watch, clusters=clusters, demo=True)
    async with app.run_test(size=SIZE) as pilot:
        if len(profiles) > 1:
            await app.go("fleet")
        await pilot.pause(WARM_UP_S)
        budgets = [each.client.transport.budget for each in (watch, *looks)]
        before = [budget.outcomes.total() for budget in budgets]
        cpu, started = time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        passed = time.perf_counter() - started
        cpu = time.process_time() - cpu
        sent = [
            (budget.outcomes.total() - was) * 60 / passed
            for budget, was in zip(budgets, before, strict=True)
        ]
        return Cost(cpu / passed, sum(sent), sum(sent[1:]) / max(1, len(looks)))


def run(seconds: float = MEASURED_S) -> list[Row]:
    """About three minutes: the lanes are slow on purpose."""
    with demo_clusters("both") as first, demo_clusters("both", seed=2) as second:
        found = [profile_of_demo(cluster) for cluster in (*first, *second)]
        names = ("a", "b", "c", "d")
        profiles = [
            msgspec.structs.replace(profile, name=name)
            for profile, name in zip(found, names, strict=True)
        ]
        one = asyncio.run(cost(profiles[:1], seconds))
        four = asyncio.run(cost(profiles, seconds))
    return [
        Row(
            "four clusters in the fleet, against one watched: CPU",
            f"{four.cpu:.2%}",
            f"{one.cpu:.2%}",
            f"{four.cpu / one.cpu:.2f}x",
            "no more than 2x is wanted",
        ),
        Row(
            "the same: requests a minute to all of them",
            f"{four.requests:.0f}",
            f"{one.requests:.0f}",
            f"{four.requests / one.requests:.2f}x",
            f"{four.others:.0f} to each cluster that is only looked at",
        ),
    ]


def main() -> None:
    """Print the table."""
    print_rows("fleet", run())


if __name__ == "__main__":
    main()
