"""`python -m elysiadash.demo`: simulated clusters as a process of their own.

One JSON line on stdout says where they are, once they answer. They live until stdin is closed, a
SIGTERM or SIGINT comes, or the process that started them is gone: nobody's demo outlives him.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import NoReturn

import msgspec

from elysiadash.demo.cluster import SimulatedCluster
from elysiadash.demo.faults import Fault, read_faults
from elysiadash.demo.keys import DEMO_KEYS
from elysiadash.demo.scenarios import Scale, scenario

#: How often it is looked whether the parent is still there.
_PARENT_SECONDS = 0.5

_SEVERAL = {"both": ("healthy", "troubled"), "all": ("healthy", "troubled", "empty")}


def main(arguments: list[str] | None = None) -> int:
    """Run until there is nobody to run for. Returns the exit code; wrong usage exits with 64."""
    options = _parser().parse_args(arguments)
    try:
        faults = read_faults(options.faults.read_bytes()) if options.faults else []
    except (OSError, ValueError) as error:
        print(f"{options.faults}: {error}", file=sys.stderr)  # noqa: T201
        return 64
    asyncio.run(_serve(options, faults))
    return 0


async def _serve(options: argparse.Namespace, faults: list[Fault]) -> None:
    parent = os.getppid()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    names = _SEVERAL.get(options.scenario, (options.scenario,))
    async with AsyncExitStack() as stack:
        clusters = []
        for place, name in enumerate(names):
            start = scenario(
                name,
                seed=options.seed,
                clock=time.time,
                traffic=not options.no_traffic,
                scale=options.scale,
            )
            ports = SimulatedCluster.ports_needed(len(start.model.nodes))
            base = options.port_base + place * ports if options.port_base else 0
            cluster = SimulatedCluster(
                start,
                time_scale=options.time_scale,
                port_base=base,
                keys=DEMO_KEYS if options.auth else None,
            )
            for fault in faults:
                cluster.faults.add(fault)
            stack.push_async_callback(cluster.stop)
            await cluster.start()
            clusters.append(cluster)
        ready = {"clusters": [cluster.addresses() for cluster in clusters]}
        sys.stdout.buffer.write(msgspec.json.encode(ready) + b"\n")
        sys.stdout.buffer.flush()
        _watch_stdin(loop, stop)
        await _until_alone(stop, parent)


async def _until_alone(stop: asyncio.Event, parent: int) -> None:
    """Return when stdin ended, a signal asked to stop, or the parent is gone."""
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _PARENT_SECONDS)
        if os.getppid() != parent:
            return


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop at the end of stdin. A file, such as /dev/null, has no end to wait for."""

    def read() -> None:
        if not os.read(sys.stdin.fileno(), 65_536):
            loop.remove_reader(sys.stdin.fileno())
            stop.set()

    if sys.stdin is None or sys.stdin.closed:
        return
    with suppress(PermissionError):
        loop.add_reader(sys.stdin.fileno(), read)


class _Parser(argparse.ArgumentParser):
    """Wrong usage exits with 64, as everywhere in elysiadash."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m elysiadash.demo",
        description="Simulated Weaviate clusters on the loopback.",
    )
    parser.add_argument(
        "--scenario",
        choices=["healthy", "troubled", "empty", "both", "all"],
        default="healthy",
        help="both: healthy and troubled; all: the empty one too",
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed, other names and numbers")
    parser.add_argument(
        "--scale", type=_scale, metavar="CxS", help="C collections of S shards, for example 5000x10"
    )
    parser.add_argument(
        "--port-base", type=int, default=0, help="the first of the ports; free ones if not given"
    )
    parser.add_argument("--faults", type=Path, metavar="FILE", help="JSON: what goes wrong, when")
    parser.add_argument("--no-traffic", action="store_true", help="nothing moves by itself")
    parser.add_argument(
        "--time-scale",
        type=float,
        default=1.0,
        help="shortens the server's own delays, such as 30 s for a hung peer",
    )
    parser.add_argument(
        "--auth",
        action="store_true",
        help=f"ask for API keys; there are {', '.join(DEMO_KEYS)}",
    )
    return parser


def _scale(text: str) -> Scale:
    try:
        return Scale.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
