"""Several still clusters: as they are, lost, in trouble, not to be used."""

from __future__ import annotations

from elysiadash.cluster.shards import report_shards
from elysiadash.cluster.slices import Kind, Problem
from elysiadash.cluster.view import ClusterView
from elysiadash.config.profile import Profile
from elysiadash.tui.clusters import Clusters
from elysiadash.weaviate.models import Nodes
from tests.tui.still import NODES, Clock, StillWatch, five_rows, lost, still_cluster, three_nodes

BROKEN = "settings.toml:12: profiles.old.url: expected an address that begins with http://"
NO_KEY = Problem(
    "no credentials",
    "the API key cannot be had: env:STAGING_KEY: the variable is not set",
    None,
    "export STAGING_KEY before the start",
)
PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            name="prod-eu",
            url="http://weaviate.example:8080",
            environment="prod",
            colour="#b02a37",
        ),
        Profile(name="prod-us", url="http://us.example:8080", environment="prod", colour="#b02a37"),
        Profile(name="dr-site", url="http://dr.example:8080", environment="dr", colour="#d9a400"),
        Profile(name="staging", url="http://staging.example:8080", environment="staging"),
        Profile(name="lab", url="http://lab.example:8080"),
    )
}


class StillFleet:
    """``clusters`` whose watches stand still; every one that was opened is in ``opened``.

    prod-us lacks a node, dr-site is lost, staging has no key, lab has answered nothing.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.opened: list[StillWatch] = []
        self.looks: dict[str, StillWatch] = {}
        self.paces: list[float] = []
        self.clusters = Clusters(PROFILES, self._open, {"old": BROKEN}, look=self._look)
        self.clock.now -= 134
        self._lost = self._answered("dr-site")
        self.clock.now += 134
        self._lost.lose(lost())
        self._lost.pollers[Kind.NODES].next_at = self.clock.now + 17
        self.current = still_cluster(self.clock)
        self.current.profile = PROFILES["prod-eu"]

    def _answered(self, name: str) -> StillWatch:
        watch = StillWatch(five_rows()[:2], profile=PROFILES[name], clock=self.clock)
        watch.answer(report_shards(Nodes()))
        return watch

    def _open(self, profile: Profile) -> StillWatch:
        # As the real one: called in a thread, and nothing is answered yet.
        watch = StillWatch(five_rows(), profile=profile, clock=self.clock, view=ClusterView())
        self.opened.append(watch)
        return watch

    def _look(self, profile: Profile, *, pace: float) -> StillWatch:
        self.paces.append(pace)
        if profile.name == "dr-site":
            watch = self._lost
        elif profile.name == "prod-us":
            watch = self._answered(profile.name)
            watch.view = three_nodes(missing=NODES[2])
        else:
            watch = StillWatch((), profile=profile, clock=self.clock, view=ClusterView())
            if profile.name == "staging":
                watch.lose(NO_KEY)
        self.looks[profile.name] = watch
        return watch
