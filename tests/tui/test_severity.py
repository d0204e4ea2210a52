"""One order and one look for what is grave, wherever it is shown."""

from __future__ import annotations

from typing import get_args

import pytest

from elysiadash.cluster.events.event import SEVERITIES, Event, EventSeverity
from elysiadash.cluster.shards import refuses
from elysiadash.health.finding import Severity
from elysiadash.tui.severity import look


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
