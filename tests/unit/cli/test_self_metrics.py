"""``--self-metrics``: our own counters for Prometheus."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from elysiadash.cli.self_metrics import rendered
from elysiadash.cluster.connect import connect
from elysiadash.config.profile import Profile
from tests.unit.cli.clusters import InThread
from tests.unit.cli.running import Cli


def samples(text: str) -> dict[tuple[str, str], float]:
    """(name, question or class) -> value."""
    return {
        (sample.name, sample.labels.get("question") or sample.labels.get("class") or ""): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_check_leaves_its_counters(cli: Cli, healthy: InThread, tmp_path: Path) -> None:
    file = tmp_path / "elysiadash.prom"
    file.write_text("old")
    assert cli("check", "--self-metrics", str(file), *healthy.flags()).code == 0
    found = samples(file.read_text())
    assert found["elysiadash_polls_total", "verbose"] == 1
    assert found["elysiadash_poll_errors_total", "verbose"] == 0
    assert found["elysiadash_requests_total", "read"] >= 7
    assert found["elysiadash_request_p95_seconds", ""] > 0
    assert found["elysiadash_written_at_seconds", ""] > 1_700_000_000
    assert [path.name for path in tmp_path.glob(".elysiadash.prom*")] == []


def test_errors_are_counted(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "elysiadash.prom"
    cli("check", "--self-metrics", str(file), "--url=http://127.0.0.1:9")
    found = samples(file.read_text())
    assert found["elysiadash_poll_errors_total", "nodes"] == 1


def test_a_file_that_cannot_be_written_is_told_not_fatal(cli: Cli, healthy: InThread) -> None:
    ran = cli("check", "--self-metrics", "/proc/elysiadash.prom", *healthy.flags())
    assert ran.code == 0
    assert "/proc/elysiadash.prom cannot be written" in ran.err


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb"])
def test_odd_names_are_escaped(name: str) -> None:
    watch = connect(Profile(name=name, url="http://wv.test:8080"))
    families = list(text_string_to_metric_families(rendered(watch)))
    profiles = {s.labels["profile"] for f in families for s in f.samples if "profile" in s.labels}
    assert profiles == {name}
