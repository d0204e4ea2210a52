"""Which cluster: type to narrow the list, enter to choose one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static

from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.widgets.cluster_list import ClusterList, choices_of

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp


class ClusterChoice(ModalScreen[str | None]):
    """Ends with the chosen profile's name; None where none was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("picker")]

    def __init__(
        self,
        title: str = "Go to a cluster",
        keys: str = "enter goes there, esc stays with ●",
        *,
        first: str | None = None,
    ) -> None:
        """``first`` is where the cursor begins; on the cluster that is looked at if not given."""
        super().__init__()
        self._title, self._keys, self._first = title, keys, first

    def compose(self) -> ComposeResult:
        """A line to type into, and the clusters."""
        app = cast("ElysiadashApp", self.app)
        here = app.watched.profile.name
        with Vertical(id="sheet"):
            yield Static(Content.styled(self._title, "bold"), markup=False)
            yield Input(compact=True, select_on_focus=False, placeholder="type to narrow the list")
            choices = choices_of(app.clusters, here, app.theme_variables)
            yield ClusterList(choices, self._first or here)
            yield Static(Content.styled(self._keys, "$health-unknown"))

    def on_mount(self) -> None:
        """Nothing blinks."""
        entry = self.query_one(Input)
        entry.cursor_blink = False
        entry.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow while typing."""
        event.stop()
        self.query_one(ClusterList).narrow(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter, wherever it came from."""
        event.stop()
        self.action_choose()

    @on(OptionList.OptionSelected)
    def _on_clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._end(event.option_id)

    def action_choose(self) -> None:
        """Go to the one under the cursor."""
        chosen = self.query_one(ClusterList).chosen
        if chosen is None:
            self.app.bell()
            return
        self._end(chosen)

    def action_move(self, lines: int) -> None:
        """Move the cursor of the list while the line has the keys."""
        self.query_one(ClusterList).move(lines)

    def action_cancel(self) -> None:
        """Stay."""
        self._end(None)

    def _end(self, chosen: str | None) -> None:
        # A second key can come before the first has taken us from the screen.
        if self.is_active:
            self.dismiss(chosen)
