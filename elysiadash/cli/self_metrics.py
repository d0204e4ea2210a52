"""Our own counters as a Prometheus text file, for the node exporter's textfile collector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from elysiadash import __version__
from elysiadash.cli.output import say
from elysiadash.cluster.watch import Watch
from elysiadash.config import files

_Sample = tuple[dict[str, str], float]


def keep_self_metrics(path: Path | None, watch: Watch) -> None:
    """Write the file in one step; a file that cannot be written is narrated, not fatal."""
    if path is None:
        return
    try:
        # The collector runs as another user.
        files.replace(path, rendered(watch).encode(), mode=0o644)
    except OSError as error:
        say(f"{path} cannot be written ({error.strerror or 'unknown error'})")


def rendered(watch: Watch) -> str:
    """The text: requests, polls, errors and latency of this process, by profile."""
    profile = {"profile": watch.profile.name}
    load = watch.own_load()
    outcomes = watch.client.transport.budget.outcomes
    pollers = {kind.value: poller for kind, poller in watch.pollers.items()}
    families: list[tuple[str, str, str, list[_Sample]]] = [
        ("build_info", "gauge", "The release.", [({"version": __version__}, 1)]),
        (
            "requests_total",
            "counter",
            "Requests sent, by class and result.",
            [
                ({**profile, "class": str(kind), "result": result}, count)
                for (kind, result), count in sorted(outcomes.items())
            ],
        ),
        (
            "requests_per_minute",
            "gauge",
            "Requests in the last minute.",
            [(profile, load.requests_per_minute)],
        ),
        ("requests_in_flight", "gauge", "Requests under way.", [(profile, load.in_flight)]),
        (
            "request_p95_seconds",
            "gauge",
            "95th percentile of the latency over the last minute.",
            [] if load.p95_ms is None else [(profile, load.p95_ms / 1000)],
        ),
        (
            "polls_total",
            "counter",
            "Polls, by question.",
            [({**profile, "question": name}, poller.polls) for name, poller in pollers.items()],
        ),
        (
            "poll_errors_total",
            "counter",
            "Failed polls, by question.",
            [({**profile, "question": name}, poller.errors) for name, poller in pollers.items()],
        ),
        (
            "poll_seconds",
            "gauge",
            "Seconds of the last poll, by question.",
            [
                ({**profile, "question": name}, poller.last_seconds)
                for name, poller in pollers.items()
                if poller.last_seconds is not None
            ],
        ),
        (
            "written_at_seconds",
            "gauge",
            "Unix time of this file.",
            [(profile, watch.store.clock())],
        ),
    ]
    return "".join(_lines(families))


def _lines(families: Iterable[tuple[str, str, str, list[_Sample]]]) -> Iterator[str]:
    for name, kind, meaning, samples in families:
        if not samples:
            continue
        full = f"elysiadash_{name}"
        yield f"# HELP {full} {meaning}\n# TYPE {full} {kind}\n"
        for labels, value in samples:
            inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
            yield f"{full}{{{inside}}} {value:.10g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
