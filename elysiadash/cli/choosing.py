"""From the command line to one cluster: settings, folders, log, and the demo where asked for."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from elysiadash.cli.documents import DemoItem
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import SCENARIOS, ClusterFlags
from elysiadash.cli.frozen_notice import say_what_was_left_frozen
from elysiadash.cli.output import say
from elysiadash.config.configuration import Configuration, load
from elysiadash.config.logs import LogSetup, set_up
from elysiadash.config.mistake import ConfigError, Mistake, nearest
from elysiadash.config.paths import Places, find_places
from elysiadash.config.profile import Addresses, Profile
from elysiadash.config.tuning import LogSettings

log = logging.getLogger(__name__)

LOCALHOST = "http://localhost:8080"


class Chosen(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The cluster to work with and where we may keep things."""

    profile: Profile
    demo: bool = False
    assumed: bool = False
    """Nothing named a cluster: ``localhost`` is tried."""
    places: Places
    profiles: dict[str, Profile] = {}
    """Every cluster that can be gone to, this one among them."""
    broken: dict[str, str] = {}
    """Profile -> why it cannot be used."""

    @classmethod
    def of_demo(cls, profiles: Iterable[Profile], places: Places) -> Chosen:
        """The first of some simulated clusters, with the others at hand."""
        found = {profile.name: profile for profile in profiles}
        return cls(profile=next(iter(found.values())), demo=True, places=places, profiles=found)

    @property
    def state_dir(self) -> Path | None:
        """Where what is learned of the cluster is kept; a demo's ports never come back."""
        return None if self.demo else self.places.state


@contextmanager
def chosen_cluster(
    flags: ClusterFlags, *, full_screen: bool = False, several: bool = False
) -> Iterator[Chosen]:
    """The cluster that the flags, variables and settings name; a demo lives inside the block.

    ``several``: of a demo all clusters, that of the flags first, or the healthy one.

    Raises ``CommandFailed`` with what is wrong in the settings, or why there is no demo.
    """
    places = find_places(os.environ)
    with ExitStack() as stack:
        if flags.demo or flags.scenario:
            stack.enter_context(logging_to(_demo_log(flags), places, full_screen=full_screen))
            profiles = stack.enter_context(
                _demo_profiles(flags, several=full_screen, others=several)
            )
            yield Chosen.of_demo(profiles, places)
            return
        settings = load_settings(flags)
        logs = stack.enter_context(logging_to(settings.log, places, full_screen=full_screen))
        for note in (*settings.notes, places.message, logs.message):
            if note:
                say(note)
        if not full_screen:
            # The app has a banner of its own.
            say_what_was_left_frozen(places.state)
        profile, assumed = _profile(settings, flags)
        yield Chosen(
            profile=profile,
            assumed=assumed,
            places=places,
            profiles={**settings.profiles, profile.name: profile},
            broken={name: _why(mistakes) for name, mistakes in settings.broken.items()},
        )


def load_settings(flags: ClusterFlags) -> Configuration:
    """Every layer of settings; what is wrong in them shows when they are used."""
    return load(
        flags.for_settings(),
        os.environ,
        Path.cwd(),
        Path(flags.config) if flags.config else None,
    )


def _profile(settings: Configuration, flags: ClusterFlags) -> tuple[Profile, bool]:
    try:
        profile = settings.choose()
        if profile is not None:
            return profile, False
        given = {
            name: value
            for name, value in flags.for_settings().items()
            if name not in ("profile", "url") and value
        }
        return settings.ad_hoc(LOCALHOST, given), True
    except ConfigError as error:
        raise CommandFailed(
            str(error), "elysiadash config check lists every mistake", Exit.USAGE
        ) from None


@contextmanager
def logging_to(settings: LogSettings, places: Places, *, full_screen: bool) -> Iterator[LogSetup]:
    """The log of our own work for the length of the block."""
    setup = set_up(settings, places.logs, full_screen=full_screen)
    try:
        yield setup
    except (CommandFailed, OSError):
        raise
    except Exception as error:
        # The log is closed before anybody else could note where it happened.
        log.error("fault in a command", exc_info=error)
        raise
    finally:
        setup.close()


def _demo_log(flags: ClusterFlags) -> LogSettings:
    levels = ("debug", "info", "warning", "error")
    level = (flags.log_level or "info").lower()
    if level not in levels:
        raise CommandFailed(
            f"there is no log level {level!r}", f"choose one of {', '.join(levels)}", Exit.USAGE
        )
    return LogSettings(level=level)  # type: ignore[arg-type]


@contextmanager
def _demo_profiles(
    flags: ClusterFlags, *, several: bool, others: bool = False
) -> Iterator[list[Profile]]:
    """The simulated cluster that is asked for; where none is named, ``several`` gives them all.

    ``others`` gives all behind the one that is asked for.
    """
    # A demo takes none of the user's settings: they may name credentials.
    from elysiadash.cli.demo_process import demo_clusters

    scenario = flags.scenario or ("all" if several else "healthy")
    if flags.scenario and scenario not in SCENARIOS:
        likely = nearest(scenario, SCENARIOS)
        hint = f"did you mean {likely}?" if likely else f"choose one of {', '.join(SCENARIOS)}"
        raise CommandFailed(f"there is no scenario {scenario!r}", hint, Exit.USAGE)
    with demo_clusters("all" if others else scenario) as clusters:
        found = [profile_of_demo(cluster, write=flags.write) for cluster in clusters]
        if others:
            found.sort(key=lambda one: one.name != f"demo-{scenario}")
        yield found


def _why(mistakes: Sequence[Mistake]) -> str:
    """Mistakes in one line."""
    first, more = str(mistakes[0]), len(mistakes) - 1
    return f"{first} (and {more} more: elysiadash config check)" if more else first


def profile_of_demo(cluster: DemoItem, *, write: bool = False) -> Profile:
    """A profile of one simulated cluster."""
    return Profile(
        name=cluster.name,
        url=cluster.url,
        grpc=cluster.grpc,
        nodes=Addresses(named=cluster.nodes),
        metrics=Addresses(named=cluster.metrics),
        environment="demo",
        write=write,
    )
