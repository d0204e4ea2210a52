"""The wizard: what, where, how, preflight. Each choice is on disk as soon as it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from textual.binding import BindingType

from elysiadash.migrate.drafts import STEPS, Draft, DraftError, DraftMoved
from elysiadash.migrate.recommend import recommend
from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.screens.migrate import asking, choices
from elysiadash.tui.screens.migrate.choices import Around, known_of
from elysiadash.tui.screens.migrate.choices_pane import HowPane, WherePane
from elysiadash.tui.screens.migrate.diff import DiffPane
from elysiadash.tui.screens.migrate.preflight import PreflightPane
from elysiadash.tui.screens.migrate.settings import CheckRow, Setting
from elysiadash.tui.screens.migrate.starting import Starting
from elysiadash.tui.screens.migrate.steps import DONE, OPEN, STOPS, Step
from elysiadash.tui.screens.migrate.typed import TypedWord
from elysiadash.tui.screens.migrate.what import WhatPane, collection_rows
from elysiadash.tui.widgets.about import Words
from elysiadash.tui.widgets.lines import Piece

_SAVING, _CHECKING = "keeping the draft", "reading the preflight"
_LATER = (("5", "run"), ("6", "verify"), ("7", "cut-over"), ("8", "report"))
_HOW = "b checks both clusters as they are now; only reads are sent, nothing is written."


class WizardScreen(Starting):
    """Plans a job; ``draft`` is the name of the draft that is gone on with."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("wizard")]
    SCOPES: ClassVar[tuple[str, ...]] = ("app", "screen", "list", "wizard")

    def __init__(self, draft: str) -> None:
        self.what = WhatPane(self._toggle)
        self.where, self.how = WherePane(self._change), HowPane(self._change)
        self.checks = PreflightPane(_HOW)
        self.diff = DiffPane()
        super().__init__((self.what, self.where, self.how, self.diff, self.checks))
        self.checks.open_row = self.lift  # type: ignore[method-assign]
        self.draft_name = draft
        self.draft: Draft | None = None
        self.gone = ""
        self.saving = asyncio.Lock()
        self._reading = False

    def crumb(self) -> str:
        """The draft."""
        return f"Draft {self.draft_name}"

    def link(self) -> str:
        """The command that leads here."""
        return f"draft {self.draft_name}"

    @property
    def names(self) -> list[str]:
        """What a transform does is shown where there is one."""
        transforms = self.draft is not None and bool(self.draft.transform)
        return [name for name in self.panes if transforms or name != self.diff.NAME]

    @property
    def writable(self) -> bool:
        """Whether the target may be written, as its own profile says."""
        if self.dash.watched.replay is not None or self.draft is None:
            return False
        target = self.around.profile(self.draft)
        return target is not None and target.write

    @property
    def around(self) -> Around:
        """The profiles, and the source as the watch knows it."""
        watch = self.dash.watched
        stats = {}
        if self.draft is None or self._is_source():
            stats = {row.collection: row for row in self.dash.rows}
        return Around(
            profiles={**self.dash.clusters.profiles, watch.profile.name: watch.profile},
            source=watch.profile.name,
            stats=stats,
            versions=watch.cluster().versions,
        )

    def _is_source(self) -> bool:
        return self.draft is not None and self.draft.source == self.dash.watched.profile.name

    # Data

    async def pull(self) -> None:
        """The draft, once; the source as it is now."""
        await self.load()
        await self._read_preflight()
        self._show()

    async def load(self) -> None:
        """Read the draft, where it is not there yet."""
        if self.draft is None and not self.gone:
            await self._load()

    async def _load(self) -> None:
        try:
            self.draft = await self.dash.jobs.load_draft(self.draft_name)
        except DraftError as error:
            self.gone = str(error)
            return
        if not self.moved:
            self.go_to(self.draft.step)

    async def _read_preflight(self) -> None:
        draft = self.draft
        if draft is None or (draft.preflight is None and draft.rehearsal is None):
            self.checks.detail = None
            return
        found = await self.dash.jobs.detail(draft.rehearsal or draft.preflight or "")
        self.checks.detail = None if isinstance(found, str) else found
        self.checks.trouble = found if isinstance(found, str) else ""

    async def _read_again(self) -> None:
        try:
            await self._read_preflight()
            self._show_checks()
        finally:
            self._reading = False

    def facts_changed(self, fresh: Freshness) -> None:
        """Each second: a preflight goes on by itself."""
        super().facts_changed(fresh)
        if self._reading or not self.is_active or self.draft is None or self.frozen_at:
            return
        if self.draft.preflight is not None or self.draft.rehearsal is not None:
            self._reading = True
            self.dash.run_guarded(self._read_again, _CHECKING, group="jobs", of=self, again=True)

    def _show(self) -> None:
        draft = self.draft
        if draft is None:
            if self.gone:
                self.what.trouble = self.gone
                self.what.put(())
            return
        around = self.around
        self.what.draft, self.what.trouble = draft, self._elsewhere()
        if self.frozen_at is None:
            rows = self.dash.rows if self._is_source() else ()
            self.what.put(collection_rows(rows, draft))
        advice = recommend(known_of(draft, around))
        self.where.put(choices.where_settings(draft, around))
        said: Words = [(f"Recommended: {advice.strategy}. ", "bold"), " ".join(advice.why)]
        self.how.said = [said]
        if advice.only_if:
            self.how.said.append([(f"▲ {advice.only_if}", "$health-warn")])
        self.how.put(choices.how_settings(draft, around))
        self._show_checks()
        self.tell_crumbs()
        self.say_words()
        self.refresh_bindings()

    def _show_checks(self) -> None:
        draft = self.draft
        if draft is None:
            return
        self.checks.accepted = draft.accepted
        self.checks.lacks = asking.what_lacks(draft, self.around)
        self.checks.changed = draft.checked_as != draft.fingerprint()
        self.checks.show()
        self.diff.show(self.checks.detail, changed=self.checks.changed)
        self.tell_steps()

    def _elsewhere(self) -> str:
        if self.draft is None or self._is_source():
            return ""
        return (
            f"This draft copies from {self.draft.source}, and {self.dash.watched.profile.name} is "
            f"shown: :profile {self.draft.source} goes there."
        )

    # Lines

    def steps(self) -> Sequence[Step]:
        """The four that are planned, and those that the job will go through."""
        draft = self.draft
        states: dict[str, str] = dict.fromkeys(STEPS, OPEN)
        if draft is not None:
            states["what"] = DONE if draft.collections else OPEN
            lacks = asking.what_lacks(draft, self.around)
            states["where"] = DONE if not lacks else OPEN
            states["how"] = DONE if not lacks and draft.step in ("how", "preflight") else OPEN
            if self.checks.rows and not self.checks.changed:
                stops = any(row.stops for row in self.checks.rows)
                states["preflight"] = STOPS if stops else DONE
        planned = [
            Step(self.panes[name].NUMBER, name, states.get(name, OPEN)) for name in self.names
        ]
        return [*planned, *(Step(number, name) for number, name in _LATER)]

    def notes(self) -> list[Piece]:
        """Also that nothing can be started, and why."""
        notes = super().notes()
        draft = self.draft
        if draft is not None and draft.target is not None and not self.writable:
            notes.insert(0, (f" {draft.target} is read-only ", "reverse $health-warn"))
        if not self.dash.jobs.lasts:
            notes.insert(0, ("demo: gone at the end", "$health-unknown"))
        return notes

    def help_notes(self) -> list[tuple[str, str]]:
        """Why something cannot be started."""
        draft = self.draft
        if draft is None or draft.target is None or self.writable:
            return []
        return [("Start", f"{draft.target} {choices.READ_ONLY}")]

    def shown_changed(self) -> None:
        """Where one left off is where one goes on."""
        here = next((step for step in STEPS if step == self._here), None)
        if self.draft is not None and here is not None and self.draft.step != here:
            self.keep(msgspec.structs.replace(self.draft, step=here))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tenants are of the first step."""
        if action == "tenants" and self.pane is not self.what:
            return False
        return super().check_action(action, parameters)

    # Changing

    def keep(self, draft: Draft) -> None:
        """Show a changed draft, and keep it on disk."""
        self.draft = draft
        self._show()
        self.dash.run_guarded(self._save, _SAVING, group="draft", of=self)

    async def _save(self) -> None:
        async with self.saving:
            draft = self.draft
            if draft is None:
                return
            try:
                saved = await self.dash.jobs.save_draft(draft)
            except DraftMoved as moved:
                self.draft = None
                await self._load()
                self.status.flash(str(moved), 8.0)
                self._show()
                return
            except DraftError as error:
                self.status.flash(f"not kept: {error}", 12.0)
                return
            # What was changed meanwhile is saved by the next one.
            self.draft = msgspec.structs.replace(
                self.draft or saved, revision=saved.revision, saved=saved.saved
            )

    def _toggle(self, name: str) -> None:
        if self.draft is None:
            return
        if not self._is_source():
            self.status.flash(self._elsewhere(), 6.0)
            return
        self.keep(choices.toggled(self.draft, name))

    async def _change(self, row: Setting) -> None:
        draft = self.draft
        if draft is None:
            return
        if row.key == "target":
            from elysiadash.tui.screens.cluster_choice import ClusterChoice

            choice = ClusterChoice(
                "Copy to which cluster",
                "enter chooses it, esc changes nothing; ● is the source",
                first=draft.target,
            )
            await self.dash.push_screen(choice, self._use_target)
        elif row.key == "replace":
            await self._replace(draft)
        elif row.typed:
            self.ask_for(row.key, f"{row.name} ", row.text, partial(self._offer, row.key))
        elif row.options:
            advice = recommend(known_of(draft, self.around))
            self.keep(choices.next_option(draft, row, advice))
        else:
            self.status.flash(row.why or "nothing to change here", 6.0)

    def _use_target(self, name: str | None) -> None:
        if name is not None and self.draft is not None:
            self.keep(msgspec.structs.replace(self.draft, target=name))

    async def _replace(self, draft: Draft) -> None:
        if any(one.replaces for one in draft.collections):
            self.keep(choices.replacing(draft, False))
            return
        names = ", ".join(one.target_name for one in draft.collections)
        where = draft.target or "the target"
        lines = [
            f"Collections of these names on {where} are replaced, where there are any:",
            names,
            "The old one is kept until the new one is verified, where space allows; the preflight",
            "says whether it does.",
        ]
        word = draft.collections[0].target_name if len(draft.collections) == 1 else where

        def replace(sure: bool | None) -> None:
            if sure and self.draft is not None:
                self.keep(choices.replacing(self.draft, True))

        await self.dash.push_screen(TypedWord("Replace what is there", lines, word), replace)

    def typed(self, what: Any, text: str) -> str | None:
        """A setting was typed."""
        if self.draft is None:
            return None
        if isinstance(what, CheckRow):
            return self.lifted(what, text)
        changed = choices.with_value(self.draft, str(what), text, self.around)
        if isinstance(changed, str):
            return changed
        self.keep(changed)
        return None

    def _offer(self, key: str, line: str) -> Sequence[str]:
        kind, _, name = key.partition(":")
        if kind == "transform":
            return _files(line)
        if kind == "name" and name:
            return [name, f"{name}Copy"] if not line else []
        return []

    def action_clear(self) -> None:
        """As everywhere; a draft in which nothing was chosen is no draft."""
        self._leave_empty()
        super().action_clear()

    def action_back(self) -> None:
        """As everywhere."""
        self._leave_empty()
        super().action_back()

    def _leave_empty(self) -> None:
        draft = self.draft
        if draft is None or draft.collections or draft.target or self.filter_shown():
            return
        jobs, name = self.dash.jobs, draft.id

        async def drop() -> None:
            async with self.saving:
                self.draft = None
                await jobs.discard_draft(name)
                await jobs.look(now=True)

        self.dash.run_guarded(drop, _SAVING, group="draft")

    def filter_shown(self) -> bool:
        """Whether escape would clear something else first."""
        pane = self.pane
        return bool(pane.filter_text or pane.table.status.problems_only or pane.table.status.marked)


def _files(line: str) -> Sequence[str]:
    """Python files and folders that a path can become."""
    path = Path(line).expanduser()
    folder, start = (path, "") if line.endswith("/") else (path.parent, path.name)
    try:
        found = sorted(each for each in folder.iterdir() if each.name.startswith(start))
    except OSError:
        return []
    return [
        f"{each}/" if each.is_dir() else str(each)
        for each in found[:200]
        if each.is_dir() or each.suffix == ".py"
    ]
