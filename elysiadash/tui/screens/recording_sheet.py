"""Who keeps the past of the cluster, since when, how far back, how large and where."""

from __future__ import annotations

from collections.abc import Callable
from shlex import quote
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from elysiadash.tui.actions.binding import bindings
from elysiadash.tui.numbers import size, span
from elysiadash.tui.plain import plain
from elysiadash.tui.replay_words import moment_name
from elysiadash.tui.source import Watched

_NAME_CELLS = len("reaches back ")


class RecordingSheet(ModalScreen[None]):
    """A sheet over the screen below."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("sheet")]

    def __init__(self, watch: Watched) -> None:
        super().__init__()
        self._lines = recording_lines(watch)

    def compose(self) -> ComposeResult:
        """The facts, one a line."""
        content = [Content.assemble(("Recording", "bold"), "  esc closes"), Content("")]
        for name, words in self._lines:
            content.append(Content.assemble((f"  {name.ljust(_NAME_CELLS)}", "bold"), plain(words)))
        with VerticalScroll(id="sheet"):
            yield Static(Content("\n").join(content), markup=False)

    def action_close(self) -> None:
        """Back to the screen below, once."""
        if self.is_active:
            self.dismiss(None)

    def action_scroll(self, way: str) -> None:
        """Scroll the sheet by a line, or to one of its ends."""
        sheet = self.query_one(VerticalScroll)
        ways: dict[str, Callable[..., None]] = {"down": sheet.scroll_down, "up": sheet.scroll_up}
        ways |= {"home": sheet.scroll_home, "end": sheet.scroll_end}
        ways |= {"page_down": sheet.scroll_page_down, "page_up": sheet.scroll_page_up}
        ways[way](animate=False)


def recording_lines(watch: Watched) -> list[tuple[str, str]]:
    """(what, words) about the recording of this cluster, or the one that is played back."""
    replay = watch.replay
    if replay is not None:
        return [
            ("state", "played back; nothing is recorded and nobody asked"),
            ("from", moment_name(replay.start)),
            ("to", moment_name(replay.end)),
            ("moments", f"{replay.place[1]:,}"),
            ("file", str(replay.path)),
        ]
    state = watch.recording
    if state is None:
        words = "nobody here records: the settings of this cluster say recording.enabled = false"
        return [("state", words)]
    lines = [("state", state.words)]
    if state.pid is not None:
        lines.append(("process", f"{state.pid}{' (this one)' if state.here else ''}"))
    if state.since is not None:
        lines.append(("since", moment_name(state.since)))
    if state.oldest is not None:
        back = span(max(0.0, watch.store.clock() - state.oldest))
        lines.append(("reaches back", f"{back}, to {moment_name(state.oldest)}"))
    if state.bytes is not None:
        lines.append(("size", size(state.bytes)))
    if state.path is not None:
        lines.append(("file", state.path))
        lines.append(("look at it", f"elysiadash replay {quote(state.path)}"))
    if state.unread is not None:
        lines.append(("trouble", state.unread))
    if state.note is not None:
        lines.append(("note", state.note))
    return lines
