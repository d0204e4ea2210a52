"""The watch in bad weather: nothing crashes, blanks or lies; each trouble is named."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from elysiadash.cluster.connect import connect
from elysiadash.cluster.lanes import EVERYTHING, FAST
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.watch import Watch
from elysiadash.config.profile import Addresses, Profile, Timeouts
from elysiadash.demo import Fault, SimulatedCluster, simulated

TIMEOUTS = Timeouts(connect=0.5, probe=0.5, park=1.0, fan_out=5.0, slow=5.0, metrics=5.0)


def watch(cluster: SimulatedCluster, **changes: object) -> Watch:
    fields: dict[str, object] = {
        "name": "sim",
        "url": cluster.url,
        "nodes": Addresses(named=cluster.nodes),
        "metrics": Addresses(named=cluster.metrics),
        "timeouts": TIMEOUTS,
        **changes,
    }
    return connect(Profile(**fields))  # type: ignore[arg-type]


@asynccontextmanager
async def watched(
    *faults: Fault, **changes: object
) -> AsyncIterator[tuple[SimulatedCluster, Watch]]:
    async with simulated(grpc=False, time_scale=0.05, faults=faults) as cluster:
        found = watch(cluster, **changes)
        try:
            yield cluster, found
        finally:
            await found.aclose()


def states(found: Watch) -> dict[str, str]:
    return {node.node: node.status for node in found.cluster().nodes}


def words(found: Watch) -> str:
    return " | ".join(f"{kind}:{of} {problem.what}" for kind, of, problem in found.problems())


async def test_a_healthy_cluster_has_no_problem_and_every_row() -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        assert found.problems() == ()
        assert set(states(found).values()) == {"healthy"}
        rows = await found.rows()
        assert len(rows) == 12
        assert all(row.objects is not None for row in rows)
        assert next(row for row in rows if row.multi_tenant).tenants == 2000
        assert not any(route.endswith("/shards") for _, route in cluster.model.calls)


async def test_a_dead_node_is_named_and_the_rest_goes_on() -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        cluster.faults.add(Fault(kind="node_down", node="node-2", start=-60))
        await cluster.apply_faults()
        await found.once(FAST, limit=5)
        assert states(found)["node-2"] == "missing"
        assert found.cluster().live == 2
        assert found.cluster().expected == 3
        assert "Connection refused" in words(found)


async def test_the_contact_being_dead_does_not_blind_us() -> None:
    async with watched() as (cluster, found):
        cluster.faults.add(Fault(kind="node_down", node="node-0", start=-60))
        await cluster.apply_faults()
        await found.once(limit=10)
        assert states(found) == {"node-0": "missing", "node-1": "healthy", "node-2": "healthy"}
        assert found.client.transport.contact == cluster.nodes["node-1"]
        assert len(await found.rows()) == 12


async def test_the_contact_comes_back_into_use() -> None:
    async with watched() as (cluster, found):
        identity = cluster.faults.add(Fault(kind="node_down", node="node-0", start=-60))
        await cluster.apply_faults()
        await found.once(FAST, limit=5)
        assert found.client.transport.contact != found.profile.url
        cluster.faults.remove(identity)
        await cluster.apply_faults()
        await found.once(FAST, limit=5)
        assert found.client.transport.contact == found.profile.url


@pytest.mark.parametrize("node", ["node-0", "node-2"])
async def test_a_hung_node_is_named_although_the_fan_out_hangs(node: str) -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        before = await found.rows()
        cluster.faults.add(Fault(kind="node_hung", node=node))
        await cluster.apply_faults()
        async with asyncio.timeout(4):
            await found.once(FAST, limit=3.5)
        assert states(found)[node] == "hung"
        assert len(await found.rows()) == len(before)


async def test_no_quorum_leaves_local_reads_and_says_so() -> None:
    async with watched(Fault(kind="no_quorum", start=-60)) as (_, found):
        await found.once(limit=10)
        view = found.cluster()
        assert view.leader == ""
        assert {node.status for node in view.nodes} == {"not ready"}
        assert len(await found.rows()) == 12
        assert "leader" in words(found)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind="html", route="GET /v1/nodes*", status=200), "HTML page"),
        (Fault(kind="html", route="GET /v1/nodes*", status=502), "a proxy answered 502"),
        (Fault(kind="truncated", route="GET /v1/nodes*"), "complete"),
        (Fault(kind="malformed", route="GET /v1/nodes*"), "another type"),
        (Fault(kind="malformed", variant="huge_numbers", route="GET /v1/nodes*"), ""),
        (Fault(kind="malformed", variant="not_json", route="GET /v1/nodes*"), "JSON"),
        (Fault(kind="forbidden", route="GET /v1/nodes*"), "permission"),
        (Fault(kind="status", status=500, route="GET /v1/nodes*"), "failed with 500"),
        (Fault(kind="status", status=501, route="GET /v1/nodes*"), "does not offer"),
        (Fault(kind="drop", route="GET /v1/nodes*"), "ended before"),
    ],
    ids=lambda value: value.kind + value.variant if isinstance(value, Fault) else "",
)
async def test_one_broken_endpoint_keeps_its_last_value_and_the_rest_goes_on(
    fault: Fault, expected: str
) -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        kept = found.store.get(Kind.VERBOSE).value
        cluster.faults.add(fault)
        await found.once(limit=10)
        assert expected in words(found)
        assert found.store.get(Kind.VERBOSE).value is not None
        if expected:
            assert found.store.get(Kind.VERBOSE).value is kept
        assert found.store.get(Kind.SCHEMA).problem is None
        assert len(await found.rows()) == 12


async def test_unknown_states_of_a_newer_server_are_shown_as_unknown() -> None:
    fault = Fault(kind="malformed", variant="unknown_values", route="GET /v1/nodes*")
    async with watched(fault) as (_, found):
        await found.once(limit=10)
        assert len(await found.rows()) == 12
        assert "another type" not in words(found)


async def test_a_server_that_dies_and_returns_is_seen_again() -> None:
    async with watched(nodes=Addresses(), metrics=Addresses()) as (cluster, found):
        await found.once(limit=10)
        down = cluster.faults.add(Fault(kind="node_down", start=-60))
        await cluster.apply_faults()
        await found.once(limit=5)
        assert "Connection refused" in words(found)
        assert len(await found.rows()) == 12
        assert set(states(found).values()) == {"unknown"}
        cluster.faults.remove(down)
        await cluster.apply_faults()
        await found.once(limit=10)
        assert found.problems() == ()


async def test_answers_slower_than_the_interval_do_not_pile_up() -> None:
    fault = Fault(kind="slow", seconds=4.0, route="GET /v1/nodes*")
    async with watched(fault) as (cluster, found):
        for _ in range(6):
            await found.pollers[Kind.NODES].once()
        assert found.pollers[Kind.NODES].open_calls <= 2
        asked = sum(count for (_, route), count in cluster.model.calls.items() if "/nodes" in route)
        assert asked <= 2


async def test_nothing_at_the_address_at_all() -> None:
    async with simulated(grpc=False) as cluster:
        url = cluster.url
    found = connect(Profile(name="gone", url=url, timeouts=TIMEOUTS))
    await found.once(limit=5)
    assert "Connection refused" in words(found)
    assert await found.rows() == ()
    assert found.cluster().nodes == ()
    await found.aclose()


async def test_an_empty_cluster_is_empty_not_broken() -> None:
    async with watched(Fault(kind="empty")) as (_, found):
        await found.once(EVERYTHING, limit=10)
        assert await found.rows() == ()
        assert set(states(found).values()) == {"healthy"}


async def test_a_survivor_without_quorum_is_asked_although_it_is_not_ready() -> None:
    async with watched() as (cluster, found):
        for node in ("node-0", "node-2"):
            cluster.faults.add(Fault(kind="node_down", node=node, start=-60))
        await cluster.apply_faults()
        await found.once(limit=10)
        assert found.client.transport.contact == cluster.nodes["node-1"]
        assert found.cluster().leader == ""
        assert len(await found.rows()) == 12


async def test_a_question_that_failed_whole_is_forgotten_when_its_parts_answer() -> None:
    async with watched(metrics=Addresses()) as (cluster, found):
        down = cluster.faults.add(Fault(kind="node_down", start=-60))
        await cluster.apply_faults()
        await found.once(limit=5)
        cluster.faults.remove(down)
        await cluster.apply_faults()
        await found.once(limit=10)
        await found.once(limit=10)
        assert found.problems() == ()


async def test_a_node_whose_metrics_fail_leaves_the_sums_and_is_told() -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        whole = (await found.rows())[0]
        assert (whole.metrics_nodes, whole.live_nodes) == (3, 3)
        cluster.faults.add(Fault(kind="status", status=500, node="node-2", route="GET /metrics"))
        await found.once({Kind.METRICS}, limit=10)
        partly = (await found.rows())[0]
        assert (partly.metrics_nodes, partly.live_nodes) == (2, 3)
        assert partly.lsm_bytes is not None
        assert whole.lsm_bytes is not None
        assert partly.lsm_bytes < whole.lsm_bytes
        cluster.faults.add(Fault(kind="status", status=500, route="GET /metrics"))
        await found.once({Kind.METRICS}, limit=10)
        assert (await found.rows())[0].lsm_bytes is not None


async def test_an_address_that_is_asked_no_longer_leaves_the_sums() -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        before = (await found.rows())[0].lsm_bytes
        kept = {name: url for name, url in cluster.metrics.items() if name != "node-2"}
        smaller = msgspec.structs.replace(found.profile, metrics=Addresses(named=kept))
        found.asks.directory._profile = smaller
        await found.once({Kind.METRICS}, limit=10)
        after = (await found.rows())[0]
        assert after.metrics_nodes == 2
        assert after.lsm_bytes is not None
        assert before is not None
        assert after.lsm_bytes < before


async def test_a_command_that_asks_for_less_does_not_make_the_memory_poorer(tmp_path: Path) -> None:
    async with simulated(grpc=False) as cluster:
        profile = Profile(name="sim", url=cluster.url, timeouts=TIMEOUTS)
        first = connect(profile, state_dir=tmp_path)
        await first.once(limit=10)
        rows = await first.rows()
        await first.aclose()
        second = connect(profile, state_dir=tmp_path)
        await second.once(FAST, limit=10)
        await second.aclose()
        third = connect(profile, state_dir=tmp_path)
        assert len(await third.rows()) == len(rows)
        assert (await third.rows())[0].objects == rows[0].objects
        await third.aclose()


async def test_the_empty_schema_of_a_node_that_starts_is_not_believed() -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        empty = cluster.faults.add(
            Fault(kind="status", status=200, body='{"classes":[]}', route="GET /v1/schema")
        )
        starting = cluster.faults.add(
            Fault(kind="status", status=503, body="", route="GET /v1/.well-known/ready")
        )
        await found.once(limit=10)
        assert len(await found.rows()) == 12
        assert "before it has loaded them" in words(found)
        cluster.faults.remove(starting)
        await found.once(limit=10)
        assert await found.rows() == ()
        cluster.faults.remove(empty)
        await found.once(limit=10)
        assert len(await found.rows()) == 12


async def test_a_node_that_changes_makes_the_other_lanes_look_again() -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        again: list[str] = []
        found.asks.nodes_changed = lambda: again.append("now")
        await found.once(FAST, limit=5)
        assert again == []
        cluster.faults.add(Fault(kind="node_down", node="node-2", start=-60))
        await cluster.apply_faults()
        await found.once(FAST, limit=5)
        assert again == ["now", "now"], "by its own address, and by the list that lacks it"
        await found.once(FAST, limit=5)
        assert len(again) == 2


async def test_a_node_that_leaves_the_list_is_asked_itself_before_it_is_called_missing() -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        seen: list[str] = []
        found.store.listen(lambda _: seen.append(states(found)["node-2"]))
        cluster.faults.add(Fault(kind="node_hung", node="node-2", start=-60))
        await cluster.apply_faults()
        await found.once({Kind.NODES}, limit=5)
        assert {node.name for node in found.store.get(Kind.NODES).value.nodes} == {
            "node-0",
            "node-1",
        }
        assert "missing" not in seen
        assert seen[-1] == "hung"


@pytest.mark.parametrize("kind", ["node_hung", "node_down"])
@pytest.mark.parametrize("addressed", [True, False])
async def test_what_waits_for_a_node_that_hangs_or_is_gone_is_known(
    kind: str, addressed: bool
) -> None:
    nodes = {} if addressed else {"nodes": Addresses()}
    async with watched(**nodes) as (cluster, found):
        await found.once(limit=10)
        assert not found.asks.waits_for_nobody()
        cluster.faults.add(Fault(kind=kind, node="node-2", start=-60))
        await cluster.apply_faults()
        await found.once(FAST, limit=5)
        assert found.asks.waits_for_nobody()
        # Which pollers ask all nodes is in their schedule.
        waiting = {kind for kind, one in found.pollers.items() if one._waits_for_nobody()}
        assert {Kind.NODES, Kind.STATISTICS, Kind.VERBOSE} <= waiting


async def test_another_contact_and_another_leader_make_the_lanes_hurry() -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        leader = found.cluster().leader
        assert leader is not None
        again: list[str] = []
        found.asks.nodes_changed = lambda: again.append("now")
        await found.once(FAST, limit=5)
        assert not found.asks.changeover.lasts()
        cluster.faults.add(Fault(kind="node_down", node=leader, start=-60))
        await cluster.apply_faults()
        await found.once(FAST, limit=5)
        assert found.asks.changeover.lasts()
        assert again
        hurrying = {kind for kind, one in found.pollers.items() if one._changes_over()}
        assert hurrying == EVERYTHING - {Kind.METRICS, Kind.DISK}


async def test_a_follower_that_goes_is_no_change_of_the_leader() -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        leader = found.cluster().leader
        follower = next(
            name
            for name, address in cluster.nodes.items()
            if name != leader and address != cluster.url
        )
        cluster.faults.add(Fault(kind="node_down", node=follower, start=-60))
        await cluster.apply_faults()
        await found.once(FAST, limit=5)
        assert not found.asks.changeover.lasts()


async def test_what_the_former_contact_refused_is_not_said_of_the_one_asked_now() -> None:
    async with watched() as (cluster, found):
        await found.once(limit=10)
        name = next(iter(found.asks.multi_tenant_collections()))
        refused = Problem(
            "unreachable",
            "no connection: Connection refused",
            f"GET {found.profile.url}/v1/schema/{name}/tenants",
        )
        forbidden = Problem("forbidden", "403: viewer may not")
        found.store.fail(Kind.TENANTS, refused, of=name)
        found.store.fail(Kind.ALIASES, forbidden)
        cluster.faults.add(Fault(kind="node_down", node="node-0", start=-60))
        await cluster.apply_faults()
        await found.once(FAST, limit=5)
        now = found.client.transport.contact
        assert now == cluster.nodes["node-1"]
        told = found.store.get(Kind.TENANTS, name).problem
        assert told is not None
        assert told.kind == "unreachable"
        former = found.profile.url.removeprefix("http://")
        instead = now.removeprefix("http://")
        assert told.what == f"no answer from {former}, {instead} is asked instead"
        assert found.store.get(Kind.ALIASES).problem == forbidden
        await found.once({Kind.TENANTS}, limit=5)
        assert found.store.get(Kind.TENANTS, name).problem is None
