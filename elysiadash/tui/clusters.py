"""The clusters that the app can go to: the profiles of the settings, and how one is opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from elysiadash.config.profile import Profile
from elysiadash.tui.source import Watched

if TYPE_CHECKING:
    from elysiadash.cluster.slices import Problem

Open = Callable[[Profile], Watched]


class Look(Protocol):
    """Makes a light watch; the higher ``pace``, the less often it asks."""

    def __call__(self, profile: Profile, *, pace: float) -> Watched:
        """Nothing is asked before it is run."""


class Clusters:
    """Profiles by name. ``open`` makes a watch that asks nothing before it is run, ``look`` a
    light one, for a row of the fleet. Both may read from disk: call them in a thread.

    ``broken`` are profiles that cannot be used, with the reason in words; ``simulated`` the
    names of those that are a demo. ``settings_file`` is the user's own.
    """

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        open: Open,
        broken: Mapping[str, str] | None = None,
        *,
        look: Look | None = None,
        simulated: Iterable[str] = (),
        settings_file: Path | None = None,
    ) -> None:
        self.profiles = dict(profiles)
        self.broken = dict(broken or {})
        self.open = open
        self.look: Look = look or (lambda profile, pace: self.open(profile))
        self.simulated = set(simulated)
        self.settings_file = settings_file

    def profile(self, name: str) -> Profile | str:
        """The profile of that name, or why there is none to use."""
        found = self.profiles.get(name)
        if found is not None:
            return found
        if name in self.broken:
            return f"the profile {name} cannot be used: {self.broken[name]}"
        known = ", ".join(self.profiles) or "none"
        return f"there is no profile {name!r}; there are {known}"

    def add(self, profile: Profile, *, simulated: bool = False) -> str:
        """One more; returns its name, which is another where that is another's already."""
        name = profile.name
        taken = self.profiles.get(name)
        if name in self.broken or (taken is not None and taken.url != profile.url):
            name = f"{name} (demo)" if simulated else f"{name} (address)"
            profile = msgspec.structs.replace(profile, name=name)
        self.profiles[name] = profile
        if simulated:
            self.simulated.add(name)
        return name

    def forget(self, name: str) -> None:
        """One that was only tried is no choice any more."""
        self.profiles.pop(name, None)


class FirstRun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the app can do when nothing names a cluster, and none answers at the usual place.

    ``profile_of`` makes a profile of an address and raises ``ConfigError``. ``start_demo`` starts
    simulated clusters, which may take seconds, and returns them, or in words why there are none;
    it is called in a thread. ``first_answer`` asks an address whether a Weaviate is there.
    """

    settings_file: str
    profile_of: Callable[[str], Profile]
    start_demo: Callable[[], tuple[Profile, ...] | str]
    first_answer: Callable[[Profile], Awaitable[Problem | None]]


class Given(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the app is started with besides the cluster to show first.

    ``state_dir`` is where what is learned of clusters is kept; of simulated ones nothing is.
    """

    profiles: dict[str, Profile]
    broken: dict[str, str] = {}
    simulated: frozenset[str] = frozenset()
    state_dir: Path | None = None
    settings_file: Path | None = None
    """The user's settings, where jobs look up what they must not hold themselves."""
    first_run: FirstRun | None = None


def connected(given: Given) -> Clusters:
    """The clusters of the settings, each opened by a connection of its own."""
    from elysiadash.cluster.connect import connect
    from elysiadash.cluster.glance import glance

    def kept_in(profile: Profile) -> Path | None:
        return None if profile.name in clusters.simulated else given.state_dir

    clusters = Clusters(
        given.profiles,
        lambda profile: connect(
            profile,
            state_dir=kept_in(profile),
            records=True,
            demo=profile.name in clusters.simulated,
        ),
        given.broken,
        look=lambda profile, pace: glance(profile, state_dir=kept_in(profile), pace=pace),
        simulated=given.simulated,
        settings_file=given.settings_file,
    )
    return clusters
