"""The text of a monitoring plugin: one line, performance data, then the details."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from elysiadash.cli.documents import Performance
from elysiadash.cli.exits import Exit
from elysiadash.cli.output import printable
from elysiadash.health.finding import Finding, Severity

STATUS = {
    Severity.OK: ("OK", Exit.PLUGIN_OK),
    Severity.WARNING: ("WARNING", Exit.PLUGIN_WARNING),
    Severity.CRITICAL: ("CRITICAL", Exit.PLUGIN_CRITICAL),
    Severity.UNKNOWN: ("UNKNOWN", Exit.PLUGIN_UNKNOWN),
}
"""Severity -> the plugin's word and its exit code."""

_GROUPS = 12
_OF_A_GROUP = 3
"""How much the long output tells; monitoring systems cut it anyway."""


def summary(findings: Sequence[Finding]) -> str:
    """What the first line says: the worst finding, and how many there are besides."""
    first = findings[0]
    counts = [
        f"{sum(finding.severity is severity for finding in findings):,} {severity}"
        for severity in (Severity.CRITICAL, Severity.UNKNOWN, Severity.WARNING)
        if any(finding.severity is severity for finding in findings)
    ]
    more = f" ({', '.join(counts)})" if len(findings) > 1 else ""
    return f"{first.code} {first.message}{more}"


def plugin_text(
    word: str, message: str, performance: Mapping[str, Performance], findings: Sequence[Finding]
) -> str:
    """Everything the plugin prints, with a line break at its end."""
    data = " ".join(_label(name, value) for name, value in performance.items())
    lines = [f"ELYSIADASH {word} - {_safe(message)}" + (f" | {data}" if data else "")]
    groups = _alike(findings)
    for alike in groups[:_GROUPS]:
        first = alike[0]
        lines += [_safe(f"{f.severity} {f.code} {f.message}") for f in alike[:_OF_A_GROUP]]
        if len(alike) > _OF_A_GROUP:
            lines.append(f"{first.severity} {first.code} and {len(alike) - _OF_A_GROUP:,} more")
        lines.append(_safe(f"    {first.impact}; {first.action}"))
    if len(groups) > _GROUPS:
        lines.append("and more: see --json")
    return "\n".join(lines) + "\n"


def _alike(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Findings that mean the same for users and ask for the same, together."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.severity, finding.code, finding.impact, finding.action)
        groups.setdefault(key, []).append(finding)
    return list(groups.values())


def _safe(text: str) -> str:
    """On one line, and without the mark that begins performance data."""
    return printable(text.replace("|", "/"))


def _label(name: str, data: Performance) -> str:
    """``name=value[unit];warning;critical;minimum;maximum``; U is the plugins' unknown."""
    value = "U" if data.value is None else f"{_number(data.value)}{data.unit}"
    parts = [value, data.warning, data.critical, _number(data.minimum), _number(data.maximum)]
    return f"{name}={';'.join(parts)}".rstrip(";")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"
