"""Both sides of a part as verification reads them: by ``scan`` alone, never as the copy does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from elysiadash.migrate.errors import NotProven
from elysiadash.migrate.pacing import Pacing
from elysiadash.migrate.parts import Part
from elysiadash.migrate.site import Site
from elysiadash.scan.asking import ids_page
from elysiadash.scan.canonical import CanonicalForm
from elysiadash.scan.coordinator import Coordinator
from elysiadash.scan.digests import DigestScan
from elysiadash.scan.extent import Extent
from elysiadash.scan.ids import IdTimeScan
from elysiadash.scan.keys import FIRST, LAST, before
from elysiadash.scan.reading import Single, read_object
from elysiadash.weaviate.definitions import stored_definition
from elysiadash.weaviate.errors import NotFound


class Side:
    """One collection of one cluster; ``hot`` are its active tenants, None where it has none."""

    def __init__(
        self,
        site: Site,
        collection: str,
        definition: dict[str, Any],
        form: CanonicalForm,
        *,
        others: Iterable[Coordinator],
        hot: frozenset[str] | None,
    ) -> None:
        self.site = site
        self.collection = collection
        self.definition = definition
        self.form = form
        self.hot = hot
        self.others = tuple(others)
        self.expires = bool((definition.get("objectTtlConfig") or {}).get("enabled"))

    @property
    def replicas(self) -> int:
        """The replication factor."""
        return int((self.definition.get("replicationConfig") or {}).get("factor") or 1)

    def why_unread(self, tenant: str) -> str:
        """Why a tenant cannot be read, in words; empty where it can."""
        if bool(tenant) != (self.hot is not None):
            kind = "is multi-tenant" if self.hot is not None else "is not multi-tenant"
            return f"{self.collection} of {self.site.profile.name} {kind}"
        if self.hot is not None and tenant not in self.hot:
            return f"tenant {tenant} of {self.collection} is not active in {self.site.profile.name}"
        return ""

    def extent(self, tenant: str, lower: bytes = FIRST, upper: bytes = LAST) -> Extent:
        """What to read of it; the tenant was seen active."""
        return Extent(
            collection=self.collection,
            tenant=tenant,
            tenant_is_hot=bool(tenant),
            lower=lower,
            upper=upper,
            expires=self.expires,
        )

    def digests(self, extent: Extent, pacing: Pacing) -> DigestScan:
        """A scan of whole objects."""
        return DigestScan(
            self.site.contact,
            extent,
            self.form,
            owners=self.site.owners,
            others=self.others,
            pace=pacing,
            max_message=self.site.meta.grpc_max_message_size,
        )

    def ids(self, extent: Extent, pacing: Pacing) -> IdTimeScan:
        """A scan of ids and times."""
        return IdTimeScan(
            self.site.contact,
            extent,
            owners=self.site.owners,
            others=self.others,
            pace=pacing,
            max_message=self.site.meta.grpc_max_message_size,
        )

    async def first(self, extent: Extent) -> bytes | None:
        """The first id of a range, as far as one page tells: for samples, never for a proof."""
        page = await ids_page(self.site.contact, extent, before(extent.lower), 1)
        return page[0].id if page and page[0].id <= extent.upper else None

    async def read(self, extent: Extent, key: bytes) -> Single:
        """One object."""
        return await read_object(self.site.contact, extent, key, vectors=self.form.vectors)


class Sides:
    """A part's source and target."""

    def __init__(self, source: Side, target: Side) -> None:
        self.source = source
        self.target = target


class OpenSides:
    """Sides of collections, each looked up once; the clusters are the run's."""

    def __init__(self, source: Site, target: Site, targets: dict[str, str]) -> None:
        self._source = source
        self._target = target
        self._targets = targets
        self._known: dict[str, Sides] = {}

    async def of(self, part: Part) -> Sides:
        """The sides of a part. Raises ``NotProven`` where a collection is not there."""
        if part.collection not in self._known:
            source = await self._side(self._source, part.collection, renamed=self._targets)
            target = await self._side(self._target, part.target, renamed={})
            self._known[part.collection] = Sides(source, target)
        return self._known[part.collection]

    async def _side(self, site: Site, name: str, *, renamed: dict[str, str]) -> Side:
        try:
            definition = await stored_definition(site.client, name)
        except NotFound:
            raise NotProven(
                f"there is no collection {name} in {site.profile.name} any more: nothing can be "
                "proven; bring it back and resume the job, or cancel it"
            ) from None
        hot = None
        if (definition.get("multiTenancyConfig") or {}).get("enabled"):
            tenants = await site.client.tenants(name)
            hot = frozenset(one.name for one in tenants if one.activity_status in _HOT)
        # References of the source count under the names that their collections have in the target.
        form = CanonicalForm.of(definition, renamed=renamed)
        others = [
            node
            for node in (await site.coordinators()).values()
            if node.transport.profile.url != site.profile.url
        ]
        return Side(site, name, definition, form, others=others, hot=hot)


_HOT = ("HOT", "ACTIVE")
