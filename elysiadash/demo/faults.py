"""What goes wrong in a simulated cluster, and when: by a script, over the control port, by code.

A fault applies from `from` to `until`, in seconds after it was given, to the nodes and routes its
globs name. Three sorts: faults of a request (`slow`, `hang`, `status`, `truncated`, `malformed`,
`html`, `drop`, `forbidden`; and lies about objects: `no_rows`, `few_rows`, `unanswered`,
`denied`), of a node (`node_down`, `node_hung`, `restart`) and of the cluster (`no_quorum`,
`empty`).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from elysiadash.demo.clock import Clock

RequestFault = Literal[
    "slow",
    "hang",
    "status",
    "truncated",
    "malformed",
    "html",
    "drop",
    "forbidden",
    "no_rows",
    "few_rows",
    "unanswered",
    "denied",
]
"""`no_rows`, `few_rows`: a page of objects is empty, or ends early, as one without a dead owner's
shard does (HTTP 200); `unanswered`: it is done, and the connection breaks before the answer;
`denied`: a batch is stored, and FAILED is said of every object (seen on 1.39.0)."""
NodeFault = Literal["node_down", "node_hung", "restart"]
ClusterFault = Literal["no_quorum", "empty"]

_REQUEST_KINDS = frozenset(RequestFault.__args__)  # type: ignore[attr-defined]


class Fault(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, gc=False):
    """One thing that goes wrong. Fields that a kind does not need are ignored by it."""

    kind: RequestFault | NodeFault | ClusterFault
    node: str = "*"
    """Glob over node names."""
    route: str = "*"
    """Glob over `GET /v1/nodes` and over `/v1/nodes` (the metrics port is `/metrics`, gRPC is
    `grpc Search`)."""
    start: float = msgspec.field(default=0.0, name="from")
    """Seconds after the fault was given; negative is in the past."""
    until: float | None = None
    """Seconds after the fault was given; None is for ever (or until the fault is taken back)."""
    times: int | None = None
    """Only so many requests are hit; None is all of them. For faults of a request."""
    seconds: float = 1.0
    """`slow`: how much later the answer comes; `restart`: how long the node is not there."""
    status: int = 503
    """`status`, `html`: the HTTP status."""
    body: str | None = None
    """`status`, `forbidden`: the body, else a real server's."""
    content_type: str = "application/json"
    """`status`: the body's content type."""
    variant: Literal["wrong_types", "huge_numbers", "unknown_values", "not_json"] = "wrong_types"
    """`malformed`: what is wrong with the body."""
    graceful: bool = False
    """`node_down`: the node says good-bye and leaves the list at once, instead of after 5 s."""


class FaultFile(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True, gc=False):
    """A script of faults: what `--faults FILE` and `POST {control}/faults` read."""

    faults: list[Fault]


@dataclass(slots=True)
class Given:
    """A fault that was given, with its place in time and what it has hit."""

    fault: Fault
    begins: float
    ends: float
    hits: int = 0

    def holds(self, at: float) -> bool:
        return self.begins <= at < self.ends


@dataclass(frozen=True, slots=True)
class Outage:
    """A node that does not answer, since `since` (unix seconds)."""

    kind: Literal["down", "hung"]
    since: float
    graceful: bool = False


def read_faults(raw: bytes) -> list[Fault]:
    """Faults from JSON: one fault, a list of them, or a file's `{"faults": [...]}`.

    Raises `ValueError` that says which field is wrong and what it may be.
    """
    try:
        return msgspec.json.decode(raw, type=FaultFile).faults
    except msgspec.ValidationError as not_a_file:
        try:
            document = msgspec.json.decode(raw)
            entries = document if isinstance(document, list) else [document]
            if isinstance(document, dict) and "faults" in document:
                raise not_a_file
            return msgspec.convert(entries, list[Fault])
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from None
    except msgspec.DecodeError as error:
        raise ValueError(f"not JSON: {error}") from None


class FaultBoard:
    """The faults of one cluster, past ones too: a restart is remembered after it is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._given: dict[str, Given] = {}
        self._ids = itertools.count(1)

    def add(self, fault: Fault) -> str:
        """Give a fault; its times count from now. Returns its id."""
        now = self._clock()
        ends = math.inf if fault.until is None else now + fault.until
        if fault.kind == "restart":
            ends = now + fault.start + fault.seconds
        identity = f"fault-{next(self._ids)}"
        self._given[identity] = Given(fault, now + fault.start, ends)
        return identity

    def remove(self, identity: str) -> bool:
        """End a fault now; a node that was down starts anew. False when there is no such fault."""
        given = self._given.get(identity)
        if given is None:
            return False
        given.ends = min(given.ends, self._clock())
        return True

    def clear(self) -> None:
        """End every fault now."""
        for identity in self._given:
            self.remove(identity)

    def current(self) -> dict[str, Fault]:
        """The faults that hold now or still will, by id."""
        now = self._clock()
        return {name: given.fault for name, given in self._given.items() if given.ends > now}

    def hitting(self, node: str, method: str, path: str) -> list[Fault]:
        """The faults that this request meets, in the order they were given; each hit is counted."""
        now = self._clock()
        met = []
        for given in self._given.values():
            fault = given.fault
            if fault.kind not in _REQUEST_KINDS or not given.holds(now):
                continue
            if fault.times is not None and given.hits >= fault.times:
                continue
            if fnmatchcase(node, fault.node) and _matches(fault.route, method, path):
                given.hits += 1
                met.append(fault)
        return met

    def outage(self, node: str, at: float) -> Outage | None:
        """Why `node` does not answer at `at`, or None when it does. Down is worse than hung."""
        found: Outage | None = None
        for given in self._given.values():
            fault = given.fault
            if not given.holds(at) or not fnmatchcase(node, fault.node):
                continue
            if fault.kind in ("node_down", "restart"):
                since = min(given.begins, found.since if found and found.kind == "down" else at)
                found = Outage("down", since, fault.graceful)
            elif fault.kind == "node_hung" and (found is None or found.kind == "hung"):
                found = Outage("hung", min(given.begins, found.since if found else at))
        return found

    def restarted_at(self, node: str, at: float) -> float | None:
        """When the node's process last started because a fault was over, if one was."""
        ends = [
            given.ends
            for given in self._given.values()
            if given.fault.kind in ("node_down", "restart")
            and given.begins < given.ends <= at
            and fnmatchcase(node, given.fault.node)
        ]
        return max(ends, default=None)

    def since(self, kind: ClusterFault, at: float) -> float | None:
        """Since when a fault of the whole cluster holds, or None when it does not."""
        begins = [
            given.begins
            for given in self._given.values()
            if given.fault.kind == kind and given.holds(at)
        ]
        return min(begins, default=None)


def _matches(pattern: str, method: str, path: str) -> bool:
    return fnmatchcase(path, pattern) or fnmatchcase(f"{method} {path}", pattern)
