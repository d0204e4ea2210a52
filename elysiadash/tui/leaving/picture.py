"""The screen as SVG that looks the same wherever it is opened."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from rich.cells import cell_len

if TYPE_CHECKING:
    from textual.app import App


def picture(app: App[Any], title: str) -> str:
    """The screen as it is painted now, under a title."""
    return placed(app.export_screenshot(title=title))


_TEXT = re.compile(
    r'<text class="([^"]+)" x="([^"]+)" y="([^"]+)" textLength="([^"]+)"([^>]*)>([^<]*)</text>'
)
_LOCK = "🔒"


def placed(svg: str) -> str:
    """The picture with each word at a place of its own.

    Browsers stretch a text to its length; ``rsvg-convert`` and editors do not, so fonts shift
    what comes after a wide or foreign sign, and blanks get lost. Many have no colour font for the
    lock, which is drawn instead.
    """

    def words(match: re.Match[str]) -> str:
        style, x, y, length, rest, content = match.groups()
        text = unescape(content).replace("\xa0", " ")
        cells = cell_len(text)
        if not cells:
            return match[0]
        cell = float(length) / cells
        found = []
        for word in re.finditer(r"[ -~]*[!-~]|[^ -~]", text):
            content = word[0].lstrip(" ")
            start = word.start() + len(word[0]) - len(content)
            left = float(x) + cell * cell_len(text[:start])
            if content == _LOCK:
                found.append(_lock(left, float(y), cell))
                continue
            for part in re.finditer(r"\S+", content):
                at = left + cell * cell_len(content[: part.start()])
                wide = cell * cell_len(part[0])
                found.append(
                    f'<text class="{style}" x="{at:.2f}" y="{y}" textLength="{wide:.2f}"{rest}>'
                    f"{escape(part[0])}</text>"
                )
        return "".join(found)

    return _TEXT.sub(words, svg)


def _lock(x: float, y: float, cell: float) -> str:
    width, height = cell * 1.3, cell * 0.9
    left, top = x + cell * 0.3, y - height
    middle, radius = left + width / 2, width * 0.3
    arch = f"M{middle - radius:.1f} {top:.1f} v-{radius:.1f} a{radius:.1f} {radius:.1f} 0 0 1 "
    arch += f"{2 * radius:.1f} 0 v{radius:.1f}"
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2"'
        f' fill="#e6b455"/><path d="{arch}" fill="none" stroke="#e6b455" stroke-width="2.2"/>'
    )
