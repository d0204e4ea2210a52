"""From a draft to the job that does it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from elysiadash.config.profile import Profile
from elysiadash.jobs.job import ClusterUse, NewJob
from elysiadash.migrate.drafts import Draft
from elysiadash.migrate.recommend import recommend
from elysiadash.migrate.spec import COPY, MIGRATE, Spec, TransformFile, Wanted, new_job
from elysiadash.tui.screens.migrate.choices import Around, known_of

_MOST_BYTES = 4_000_000


class CannotAsk(Exception):
    """What keeps a draft from becoming a job, in words."""


def job_of(
    draft: Draft, around: Around, settings_file: Path | None, *, kind: str | None = None
) -> NewJob:
    """The job for a draft: to copy or migrate, or of the kind given. Reads the transform's file:
    call it in a thread. Raises ``CannotAsk``."""
    source, target = around.profiles.get(draft.source), around.profile(draft)
    fault = what_lacks(draft, around)
    if fault or source is None or target is None:
        raise CannotAsk(fault or f"there is no profile {draft.source!r} any more")
    same = around.is_same(draft)
    advice = recommend(known_of(draft, around))
    read = _reference(source, settings_file)
    spec = Spec(
        source=read,
        target=read if same else _reference(target, settings_file),
        collections=tuple(
            Wanted(name=one.name, target=one.target_name, tenants=one.tenants)
            for one in draft.collections
        ),
        strategy=draft.strategy or advice.strategy,
        schema_only=draft.schema_only,
        settings=draft.settings,
        overwrite=any(one.replaces for one in draft.collections),
        transform=_transform(draft.transform) if draft.transform else None,
        verify=draft.verify,
        freeze=draft.freeze or advice.freeze,
        freeze_limit_s=draft.freeze_limit_s,
        after=draft.after,
        hold_limit_s=draft.hold_limit_s,
        alias=draft.alias or None,
        processes=draft.processes,
        backend=draft.backend or None,
        accepted=draft.accepted,
        window=draft.window,
    )
    uses = (_use(source),) if same else (_use(source), _use(target))
    return new_job(kind or (COPY if same else MIGRATE), spec, uses, rate=draft.rate)


def what_lacks(draft: Draft, around: Around) -> str:
    """What has to be chosen before anything can be checked; empty where nothing lacks."""
    if not draft.collections:
        return "choose the collections first: step 1"
    if draft.target is None:
        return "choose the target first: step 2"
    if around.profile(draft) is None:
        return f"the target {draft.target} cannot be used: choose another in step 2"
    names = [one.target_name for one in draft.collections]
    if len(set(names)) < len(names):
        return "two collections would have the same name in the target: step 2"
    if around.is_same(draft):
        itself = [one.name for one in draft.collections if one.target_name == one.name]
        if itself:
            return f"{itself[0]} cannot be copied onto itself: give it another name in step 2"
    return ""


def _reference(profile: Profile, settings_file: Path | None) -> dict[str, Any]:
    from elysiadash.config import reference
    from elysiadash.config.mistake import ConfigError

    try:
        return reference.of(profile, settings_file)
    except (ConfigError, ValueError) as error:
        raise CannotAsk(str(error)) from None


def _transform(text: str) -> TransformFile:
    path = Path(text)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CannotAsk(f"{path} cannot be read: {error.strerror or error}") from None
    if len(data) > _MOST_BYTES:
        raise CannotAsk(f"{path} is larger than {_MOST_BYTES:,} bytes: is it a Python file?")
    return TransformFile(path=str(path), sha256=hashlib.sha256(data).hexdigest())


def _use(profile: Profile) -> ClusterUse:
    hosts: Mapping[str, None] = dict.fromkeys(
        host
        for url in (profile.url, *(url for _, url in profile.nodes.known()))
        if (host := urlsplit(url).hostname)
    )
    return ClusterUse(profile.name, profile.url, tuple(hosts))
