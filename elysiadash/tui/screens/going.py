"""What every main screen can do to go elsewhere: to a mode, a place, a thing, another cluster."""

from __future__ import annotations

from collections.abc import Iterable

from elysiadash.cluster.shards import ShardReport
from elysiadash.cluster.slices import Kind
from elysiadash.tui.screens.part import ScreenPart
from elysiadash.tui.trail import Place

_OFFERED_SHARDS = 1_000


class Going(ScreenPart):
    """The actions that lead away from a screen, and what their commands can be about."""

    def place(self) -> Place:
        """Where the reader is, and how they have this screen."""
        raise NotImplementedError

    async def action_show_mode(self, mode: str) -> None:
        """Go to one of the four main screens; where it is shown already, to its root."""
        await self.dash.show_mode(mode)

    async def action_travel(self, steps: int) -> None:
        """Back and forth between the places where one was."""
        self.dash.trail.leave(self.place())
        place = self.dash.trail.step(steps)
        if place is None:
            self.status.flash("there is no earlier place" if steps < 0 else "no later place", 2.0)
            return
        await self.dash.travel(place)

    async def action_last_view(self) -> None:
        """To the place that was on the screen before."""
        self.dash.trail.leave(self.place())
        place = self.dash.trail.last()
        if place is None:
            self.status.flash("there is no other place yet", 2.0)
            return
        self.dash.visit(place.route)
        await self.dash.travel(place)

    async def action_events(self) -> None:
        """What changed."""
        await self.dash.go("events")

    async def take_events(self, argument: str) -> str | None:
        """What changed since a time, or of a thing."""
        from elysiadash.tui.event_list import scope_of

        scope = scope_of(argument, self.dash.watched.store.clock())
        return scope if isinstance(scope, str) else await self.dash.go(f"events {scope.words}")

    async def action_nodes(self) -> None:
        """The nodes."""
        await self.dash.go("nodes")

    async def action_fleet(self) -> None:
        """Every cluster."""
        await self.dash.go("fleet")

    async def action_profile(self) -> None:
        """Choose another cluster."""
        from elysiadash.tui.screens.cluster_choice import ClusterChoice

        await self.dash.push_screen(ClusterChoice(), self._use_cluster)

    async def _use_cluster(self, name: str | None) -> None:
        fault = None if name is None else await self.dash.use_cluster(name)
        if fault is not None:
            self.status.flash(fault)

    async def take_profile(self, name: str) -> str | None:
        """Go to another cluster."""
        return await self.dash.use_cluster(name)

    async def take_collection(self, name: str) -> str | None:
        """Open a collection by its name or alias."""
        for row in self.dash.rows:
            if name in (row.collection, *row.aliases):
                return await self.dash.go(f"collection {row.collection}")
        return f"there is no collection {name!r}"

    async def take_node(self, argument: str) -> str | None:
        """Go to a node by its name, and to one of its shards: ``weaviate-1 shard abc``."""
        from elysiadash.tui.node_shards import find_shard, split_link

        name, shard = split_link(argument)
        known = [node.node for node in self.dash.watched.cluster().nodes]
        if name not in known:
            return f"there is no node {name!r}; there are {', '.join(known) or 'none'}"
        report = self.dash.watched.store.get(Kind.VERBOSE).value
        if shard is not None and find_shard(report, name, shard) is None:
            return f"there is no shard {shard!r} on {name}, as far as it is known"
        fault = await self.dash.go(f"node {name}")
        if shard is not None and self.dash.live_screen is not None:
            self.dash.live_screen.point_at(shard)
        return fault

    def offer_collection(self) -> Iterable[str]:
        """Names and aliases."""
        return sorted(name for row in self.dash.rows for name in (row.collection, *row.aliases))

    def offer_node(self) -> Iterable[str]:
        """Nodes that are known; in a small cluster, their shards too."""
        names = [node.node for node in self.dash.watched.cluster().nodes]
        report: ShardReport | None = self.dash.watched.store.get(Kind.VERBOSE).value
        if report is None or sum(report.node_shards.values()) > _OFFERED_SHARDS:
            return names
        return names + [
            f"{node.name} shard {shard.collection}/{shard.name}"
            for node in report.nodes.nodes
            for shard in node.shards or ()
        ]

    def offer_events(self) -> Iterable[str]:
        """Times, then what events can be about."""
        nodes = (node.node for node in self.dash.watched.cluster().nodes)
        return ["10m", "1h", "6h", "24h", *nodes, *self.offer_collection()]

    def offer_profile(self) -> Iterable[str]:
        """Clusters of the settings."""
        return self.dash.cluster_names
