"""Steps 2 and 3 as data: which rows there are, what each means, and what a typed value does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from elysiadash.cluster.stats import CollectionStats
from elysiadash.config.moments import read_length
from elysiadash.config.profile import Profile
from elysiadash.migrate.drafts import ChosenCollection, Draft
from elysiadash.migrate.phases import Freeze, Strategy, Verify
from elysiadash.migrate.recommend import Known, Recommendation, recommend, why_not
from elysiadash.schema.names import collection_fault
from elysiadash.tui import numbers
from elysiadash.tui.emptiness import shown_address
from elysiadash.tui.screens.migrate.settings import Setting

AS_RECOMMENDED = "as recommended"
NONE, NO_LIMIT = "none", "no limit"
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
READ_ONLY = "is read-only: start with --write, or write = true in its profile"


class Around(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a draft is shown with: the profiles, and what is known of the source."""

    profiles: Mapping[str, Profile]
    source: str
    """Profile of the cluster that is shown."""
    stats: Mapping[str, CollectionStats]
    versions: tuple[str, ...] = ()

    def profile(self, draft: Draft) -> Profile | None:
        """The target's profile."""
        return self.profiles.get(draft.target) if draft.target is not None else None

    def is_same(self, draft: Draft) -> bool:
        """Whether the copy stays in the cluster."""
        target, source = self.profile(draft), self.profiles.get(draft.source)
        return draft.target == draft.source or (
            target is not None and source is not None and target.url == source.url
        )


def known_of(draft: Draft, around: Around) -> Known:
    """What a recommendation rests on."""
    rows = [around.stats.get(one.name) for one in draft.collections]
    found = [row for row in rows if row is not None]
    whole = bool(rows) and len(found) == len(rows)
    objects = [row.objects for row in found if row.objects is not None]
    writes = [row.imports_per_s for row in found if row.imports_per_s is not None]
    factors = [row.replication_factor for row in found if row.replication_factor is not None]
    measured = sum(writes) if whole and len(writes) == len(rows) else None
    if draft.many_writes is not None:
        measured = max(measured or 0.0, 1.0) if draft.many_writes else 0.0
    return Known(
        objects=sum(objects) if whole and len(objects) == len(rows) else None,
        writes_per_s=measured,
        lowest_factor=min(factors) if factors else None,
        versions=around.versions,
        same_cluster=around.is_same(draft),
        shared_backend=True if draft.backend else None,
        renamed=any(one.target_name != one.name for one in draft.collections),
        changed=bool(draft.transform or draft.settings),
        replaces=any(one.replaces for one in draft.collections),
        some_tenants=any(one.tenants is not None for one in draft.collections),
    )


def where_settings(draft: Draft, around: Around) -> list[Setting]:
    """The target, each collection's name there, and what becomes of one that is there."""
    rows = [_target(draft, around)]
    same = around.is_same(draft)
    for one in draft.collections:
        rows.append(_name_row(one, draft, around, same=same))
    if draft.collections:
        replaces = any(one.replaces for one in draft.collections)
        rows.append(
            Setting(
                key="replace",
                name="Where a name is taken",
                value="replace it" if replaces else "stop and say so",
                why="the old one is kept until the new one is verified, where space allows"
                if replaces
                else "enter, then the name typed, replaces what is there",
                style="warning" if replaces else "",
                options=("stop", "replace"),
            )
        )
    aliases = _aliases(draft, around)
    if same and aliases:
        rows.append(
            Setting(
                key="alias",
                name="Alias",
                value=draft.alias or NONE,
                why="one change of this alias is the cut-over"
                if draft.alias
                else "an application that uses an alias is brought over by one change of it",
                options=("", *aliases),
            )
        )
    return rows


