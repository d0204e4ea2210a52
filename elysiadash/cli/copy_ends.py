"""The two clusters of a copy: what the flags say of each, and that they may be used so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from elysiadash.cli.choosing import Chosen, load_settings
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.cli.flags import ClusterFlags
from elysiadash.config.mistake import ConfigError, nearest
from elysiadash.config.paths import user_file
from elysiadash.config.profile import Profile
from elysiadash.config.reference import NotReferable, Reference, of
from elysiadash.jobs.job import ClusterUse

_TARGET_ONLY: Final = ("target_grpc", "target_node", "target_auth")


class TargetWish(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the command line says of the target; None: the source's cluster."""

    target: str | None = None
    target_grpc: str | None = None
    target_node: tuple[str, ...] = ()
    target_auth: str | None = None


def source_flags(flags: ClusterFlags, wish: TargetWish) -> ClusterFlags:
    """The flags without what is meant for the target. Raises ``CommandFailed`` where it is not
    clear whose key ``--auth`` names: one cluster's key must not be sent to another."""
    if wish.target is None:
        given = [name for name in _TARGET_ONLY if getattr(wish, name)]
        if given:
            raise CommandFailed(
                f"--{given[0].replace('_', '-')} is about another cluster, and none is named",
                "name it with --target PROFILE or --target URL",
                Exit.USAGE,
            )
        return flags
    if flags.auth is None or wish.target_auth is not None:
        return flags
    if flags.url is not None:
        raise CommandFailed(
            "whose key does --auth name?",
            "with --url and --target give the target's as --target-auth; --auth is then the "
            "source's, and --target-auth alone leaves it without",
            Exit.USAGE,
        )
    return msgspec.structs.replace(flags, auth=None)


def target_profile(chosen: Chosen, flags: ClusterFlags, wish: TargetWish) -> Profile:
    """The cluster that is written to. Raises ``CommandFailed``."""
    if wish.target is None:
        return chosen.profile
    if chosen.demo:
        return _simulated(chosen, wish.target)
    given: dict[str, Any] = {
        "grpc": wish.target_grpc,
        "node": list(wish.target_node),
        "auth": wish.target_auth or flags.auth,
        "write": True if flags.write else None,
    }
    settings = load_settings(flags)
    try:
        if "://" in wish.target:
            return settings.ad_hoc(wish.target, given)
        found = settings.choose(wish.target, given)
    except ConfigError as error:
        raise CommandFailed(
            f"--target: {error}", "elysiadash config check lists every mistake", Exit.USAGE
        ) from None
    if found is None:
        raise CommandFailed(f"there is no profile {wish.target}", code=Exit.USAGE)
    return found


def fail_unless_writable(target: Profile) -> None:
    """Raise ``CommandFailed`` where the target is read-only."""
    if not target.write:
        raise CommandFailed(
            f"{target.name} is read-only: nothing was begun",
            "set write = true in its profile, or pass --write; --dry-run writes nothing",
        )


def reference_of(profile: Profile, flags: ClusterFlags) -> Reference:
    """The cluster as the job names it. Raises ``CommandFailed`` where it would hold a secret."""
    config = Path(flags.config) if flags.config else user_file(os.environ)
    try:
        return of(profile, config)
    except NotReferable as error:
        raise CommandFailed(str(error)) from None


def use_of(profile: Profile, *, writes: bool) -> ClusterUse:
    """The cluster as the pool counts it."""
    urls = [url for _, url in profile.nodes.known()] or [profile.url]
    hosts = tuple(sorted({urlsplit(url).netloc for url in urls})) if writes else ()
    return ClusterUse(profile.name, profile.url, hosts)


def _simulated(chosen: Chosen, name: str) -> Profile:
    found = chosen.profiles.get(name) or chosen.profiles.get(f"demo-{name}")
    if found is None:
        likely = nearest(name, chosen.profiles)
        hint = f"did you mean {likely}?" if likely else f"there are {', '.join(chosen.profiles)}"
        raise CommandFailed(f"there is no simulated cluster {name}", hint, Exit.USAGE)
    return found
