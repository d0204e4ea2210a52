"""What goes wrong shows as it does on a real cluster, for as long as it was said."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from elysiadash.demo import Fault, ManualClock, SimulatedCluster
from elysiadash.demo.faults import FaultBoard, read_faults


async def _get(cluster: SimulatedCluster, path: str, node: str = "node-0") -> httpx.Response:
    async with httpx.AsyncClient(base_url=cluster.nodes[node], timeout=5) as client:
        return await client.get(path)


# ---- faults of a request ---------------------------------------------------------------------


async def test_a_status_with_a_body_hits_only_its_route_and_node(
    cluster: SimulatedCluster,
) -> None:
    cluster.faults.add(
        Fault(kind="status", node="node-1", route="/v1/schema*", status=429, body='{"wait":1}')
    )
    hit = await _get(cluster, "/v1/schema/Documents", "node-1")
    assert (hit.status_code, hit.json()) == (429, {"wait": 1})
    assert (await _get(cluster, "/v1/schema/Documents", "node-0")).status_code == 200
    assert (await _get(cluster, "/v1/nodes", "node-1")).status_code == 200


async def test_a_fault_holds_from_until_and_for_so_many_requests(
    cluster: SimulatedCluster, clock: ManualClock
) -> None:
    cluster.faults.add(Fault(kind="status", route="GET /v1/meta", start=10, until=20, times=2))
    codes = []
    for step in (5, 6, 3, 3, 20):
        clock.advance(step)
        codes.append((await _get(cluster, "/v1/meta")).status_code)
    assert codes == [200, 503, 503, 200, 200]


async def test_a_slow_answer_comes_late_and_whole(cluster: SimulatedCluster) -> None:
    cluster.faults.add(Fault(kind="slow", route="/v1/aliases", seconds=0.15))
    started = time.perf_counter()
    answer = await _get(cluster, "/v1/aliases")
    assert time.perf_counter() - started >= 0.15
    assert answer.status_code == 200


async def test_a_hanging_answer_never_comes(cluster: SimulatedCluster) -> None:
    cluster.faults.add(Fault(kind="hang", route="/v1/tasks"))
    async with httpx.AsyncClient(base_url=cluster.url, timeout=0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/v1/tasks")


async def test_a_dropped_connection_has_no_answer(cluster: SimulatedCluster) -> None:
    cluster.faults.add(Fault(kind="drop", route="/v1/nodes"))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await _get(cluster, "/v1/nodes")


@pytest.mark.parametrize("path", ["/v1/nodes?output=verbose", "/v1/nodes", "/v1/.well-known/ready"])
async def test_a_truncated_body_ends_before_its_length(
    cluster: SimulatedCluster, path: str
) -> None:
    cluster.faults.add(Fault(kind="truncated"))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await _get(cluster, path)


async def test_a_proxys_page_is_html(cluster: SimulatedCluster) -> None:
    cluster.faults.add(Fault(kind="html", status=502, route="/v1/*"))
    answer = await _get(cluster, "/v1/nodes")
    assert answer.status_code == 502
    assert answer.headers["content-type"] == "text/html"
    assert "502 Bad Gateway" in answer.text


async def test_malformed_json_is_wrong_in_the_way_that_was_asked(
    cluster: SimulatedCluster,
) -> None:
    expected = {
        "wrong_types": lambda node: isinstance(node["name"], list),
        "huge_numbers": lambda node: node["batchStats"]["queueLength"] > 2**64,
        "unknown_values": lambda node: node["status"] == "HEALTHY_OF_TOMORROW",
    }
    for variant, is_wrong in expected.items():
        identity = cluster.faults.add(Fault(kind="malformed", variant=variant))  # type: ignore[arg-type]
        answer = await _get(cluster, "/v1/nodes")
        assert is_wrong(answer.json()["nodes"][0])
        assert cluster.faults.remove(identity)
    cluster.faults.add(Fault(kind="malformed", variant="not_json"))
    with pytest.raises(json.JSONDecodeError):
        (await _get(cluster, "/v1/nodes")).json()


async def test_a_forbidden_endpoint_says_so_as_rbac_does(cluster: SimulatedCluster) -> None:
    cluster.faults.add(Fault(kind="forbidden", route="/v1/cluster/*"))
    cluster.faults.add(Fault(kind="forbidden", route="/v1/tasks"))
    answer = await _get(cluster, "/v1/cluster/statistics")
    assert answer.status_code == 403
    assert "insufficient permissions to read_cluster []" in answer.text
    tasks = await _get(cluster, "/v1/tasks")
    assert (tasks.status_code, tasks.text) == (403, "")


async def test_faults_reach_the_metrics_port(cluster: SimulatedCluster) -> None:
    cluster.faults.add(Fault(kind="status", node="node-2", route="/metrics", status=500))
    async with httpx.AsyncClient() as client:
        assert (await client.get(cluster.metrics["node-2"])).status_code == 500
        assert (await client.get(cluster.metrics["node-1"])).status_code == 200


# ---- giving and taking back --------------------------------------------------------------------


async def test_the_control_port_gives_lists_and_takes_back(cluster: SimulatedCluster) -> None:
    async with httpx.AsyncClient(base_url=cluster.control) as client:
        script = {"faults": [{"kind": "status", "route": "/v1/meta", "status": 500, "from": 0}]}
        given = await client.post("/faults", json=script)
        assert given.status_code == 201
        (identity,) = given.json()["ids"]
        assert (await _get(cluster, "/v1/meta")).status_code == 500
        listed = (await client.get("/faults")).json()["faults"]
        assert listed[identity]["from"] == 0
        assert (await client.delete(f"/faults/{identity}")).status_code == 204
        assert (await _get(cluster, "/v1/meta")).status_code == 200
        assert (await client.delete("/faults/nosuch")).status_code == 404
        await client.post("/faults", json={"kind": "node_down"})
        await cluster.apply_faults()
        assert (await client.get("/faults")).status_code == 200
        assert (await client.delete("/faults")).status_code == 204
        await cluster.apply_faults()
        assert (await _get(cluster, "/v1/meta")).status_code == 200
        calls = (await client.get("/calls")).json()
    assert calls["node-0"]["GET /v1/meta"] == 3


async def test_a_wrong_fault_is_refused_with_the_field_that_is_wrong(
    cluster: SimulatedCluster,
) -> None:
    async with httpx.AsyncClient(base_url=cluster.control) as client:
        answer = await client.post("/faults", json={"kind": "status", "stauts": 500})
    assert answer.status_code == 400
    assert "stauts" in answer.json()["error"]
    assert cluster.faults.current() == {}


def test_faults_are_read_in_three_forms() -> None:
    one = {"kind": "hang", "node": "node-1", "from": 3, "until": 9}
    forms: list[Any] = [one, [one], {"faults": [one]}]
    expected = [Fault(kind="hang", node="node-1", start=3, until=9)]
    assert [read_faults(json.dumps(form).encode()) for form in forms] == [expected] * 3


@pytest.mark.parametrize("text", ["", "{", '{"kind": "nosuch"}', '{"faults": [{"kind": 3}]}', "3"])
def test_nonsense_is_not_a_fault(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        read_faults(text.encode())


def test_down_is_worse_than_hung_and_lasts_from_its_first_moment() -> None:
    clock = ManualClock(1_000)
    board = FaultBoard(clock)
    board.add(Fault(kind="node_hung", node="a"))
    clock.advance(10)
    board.add(Fault(kind="node_down", node="a"))
    clock.advance(10)
    outage = board.outage("a", clock())
    assert outage is not None
    assert (outage.kind, outage.since) == ("down", 1_010)
    assert board.outage("b", clock()) is None