def how_settings(draft: Draft, around: Around) -> list[Setting]:
    """Strategy, freeze, verification, what changes on the way, limits."""
    known = known_of(draft, around)
    advice = recommend(known)
    source, target = around.profiles.get(draft.source), around.profile(draft)
    return [
        _strategy(draft, known, advice),
        _freeze(draft, advice, source),
        _setting("freeze_limit", "Freeze lasts at most", numbers.span(draft.freeze_limit_s),
                 "then it is thawed and tried again later", text=f"{draft.freeze_limit_s:g}s"),
        _cycle("after", "After the cut-over", draft.after, ("hold", "thaw"),
               f"hold: the source stays frozen until you thaw it, at most "
               f"{numbers.span(draft.hold_limit_s)}"),
        _cycle("verify", "Verify", draft.verify, tuple(Verify), _VERIFY[draft.verify],
               style="" if draft.verify not in (Verify.NONE, Verify.V0, Verify.V1) else "warning"),
        _setting("rate", "At most", NO_LIMIT if draft.rate is None else
                 f"{numbers.count(round(draft.rate))} objects/s",
                 "lanes are slowed by themselves where the target or the source suffers",
                 text="" if draft.rate is None else f"{draft.rate:g}"),
        _setting("window", "Only between", NONE if draft.window is None else
                 " and ".join(draft.window) + " UTC", "times of day, such as 22:00-05:00; UTC",
                 text="" if draft.window is None else "-".join(draft.window)),
        _setting("settings", "Change settings", " ".join(draft.settings) or NONE,
                 "PATH=VALUE, blanks between, such as replicationConfig.factor=1",
                 text=" ".join(draft.settings)),
        _setting("transform", "Transform file", draft.transform or NONE,
                 "one way: what is transformed cannot be rolled back" if draft.transform else
                 "a Python file with transform(obj)", text=draft.transform),
        _cycle("schema_only", "Objects", "none, definitions only" if draft.schema_only else "all",
               ("all", "none"), ""),
        _setting("backend", "Backup backend", draft.backend or "not known",
                 "one that both clusters have, such as s3: needed for the strategy backup",
                 text=draft.backend, style="" if draft.backend else "unknown"),
        _cycle("many_writes", "Writers", _WRITERS[draft.many_writes], tuple(_WRITERS.values()),
               _writes_words(known)),
        _setting("processes", "Processes", "as many as cores, at most 4" if draft.processes is
                 None else str(draft.processes), "that copy on this computer",
                 text="" if draft.processes is None else str(draft.processes)),
    ] + ([] if target is None else [_permissions(draft, around, source, target)])  # fmt: skip


def with_value(draft: Draft, key: str, text: str, around: Around) -> Draft | str:
    """The draft with a typed value, or what is wrong with that."""
    kind, _, name = key.partition(":")
    if kind == "name":
        fault = collection_fault(text) if text else None
        if fault is not None:
            return fault
        others = [one.target_name for one in draft.collections if one.name != name]
        if (text or name) in others:
            return f"{text or name} is another one's name in the target already"
        target = "" if text == name else text
        return _with_collection(draft, name, target=target)
    if kind == "tenants":
        tenants = tuple(dict.fromkeys(re.split(r"[\s,]+", text.strip()))) if text.strip() else None
        return _with_collection(draft, name, tenants=tenants)
    change = _CHANGES.get(kind)
    return f"{kind} is chosen with enter" if change is None else change(draft, text)


def next_option(draft: Draft, row: Setting, advice: Recommendation) -> Draft:
    """The draft with the option behind the present one."""
    key = row.key
    if key == "strategy":
        order = (None, *Strategy)
        return _replaced(draft, strategy=_after(order, draft.strategy))
    if key == "freeze":
        freezes = (None, *Freeze)
        return _replaced(draft, freeze=_after(freezes, draft.freeze))
    if key == "verify":
        return _replaced(draft, verify=_after(tuple(Verify), draft.verify))
    if key == "after":
        return _replaced(draft, after="thaw" if draft.after == "hold" else "hold")
    if key == "schema_only":
        return _replaced(draft, schema_only=not draft.schema_only)
    if key == "many_writes":
        return _replaced(draft, many_writes=_after(tuple(_WRITERS), draft.many_writes))
    if key == "alias":
        return _replaced(draft, alias=_after(row.options, draft.alias))
    return draft


def replacing(draft: Draft, replaces: bool) -> Draft:
    """The draft with what becomes of collections that are there."""
    changed = tuple(msgspec.structs.replace(one, replaces=replaces) for one in draft.collections)
    return _replaced(draft, collections=changed)


def toggled(draft: Draft, name: str) -> Draft:
    """The draft with a collection, or without it."""
    if draft.chosen(name) is None:
        return _replaced(draft, collections=(*draft.collections, ChosenCollection(name=name)))
    return _replaced(draft, collections=tuple(one for one in draft.collections if one.name != name))


