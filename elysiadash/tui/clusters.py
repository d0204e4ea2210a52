"""The clusters that the app can go to: the profiles of the settings, and how one is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from elysiadash.config.profile import Profile
from elysiadash.tui.source import Watched

Open = Callable[[Profile], Watched]


class Clusters:
    """Profiles by name. ``open`` makes a watch that asks nothing before it is run.

    ``broken`` are profiles that cannot be used, with the reason in words.
    """

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        open: Open,
        broken: Mapping[str, str] | None = None,
    ) -> None:
        self.profiles = dict(profiles)
        self.broken = dict(broken or {})
        self.open = open

    def profile(self, name: str) -> Profile | str:
        """The profile of that name, or why there is none to use."""
        found = self.profiles.get(name)
        if found is not None:
            return found
        if name in self.broken:
            return f"the profile {name} cannot be used: {self.broken[name]}"
        known = ", ".join(self.profiles) or "none"
        return f"there is no profile {name!r}; there are {known}"
