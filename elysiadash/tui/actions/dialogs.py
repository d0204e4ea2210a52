"""What works in the dialogs over a list, and on the sheets of one row."""

from __future__ import annotations

from elysiadash.tui.actions.action import Action

ACTIONS: tuple[Action, ...] = (
    Action(
        id="dialog.close",
        keys="escape,q",
        does="close",
        label="Cancel",
        help="Back to the list, with nothing changed.",
        scope="dialog",
    ),
    Action(
        id="columns.up",
        keys="K,shift+up",
        does="shift(-1)",
        label="Move up",
        help="Move the column one place to the left.",
        scope="columns",
    ),
    Action(
        id="columns.down",
        keys="J,shift+down",
        does="shift(1)",
        label="Move down",
        help="Move the column one place to the right.",
        scope="columns",
    ),
    Action(
        id="columns.usual",
        keys="r",
        does="usual",
        label="As usual",
        help="All columns in their usual order: what does not fit is left out by importance.",
        scope="columns",
    ),
    Action(
        id="copy.row",
        keys="r",
        does="take('row')",
        label="Row",
        help="Copy the row, its cells with tabs between.",
        scope="copy",
    ),
    Action(
        id="copy.json",
        keys="y",
        does="take('json')",
        label="JSON",
        help="Copy the row as JSON.",
        scope="copy",
    ),
    Action(
        id="copy.curl",
        keys="u",
        does="take('curl')",
        label="As curl",
        help="Copy the request behind the row as a curl line.",
        scope="copy",
    ),
    Action(
        id="copy.cli",
        keys="w",
        does="take('weaviate-cli')",
        label="As weaviate-cli",
        help="Copy the request behind the row as a weaviate-cli line.",
        scope="copy",
    ),
    Action(
        id="row_sheet.copy",
        keys="c",
        does="copy",
        label="Copy",
        help="Copy the whole sheet.",
        scope="row-sheet",
    ),
    Action(
        id="row_sheet.search",
        keys="slash",
        does="search",
        label="Search",
        help="Find lines of the sheet: a regular expression, small letters find capitals too.",
        scope="row-sheet",
    ),
    Action(
        id="row_sheet.next",
        keys="n",
        does="seek(1)",
        label="Next",
        help="The next line that was found.",
        scope="row-sheet",
    ),
    Action(
        id="row_sheet.previous",
        keys="N",
        does="seek(-1)",
        label="Previous",
        help="The line found before this one.",
        scope="row-sheet",
    ),
)
