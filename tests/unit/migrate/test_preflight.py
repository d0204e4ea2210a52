"""Each rule of the preflight over facts made by hand: ok, warns, blocks and unknown."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from elysiadash.cluster.disks import NodeDisk
from elysiadash.migrate.checkpoint import Check, Rehearsed
from elysiadash.migrate.definitions import translated
from elysiadash.migrate.forecasting import Earlier, forecast_of
from elysiadash.migrate.phases import Freeze, Strategy
from elysiadash.migrate.preflight.checks import blocking, judged
from elysiadash.migrate.preflight.facts import (
    ClusterFacts,
    CollectionFacts,
    Facts,
    Replica,
    RungFacts,
    Sampled,
    Told,
)
from elysiadash.migrate.preflight.rights import allows
from elysiadash.migrate.spec import Spec, Wanted
from elysiadash.weaviate.models import (
    Alias,
    BatchStats,
    Node,
    OperationStatus,
    OwnInfo,
    ReplicationOperation,
)

NODES = ("n0", "n1", "n2")
GIB = 1 << 30


def definition(**others: Any) -> dict[str, Any]:
    return {
        "class": "Doc",
        "properties": [{"name": "title", "dataType": ["text"]}],
        "vectorConfig": {"v": {"vectorIndexType": "hnsw", "vectorizer": {"none": {}}}},
        "replicationConfig": {"factor": 3},
    } | others


def cluster(name: str, **others: Any) -> ClusterFacts:
    given: dict[str, Any] = {
        "name": name,
        "url": f"http://{name}",
        "version": "1.38.11",
        "write": True,
        "grpc": True,
        "modules": frozenset({"text2vec-x"}),
        "backends": ("s3",),
        "expected": NODES,
        "nodes": Told(tuple(Node(name=one, status="HEALTHY") for one in NODES)),
        "addressed": frozenset(NODES),
        "collections": Told(()),
        "aliases": Told(()),
        "own": Told(None, "the server did not accept who we are (401)"),
        "operations": Told(()),
        "readonly": Told(dict.fromkeys(NODES, (0, 4))),
        "disks": Told({one: NodeDisk(free_bytes=50 * GIB, size_bytes=100 * GIB) for one in NODES}),
    }
    return ClusterFacts(**(given | others))


def collection(made: dict[str, Any] | None = None, **others: Any) -> CollectionFacts:
    source = made or definition()
    wanted = others.pop("wanted", Wanted(name="Doc", target="Copy"))
    settings = others.pop("settings", ())
    given: dict[str, Any] = {
        "wanted": wanted,
        "translation": translated(source, {"Doc": wanted.target}, settings=settings),
        "tenants": None,
        "replicas": Told(
            tuple(Replica(node=one, shard="s", objects=9, status="READY") for one in NODES)
        ),
        "objects": Told(1_000_000),
        "sample": Sampled(objects=1_000, bytes=4_000_000, vectorless=()),
    }
    return CollectionFacts(**(given | others))


def facts(*collections: CollectionFacts, **others: Any) -> Facts:
    names = tuple(one.wanted for one in collections or (collection(),))
    spec_changes = others.pop("spec", {})
    spec = Spec(source={"name": "a"}, target={"name": "b"}, collections=names, freeze_limit_s=90.0)
    given: dict[str, Any] = {
        "spec": msgspec.structs.replace(spec, **spec_changes),
        "source": cluster("a"),
        "target": cluster("b"),
        "collections": collections or (collection(),),
        "parts": (),
        "rungs": Told((RungFacts(how="stopped", why_not="nobody said so"), RungFacts(how="roles"))),
        "state_folder": "/state",
        "free_here": 10 * GIB,
        "scan": Told(50_000.0),
    }
    return Facts(**(given | others))


def said(given: Facts, code: str, about: str | None = None) -> list[Check]:
    found = [one for one in judged(given) if one.code == code]
    return [one for one in found if about is None or about in one.about]


def results(given: Facts, code: str) -> list[str]:
    return [one.result for one in said(given, code)]


def test_all_is_well() -> None:
    found = judged(facts())
    assert {one.result for one in found} <= {"ok", "warns"}
    # Said before the start, whatever else there is.
    assert {one.code for one in found if one.result == "warns"} == {"times"}


BLOCKS = {
    "a node is away": (
        "nodes",
        facts(target=cluster("b", nodes=Told((Node(name="n0", status="HEALTHY"),)))),
    ),
    "read-only target": ("permission", facts(target=cluster("b", write=False))),
    "a role that lacks": (
        "permission",
        facts(target=cluster("b", own=Told(OwnInfo(username="u", roles=[])))),
    ),
    "a full disk": ("readonly", facts(target=cluster("b", readonly=Told({"n0": (4, 4)})))),
    "a target in ReadOnly": (
        "mode",
        facts(
            target=cluster(
                "b",
                nodes=Told(
                    tuple(
                        Node(name=one, status="HEALTHY", operational_mode="ReadOnly")
                        for one in NODES
                    )
                ),
            )
        ),
    ),
    "a replica that moves": (
        "movement",
        facts(
            source=cluster(
                "a",
                operations=Told(
                    (
                        ReplicationOperation(
                            id="1", collection="Doc", status=OperationStatus(state="HYDRATING")
                        ),
                    )
                ),
            )
        ),
    ),
    "a taken name": (
        "target-name",
        facts(collection(there=definition()), target=cluster("b", collections=Told(("Copy",)))),
    ),
    "a name like another": ("target-name", facts(target=cluster("b", collections=Told(("COPY",))))),
    "an alias of the name": (
        "target-name",
        facts(
            collection(there=definition()),
            target=cluster("b", aliases=Told((Alias(alias="Copy", collection="Other"),))),
        ),
    ),
    "an alias that leads to what is overwritten": (
        "overwrite",
        facts(
            collection(there=definition()),
            target=cluster("b", aliases=Told((Alias(alias="Live", collection="Copy"),))),
            spec={"overwrite": True},
        ),
    ),
    "nothing can be kept": (
        "overwrite-unkept",
        facts(collection(there=definition(), not_kept="cold"), spec={"overwrite": True}),
    ),
    "too few nodes": (
        "replication-factor",
        facts(target=cluster("b", expected=("n0",), addressed=frozenset({"n0"}))),
    ),
    "a module that is absent": (
        "modules",
        facts(collection(definition(vectorizer="text2vec-y", vectorConfig=None))),
    ),
    "a reference to nothing": (
        "references",
        facts(collection(definition(properties=[{"name": "by", "dataType": ["Author"]}]))),
    ),
    "a type that cannot be copied": (
        "data-type",
        facts(collection(definition(properties=[{"name": "x", "dataType": ["hologram"]}]))),
    ),
    "a definition that is refused": (
        "definition",
        facts(collection(definition(properties=[{"name": "id", "dataType": ["text"]}]))),
    ),
    "a hash": (
        "blobhash",
        facts(collection(definition(properties=[{"name": "h", "dataType": ["blobHash"]}]))),
    ),
    "offloaded tenants": ("offloaded", facts(collection(tenants={"a": "HOT", "b": "FROZEN"}))),
    "cold tenants of a read-only source": (
        "tenants",
        facts(collection(tenants={"a": "COLD"}), source=cluster("a", write=False)),
    ),
    "an alias between clusters": ("alias", facts(spec={"alias": "Live"})),
    "too little disk": (
        "capacity",
        facts(
            target=cluster(
                "b",
                disks=Told(
                    {one: NodeDisk(free_bytes=11 * GIB, size_bytes=100 * GIB) for one in NODES}
                ),
            )
        ),
    ),
    "too little disk here": ("disk-here", facts(free_here=1_000)),
    "no way to freeze": (
        "freeze",
        facts(rungs=Told((RungFacts(how="readonly", why_not="it lies", way_out="update"),))),
    ),
    "a freeze that takes long": ("freeze-time", facts(scan=Told(1_000.0))),
    "a backup that renames": ("backup", facts(spec={"strategy": Strategy.BACKUP})),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_what_blocks_names_its_way_out(name: str) -> None:
    code, given = BLOCKS[name]
    found = [one for one in said(given, code) if one.result == "blocks"]
    assert found, [one for one in judged(given) if one.result != "ok"]
    assert all(one.way_out and one.about and one.text for one in found)


def test_every_rule_that_blocks_is_tried_here() -> None:
    assert {code for code, _ in BLOCKS.values()} >= {
        "nodes", "permission", "readonly", "mode", "movement", "target-name", "overwrite",
        "overwrite-unkept", "replication-factor", "modules", "references", "data-type",
        "definition", "blobhash", "offloaded", "tenants", "alias", "capacity", "disk-here",
        "freeze", "freeze-time", "backup",
    }  # fmt: skip


WARNS = {
    "a queue": (
        "load",
        facts(
            target=cluster(
                "b",
                nodes=Told(
                    tuple(
                        Node(
                            name=one,
                            status="HEALTHY",
                            batch_stats=BatchStats(queue_length=5_000),
                        )
                        for one in NODES
                    )
                ),
            )
        ),
    ),
    "no gRPC": ("grpc", facts(source=cluster("a", grpc=False))),
    "an older target": ("version-order", facts(target=cluster("b", version="1.36.1"))),
    "overwriting": ("overwrite", facts(collection(there=definition()), spec={"overwrite": True})),
    "one replica": (
        "replication-factor",
        facts(collection(definition(replicationConfig={"factor": 1}))),
    ),
    "expiry": ("ttl", facts(collection(definition(objectTtlConfig={"enabled": True})))),
    "cold tenants": ("tenants", facts(collection(tenants={"a": "COLD", "b": "HOT"}))),
    "an alias that stays": (
        "aliases",
        facts(source=cluster("a", aliases=Told((Alias(alias="Live", collection="Doc"),)))),
    ),
    "replicas that differ": (
        "replicas",
        facts(
            collection(
                replicas=Told(
                    (
                        Replica(node="n0", shard="s", objects=9, status="READY"),
                        Replica(node="n1", shard="s", objects=7, status="READY"),
                    )
                )
            )
        ),
    ),
    "the largest int": (
        "int-extremes",
        facts(
            collection(
                definition(properties=[{"name": "n", "dataType": ["int"]}]),
                sample=Sampled(objects=9, bytes=9, extreme_ints=(("n", "id"),)),
            )
        ),
    ),
    "no freeze": ("freeze", facts(spec={"freeze": Freeze.NONE})),
    "writers that are to be stopped": ("freeze", facts(spec={"freeze": Freeze.STOPPED})),
    "many objects": ("strategy", facts(collection(objects=Told(50_000_000)))),
}


@pytest.mark.parametrize("name", WARNS)
def test_what_warns_does_not_block(name: str) -> None:
    code, given = WARNS[name]
    assert "warns" in results(given, code), [one for one in judged(given) if one.result != "ok"]
    assert "blocks" not in results(given, code)


UNKNOWN = {
    "nodes": facts(source=cluster("a", nodes=Told(None, "no answer"))),
    "permission": facts(source=cluster("a", own=Told(None, "no answer"))),
    "readonly": facts(source=cluster("a", readonly=Told(None, "no answer"))),
    "aliases": facts(source=cluster("a", aliases=Told(None, "no answer"))),
    "replicas": facts(source=cluster("a", addressed=frozenset())),
    "capacity": facts(target=cluster("b", disks=Told(None, "no Prometheus"))),
    "freeze": facts(rungs=Told(None, "no answer")),
    "version": facts(source=cluster("a", version="next")),
}


@pytest.mark.parametrize("code", UNKNOWN)
def test_what_was_not_told_is_neither_good_nor_bad(code: str) -> None:
    found = results(UNKNOWN[code], code)
    assert "unknown" in found
    assert "blocks" not in found


def vectorless(sample: Sampled) -> list[Check]:
    made = definition(vectorConfig={"v": {"vectorizer": {"text2vec-x": {}}}})
    return said(facts(collection(made, sample=sample)), "vectorless")


def test_objects_without_a_vector_block_where_the_target_would_make_one() -> None:
    (found,) = vectorless(Sampled(objects=100, bytes=1, vectorless=(("v", 3),)))
    assert found.result == "blocks"
    assert found.liftable
    assert 'vectorConfig.v.vectorizer={"none":{}}' in found.way_out
    assert vectorless(Sampled(objects=100, bytes=1))[0].result == "warns"
    assert vectorless(Sampled(objects=100, bytes=1, all_of_them=True))[0].result == "ok"
    assert said(facts(), "vectorless") == []


def test_faults_of_releases_are_told_where_they_meet_the_job() -> None:
    lies = facts(source=cluster("a", version="1.39.0"))
    assert any("READONLY" in one.text for one in said(lies, "version", "source"))
    offline = facts(source=cluster("a", version="1.39.0"), spec={"strategy": Strategy.OFFLINE})
    assert not any("READONLY" in one.text for one in said(offline, "version", "source"))
    partial = facts(source=cluster("a", version="1.36.0"))
    assert any("repairing reads" in one.text for one in said(partial, "version", "source"))
    alone = facts(
        collection(definition(replicationConfig={"factor": 1})),
        source=cluster("a", version="1.36.0"),
    )
    assert not any("repairing reads" in one.text for one in said(alone, "version", "source"))


def test_a_block_is_lifted_by_its_code_only() -> None:
    checks = judged(facts(scan=Told(1_000.0), free_here=1_000))
    assert {one.code for one in blocking(checks, ())} == {"freeze-time", "disk-here"}
    assert {one.code for one in blocking(checks, ("freeze-time",))} == {"disk-here"}
    # A full disk is not talked away.
    assert {one.code for one in blocking(checks, ("freeze-time", "disk-here"))} == {"disk-here"}


def test_permissions_are_matched_as_the_server_does() -> None:
    permissions = [
        {"action": "read_data", "data": {"collection": "Team*", "tenant": "*"}},
        {"action": "manage_collections", "collections": {"collection": "Doc"}},
    ]
    assert allows(permissions, "read_data", "TeamDoc")
    assert not allows(permissions, "read_data", "Doc")
    assert allows(permissions, "create_collections", "Doc")
    assert not allows(permissions, "create_data", "TeamDoc")


def test_nothing_is_forecast_that_was_not_measured() -> None:
    blind = forecast_of(facts(), None)
    assert blind.objects == 1_000_000
    assert blind.bytes == 3 * 4_000 * 1_000_000
    assert blind.seconds_p50 is None
    # Two scans, and one through each node since there are replicas.
    assert blind.freeze_seconds == pytest.approx(3 + 2 * 20 + 20)
    rehearsed = Rehearsed(
        collection="Doc", objects=50_000, seconds=25, objects_per_s=2_000, lanes=4,
        bytes=1, dead_letters=0,
    )  # fmt: skip
    assert forecast_of(facts(), rehearsed).seconds_p50 == 500
    two = [Earlier("a", 1_000, 1.0), Earlier("b", 3_000, 1.0)]
    assert forecast_of(facts(), None, two).seconds_p50 == 500
    assert forecast_of(facts(), None, two).seconds_p90 is None
    three = [*two, Earlier("c", 4_000, 1.0)]
    assert forecast_of(facts(), None, three).seconds_p90 == 1_000
    uncounted = facts(collection(uncounted=2, tenants={"a": "HOT"}))
    assert forecast_of(uncounted, rehearsed).objects is None
    assert forecast_of(uncounted, rehearsed).seconds_p50 is None


def test_the_freeze_is_forecast_with_what_is_scanned_under_it() -> None:
    def seconds(**others: Any) -> float | None:
        return forecast_of(facts(**others), None).freeze_seconds

    alone = facts(collection(definition(replicationConfig={"factor": 1})))
    assert forecast_of(alone, None).freeze_seconds == pytest.approx(3 + 2 * 20)
    # Replicas that cannot be asked one by one are not compared.
    assert seconds(source=cluster("a", addressed=frozenset())) == pytest.approx(3 + 2 * 20)
    # Scans keep to the limit of the job, those through the nodes to one limit for all.
    assert seconds(rate=10_000.0) == pytest.approx(3 + 2 * 100 + 3 * 100)
    assert "blocks" in results(facts(rate=10_000.0), "freeze-time")
