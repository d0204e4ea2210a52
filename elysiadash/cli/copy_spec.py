"""From the options of ``copy`` and ``migrate`` to the spec of a job."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

from elysiadash.cli.copy_ends import TargetWish
from elysiadash.cli.exits import CommandFailed, Exit
from elysiadash.migrate.errors import MigrationStopped
from elysiadash.migrate.phases import Freeze, Strategy, Verify
from elysiadash.migrate.spec import COPY, Spec, TransformFile, Wanted
from elysiadash.schema.names import collection_fault

STOPPED: Final = "stopped"
"""The question whether the writers are stopped, and its answer (``migrate.freeze.STOPPED``)."""
_WINDOW: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


class CopyWish(TargetWish, frozen=True, kw_only=True, gc=False):
    """What ``copy`` and ``migrate`` are asked for."""

    kind: str
    pairs: tuple[tuple[str, str], ...]
    """Collection and its name in the target."""
    tenants: tuple[str, ...] = ()
    schema_only: bool = False
    settings: tuple[str, ...] = ()
    transform: Path | None = None
    overwrite: bool = False
    strategy: str = "online"
    freeze: str | None = None
    alias: str | None = None
    backend: str | None = None
    verify: bool = True
    verify_level: str = "V2"
    freeze_limit: float = 60.0
    after: str = "hold"
    hold_limit: float = 900.0
    writer_key: str | None = None
    window: str | None = None
    rate: int | None = None
    executor: str = "local"
    scheduler: str | None = None
    processes: int | None = None
    accepted: tuple[str, ...] = ()
    dry_run: bool = False
    rehearse: bool = False
    yes: bool = False
    confirm: tuple[str, ...] = ()
    detach: bool = False
    as_json: bool = False

    @property
    def only_looks(self) -> bool:
        """Whether nothing but a scratch collection is written."""
        return self.dry_run or self.rehearse


def checked(wish: CopyWish) -> CopyWish:
    """The wish with names as servers spell them. Raises ``CommandFailed`` for what makes no
    sense together, before anything is asked of a server."""
    pairs = tuple((_spelt(name), _spelt(target)) for name, target in wish.pairs)
    if not pairs:
        raise _wrong("which collections?", "name one or more")
    for name, target in pairs:
        fault = collection_fault(target, ())
        if fault:
            raise _wrong(fault)
        if wish.target is None and name == target:
            raise _wrong(
                f"{name} cannot be copied to itself",
                "give its copy another name, or another cluster with --target",
            )
    for place in (0, 1):
        names = [pair[place] for pair in pairs]
        double = next((name for name in names if names.count(name) > 1), None)
        if double:
            raise _wrong(f"{double} is named twice")
    for option, given in (
        ("--alias", (wish.alias,)),
        ("--backend", (wish.backend,)),
        ("--scheduler", (wish.scheduler,)),
        ("--set", wish.settings),
        ("--tenant", wish.tenants),
        ("--window", (wish.window,)),
    ):
        if "" in given:
            raise _wrong(f"{option} is empty")
    if (wish.executor == "dask") != (wish.scheduler is not None):
        raise _wrong("--executor dask and --scheduler ADDRESS belong together")
    if (wish.strategy == "backup") != (wish.backend is not None):
        raise _wrong("--strategy backup and --backend NAME belong together")
    if wish.dry_run and wish.rehearse:
        raise _wrong("--dry-run writes nothing and --rehearse does: give one of them")
    if wish.alias and wish.target is not None:
        raise _wrong("--alias is for a copy inside one cluster, and --target names another")
    if wish.alias and (wish.freeze == "none" or wish.strategy == "offline"):
        raise _wrong("--alias needs a freeze: writers of the alias must not be split in two")
    checked_key(wish.writer_key)
    window_of(wish.window)
    return msgspec.structs.replace(wish, pairs=pairs)


def window_of(text: str | None) -> tuple[str, str] | None:
    """``22:00-05:30`` as two times of day. Raises ``CommandFailed``."""
    if text is None:
        return None
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise _wrong(f"--window {text} is not written as 22:00-05:30")
    return f"{found[1]}:{found[2]}", f"{found[3]}:{found[4]}"


def checked_key(writer_key: str | None) -> str | None:
    """Where a writer's key is, as a worker in another folder finds it; never the key itself.

    Raises ``CommandFailed``.
    """
    if writer_key is None:
        return None
    kind, _, given = writer_key.partition(":")
    if kind not in ("env", "file", "command") or not given:
        # What was given may be the key: it is not repeated.
        raise _wrong("--writer-key is env:NAME, file:PATH or command:LINE, and never the key")
    return f"file:{Path(given).expanduser().absolute()}" if kind == "file" else writer_key


def spec_of(wish: CopyWish, source: dict[str, object], target: dict[str, object]) -> Spec:
    """The spec. Reads the transform's file. Raises ``CommandFailed``."""
    return Spec(
        source=source,
        target=target,
        collections=tuple(
            Wanted(name=name, target=other, tenants=wish.tenants or None)
            for name, other in wish.pairs
        ),
        strategy=Strategy(wish.strategy),
        schema_only=wish.schema_only,
        settings=wish.settings,
        overwrite=wish.overwrite,
        transform=_transform(wish.transform),
        verify=Verify(wish.verify_level) if wish.verify else Verify.NONE,
        freeze=Freeze(wish.freeze) if wish.freeze else _usual_freeze(wish),
        freeze_limit_s=wish.freeze_limit,
        writer_key=checked_key(wish.writer_key),
        after="thaw" if wish.after == "thaw" else "hold",
        hold_limit_s=wish.hold_limit,
        alias=wish.alias,
        executor="dask" if wish.executor == "dask" else "local",
        scheduler=wish.scheduler,
        processes=wish.processes,
        backend=wish.backend,
        accepted=wish.accepted,
        # Asked for before the job is put in: see ``copy_command``.
        answers={STOPPED: STOPPED} if wish.freeze == STOPPED else {},
        window=window_of(wish.window),
    )


def _usual_freeze(wish: CopyWish) -> Freeze:
    """A copy beside the original needs no freeze; one that takes its place does."""
    return Freeze.NONE if wish.kind == COPY and not wish.alias else Freeze.AUTO


def _transform(path: Path | None) -> TransformFile | None:
    if path is None:
        return None
    from elysiadash.migrate.transforms.file import choose

    try:
        return choose(path)
    except MigrationStopped as error:
        raise CommandFailed(f"--transform: {error}", code=Exit.USAGE) from None


def _spelt(name: str) -> str:
    """Servers write the first letter of a collection's name as a capital."""
    return name[:1].upper() + name[1:]


def _wrong(what: str, hint: str | None = None) -> CommandFailed:
    return CommandFailed(what, hint, Exit.USAGE)
