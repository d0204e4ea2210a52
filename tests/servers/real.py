"""Real Weaviate clusters on this machine, with the faults a test wants to see.

REST, gossip and raft listen on loopback. The server has no setting for the addresses of its gRPC,
data and metrics ports: those listen everywhere, on ports of a private block.

For a look around by hand::

    python -m tests.servers.real --nodes 3 --metrics --load small --state FILE

runs until its input is closed or it gets SIGTERM; FILE holds the addresses as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import httpx

from tests.servers.ports import PortBlock
from tests.servers.settings import ROOT, Gossip, Place, environment, places
from tests.servers.watchdog import Watchdog

_STARTS = 3
_READY_S = 120.0
_STOP_S = 60.0


def find_binary() -> str | None:
    """The server's binary: ``WEAVIATE_BIN``, else ``weaviate`` on PATH; None when neither runs."""
    named = os.environ.get("WEAVIATE_BIN")
    return shutil.which(named) if named else shutil.which("weaviate")


def skip_reason() -> str | None:
    """Why no real server can be started here; None when one can."""
    if find_binary() is not None:
        return None
    named = os.environ.get("WEAVIATE_BIN")
    if named:
        return f"no real Weaviate: WEAVIATE_BIN is {named!r}, which is not an executable file"
    return "no real Weaviate: WEAVIATE_BIN is not set and there is no weaviate on PATH"


class StartFailed(Exception):
    """The servers did not become ready; says why, with the end of their logs."""


