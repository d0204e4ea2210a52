"""Every action of the registry: how to come to where it works, and what is to be seen after it.

A new action needs a line here; ``test_actions`` says so.
"""

from __future__ import annotations

from typing import NamedTuple


class Use(NamedTuple):
    """``at``: what is typed before, one piece after the other; ``first`` is seen then. ``sees``: a
    regular expression for the screen afterwards, ``!`` before it for what must be gone. ``given``:
    the argument of the command; ``command_sees`` where the command shows something else than the
    key. ``then`` takes it back, where that would disturb the next one."""

    sees: str
    at: tuple[str, ...] = ()
    given: str = ""
    command_sees: str = ""
    then: str = ""
    first: str = ""


ENDS = "the process ends"

_STATS = r"12 collections"
_DETAIL = r"› Documents ›"
_IN_DETAIL = (":collection Documents\r",)
_IN_TENANTS = (":collection Customers\r", ":pane tenants\r")
_HELP = r"keys  esc closes"
_TOP, _END = r"▸ AuditLog", r"▸ Translations"
_COPIED = r"clipboard"

_NO_JOBS = r"No copies and no migrations"
_DRAFT = r"▶1 what"

USES: dict[str, Use] = {
    "app.interrupt": Use(r"again to leave"),
    "app.quit": Use(ENDS),
    "app.suspend": Use(r"no shell to go back to"),
    "app.theme": Use(r"theme: \S+"),
    "app.palette": Use(r"(?i)search"),
    "screen.stats": Use(_STATS, at=_IN_DETAIL),
    "screen.health": Use(r"Health ›"),
    "screen.migrate": Use(r"Migrate ›"),
    "screen.optimize": Use(r"Optimize ›"),
    "screen.events": Use(r"Events ›"),
    "screen.nodes": Use(r"Nodes ›"),
    "screen.fleet": Use(r"Fleet ›"),
    "screen.profile": Use(r"(?s)demo-healthy.*demo-troubled|[Cc]luster"),
    "screen.collection": Use(_DETAIL, given="Documents"),
    "screen.node": Use(r"node-1 ›", given="node-1"),
    "screen.help": Use(_HELP),
    "screen.back": Use(_STATS, at=_IN_DETAIL),
    "screen.clear": Use(_STATS, at=("/doc\r",)),
    "screen.earlier": Use(_STATS, at=_IN_DETAIL),
    "screen.later": Use(_DETAIL, at=(*_IN_DETAIL, "[")),
    "screen.last": Use(_STATS, at=_IN_DETAIL),
    "screen.command": Use(r"\n▌?:[\s▐]*(\n.*)?$"),
    "screen.refresh": Use(r"asking the cluster now"),
    "screen.freeze": Use(r"frozen", then="F"),
    "screen.window": Use(r"time window: ", given="1h"),
    "screen.faster": Use(r"asking every \d+"),
    "screen.slower": Use(r"asking every \d+"),
    "screen.record": Use(r"record"),
    "list.filter": Use(r"\n▌?/[\s▐]*(\n.*)?$", given="doc", command_sees=r"filter: /doc  1/12"),
    "list.next": Use(r"no collection with a problem|▸ (?!AuditLog)"),
    "list.previous": Use(r"no collection with a problem|▸ (?!AuditLog)"),
    "list.sort": Use(r"sort by  ", given="Objects", command_sees=r"sort: Objects ↓"),
    "list.reverse": Use(r"sort: Health ↑"),
    "list.problems": Use(r"problems only  \d+/12"),
    "list.columns": Use(
        r"columns of this list",
        given="Objects",
        command_sees=r"Collection +Objects[ ▐]+\n",
        then="Cr\r",
    ),
    "list.describe": Use(r"(?i)who it is"),
    "list.json": Use(r'"collection": "AuditLog"'),
    "list.copy": Use(r"copy of AuditLog", given="json", command_sees=_COPIED),
    "list.export": Use(r"\.csv|[Ee]xport", given="rows.csv", command_sees=r"wrote 12|rows\.csv"),
    "collection.pane": Use(r"(?m)━▶ (?!Shards)", at=_IN_DETAIL),
    "collection.pane_back": Use(r"(?m)━▶ (?!Shards)", at=_IN_DETAIL),
    "collection.to_pane": Use(r"━▶ Charts", at=_IN_DETAIL, given="charts"),
    "collection.zoom": Use(r"(?s)━▶ Shards(?!.*this session)", at=_IN_DETAIL),
    "collection.state": Use(r"(?s)Tenants.*(COLD|HOT|state)", at=_IN_TENANTS),
    "table.down": Use(r"▸ Chunks"),
    "table.up": Use(_TOP, at=("j",)),
    "table.first": Use(_TOP, at=("G",)),
    "table.last": Use(_END),
    "table.page_down": Use(_END),
    "table.page_up": Use(_TOP, at=("G",)),
    "table.left": Use(r"!‹", at=("l",)),
    "table.right": Use(r"‹›? *Collection"),
    "table.mark": Use(r"1 marked"),
    "table.select": Use(r"› AuditLog ›"),
    "sheet.close": Use(f"!{_HELP}", at=("?",)),
    "sheet.down": Use(f"!{_HELP}", at=("?", "j")),
    "sheet.up": Use(_HELP, at=("?", "j")),
    "sheet.top": Use(_HELP, at=("?", "G")),
    "sheet.end": Use(f"!{_HELP}", at=("?",)),
    "sheet.page_down": Use(f"!{_HELP}", at=("?",)),
    "sheet.page_up": Use(_HELP, at=("?", "jjj")),
    "prompt.accept": Use(_HELP, at=(":help",)),
    "prompt.complete": Use(r":refresh", at=(":ref",)),
    "prompt.complete_back": Use(r":refresh", at=(":ref",)),
    "prompt.cancel": Use(r"!:xyz", at=(":xyz",)),
    "prompt.older": Use(r":refresh", at=(":refresh\r", ":")),
    "prompt.newer": Use(r":refresh", at=(":window 1h\r", ":refresh\r", ":", "\x1b[A", "\x1b[A")),
    "dialog.close": Use(_STATS, at=("C",)),
    "columns.up": Use(r"(?s)always the first.*▸ . Δ/s.*Objects  ", at=("C", "jj")),
    "columns.down": Use(r"(?s)Δ/s +shown.*▸ . Objects", at=("C", "j")),
    "columns.usual": Use(r"always the first.*\n.*● Objects", at=("C", "j", "J")),
    "copy.row": Use(_COPIED, at=("c",), first=r"copy of AuditLog"),
    "copy.json": Use(_COPIED, at=("c",), first=r"copy of AuditLog"),
    "copy.curl": Use(_COPIED, at=("c",), first=r"copy of AuditLog"),
    "copy.cli": Use(_COPIED, at=("c",), first=r"copy of AuditLog"),
    "row_sheet.copy": Use(_COPIED, at=("d",)),
    "row_sheet.search": Use(r"│\s+/\s+│", at=("d",)),
    "row_sheet.next": Use(r"/a: line 2 of \d+", at=("d", "/", "a\r")),
    "row_sheet.previous": Use(r"/a: line (\d+) of \1", at=("d", "/", "a\r")),
    "picker.choose": Use(r"demo-", at=(":profile\r",)),
    "picker.down": Use(r"demo-", at=(":profile\r",)),
    "picker.up": Use(r"demo-", at=(":profile\r", "\x1b[B")),
    "picker.cancel": Use(_STATS, at=(":profile\r",)),
    "replay.back": Use(r"REPLAY .* (?!1/)\d+/\d+ paused", at=(":at end\r",)),
    "replay.on": Use(r"REPLAY .* 2/\d+ paused", at=(":at start\r",)),
    "replay.minute_back": Use(r"REPLAY .* 1/\d+ paused", at=(":at end\r",)),
    "replay.minute_on": Use(r"REPLAY .* (\d+)/\1 paused", at=(":at start\r",)),
    "replay.play": Use(r"REPLAY .*playing", at=(":at start\r",), then="p"),
    "replay.slower": Use(r"speed: \S+x"),
    "replay.faster": Use(r"speed: \S+x"),
    "replay.at": Use(r"REPLAY .* 1/\d+ paused", at=(":at end\r",), given="start"),
    "screen.audit": Use(r"Audit ›"),
    "migrate.new": Use(r"Draft d-", at=("3",), first=_NO_JOBS),
    "wizard.next": Use(r"▶2 where", at=("3", "a"), first=_DRAFT),
    "wizard.previous": Use(r"▶4 preflight", at=("3", "a"), first=_DRAFT),
    "wizard.step": Use(r"▶3 how", at=("3", "a"), first=_DRAFT, given="how"),
    "wizard.tenants": Use(r"tenants can be chosen", at=("3", "a"), first=_DRAFT),
    "wizard.preflight": Use(r"choose the collections first", at=("3", "a"), first=_DRAFT),
}

ELSEWHERE = {
    "screen.job",
    "screen.draft",
    "screen.thaw",
    "migrate.discard",
    "wizard.rehearse",
    "wizard.start",
    "job.next",
    "job.previous",
    "job.step",
    "job.pause",
    "job.resume",
    "job.rate",
    "job.priority",
    "job.postpone",
    "job.answer",
    "job.cut_over",
    "job.cancel",
    "job.audit",
}
"""What needs a job, a name that is new each time, or write permission: ``tests/tui``, in the files
that begin with ``test_migrate``, uses them."""

NOT_YET: set[str] = set()
"""What is in the registry or in this table before it can be done."""
