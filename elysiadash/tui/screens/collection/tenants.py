"""The tenants of a multi-tenant collection: asked from the leader when somebody looks, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from urllib.parse import quote

from elysiadash.tui.filtering import Fields
from elysiadash.tui.freshness import Freshness
from elysiadash.tui.numbers import span
from elysiadash.tui.plain import plain
from elysiadash.tui.screens.collection.list_pane import ListPane
from elysiadash.tui.screens.collection.look import Look
from elysiadash.tui.screens.collection.place import PanePlace
from elysiadash.tui.tenant_list import (
    COLUMNS,
    FIELDS,
    TenantRow,
    line_of,
    refusal_words,
    states_of,
    tenant_rows,
)
from elysiadash.tui.widgets.lines import Piece
from elysiadash.tui.widgets.table import Column, SortBy
from elysiadash.weaviate.errors import WeaviateError
from elysiadash.weaviate.models import Tenant

_ROOMY = 80
"""Cells from which on counts, age and order have room."""
_NO_COUNTS: dict[str, int] = {}


class TenantsPane(ListPane[TenantRow]):
    """One question answers all; ``r`` asks again. The list says how old it is."""

    NAME = "tenants"
    THINGS = ("tenant", "tenants")

    def __init__(self) -> None:
        super().__init__()
        self.state: str | None = None
        """The state that is shown; None: all."""
        self._answer: tuple[Tenant, ...] | None = None
        self._answered_at = 0.0
        self._asking = False
        self._refused: str = ""
        self._states: dict[str, int] = {}
        self._listed: tuple[Sequence[Tenant], Mapping[str, int]] | None = None

    def columns(self) -> Sequence[Column[TenantRow]]:
        """Name, state, objects."""
        return COLUMNS

    def row_key(self, row: TenantRow) -> Hashable:
        """A tenant is its name."""
        return row.name

    def fields(self) -> Fields[TenantRow]:
        """What the list can be filtered by."""
        return FIELDS

    def first_sort(self) -> SortBy:
        """By name."""
        return SortBy("tenant")

    def as_data(self, row: TenantRow) -> dict[str, object]:
        """The tenant, and of what."""
        return {
            "collection": self.owner,
            "tenant": row.name,
            "state": row.state,
            "objects": row.objects,
        }

    def requests(self, row: TenantRow) -> dict[str, str]:
        """How the tenants are asked for."""
        from elysiadash.tui.requests import curl

        if self.look is None:
            return {}
        path = f"/v1/schema/{quote(self.look.collection, safe='')}/tenants"
        return {"curl": curl(self.dash.watched.profile, path)}

    def line_of(self, row: TenantRow) -> str:
        """State and objects in words."""
        return line_of(row)

    def place(self) -> PanePlace | None:
        """The state, too."""
        return PanePlace(self.NAME, self.table.leave(), self.filter_text, self.state)

    def return_to(self, place: PanePlace) -> None:
        """The state, too."""
        self.state = place.state
        super().return_to(place)

    # What is shown

    def keeps(self) -> Callable[[TenantRow], bool] | None:
        """The state, and the filter."""
        state, keep = self.state, super().keeps()
        if state is None:
            return keep
        return lambda row: row.state == state and (keep is None or keep(row))

    def filter_words(self) -> str:
        """The state, too."""
        state = f"state:{self.state}" if self.state is not None else ""
        return " ".join(part for part in (state, self.filter_text) if part)

    def next_state(self) -> None:
        """Tenants of the first state, of the next, and in the end all."""
        states = list(self._states)
        at = states.index(self.state) + 1 if self.state in states else 0
        self.state = states[at] if at < len(states) else None
        self.filter_again()

    def clear(self) -> bool:
        """The filter first, then the state."""
        if super().clear():
            return True
        if self.state is None:
            return False
        self.state = None
        self.filter_again()
        return True

    def chips(self) -> list[Piece]:
        """The state that is chosen."""
        chips = super().chips()
        if self.state is not None:
            status = self.table.status
            words = f" {plain(self.state)} only  {status.shown:,}/{status.total:,} "
            chips.insert(0, (words, "reverse $accent"))
        return chips

    def on_resize(self) -> None:
        """The title has other room now, and before it was laid out it had none."""
        self.tell()

    def notes(self) -> list[Piece]:
        """Counts by state, how old the list is, and what is wrong with it."""
        if self._asking:
            return ["asking the leader …"]
        if self._answer is None:
            return [("not listed", "bold $health-warn")] if self._refused else []
        notes = super().notes()
        age = f"{span(self.now - self._answered_at)} old"
        told: list[Piece] = [f"· {age}, r asks anew" if self.size.width >= _ROOMY else f"{age} ·"]
        if self._refused:
            told = [(f" {age}: not answered again ", "bold reverse $health-warn")]
        if not self.chips():
            by_state = ", ".join(f"{many:,} {plain(state)}" for state, many in self._states.items())
            told.insert(0, f"· {by_state}" if self.size.width >= _ROOMY else by_state)
        at = len(self.chips()) or 1
        # How old the list is must not be what has no room.
        if self.size.width < _ROOMY and not self.chips():
            return [*reversed(told)]
        return [*notes[:at], *told, *notes[at:]]

    def why_no_rows(self) -> str:
        """Being asked, refused, or none there."""
        if self._asking:
            return "asking the leader for the tenants"
        if self._answer is None:
            return f"{self._refused}; r asks again" if self._refused else ""
        return "this collection has no tenants"

    def empty_words(self) -> str:
        """No tenant of the state, too."""
        if self.table.status.total and self.state is not None and not self.filter_text:
            return f"no tenant is {plain(self.state)}; s shows the next state"
        return super().empty_words()

    def words(self) -> str:
        """The tenant under the cursor; while the list is old, why."""
        if self._refused and self._answer is not None:
            return f"{self._refused}; r asks again"
        return super().words()

    # Data

    async def pull(self, look: Look) -> None:
        """Ask at the first look; later only count anew what newer shard details say."""
        await super().pull(look)
        if self._answer is None and not self._asking and not self._refused:
            self.ask()
        await self._build(look)
        self.tell()

    def ask(self) -> None:
        """Ask now, beside everything else; a question under way is not asked twice."""
        if self._asking or self.look is None:
            return
        self._asking = True
        self.say_empty()
        self.tell()
        asking = partial(self._ask, self.look.collection)
        self.dash.run_guarded(
            asking, "asking for the tenants", group="tenants", of=self, tell=self._failed
        )

    async def _ask(self, collection: str) -> None:
        try:
            answer = await self.dash.watched.tenants(collection)
        except WeaviateError as error:
            self._refused = plain(refusal_words(error, self.dash.watched.cluster().leader))
        else:
            self._answer, self._refused = answer, ""
            self._answered_at = self.dash.watched.store.clock()
        finally:
            self._asking = False
        self.say_empty()
        self.tell()
        self.live.wake()

    def _failed(self, words: str) -> None:
        """A fault of ours is not asked for again at each pull."""
        self._refused = words
        self.say_empty()
        self.tell()

    async def _build(self, look: Look) -> None:
        answer, counts, before = self._answer, self._counts(look), self._listed
        if answer is None or (before and before[0] is answer and before[1] is counts):
            return
        # What was answered while the screen is held waits until it moves again.
        if self.live.frozen_at is not None and before is not None:
            return
        rows = await asyncio.to_thread(tenant_rows, answer, counts)
        self._listed = (answer, counts)
        self._states = states_of(rows)
        await self.table.load(rows)
        self.say_empty()

    def _counts(self, look: Look) -> Mapping[str, int]:
        found = look.report.by_collection.get(look.collection) if look.report else None
        return found.counts if found is not None else _NO_COUNTS

    def facts_changed(self, fresh: Freshness) -> None:
        """The age of the list moves on."""
        super().facts_changed(fresh)
        self.table.stale = self.table.stale or bool(self._refused)
        self.tell()
