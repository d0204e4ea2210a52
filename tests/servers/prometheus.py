"""A real Prometheus on this machine, on loopback, with its storage in a temporary folder."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from tests.servers.ports import PortBlock
from tests.servers.watchdog import Watchdog

_READY_S = 30.0


def prometheus_skip_reason() -> str | None:
    """Why no real Prometheus can be started here; None when one can."""
    if shutil.which("prometheus") is not None:
        return None
    return "no real Prometheus: there is no prometheus on PATH"


class RealPrometheus:
    """Scrapes ``jobs`` (name -> targets, each ``host:port`` or an address with or without path).

    ``labels`` are added to every series of a job. As an async context manager.
    """

    def __init__(
        self,
        jobs: Mapping[str, Sequence[str]],
        *,
        interval: str = "1s",
        labels: Mapping[str, Mapping[str, str]] | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        self._jobs = jobs
        self._interval = interval
        self._labels = labels or {}
        self._flags = tuple(flags)
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        self._watchdog = Watchdog()
        self.folder = Path(tempfile.mkdtemp(prefix="elysiadash-prometheus-"))
        self._watchdog.folder(self.folder)
        self._ports = PortBlock()
        self.url = f"http://127.0.0.1:{self._ports.first}"
        try:
            self.start()
            await self.wait_ready()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()
        self._watchdog.close()
        self._ports.release()

    def start(self) -> None:
        """Start it on its old data."""
        # JSON is YAML too.
        config = self.folder / "prometheus.yml"
        config.write_text(json.dumps(self._config()))
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    shutil.which("prometheus") or "prometheus",
                    f"--config.file={config}",
                    f"--storage.tsdb.path={self.folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self._ports.first}",
                    "--storage.tsdb.retention.time=1d",
                    "--log.level=warn",
                    *self._flags,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._watchdog.started(self._process.pid)

    def kill(self) -> None:
        """SIGKILL; its port refuses connections from now on."""
        if self._process is None:
            return
        self.resume()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._watchdog.ended(self._process.pid)
        self._process = None

    def hang(self) -> None:
        """SIGSTOP: connections open, nothing is answered."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT after ``hang``."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGCONT)

    async def wait_ready(self) -> None:
        """Until it serves queries."""
        deadline = time.monotonic() + _READY_S
        async with httpx.AsyncClient(trust_env=False, timeout=3.0) as client:
            while True:
                with suppress(httpx.HTTPError):
                    if (await client.get(f"{self.url}/-/ready")).status_code == 200:
                        return
                if time.monotonic() > deadline:
                    log = (self.folder / "log").read_text("utf-8", "replace")
                    raise TimeoutError(f"Prometheus is not ready after {_READY_S:g} s\n{log}")
                await asyncio.sleep(0.1)

    def _config(self) -> dict[str, Any]:
        return {
            "global": {"scrape_interval": self._interval, "scrape_timeout": self._interval},
            "scrape_configs": [
                {
                    "job_name": job,
                    "static_configs": [
                        {
                            "targets": [urlsplit(one).netloc or one for one in targets],
                            "labels": dict(self._labels.get(job, {})),
                        }
                    ],
                }
                for job, targets in self._jobs.items()
            ],
        }