def _target(draft: Draft, around: Around) -> Setting:
    profile = around.profile(draft)
    if draft.target is None or profile is None:
        value = "not chosen yet" if draft.target is None else draft.target
        why = "enter chooses one of the settings' clusters, or this one"
        if draft.target is not None:
            why = "no profile of that name is usable now"
        return Setting(key="target", name="Cluster", value=value, why=why, style="warning")
    same = around.is_same(draft)
    value = f"this one ({profile.name})" if same else profile.name
    why = shown_address(profile.url)
    if not profile.write:
        why = f"{why}; {READ_ONLY}"
    environment = f" · {profile.environment}" if profile.environment else ""
    style = "" if profile.write else "warning"
    return Setting(
        key="target", name="Cluster", value=f"{value}{environment}", why=why, style=style
    )


def _name_row(one: ChosenCollection, draft: Draft, around: Around, *, same: bool) -> Setting:
    taken = same and one.target_name in around.stats
    why, style = "whether the name is free there is looked at in preflight", ""
    if taken and not one.replaces:
        why, style = "is taken in this cluster: enter gives it another name", "warning"
    elif taken and one.target_name == one.name:
        why, style = "a collection cannot replace itself: enter gives it another name", "critical"
    elif one.replaces:
        why, style = "replaces what is there", "warning"
    return Setting(
        key=f"name:{one.name}",
        name=one.name,
        value=one.target_name,
        why=why,
        style=style,
        typed=True,
        text=one.target_name,
    )


def _strategy(draft: Draft, known: Known, advice: Recommendation) -> Setting:
    chosen = draft.strategy
    value = f"{AS_RECOMMENDED}: {advice.strategy}" if chosen is None else str(chosen)
    against = why_not(known, chosen) if chosen is not None else ""
    why = against or " ".join(advice.why)
    if chosen is not None and chosen is not advice.strategy and not against:
        why = f"recommended is {advice.strategy}: {advice.why[0]}"
    return Setting(
        key="strategy",
        name="Strategy",
        value=value,
        why=why,
        style="warning" if against else "",
        options=(AS_RECOMMENDED, *Strategy),
    )


def _freeze(draft: Draft, advice: Recommendation, source: Profile | None) -> Setting:
    chosen = draft.freeze or advice.freeze
    value = f"{AS_RECOMMENDED}: {chosen}" if draft.freeze is None else str(chosen)
    why = advice.freeze_why if draft.freeze is None else _FREEZES[chosen]
    style = ""
    writes = chosen not in (Freeze.STOPPED, Freeze.NONE)
    if writes and source is not None and not source.write:
        why, style = f"{source.name} {READ_ONLY}; or choose stopped or none", "warning"
    options = (AS_RECOMMENDED, *Freeze)
    return Setting(
        key="freeze", name="Freeze writers by", value=value, why=why, style=style, options=options
    )


def _permissions(draft: Draft, around: Around, source: Profile | None, target: Profile) -> Setting:
    reads = source is None or not source.write
    words = f"{target.name}: {'write' if target.write else 'read-only'}"
    if not around.is_same(draft):
        words += f", {draft.source}: {'read-only' if reads else 'write'}"
    why = ""
    if not target.write:
        why = f"{target.name} {READ_ONLY}; until then nothing can be started"
    elif reads:
        why = "the source is only read: repairing reads and its own freeze are left out"
    style = "" if target.write else "warning"
    return Setting(key="permissions", name="Permissions", value=words, why=why, style=style)


def _aliases(draft: Draft, around: Around) -> tuple[str, ...]:
    rows = (around.stats.get(one.name) for one in draft.collections)
    return tuple(alias for row in rows if row is not None for alias in row.aliases)


def _setting(key: str, name: str, value: str, why: str, *, text: str, style: str = "") -> Setting:
    return Setting(key=key, name=name, value=value, why=why, typed=True, text=text, style=style)


def _cycle(
    key: str, name: str, value: str, options: Iterable[str], why: str, *, style: str = ""
) -> Setting:
    return Setting(key=key, name=name, value=value, why=why, options=tuple(options), style=style)