class RealCluster:
    """Some Weaviate processes that form a cluster, as an async context manager.

    ``env`` goes to every process and wins over our settings. ``keys`` switches API keys and RBAC
    on and anonymous access off (users: ``settings.ROOT``, ``VIEWER``, ``NOBODY``; only root has
    a role at first). Bound to no event loop: it can outlive the loop it was started in.
    """

    def __init__(
        self,
        nodes: int = 3,
        *,
        metrics: bool = True,
        env: Mapping[str, str] | None = None,
        hostnames: tuple[str, ...] | None = None,
        gossip: Gossip = "local",
        keys: bool = False,
        async_indexing: bool = False,
    ) -> None:
        self.names = hostnames or tuple(f"weaviate-{number}" for number in range(nodes))
        self.keys = keys
        self._metrics = metrics
        self._gossip: Gossip = gossip
        self._env = {"ASYNC_INDEXING": str(async_indexing).lower()} | dict(env or {})
        self._places: list[Place] = []
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, IO[bytes]] = {}

    async def __aenter__(self) -> Self:
        reason = skip_reason()
        if reason is not None:
            raise StartFailed(reason)
        for attempt in range(_STARTS):
            self._prepare()
            try:
                for name in self.names:
                    self._spawn(name)
                await self.wait_ready()
            except StartFailed as failed:
                self._tidy_up()
                # A port can be taken between our look and the server's.
                if "address already in use" not in str(failed) or attempt == _STARTS - 1:
                    raise
            except BaseException:
                self._tidy_up()
                raise
            else:
                break
        return self

    async def __aexit__(self, *_: object) -> None:
        self._tidy_up()

    @property
    def url(self) -> str:
        """The REST address of the first node."""
        return self.nodes[self.names[0]]

    @property
    def grpc(self) -> str:
        """``host:port`` of the first node's gRPC API."""
        return f"{self._places[0].host}:{self._places[0].grpc}"

    @property
    def grpc_nodes(self) -> dict[str, str]:
        """Node name -> ``host:port`` of its gRPC API."""
        return {place.name: f"{place.host}:{place.grpc}" for place in self._places}

    @property
    def nodes(self) -> dict[str, str]:
        """Node name -> REST address."""
        return {place.name: f"http://{place.host}:{place.rest}" for place in self._places}

    @property
    def metrics(self) -> dict[str, str]:
        """Node name -> address of its metrics, without the path; empty when switched off."""
        if not self._metrics:
            return {}
        return {place.name: f"http://{place.host}:{place.metrics}" for place in self._places}

    @property
    def pids(self) -> dict[str, int]:
        """Node name -> process id of the nodes that were started and not ended."""
        return {name: process.pid for name, process in self._processes.items()}

    @property
    def folder(self) -> Path:
        """Where the data, backups and logs are; removed at the end."""
        return self._folder

    @property
    def headers(self) -> dict[str, str]:
        """What a request of the root user carries; empty without keys."""
        return {"Authorization": f"Bearer {ROOT.key}"} if self.keys else {}

    def log_tail(self, name: str, lines: int = 20) -> str:
        """The last lines of a node's log."""
        text = self._log_path(name).read_text("utf-8", "replace")
        return "\n".join(text.splitlines()[-lines:])

    async def kill(self, name: str) -> None:
        """SIGKILL: the node is gone without a word to the others."""
        self._signal(name, signal.SIGKILL)
        await self._reaped(name, _STOP_S)

    async def stop(self, name: str) -> None:
        """SIGTERM: the node says goodbye, writes its memtables and ends."""
        self._signal(name, signal.SIGTERM)
        await self._reaped(name, _STOP_S)

    def hang(self, name: str) -> None:
        """SIGSTOP: connections open, nothing is answered."""
        self._signal(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT after ``hang``."""
        self._signal(name, signal.SIGCONT)

    async def start(self, *names: str, env: Mapping[str, str] | None = None) -> None:
        """Start ended nodes on their old data; waits until all see each other.

        ``env`` is added for these nodes and this start.
        """
        for name in names:
            self._spawn(name, env)
        await self.wait_ready()

    async def restart(self, name: str, env: Mapping[str, str] | None = None) -> None:
        """``stop`` if it runs, then ``start``."""
        if name in self._processes:
            await self.stop(name)
        await self.start(name, env=env)

    async def wait_ready(self, timeout: float = _READY_S) -> None:
        """Until every running node answers ready and lists every running node as healthy."""
        await self._until(self._all_ready, timeout, "the cluster is not ready")

    async def wait_gone(self, name: str, seen_by: str, timeout: float = _READY_S) -> None:
        """Until the node ``seen_by`` no longer lists ``name``."""

        async def gone() -> bool:
            return name not in await self._listed(seen_by)

        await self._until(gone, timeout, f"{seen_by} still lists {name}")

    async def _until(
        self, reached: Callable[[], Awaitable[bool]], timeout: float, otherwise: str
    ) -> None:
        deadline = time.monotonic() + timeout
        while True:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    raise StartFailed(f"{name} ended by itself:\n{self.log_tail(name)}")
            with suppress(httpx.HTTPError):
                if await reached():
                    return
            if time.monotonic() > deadline:
                tails = "\n".join(f"{name}:\n{self.log_tail(name)}" for name in self._processes)
                raise StartFailed(f"{otherwise} after {timeout:g} s\n{tails}")
            await asyncio.sleep(0.1)

    async def _all_ready(self) -> bool:
        running = set(self._processes)
        for name in running:
            ready = await self._get(name, "/v1/.well-known/ready")
            if ready.status_code != 200 or await self._listed(name) != dict.fromkeys(
                running, "HEALTHY"
            ):
                return False
        return True

    async def _listed(self, name: str) -> dict[str, str]:
        """Node name -> status as the node ``name`` sees it."""
        answer = await self._get(name, "/v1/nodes")
        if answer.status_code != 200:
            return {}
        return {node["name"]: node["status"] for node in answer.json()["nodes"]}

    async def _get(self, name: str, path: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, timeout=3.0, headers=self.headers) as client:
            return await client.get(self.nodes[name] + path)

    def _prepare(self) -> None:
        self._watchdog = Watchdog()
        self._folder = Path(tempfile.mkdtemp(prefix="elysiadash-real-"))
        self._watchdog.folder(self._folder)
        self._ports = PortBlock()
        self._places = places(self.names, self._ports.first, self._folder, self._gossip)

    def _spawn(self, name: str, env: Mapping[str, str] | None = None) -> None:
        place = self._place(name)
        binary = find_binary()
        if binary is None:
            raise StartFailed(skip_reason() or "the binary is gone")
        log = self._log_path(name).open("ab")
        process = subprocess.Popen(
            [binary, "--scheme", "http", "--host", place.host, "--port", str(place.rest)],
            env=environment(
                place,
                self._places,
                gossip=self._gossip,
                metrics=self._metrics,
                keys=self.keys,
                extra=self._env | dict(env or {}),
            ),
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._watchdog.started(process.pid)
        self._processes[name] = process
        self._logs[name] = log

    def _signal(self, name: str, number: signal.Signals) -> None:
        process = self._processes[name]
        if process.poll() is None:
            os.killpg(process.pid, number)

    async def _reaped(self, name: str, timeout: float) -> None:
        process = self._processes[name]
        deadline = time.monotonic() + timeout
        while process.poll() is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} still runs {timeout:g} s after the signal")
            await asyncio.sleep(0.02)
        self._forget(name)

    def _forget(self, name: str) -> None:
        process = self._processes.pop(name)
        self._watchdog.ended(process.pid)
        self._logs.pop(name).close()

    def _tidy_up(self) -> None:
        # The data goes too, so nobody needs a goodbye; SIGKILL also ends a hung one.
        for name in list(self._processes):
            self._signal(name, signal.SIGKILL)
        for name in list(self._processes):
            self._processes[name].wait()
            self._forget(name)
        self._watchdog.close()
        self._ports.release()

    def _place(self, name: str) -> Place:
        return next(place for place in self._places if place.name == name)

    def _log_path(self, name: str) -> Path:
        return self._folder / f"{name}.log"


async def run_until_told(arguments: argparse.Namespace) -> None:
    """Start what the arguments say, write the state file, and wait for the end."""
    env = dict(pair.split("=", 1) for pair in arguments.env)
    cluster = RealCluster(
        arguments.nodes,
        metrics=arguments.metrics,
        env=env,
        gossip=arguments.gossip,
        keys=arguments.keys,
    )
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with cluster:
        if arguments.load:
            from tests.servers.load import load

            await load(cluster.url, arguments.load, headers=cluster.headers)
        state = {
            "url": cluster.url,
            "grpc": cluster.grpc,
            "nodes": cluster.nodes,
            "metrics": cluster.metrics,
            "pids": cluster.pids,
            "folder": str(cluster.folder),
        }
        arguments.state.write_text(json.dumps(state, indent=1) + "\n")
        loop.add_reader(sys.stdin.fileno(), lambda: _input_ended(told))
        await told.wait()


def _input_ended(told: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        told.set()


def main() -> None:
    """The command line described at the top of this file."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.real")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--metrics", action="store_true")
    parser.add_argument("--keys", action="store_true", help="API keys and RBAC")
    parser.add_argument("--gossip", choices=("local", "lan", "wan"), default="local")
    parser.add_argument("--load", choices=("small", "medium"))
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--state", type=Path, required=True, metavar="FILE")
    asyncio.run(run_until_told(parser.parse_args()))


if __name__ == "__main__":
    main()
