"""What a process that copies keeps between its tasks: an event loop, open clusters, page sizes.

Each thread has its own, since connections belong to a loop: a pool's process has one thread, a
dask worker may have several.
"""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from elysiadash.config.profile import Profile
from elysiadash.migrate.audit_lines import Tally
from elysiadash.migrate.clocks import Clocks
from elysiadash.migrate.parts import Part
from elysiadash.migrate.site import Site
from elysiadash.migrate.tasks import Applying, End, Failure, Side, Work
from elysiadash.scan.owners import Owners
from elysiadash.weaviate.errors import (
    Refused,
    Rejected,
    Unauthorized,
    WeaviateError,
)
from elysiadash.weaviate.guard import Permit
from elysiadash.weaviate.objects import (
    Converter,
    PageSize,
    Place,
    Reader,
    ReferenceWriter,
    Shape,
    Writer,
    shape_of,
)
from elysiadash.weaviate.objects.doors import is_passing

T = TypeVar("T")
_MOST_SITES = 8
_PAGE_OBJECTS = 1_000
"""A page that is on its way holds memory in every lane; larger ones gain nothing."""


class Cluster:
    """An open cluster with what was learnt about it."""

    def __init__(self, end: End, site: Site) -> None:
        self.end = end
        self.site = site
        self.clocks = Clocks(site)
        self._sizes: dict[str, PageSize] = {}
        self._were_ready: set[str] = set()

    def size(self, collection: str, rate: float | None) -> PageSize:
        """The page size of a collection, learnt over all tasks; a slow rate wants small pages."""
        if rate is not None:
            return PageSize(self.site.door.max_message, most=max(1, min(_PAGE_OBJECTS, int(rate))))
        if collection not in self._sizes:
            self._sizes[collection] = PageSize(self.site.door.max_message, most=_PAGE_OBJECTS)
        return self._sizes[collection]

    async def owners(self) -> Owners:
        """Who is away: gossip notices a death after 0.6 s, a node's own address at once."""
        owners = await self.site.owners()
        named = [name for name in _names(owners) if self.site.profile.nodes.for_node(name)]
        silent = await asyncio.gather(*(self._is_silent(name) for name in named))
        found = {name for name, is_silent in zip(named, silent, strict=True) if is_silent}
        return Owners(away=owners.away | found, mark=owners.mark)

    async def _is_silent(self, name: str) -> bool:
        """Whether a node that answered before does not now: an address that never answered may be
        none that can be reached from here."""
        try:
            ready = (await self.site.client.ready(self.site.profile.nodes.for_node(name))).ready
        except WeaviateError:
            ready = False
        if ready:
            self._were_ready.add(name)
        return not ready and name in self._were_ready

    async def bases(self) -> list[str]:
        """Addresses of the nodes, one after the other to be asked instead of the contact."""
        nodes = self.site.profile.nodes
        if nodes.template is None:
            return [url for _, url in nodes.known()]
        names = await self.site.names()
        return [url for name in names if (url := nodes.for_node(name)) is not None]


