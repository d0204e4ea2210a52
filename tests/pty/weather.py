"""Simulated servers as a process of their own, told over their control port what goes wrong."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.pty.pane import ROOT

INTERVAL_S = 5.0
"""Seconds between two questions of the slowest kind: the least that a profile may have."""

_CONFIG = """\
default_profile = "sim"

[profiles.sim]
url = "{url}"
environment = "test"

[profiles.sim.nodes]
{nodes}

[profiles.sim.intervals]
fast = 1.0
slow = {interval}
slow_cost_factor = 1
metrics = {interval}

[profiles.sim.timeouts]
connect = 0.5
probe = 0.5
park = 1.0
fan_out = 3.0
slow = 3.0

[profiles.sim.limits]
backoff_max_s = 2.0
"""


class Weather:
    """The simulator's addresses, and what goes wrong with it now."""

    def __init__(self, place: dict[str, Any]) -> None:
        self.url: str = place["url"]
        self.nodes: dict[str, str] = place["nodes"]
        self._control: str = place["control"]

    def write_config(self, home: Path, more: str = "") -> None:
        """The settings of somebody who watches it, impatiently."""
        folder = home / "config"
        folder.mkdir(parents=True, exist_ok=True)
        nodes = "\n".join(f'{name} = "{url}"' for name, url in self.nodes.items())
        text = _CONFIG.format(url=self.url, nodes=nodes, interval=INTERVAL_S)
        (folder / "config.toml").write_text(text + more)

    def turns(self, *faults: dict[str, Any]) -> None:
        """These go wrong from now on."""
        self._ask("POST", json.dumps(list(faults)).encode())

    def clears(self) -> None:
        """Nothing goes wrong any more."""
        self._ask("DELETE", None)

    def _ask(self, method: str, body: bytes | None) -> None:
        place = urlsplit(self._control)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
        connection.request(method, "/faults", body)
        answer = connection.getresponse()
        words = answer.read()
        connection.close()
        assert answer.status < 300, words


@contextmanager
def simulated(*options: str) -> Iterator[Weather]:
    """The healthy cluster, whose own delays are short."""
    command = [sys.executable, "-m", "elysiadash.demo", "--time-scale", "0.05", *options]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Weather(json.loads(process.stdout.readline())["clusters"][0])
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
