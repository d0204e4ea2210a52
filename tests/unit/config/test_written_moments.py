"""Times are UTC in what is kept and printed, and this machine's on screens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.config.moments import read_moment, rfc3339, rfc3339_seconds, with_local_times

AT = 1_795_486_693.25
"""2026-11-24T02:18:13.250Z: in Tokyo 11:18:13."""

_SAYS = """
import json, time
time.tzset()
from elysiadash.cluster.events.restarts import restart
from elysiadash.cluster.events.seen import Seen
from elysiadash.config import moments
from elysiadash.tui.event_list import EventRow, evidence_words, message_words
from elysiadash.weaviate.node_metrics import NodeMetricsReader

AT = 1_795_486_693.25

def metrics(started):
    reader = NodeMetricsReader(10_000)
    reader.feed(f"process_start_time_seconds {started}\\n".encode())
    return reader.close()

seen = Seen(AT + 60, AT + 45)
(event,) = restart("http://wv-0:2112", metrics(AT - 90_000), metrics(AT), seen)
print(json.dumps({
    "rfc3339": moments.rfc3339(AT),
    "file": moments.file_stamp(AT),
    "moment": moments.local_moment(AT),
    "today": moments.local_words(AT, AT + 60),
    "yesterday": moments.local_words(AT, AT + 86_400),
    "column": [moments.local_clock(AT, AT), moments.local_clock(AT, AT + 86_400)],
    "chart": [moments.local_minute(AT, day=False), moments.local_minute(AT, day=True)],
    "read": [moments.read_moment("11:18:13", AT + 60), moments.read_moment(moments.rfc3339(AT), 0)],
    "kept": [event.message, event.before, event.after, event.evidence],
    "shown": [message_words(event, AT + 60), evidence_words(EventRow(event, 1, False), AT + 60)],
}))
"""


def said(zone: str) -> dict[str, Any]:
    environment = {**os.environ, "TZ": zone}
    ran = subprocess.run(
        [sys.executable, "-c", _SAYS], env=environment, capture_output=True, text=True, check=True
    )
    return dict(json.loads(ran.stdout))


def test_in_tokyo_what_is_kept_is_utc_and_what_is_shown_is_tokyos() -> None:
    found = said("Asia/Tokyo")
    assert found["rfc3339"] == "2026-11-24T02:18:13.250Z"
    assert found["file"] == "2026-11-24T021813Z"
    assert found["moment"] == "2026-11-24 11:18:13 +09:00"
    assert found["today"] == "11:18:13 +09:00"
    assert found["yesterday"] == "2026-11-24 11:18:13 +09:00"
    assert found["column"] == ["11:18:13", "11-24 11:18:13"]
    assert found["chart"] == ["11:18", "Nov 24 11:18"]
    assert found["read"] == [AT - 0.25, AT]
    assert found["kept"] == [
        "http://wv-0:2112 runs as a new process, started at 2026-11-24T02:18:13Z",
        "started 2026-11-23T01:18:13Z",
        "started 2026-11-24T02:18:13Z",
        "metrics of http://wv-0:2112, process_start_time_seconds, "
        "between 2026-11-24T02:18:58Z and 2026-11-24T02:19:13Z",
    ]
    message, evidence = found["shown"]
    assert message == "http://wv-0:2112 runs as a new process, started at 11:18:13 +09:00"
    assert "between 11:18:58 +09:00 and 11:19:13 +09:00" in evidence
    assert "started 2026-11-23 10:18:13 +09:00 → started 11:18:13 +09:00" in evidence
    assert "Z" not in message + evidence


def test_what_is_kept_is_the_same_in_every_zone() -> None:
    tokyo, new_york = said("Asia/Tokyo"), said("America/New_York")
    for part in ("rfc3339", "file", "kept"):
        assert tokyo[part] == new_york[part]
    assert new_york["moment"] == "2026-11-23 21:18:13 -05:00"


@given(st.integers(0, 4_000_000_000_000))
def test_what_is_written_is_read_again(milliseconds: int) -> None:
    at = milliseconds / 1000
    assert read_moment(rfc3339(at), 0.0) == at
    assert read_moment(rfc3339_seconds(at), 0.0) == at // 1


@given(st.text(max_size=60))
def test_a_text_without_a_moment_stays_as_it_is(text: str) -> None:
    assert with_local_times(text, AT) == text
    assert with_local_times(f"{text} 2026-13-99T99:00:00Z", AT) == f"{text} 2026-13-99T99:00:00Z"
