"""What a list shows, written to a file: CSV, JSON or a picture, by the name's ending."""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elysiadash.config.files import write_new
from elysiadash.config.moments import file_stamp, rfc3339
from elysiadash.tui import numbers
from elysiadash.tui.leaving.new_file import why_not
from elysiadash.tui.leaving.picture import picture
from elysiadash.tui.leaving.rows import Snapshot, as_csv, as_json, raw_names, raw_values

if TYPE_CHECKING:
    from elysiadash.tui.app import ElysiadashApp
    from elysiadash.tui.screens.row_list import RowList

PICTURE = ".svg"
SUFFIXES = (".csv", ".json", PICTURE)
VERSION = 1
"""Of the JSON document; fields are only ever added to it."""
_ROWS_A_TURN = 100
"""Rows read before keys and painting get their turn."""


def usual_name(name: str, cluster: str, at: float, *, demo: bool) -> str:
    """``stats-prod-eu-2026-11-30T031200Z.csv``; the time is UTC."""
    parts = [
        name,
        *(["DEMO"] if demo and not cluster.startswith("demo") else []),
        cluster,
        file_stamp(at),
    ]
    return "-".join(re.sub(r"[^\w.]+", "-", part).strip("-.") or "-" for part in parts) + ".csv"


def other_endings(line: str) -> list[str]:
    """The same name with each of the other endings, then its own."""
    path = Path(line)
    if not path.stem or path.suffix not in SUFFIXES:
        return [f"{line}{suffix}" for suffix in SUFFIXES] if path.name else []
    at = SUFFIXES.index(path.suffix) + 1
    return [str(path.with_suffix(each)) for each in (*SUFFIXES[at:], *SUFFIXES[:at])]


async def file_for(text: str) -> Path | str:
    """The file that a typed name means, or why it cannot be written."""
    return await asyncio.to_thread(_file_for, text.strip())


def _file_for(text: str) -> Path | str:
    if not text or "\0" in text:
        return "type a file name"
    try:
        path = Path(text).expanduser().absolute()
        if path.suffix.lower() not in SUFFIXES:
            return f"the name must end in one of {', '.join(SUFFIXES)}"
        error = _obstacle(path)
    except RuntimeError:
        return f"there is no home folder {text.partition('/')[0]}"
    return path if error is None else why_not(error, path)


def _obstacle(path: Path) -> OSError | None:
    """What can be seen to be in the way before anything is written."""
    if os.path.lexists(path):
        return FileExistsError(errno.EEXIST, "")
    if not path.parent.is_dir():
        return FileNotFoundError(errno.ENOENT, "")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return PermissionError(errno.EACCES, "")
    return None


async def export(app: ElysiadashApp, found: RowList[Any] | None, path: Path) -> tuple[str, ...]:
    """Write the list, or its marked rows, to a new file; returns in words what happened.

    Without a list it is the picture of the screen, whatever the name ends in.
    """
    if found is None or path.suffix.lower() == PICTURE:
        title = f"elysiadash · {app.watched.profile.name}"
        what, encode = "a picture of the screen", partial(str, picture(app, title))
    else:
        keys, of = chosen_rows(found)
        snapshot = await _snapshot(found, keys)
        many = len(snapshot.items)
        what = f"{many:,} {found.THINGS[0 if many == 1 else 1]}{of}"
        encode = partial(as_csv, snapshot.columns, snapshot.cells)
        if path.suffix.lower() == ".json":
            encode = partial(as_json, _document(found, snapshot))
    try:
        size = await asyncio.to_thread(_write, path, encode)
    except OSError as error:
        return ("not written", why_not(error, path))
    return f"wrote {what}, {numbers.size(size)}", str(path)


def _write(path: Path, encode: Callable[[], str]) -> int:
    data = encode().encode("utf-8", "replace")
    write_new(path, data)
    return len(data)


def chosen_rows(found: RowList[Any]) -> tuple[Sequence[Hashable], str]:
    """Keys of the marked rows, those hidden by a filter too, else of all rows shown; and of what
    they are a part, in words."""
    marked = found.table.marked
    if marked.shown or marked.hidden:
        hidden = f", {len(marked.hidden)} of them hidden by the filter" if marked.hidden else ""
        return (*marked.shown, *marked.hidden), f", the marked ones{hidden}"
    status = found.table.status
    part = f" of {status.total:,}" if status.shown != status.total else ""
    return tuple(found.table.model.shown), part


async def _snapshot(found: RowList[Any], keys: Sequence[Hashable]) -> Snapshot:
    """The rows as they are now, read a few at a time so that the screen stays live."""
    rows = [row for key in keys if (row := found.table.row(key)) is not None]
    columns = tuple(found.table.view.columns)
    items, cells = [], []
    for number, row in enumerate(rows, 1):
        data = found.as_data(row)
        items.append(data)
        cells.append(raw_values(columns, row, data))
        if not number % _ROWS_A_TURN:
            await asyncio.sleep(0)
    return Snapshot(columns=raw_names(columns), cells=tuple(cells), items=tuple(items))


def _document(found: RowList[Any], snapshot: Snapshot) -> dict[str, object]:
    """As the commands print: kind, version, at, cluster, items; and how the list was narrowed."""
    watch, status = found.dash.watched, found.table.status
    view = watch.cluster()
    sort = status.sort
    return {
        "kind": f"list-{found.NAME or 'rows'}",
        "version": VERSION,
        "at": rfc3339(watch.store.clock()),
        "cluster": {
            "name": watch.profile.name,
            "url": watch.profile.url,
            "demo": found.dash.demo,
            "version": min(view.versions, default=None),
            "nodes_live": view.live if view.asked_at is not None or view.live else None,
            "nodes_expected": view.expected,
            "leader": view.leader,
        },
        "list": {
            "of": found.owner or None,
            "total": status.total,
            "filter": found.filter_words() or None,
            "problems_only": status.problems_only,
            "marked_only": bool(status.marked),
            "sort": sort.column if sort else None,
            "descending": sort.descending if sort else None,
            "columns": [column.key for column in found.table.view.columns],
        },
        "items": list(snapshot.items),
    }
