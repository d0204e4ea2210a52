"""``demo``: simulated clusters to look at, or to serve for other programs."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from elysiadash.cli.choosing import Chosen, logging_to, profile_of_demo
from elysiadash.cli.demo_process import demo_clusters
from elysiadash.cli.documents import DemoDocument
from elysiadash.cli.envelope import rfc3339
from elysiadash.cli.exits import Exit
from elysiadash.cli.output import say, write_json
from elysiadash.cli.start_app import load_app, need_terminal, show
from elysiadash.config.paths import find_places
from elysiadash.config.tuning import LogSettings


def serve_demo(scenario: str, seed: int | None, scale: str | None, port_base: int | None) -> int:
    """Serve the clusters of a scenario and print where they are, until told to stop."""
    told = threading.Event()
    with (
        demo_clusters(scenario, seed=seed, scale=scale, port_base=port_base) as clusters,
        # Whoever reads the addresses may tell us to stop at once.
        _signals_set(told),
    ):
        write_json(DemoDocument(at=rfc3339(time.time()), items=clusters), as_line=True)
        say("DEMO: simulated clusters, until Ctrl-C")
        told.wait()
    return Exit.OK


def show_demo(
    scenario: str,
    seed: int | None,
    scale: str | None,
    port_base: int | None,
    *,
    ascii: bool = False,
) -> int:
    """Show simulated clusters in the app, the first of the scenario first."""
    need_terminal()
    places = find_places(os.environ)
    with (
        demo_clusters(
            scenario, seed=seed, scale=scale, port_base=port_base, meanwhile=load_app
        ) as clusters,
        logging_to(LogSettings(), places, full_screen=True),
    ):
        return show(Chosen.of_demo(map(profile_of_demo, clusters), places), ascii=ascii)


@contextmanager
def _signals_set(told: threading.Event) -> Iterator[None]:
    handlers = {
        number: signal.signal(number, lambda *_: told.set())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