def _writes_words(known: Known) -> str:
    if known.writes_per_s is None:
        return "not measured: metrics would tell; say it here"
    return f"{known.writes_per_s:,.3g} objects/s are counted with"


def _with_collection(draft: Draft, name: str, **changes: Any) -> Draft:
    return _replaced(
        draft,
        collections=tuple(
            msgspec.structs.replace(one, **changes) if one.name == name else one
            for one in draft.collections
        ),
    )


def _replaced(draft: Draft, **changes: Any) -> Draft:
    return msgspec.structs.replace(draft, **changes)


def _after(options: tuple[Any, ...], value: Any) -> Any:
    place = options.index(value) if value in options else -1
    return options[(place + 1) % len(options)]


def _typed_rate(draft: Draft, text: str) -> Draft | str:
    if not text or text.casefold() in ("off", "none", NO_LIMIT):
        return _replaced(draft, rate=None)
    try:
        rate = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1e9:
        return f"{text!r} is no number of objects a second; off takes the limit away"
    return _replaced(draft, rate=rate)


def _typed_limit(draft: Draft, text: str) -> Draft | str:
    seconds = read_length(text) or (float(text) if text.isdigit() else None)
    if seconds is None or not 1 <= seconds <= 86_400:
        return f"{text!r} is no time such as 60s or 5m, a day at most"
    return _replaced(draft, freeze_limit_s=float(seconds))


def _typed_window(draft: Draft, text: str) -> Draft | str:
    if not text or text == NONE:
        return _replaced(draft, window=None)
    parts = [part.strip() for part in text.split("-")]
    found = [_CLOCK.fullmatch(part) for part in parts]
    if len(parts) != 2 or not all(found) or parts[0] == parts[1]:
        return f"{text!r} is no window such as 22:00-05:00"
    first, last = (f"{int(hit[1]):02d}:{hit[2]}" for hit in found if hit)
    return _replaced(draft, window=(first, last))


def _typed_settings(draft: Draft, text: str) -> Draft | str:
    words = tuple(text.split())
    wrong = next((word for word in words if "=" not in word.strip("=")), None)
    if wrong is not None:
        return f"{wrong!r} is no PATH=VALUE"
    return _replaced(draft, settings=words)


def _typed_transform(draft: Draft, text: str) -> Draft | str:
    if not text or text == NONE:
        return _replaced(draft, transform="")
    path = Path(text).expanduser().absolute()
    return _replaced(draft, transform=str(path))


def _typed_backend(draft: Draft, text: str) -> Draft | str:
    if text and not re.fullmatch(r"[a-z0-9_-]{1,40}", text):
        return f"{text!r} is no name of a backend, such as s3 or filesystem"
    return _replaced(draft, backend=text)


def _typed_processes(draft: Draft, text: str) -> Draft | str:
    if not text:
        return _replaced(draft, processes=None)
    if not text.isdigit() or not 1 <= int(text) <= 64:
        return f"{text!r} is no number from 1 to 64"
    return _replaced(draft, processes=int(text))


_CHANGES = {
    "rate": _typed_rate,
    "freeze_limit": _typed_limit,
    "window": _typed_window,
    "settings": _typed_settings,
    "transform": _typed_transform,
    "backend": _typed_backend,
    "processes": _typed_processes,
}
_WRITERS: dict[bool | None, str] = {
    None: "as measured",
    True: "write all the time",
    False: "hardly write",
}
_VERIFY = {
    Verify.NONE: "nothing is compared: the report will say so first",
    Verify.V0: "counts only: equal counts can hide other objects",
    Verify.V1: "ids only: what the objects hold is not compared",
    Verify.V2: "whole objects, all of them, by digests",
    Verify.V3: "as V2, and field by field where objects differ",
    Verify.V4: "as V3, and the top 10 of sample searches on both sides",
}
_FREEZES = {
    Freeze.AUTO: "the best of roles, mode and READONLY that works",
    Freeze.STOPPED: "you stop the writers, and say so by typing",
    Freeze.ROLES: "the writers' roles lose their writes for the moment",
    Freeze.MODE: "OPERATIONAL_MODE=ReadOnly, set by you for the whole cluster",
    Freeze.READONLY: "every shard becomes READONLY for the moment",
    Freeze.NONE: "no cut-over: ends when it has caught up and is proven",
}
