"""How two definitions differ, setting by setting, and what each difference means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from elysiadash.schema.changes import Rule, change_words, verdict
from elysiadash.schema.definition import Definition, Path, by_name, is_nothing, matches, shown

DifferenceKind = Literal["missing", "extra", "different"]
"""Seen from the left: the right lacks it, has more, or has something else."""

_WHOLE = ("properties.*", "vectorConfig.*")
"""What is told as one thing where only one side has it."""
_MODULES = ("moduleConfig.*", "properties.*.moduleConfig.*", "vectorConfig.*.vectorizer.*")
"""Where an empty table says something: its name is a module's. Elsewhere it says nothing."""


class Expected(msgspec.Struct, frozen=True, gc=False):
    """What a server makes of a setting that was posted to it."""

    pattern: str
    why: str


EXPECTED: tuple[Expected, ...] = (
    Expected("shardingConfig.actualCount", "computed by the server"),
    Expected("shardingConfig.actualVirtualCount", "computed by the server"),
    Expected("shardingConfig.desiredVirtualCount", "computed by the server"),
    Expected("replicationConfig.asyncEnabled", "computed by the server from 1.38 on"),
    Expected("replicationConfig.asyncConfig.maxWorkers", "gone since 1.37"),
    Expected("replicationConfig.asyncConfig.aliveNodesCheckingFrequency", "gone since 1.37"),
    Expected("invertedIndexConfig.usingBlockMaxWAND", "forced on by the server from 1.30 on"),
    *(
        Expected(f"{place}vectorIndexConfig.{stage}trackDefaultQuantization", "the server's note")
        for place in ("", "vectorConfig.*.")
        for stage in ("", "hnsw.", "flat.")
    ),
)
"""Settings that read otherwise than they were posted; the reasons are those of ``cleaning``."""


class Difference(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One setting that differs between a left and a right definition."""

    path: Path
    kind: DifferenceKind
    left: Any
    """None where the left has nothing."""
    right: Any
    change: Rule
    """What a PUT that makes the left like the right would do."""
    expected: str | None
    """Why it is no fault where the left was posted and the right read back; None: it is one."""

    @property
    def immutable(self) -> bool:
        """Whether only a new collection can have it."""
        return self.change.verdict == "refused"

    def words(self) -> str:
        """The difference for people, without what it means."""
        place = shown(self.path)
        if self.kind == "missing":
            return f"{place}: {_said(self.left)}, missing on the right"
        if self.kind == "extra":
            return f"{place}: {_said(self.right)}, on the right only"
        return f"{place}: {_said(self.left)} -> {_said(self.right)}"

    def consequence(self) -> str:
        """What a PUT would do, for people."""
        return change_words(self.change)


def diff(left: Definition, right: Definition) -> tuple[Difference, ...]:
    """Every difference, in the left's order, then what only the right has.

    The order of properties makes none, nor does null against not said, nor 1 against 1.0.
    """
    return tuple(
        Difference(
            path=path,
            kind="missing" if is_nothing(b) else "extra" if is_nothing(a) else "different",
            left=a,
            right=b,
            change=verdict(left, path, b),
            expected=_expected(path, a, b),
        )
        for path, a, b in _differing((), left, right)
    )


def unexpected(posted: Definition, read: Definition) -> tuple[Difference, ...]:
    """What reads otherwise than it was posted, without what a server fills in or computes."""
    return tuple(one for one in diff(posted, read) if one.expected is None)


def same(left: Any, right: Any) -> bool:
    """Whether two values say the same: true is not 1, but 1 is 1.0."""
    if is_nothing(left) or is_nothing(right):
        return is_nothing(left) and is_nothing(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    return bool(left == right)


def _differing(path: Path, left: Any, right: Any) -> Iterator[tuple[Path, Any, Any]]:
    parts, others = by_name(left), by_name(right)
    if any(matches(pattern, path) for pattern in _WHOLE) and (left is None or right is None):
        if not same(left, right):
            yield path, left, right
    elif _have_parts(left, parts, right, others):
        for name in dict.fromkeys((*(parts or {}), *(others or {}))):
            yield from _differing((*path, name), (parts or {}).get(name), (others or {}).get(name))
    elif not same(left, right) and not (_is_empty(path, left) and _is_empty(path, right)):
        yield path, left, right


def _is_empty(path: Path, value: Any) -> bool:
    if value == {}:
        return not any(matches(pattern, path) for pattern in _MODULES)
    return is_nothing(value)


def _have_parts(
    left: Any, parts: dict[str, Any] | None, right: Any, others: dict[str, Any] | None
) -> bool:
    """Whether the sides are compared part by part; a side that says nothing has none."""
    if not parts and not others:
        return False
    return (parts is not None or is_nothing(left)) and (others is not None or is_nothing(right))


def _expected(path: Path, left: Any, right: Any) -> str | None:
    known = next((one.why for one in EXPECTED if matches(one.pattern, path)), None)
    if known is not None:
        return known
    # A property or a vector that nobody posted is no default.
    if is_nothing(left) and not any(matches(pattern, path) for pattern in _WHOLE):
        return "filled in by the server"
    return None


def _said(value: Any) -> str:
    if isinstance(value, str):
        text = value if value.isprintable() and value else ascii(value)
    else:
        text = msgspec.json.encode(value).decode()
    return text if len(text) <= 100 else f"{text[:100]}…"