class Desk:
    """All that is needed to copy one part, in one thread."""

    def __init__(self, work: Work, part: Part, source: Cluster, target: Cluster) -> None:
        self.part = part
        self.source = source
        self.target = target
        definition = work.definitions[part.collection]
        self.shape = shape_of(definition)
        self._expires = bool((definition.get("objectTtlConfig") or {}).get("enabled"))
        self.applying: Applying | None = None
        if work.transform is not None:
            self.applying = work.transform.open(part, work.definitions[part.collection])
        written: Shape = self.shape if self.applying is None else self.applying.shape
        self.written = written
        hot = bool(part.tenant)
        self.place = Place(collection=part.collection, tenant=part.tenant, tenant_is_hot=hot)
        there = Place(collection=part.target, tenant=part.tenant, tenant_is_hot=hot)
        self.permit = Permit(reason=f"copies {part.key} to {part.target}", job=work.job)
        self.converter = Converter(written, part.target, tenant=part.tenant, renamed=work.targets)
        nodes = [url for _, url in target.site.profile.nodes.known()]
        self.writer = Writer(
            target.site.transport, target.site.door, written, there, permit=self.permit, nodes=nodes
        )
        self.references = ReferenceWriter(target.site.transport, written, there, permit=self.permit)

    def reader(self, rate: float | None = None, base: str | None = None) -> Reader:
        """A reader of its own: one reads one page at a time."""
        place = self.place
        if base is not None:
            place = Place(
                collection=place.collection, tenant=place.tenant,
                tenant_is_hot=place.tenant_is_hot, base=base,
            )  # fmt: skip
        site = self.source.site
        return Reader(
            site.transport,
            site.door,
            self.shape,
            place,
            size=self.source.size(self.part.collection, rate),
            permit=self.permit,
            expires=self._expires,
        )


class _Kept(threading.local):
    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.clusters: list[tuple[Side, Cluster]] = []
        self.work: Work | None = None
        self.desks: dict[str, Desk] = {}


_kept = _Kept()
_MOST_DESKS = 64


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do something on this thread's own loop, which is kept with its connections."""
    if _kept.loop is None:
        _kept.loop = asyncio.new_event_loop()
    return _kept.loop.run_until_complete(work)


def forget() -> None:
    """Close everything that this thread keeps."""
    if _kept.loop is not None:
        _kept.loop.run_until_complete(_close())
        _kept.loop.run_until_complete(_kept.loop.shutdown_default_executor())
        _kept.loop.close()
    _kept.loop, _kept.work = None, None
    _kept.desks = {}


async def desks(work: Work, parts: Sequence[Part]) -> dict[str, Desk]:
    """The desk of each part, by its key. Raises ``WeaviateError`` with ``side`` set by ``on``."""
    if _kept.work is not work and _kept.work != work:
        _kept.work, _kept.desks = work, {}
    found = {}
    for part in parts:
        desk = _kept.desks.get(part.key)
        if desk is None:
            source = await _cluster("source", work)
            target = await _cluster("target", work)
            desk = Desk(work, part, source, target)
            if len(_kept.desks) >= _MOST_DESKS:
                _kept.desks.clear()
            _kept.desks[part.key] = desk
        found[part.key] = desk
    return found


async def _cluster(side: Side, work: Work) -> Cluster:
    end = work.source if side == "source" else work.target
    for kept, cluster in _kept.clusters:
        if kept == side and cluster.end == end:
            return cluster
    if len(_kept.clusters) >= _MOST_SITES:
        await _close()
    try:
        site = await Site.open(_profile(end), audit=Tally(), permit=None)
    except WeaviateError as error:
        raise on(side, error) from None
    cluster = Cluster(end, site)
    _kept.clusters.append((side, cluster))
    return cluster


async def _close() -> None:
    clusters, _kept.clusters, _kept.desks = _kept.clusters, [], {}
    for _, cluster in clusters:
        await cluster.site.aclose()


def _profile(end: End) -> Profile:
    if isinstance(end, Profile):
        return end
    # Only a remote worker needs it.
    reference = importlib.import_module("elysiadash.config.reference")
    profile: Profile = reference.resolve(end)
    return profile


def _names(owners: Owners) -> list[str]:
    return sorted(owners.mark) if isinstance(owners.mark, frozenset) else []


class Failed(Exception):
    """A request failed; says on which side."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.words)
        self.failure = failure


def on(side: Side, error: BaseException) -> Failed:
    """A server's error as data; a fault of our own is raised as it is."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if not isinstance(error, WeaviateError):
        raise error
    passing = is_passing(error)
    if isinstance(error, Rejected):
        passing = error.status == 429
    if isinstance(error, Unauthorized | Refused):
        passing = False
    return Failed(Failure(side=side, kind=error.kind, words=str(error), passing=passing))
