"""Our own writes as events: one for a job's phase, what went wrong apart, the same for everybody
who reads the log."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from elysiadash.cluster.events.event import Event
from elysiadash.cluster.events.own_writes import OwnWrites, folded, identity, is_own
from elysiadash.jobs.audit_reader import AuditLine, added
from tests.written import Written

START = 1_790_000_000.0


def lines(state: Path) -> tuple[AuditLine, ...]:
    return added(state, 0).lines


def told(state: Path) -> list[tuple[str, str | None, str | None]]:
    return [(event.kind, event.name, event.after) for event in folded(lines(state))]


def test_the_ranges_of_a_phase_are_one_line(tmp_path: Path) -> None:
    written = Written(tmp_path, START)
    for number in range(20):
        written.range("m-1", number)
    written.deleted("m-1")
    copy, delta = folded(lines(tmp_path))
    assert (copy.kind, copy.name, copy.after, copy.at) == ("write.sent", "m-1", "copy", START)
    assert copy.message == (
        "job m-1, copy: 1,000,000 objects of Documents written, 200 requests, by ana, "
        "until 2026-09-21T14:16:40Z"
    )
    assert (copy.collection, copy.severity) == ("Documents", "info")
    assert delta.message == "job m-1, delta: 2 objects of Documents deleted, 1 request, by ana"
    assert all(map(is_own, (copy, delta)))


def test_what_failed_and_what_was_refused_stand_out(tmp_path: Path) -> None:
    written = Written(tmp_path, START)
    written.range("m-1", 1)
    written.request("/v1/schema/Documents/shards/s1", "started", "unreachable",
                    job="m-1", phase="FREEZE")  # fmt: skip
    written.request("/v1/schema/Documents", "refused", verb="DELETE")
    found = folded(lines(tmp_path))
    assert [(event.kind, event.severity) for event in found] == [
        ("write.sent", "info"), ("write.sent", "info"), ("write.failed", "warning"),
        ("write.refused", "warning"),
    ]  # fmt: skip
    failed, refused = found[2:]
    assert "failed (unreachable) PUT /v1/schema/Documents/shards/s1" in failed.message
    assert failed.name == "m-1"
    assert "refused by our guard: DELETE /v1/schema/Documents, by ana" in refused.message
    assert (refused.name, refused.collection) == (None, "Documents")


def test_a_write_without_a_job_is_said_by_itself_with_its_outcome(tmp_path: Path) -> None:
    written = Written(tmp_path, START)
    written.request("/v1/schema", verb="POST", reason="template create rag --collection Docs")
    written.request("/v1/schema/Other", "started")
    done, lost = folded(lines(tmp_path))
    assert done.message == "ana sent POST /v1/schema (template create rag --collection Docs): ok"
    # Whoever sent it has ended before it heard what became of it.
    assert lost.message.endswith("outcome not known")
    assert lost.severity == "warning"


def test_lines_of_a_release_that_noted_no_phase_are_told_too(tmp_path: Path) -> None:
    written = Written(tmp_path, START)
    written.range("m-1", 1, phase=None)
    written.range("m-1", 2, phase=None)
    written.deleted("m-1", phase=None)
    assert told(tmp_path) == [("write.sent", "m-1", "copy"), ("write.sent", "m-1", "deletes")]


def test_a_job_that_goes_on_after_a_rest_is_another_line(tmp_path: Path) -> None:
    written = Written(tmp_path, START)
    written.range("m-1", 1)
    written.now += 200
    written.range("m-1", 2)
    # While a range is out, nothing is said for longer.
    written.range("m-1", 3, seconds=400)
    assert told(tmp_path) == [("write.sent", "m-1", "copy")] * 2


def test_what_grows_is_shown_and_told_once_it_is_whole(tmp_path: Path) -> None:
    written, writes = Written(tmp_path, START), OwnWrites()
    written.range("m-1", 1)
    written.begun("m-1", 2)
    assert writes.take(lines(tmp_path)) == ()
    (shown,) = writes.under_way()
    assert shown.message.endswith("by ana, under way")
    assert writes.settle(written.now + 500) == ()
    (whole,) = writes.settle(written.now + 601)
    assert identity(whole) == identity(shown)
    assert "1 cut short" in whole.message
    assert writes.under_way() == ()
    assert writes.settle(written.now + 900) == ()


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["m-1", "m-2", None]),
        st.sampled_from(["COPY", "DELTA", "FREEZE"]),
        st.sampled_from(["started", "ok", "refused", "unreachable"]),
        st.floats(min_value=0, max_value=700),
    ),
    max_size=40,
)


@given(_STEPS, st.lists(st.integers(min_value=1, max_value=7), max_size=40))
def test_however_it_is_read_the_same_is_told(
    steps: list[tuple[str | None, str, str, float]], cuts: list[int]
) -> None:
    now, log = START, list[AuditLine]()
    for job, phase, result, passed in steps:
        now += passed
        at = "2026-01-01T00:00:00Z"
        line = AuditLine(
            at=at, job=job, pid=1, verb="PUT", path="/v1/x", result=result,
            permit={"reason": "r", "phase": phase}, raw={},
        )  # fmt: skip
        log.append(_At(line, now))  # type: ignore[arg-type]
    once = sorted(map(str, folded(log)))
    writes, rest, found = OwnWrites(), list(log), list[Event]()
    for size in cuts:
        some, rest = rest[:size], rest[size:]
        found += writes.take(some)
        if some:
            found += writes.settle(some[-1].time)
    found += [*writes.take(rest), *writes.settle()]
    assert sorted(map(str, found)) == once


class _At:
    """A line at another time."""

    def __init__(self, line: AuditLine, time: float) -> None:
        self._line, self.time = line, time

    def __getattr__(self, name: str) -> object:
        return getattr(self._line, name)
