"""The line for typing on every main screen: commands, and what a screen asks for."""

from __future__ import annotations

from textual import on

from elysiadash.tui.commands import completions, run_line
from elysiadash.tui.screens.part import ScreenPart
from elysiadash.tui.widgets.prompt import COMMAND, Complete, Prompt


class Typing(ScreenPart):
    """Opens the line, runs what was typed, and gives the keys back."""

    def action_command(self, begun: str = "") -> None:
        """Open the command line, with what is typed already."""
        self.open_prompt(COMMAND, begun, complete=lambda line: completions(line, self))

    def open_prompt(self, mark: str, text: str = "", complete: Complete | None = None) -> None:
        """Open the line for typing."""
        self.query_one(Prompt).ask(mark, text, complete)
        self.refresh_bindings()

    @on(Prompt.Accepted)
    async def _on_accepted(self, event: Prompt.Accepted) -> None:
        event.stop()
        prompt = self.query_one(Prompt)
        try:
            await self._take_line(prompt, event.mark, event.text)
        finally:
            prompt.taken()

    async def _take_line(self, prompt: Prompt, mark: str, text: str) -> None:
        if mark != COMMAND:
            self.prompt_accepted(mark, text)
            return
        fault = await self.run_command(text)
        if fault is not None:
            prompt.fault(fault)
        elif prompt.mark == COMMAND:  # else the command has opened the line for something else
            self.close_prompt()

    @on(Prompt.GivenUp)
    def _on_given_up(self, event: Prompt.GivenUp) -> None:
        event.stop()
        self.close_prompt()

    def prompt_accepted(self, mark: str, text: str) -> None:
        """Something other than a command was entered."""

    def close_prompt(self) -> None:
        """Close the line and give the keys back to the body."""
        self.query_one(Prompt).done()
        self.dash.theme_choice.end_preview(self.dash)
        self.refresh_bindings()
        self.focus_body()

    def focus_body(self) -> None:
        """Put the focus where the cursor is."""

    async def run_command(self, line: str) -> str | None:
        """Run a typed command; returns what is wrong with it, None when it ran."""
        return await run_line(line, self)
