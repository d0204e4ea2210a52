"""The numbers of a collection: each with source and age, or with the reason why it is missing."""

from __future__ import annotations

import msgspec

from elysiadash.cluster.slices import Kind, Problem
from elysiadash.tui.collection_facts import Fact, SameFact, facts_of
from elysiadash.tui.row_health import assess
from tests.tui.still import five_rows, still_cluster


async def test_every_number_has_its_source_and_age_or_its_reason() -> None:
    watch = still_cluster()
    found = await watch.rows()
    findings = (await assess(watch, found)).findings
    facts = {fact.key: fact for fact in facts_of(watch, found[0], findings, watch.clock.now)}
    assert facts["objects"].value == "~120,403,112"
    assert "nodes?output=verbose" in facts["objects"].words
    assert facts["objects"].at == watch.clock.now
    assert facts["tenants"].value == "–"
    assert facts["tenants"].words == "not a multi-tenant collection"
    assert facts["tenants"].at is None
    assert facts["objects_per_s"].ends == "0 … +780"
    assert len(facts["objects_per_s"].series) == 20
    assert any(key.startswith("finding-RES-501") for key in facts)
    assert facts["alias-Docs"].words == "GET /v1/aliases"


async def test_a_late_source_says_so_beside_its_value() -> None:
    watch = still_cluster()
    watch.lose(Problem("parked", "a peer does not answer: nothing after 3 s"), [Kind.VERBOSE])
    facts = {fact.key: fact for fact in facts_of(watch, five_rows()[0], (), watch.clock.now)}
    assert facts["objects"].words.startswith("a peer does not answer")
    assert facts["objects"].style == "muted"
    assert facts["replication_factor"].style == ""


async def test_an_exact_count_says_that_it_was_asked() -> None:
    watch = still_cluster()
    watch.store.put(Kind.COUNT, 7, of="Documents", asked_at=watch.clock.now)
    row = msgspec.structs.replace(five_rows()[0], objects=7, objects_are="exact")
    facts = {fact.key: fact for fact in facts_of(watch, row, (), watch.clock.now)}
    assert facts["objects"].value == "7"
    assert facts["objects"].words == "exact count, asked on demand"


async def test_a_queue_without_some_shards_is_a_lower_bound() -> None:
    watch = still_cluster()
    row = msgspec.structs.replace(five_rows()[0], vector_queue=0, shards=12, shards_answered=8)
    facts = {fact.key: fact for fact in facts_of(watch, row, (), watch.clock.now)}
    assert facts["vector_queue"].value == "≥0"


async def test_tenants_by_state() -> None:
    watch = still_cluster()
    facts = {fact.key: fact for fact in facts_of(watch, five_rows()[2], (), watch.clock.now)}
    assert facts["tenants_by_state"].value == "2,796 COLD, 1,204 HOT"


def test_what_is_gone_is_called_what_it_said_and_never_its_key() -> None:
    follows = SameFact()
    lines = [
        Fact(key="§findings", what="Findings"),
        Fact(key="finding-RES-501-shard05-0", what="RES-501 shard05"),
        Fact(key="finding-RES-502-shard07-1", what="RES-502 shard07"),
        Fact(key="§numbers", what="Numbers"),
        Fact(key="alias-Docs", what="Docs"),
    ]
    follows.note(lines)
    left = [Fact(key="finding-RES-502-shard07-0", what="RES-502 shard07"), lines[3]]
    follows.note(left)
    assert follows.heir("finding-RES-502-shard07-1", left) == left[0].key
    assert follows.heir("finding-RES-501-shard05-0", left) is None
    assert follows.gone("finding-RES-501-shard05-0") == "RES-501 shard05 is no longer found"
    assert follows.heir("§findings", lines[3:]) == "§numbers"
    assert follows.heir("§findings", []) is None
    assert follows.gone("§findings") == "Findings is gone"
    assert follows.gone("alias-Docs") == "Docs is gone"
    assert follows.name("alias-Other") == "the line"
