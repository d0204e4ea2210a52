"""The first line: which cluster, in what state, and what we cost it.

Each part knows shorter forms of itself; a narrow terminal shortens the least important first.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len
from textual.content import Content

from elysiadash.cluster.slices import Kind
from elysiadash.config.moments import local_moment
from elysiadash.tui import numbers
from elysiadash.tui.emptiness import shown_address
from elysiadash.tui.environment import chip, colour_of
from elysiadash.tui.facts import Facts
from elysiadash.tui.plain import plain
from elysiadash.tui.replay_words import Played
from elysiadash.tui.widgets.line import Line

_GAP = 2
_NAME_CELLS = 10
_OK, _WARN, _CRIT, _MUTED = "$health-ok", "$health-warn", "$health-crit", "$health-unknown"


class Part(msgspec.Struct, frozen=True, gc=False):
    """One part of the header. ``forms`` from long to short ("" leaves it out); the higher
    ``rank``, the earlier it is shortened."""

    forms: tuple[str, ...]
    style: str
    rank: int


class Header(Line):
    """The header line; ``set_facts`` tells it what to say."""

    DEFAULT_CSS = """
    Header {
        background: $panel;
        color: $foreground;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._facts: Facts | None = None

    def set_facts(self, facts: Facts) -> None:
        """Show these facts; paints only when the line changes."""
        self._facts = facts
        self.show(self._line(self.size.width))

    def render(self) -> Content:
        """The line, for the width it has now."""
        return self._line(self.size.width) if self._facts else Content.empty()

    def _line(self, width: int) -> Content:
        if self._facts is None:
            return Content.empty()
        *parts, age = header_parts(self._facts, self.app.theme_variables)
        # The last cell stays free: a number at the very edge looks cut.
        return _assembled(fit([*parts, age], width - 1), width - 1)


def header_parts(facts: Facts, variables: dict[str, str]) -> list[Part]:
    """The parts from left to right; the last one, the age, belongs to the right edge."""
    parts = [_name(facts, variables)]
    if facts.played is not None:
        parts += _replay(facts.played)
    if facts.contact is not None:
        parts.append(Part((f"via {plain(shown_address(facts.contact))}", ""), _WARN, 9))
    if facts.demo:
        demo = colour_of(None, variables, demo=True)
        parts.append(Part((" DEMO simulated data ", " DEMO "), chip(demo), 3))
    if facts.played is not None:
        # Nothing can be written to the past: the mark says enough.
        parts.append(Part(("🔒 read-only", "🔒", ""), _MUTED, 6))
    elif facts.writable:
        parts.append(Part((" WRITE ",), f"bold reverse {_WARN}", 3))
    else:
        parts.append(Part(("🔒 read-only", "🔒"), _MUTED, 4))
    parts.append(Part(_version_forms(facts.versions), "", 8))
    parts.append(_nodes(facts))
    if facts.alerts:
        parts.append(_alerts(facts))
    parts.append(_leader(facts))
    if facts.objects is not None or facts.fresh.connected:
        parts.append(Part((f"{facts.total} objects", facts.total, ""), "bold", 5))
    if facts.expected is not None and facts.probed < facts.expected:
        few = f"{facts.probed} of {facts.expected} nodes probed"
        parts.append(Part((few, f"{facts.probed}/{facts.expected} probed", ""), _MUTED, 7))
    if facts.jobs:
        words = f"{facts.jobs:,} job{'s' * (facts.jobs != 1)}"
        parts.append(Part((f"{words} running", words), "bold", 7))
    load = f"us: {facts.requests_per_minute} req/min"
    slow = f" p95 {numbers.milliseconds(facts.p95_ms)}" if facts.p95_ms is not None else ""
    parts.append(Part((load + slow, load, ""), _MUTED, 9))
    parts.append(_age(facts))
    return parts


def fit(parts: Sequence[Part], width: int) -> list[tuple[str, str]]:
    """(text, style) of each part in the longest form that the width allows; "" left out."""
    level = [0] * len(parts)

    def taken() -> int:
        texts = [part.forms[at] for part, at in zip(parts, level, strict=True)]
        shown = [text for text in texts if text]
        return sum(map(cell_len, shown)) + _GAP * max(0, len(shown) - 1)

    while taken() > width:
        spare = [i for i, part in enumerate(parts) if level[i] < len(part.forms) - 1]
        if not spare:
            break
        level[max(spare, key=lambda i: parts[i].rank)] += 1
    return [(part.forms[at], part.style) for part, at in zip(parts, level, strict=True)]


def _assembled(parts: list[tuple[str, str]], width: int) -> Content:
    *left, (last, last_style) = [(text, style) for text, style in parts if text] or [("", "")]
    pieces: list[str | tuple[str, str]] = []
    used = 0
    for text, style in left:
        pieces += [(text, style), " " * _GAP]
        used += cell_len(text) + _GAP
    pieces += [" " * max(0, width - used - cell_len(last)), (last, last_style)]
    return Content.assemble(*pieces)


def _name(facts: Facts, variables: dict[str, str]) -> Part:
    style = chip(colour_of(facts.colour, variables, demo=facts.demo))
    name = plain(facts.name)
    forms = [f" {_state(facts)} {name} "]
    if facts.environment and facts.environment != facts.name and facts.played is None:
        forms.insert(0, f" {_state(facts)} {name} · {plain(facts.environment)} ")
    forms += [f" {_state(facts)} {_cut(name, cells)} " for cells in (20, _NAME_CELLS)]
    return Part(tuple(dict.fromkeys(forms)), style, 0)


def _replay(played: Played) -> list[Part]:
    """That this is the past, and which: in the environment's place."""
    short = local_moment(played.at, day=False)
    when = (f" REPLAY {local_moment(played.at)} ", f" REPLAY {short} ", f" REPLAY {short[:8]} ")
    sign = "▶" if played.playing else "⏸"
    where = (f"{played.position} {played.state}", f"{played.position} {sign}", sign)
    return [Part(when, f"bold reverse {_WARN}", 3), Part(where, "bold", 4)]


def _state(facts: Facts) -> str:
    """Filled: answers; empty: nothing answered yet; cross: it does not answer."""
    if not facts.fresh.connected:
        return "✖"
    return "○" if facts.fresh.remembered or facts.fresh.age is None else "●"


def _version_forms(versions: tuple[str, ...]) -> tuple[str, ...]:
    if not versions:
        return ("",)
    text = plain(versions[0] if len(versions) == 1 else f"{versions[0]}–{versions[-1]}")
    return (f"weaviate {text}", text, "")


def _nodes(facts: Facts) -> Part:
    late = Kind.NODES in facts.fresh.late
    if not facts.fresh.connected or (not facts.live and (late or facts.expected is None)):
        return Part((f"nodes {'?' if facts.expected is None else f'?/{facts.expected}'}",), "", 2)
    if facts.nodes_lost:
        return Part(_lost_forms(facts), f"bold {_CRIT}", 2)
    return Part((f"nodes {facts.nodes}", facts.nodes), _MUTED if late else "", 2)


def _lost_forms(facts: Facts) -> tuple[str, ...]:
    """``▲ nodes 2/3: weaviate-2 missing``; even the shortest form names a node."""
    lost = [plain(node) for node in facts.missing]
    if not lost:
        return f"▲ nodes {facts.nodes}", f"▲{facts.nodes}"
    first, name = lost[0], plain(facts.missing[0].split(" ")[0])
    many = len(lost) - 1
    more, plus = (f", {many} more", f" +{many}") if many else ("", "")
    forms = [f"▲ nodes {facts.nodes}: {', '.join(lost)}"]
    forms += [f"▲ nodes {facts.nodes}: {first}{more}", f"▲{facts.nodes} {first}{plus}"]
    forms += [f"▲{facts.nodes} {_cut(name, cells)}{plus}" for cells in (16, _NAME_CELLS)]
    return tuple(dict.fromkeys(forms))


def _alerts(facts: Facts) -> Part:
    """``▲ 2 alerts``; with a cross, and how many, where some are critical."""
    sign, many = facts.alert_sign[0], f"{facts.alerts:,} alert{'s' if facts.alerts != 1 else ''}"
    forms = [f"{sign} {many}", facts.alert_sign]
    if facts.critical and facts.warnings:
        forms.insert(0, f"{sign} {many}, {facts.critical:,} critical")
    return Part(tuple(forms), f"bold {_CRIT if facts.critical else _WARN}", 2)


def _cut(text: str, cells: int) -> str:
    """At most so many cells; the end stays, for there names of nodes differ."""
    if cell_len(text) <= cells:
        return text
    while text and cell_len(text) >= cells:
        text = text[1:]
    return f"…{text}"


def _leader(facts: Facts) -> Part:
    if not facts.fresh.connected:
        return Part(("",), _MUTED, 6)
    if facts.leader_was is not None:
        was = plain(facts.leader_was)
        return Part((f"leader ? (was {was})", "leader ?", ""), _WARN, 6)
    if facts.leader is None:
        return Part(("leader –", ""), _MUTED, 6)
    if not facts.leader:
        return Part(("▲ no leader",), f"bold {_CRIT}", 2)
    return Part((f"leader {plain(facts.leader)}", ""), "", 6)


def _age(facts: Facts) -> Part:
    fresh = facts.fresh
    if fresh.age is None:
        return Part(("no data yet", "–"), _MUTED, 3)
    if fresh.stale:
        age = fresh.age
        if fresh.trouble is not None and fresh.trouble.age is not None:
            age = max(age, fresh.trouble.age)
        return Part((f"stale {numbers.span(age)}",), f"bold {_WARN}", 2)
    ago = numbers.span(fresh.age)
    if facts.played is not None:
        return Part((f"{ago} old then", f"{ago} old", ""), _OK, 8)
    return Part((f"{ago} ago", ago), _OK, 3)
