"""What is looked at before a backup or a restore: each trap, and what lifts it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elysiadash.backups.facts import Facts, matching
from elysiadash.backups.requests import Status
from elysiadash.backups.spec import BackupSpec
from elysiadash.backups.traps import Backed, before_create, before_restore, in_the_way
from elysiadash.weaviate.models import Backup

WELL = Facts(
    version="1.39.0",
    backends=("s3",),
    nodes={"n0": "HEALTHY", "n1": "HEALTHY"},
    collections={"Doc": False, "Mt": True},
    aliases={"Docs": "Doc"},
    backups=(Backup(id="old", status="SUCCESS", classes=["Doc", "Gone"]),),
)


def spec(**what: Any) -> BackupSpec:
    return BackupSpec(**{"cluster": {}, "backend": "s3", "id": "new", **what})


def facts(**what: Any) -> Facts:
    return msgspec.structs.replace(WELL, **what)


def blocked(found: Facts, wanted: BackupSpec) -> dict[str, str]:
    return {one.code: one.text for one in in_the_way(before_create(found, wanted), wanted.accepted)}


def test_nothing_blocks_where_all_is_well() -> None:
    assert blocked(WELL, spec()) == {}


@pytest.mark.parametrize(
    ("found", "wanted", "code", "words"),
    [
        ({"backends": ()}, {}, "backend", "not switched on"),
        ({"backends": ("filesystem",)}, {"backend": "filesystem"}, "backend", "2 nodes"),
        ({}, {"id": "Bad ID"}, "id", "no id"),
        ({"status": Status(status="SUCCESS")}, {}, "id", "already (SUCCESS)"),
        ({"backups": (Backup(id="x", status="TRANSFERRING"),)}, {}, "running", "x is running"),
        ({}, {"incremental_base": "no"}, "base", "no such backup"),
        ({"nodes": {"n0": "HEALTHY", "n1": "missing"}}, {}, "nodes", "not well"),
        ({}, {"include": ("No",)}, "collections", "no such"),
        ({}, {"include": ("Docs",)}, "collections", "aliases"),
        ({}, {"exclude": ("*",)}, "collections", "nothing"),
        ({"readonly": {"Doc": 3}}, {}, "readonly-shards", "READONLY"),
        ({"reindexing": ("Doc",)}, {}, "reindex", "rebuilt"),
        ({"cold": {"Mt": 2}, "version": "1.35.16"}, {}, "cold-tenants", "without a word"),
        ({"cold": {"Mt": 2}, "version": "1.36.9"}, {}, "cold-tenants", "without a word"),
    ],
)
def test_each_trap_of_a_backup_is_named_with_a_way_out(
    found: dict[str, Any], wanted: dict[str, Any], code: str, words: str
) -> None:
    checks = before_create(facts(**found), spec(**wanted))
    (trap,) = in_the_way(checks, ())
    assert trap.code == code
    assert words in trap.text
    assert trap.way_out


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        ({"status": Status(status="CANCELED")}, {}),
        ({"readonly": {"Doc": 3}}, {"exclude": ("Doc",)}),
        ({"reindexing": ("Doc",)}, {"include": ("M*",)}),
        ({"cold": {"Mt": 2}, "version": "1.35.17"}, {}),
        ({"cold": {"Mt": 2}, "version": "1.36.9"}, {"accepted": ("cold-tenants",)}),
        ({"backups": (), "unknown": {"backups": "500 not implemented"}}, {"incremental_base": "b"}),
    ],
)
def test_what_does_not_concern_a_backup_does_not_block_it(
    found: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert blocked(facts(**found), spec(**wanted)) == {}


def test_what_cannot_be_lifted_stays() -> None:
    wanted = spec(accepted=("readonly-shards",))
    assert "readonly-shards" in blocked(facts(readonly={"Doc": 1}), wanted)


def test_what_could_not_be_asked_is_unknown_and_never_ok() -> None:
    checks = before_create(facts(unknown={"shards": "403", "backups": "403"}), spec())
    found = {one.code: one.result for one in checks}
    assert found["readonly-shards"] == found["running"] == "unknown"


RESTORABLE = facts(status=Status(status="SUCCESS"), collections={})
BACKED = Backed(nodes=("a0", "a1"), version="1.39.0", aliases=(("Docs", "Doc"),))
MAPPED = (("a0", "n0"), ("a1", "n1"))


@pytest.mark.parametrize(
    ("found", "wanted", "backed", "code"),
    [
        ({"status": None}, {}, BACKED, "backup"),
        ({"status": Status(status="FAILED")}, {}, BACKED, "backup"),
        ({"collections": {"Doc": False}}, {}, BACKED, "names"),
        ({"aliases": {"Gone": "X"}}, {}, BACKED, "names"),
        ({}, {"node_mapping": ()}, BACKED, "node-mapping"),
        ({}, {"node_mapping": (("a0", "n0"), ("a1", "n0"))}, BACKED, "node-mapping"),
        ({}, {"node_mapping": (("a0", "n0"), ("a1", "zz"))}, BACKED, "node-mapping"),
        (
            {},
            {},
            msgspec.structs.replace(BACKED, nodes=("a0", "a1", "n0")),
            "node-mapping",
        ),
        ({"version": "1.36.0"}, {}, msgspec.structs.replace(BACKED, version="1.38.0"), "version"),
        ({"version": "1.33.11"}, {}, msgspec.structs.replace(BACKED, version="1.33.0"), "version"),
        ({"restore_status": Status(status="TRANSFERRING")}, {}, BACKED, "restore-status"),
        ({}, {"overwrite_alias": True}, BACKED, "aliases"),
    ],
)
def test_each_trap_of_a_restore_blocks(
    found: dict[str, Any], wanted: dict[str, Any], backed: Backed, code: str
) -> None:
    checks = before_restore(
        msgspec.structs.replace(RESTORABLE, **found),
        spec(id="old", **{"node_mapping": MAPPED, **wanted}),
        backed,
    )
    traps = in_the_way(checks, ())
    assert [one.code for one in traps] == [code]
    assert traps[0].way_out


def test_a_restore_of_somebody_elses_backup_says_what_is_not_known() -> None:
    checks = before_restore(RESTORABLE, spec(id="old"), None)
    assert in_the_way(checks, ()) == ()
    unknown = {one.code for one in checks if one.result == "unknown"}
    assert unknown == {"node-mapping", "aliases"}


def test_an_old_failed_restore_only_warns() -> None:
    found = msgspec.structs.replace(RESTORABLE, restore_status=Status(status="FAILED"))
    checks = before_restore(found, spec(id="old", node_mapping=MAPPED), BACKED)
    assert {one.code: one.result for one in checks}["restore-status"] == "warns"
    assert in_the_way(checks, ()) == ()


@given(st.lists(st.sampled_from(["Doc", "Docs", "Mt", "M"]), unique=True), st.booleans())
def test_including_and_excluding_the_same_part_the_names(names: list[str], star: bool) -> None:
    pattern = ["Doc*"] if star else ["Doc"]
    taken = set(matching(names, pattern, ()))
    assert taken | set(matching(names, (), pattern)) == set(names)
    assert not taken & set(matching(names, (), pattern))
