"""One order and one look for what is grave, wherever it is shown."""

from __future__ import annotations

from typing import get_args

import pytest

from elysiadash.cluster.events.event import SEVERITIES, Event, EventSeverity
from elysiadash.cluster.history import History
from elysiadash.cluster.shards import refuses
from elysiadash.config.profile import Profile
from elysiadash.health.finding import Severity
from elysiadash.tui.severity import look
from elysiadash.tui.stats_columns import StatsColumns
from elysiadash.tui.widgets.table import StyleName
from tests.tui.still import five_rows


@pytest.mark.parametrize("kinds", [tuple(Severity), SEVERITIES])
def test_each_severity_has_a_sign_and_a_style_of_its_own(kinds: tuple[str, ...]) -> None:
    looks = [look(kind) for kind in kinds]
    assert len({each.sign for each in looks}) == len({each.style for each in looks}) == len(kinds)


def test_the_order_of_events_has_every_severity() -> None:
    assert set(SEVERITIES) == set(get_args(EventSeverity))
    told = [Event(at=0.0, kind="a", message="", severity=each) for each in SEVERITIES]
    assert [event.gravity for event in told] == [0, 1, 2]


def test_a_state_that_refuses_something_is_neither_quiet_nor_loading() -> None:
    states = ["READY", "", "LOADING", "LAZY_LOADING", "INDEXING", "READONLY", "SHUTDOWN"]
    assert [state for state in states if refuses(state)] == ["READONLY", "SHUTDOWN"]


def test_a_list_of_collections_has_the_order_of_the_checks() -> None:
    styles: tuple[StyleName, ...] = ("ok", "warning", "unknown", "critical")
    row, *_ = five_rows()
    found = []
    for style in styles:
        columns = StatsColumns(Profile(name="a", url="http://a"), History(1), lambda _: ("", style))  # noqa: B023
        (health,) = (column for column in columns.columns if column.key == "health")
        assert health.sort_key is not None
        found.append(health.sort_key(row))
    assert found == [severity.rank for severity in Severity]
