"""What must never be written: values of revealed secrets, and whatever looks like a credential.

Standard library only and cheap to import: ``Secret.reveal`` registers here, the log filter and
every other place that prints text from outside asks ``redact``.
"""

from __future__ import annotations

import re
import threading

MASK = "***"
_SHORTEST_SECRET = 4
"""Shorter values are not searched for: masking every "1" would destroy the log and reveal it."""
_SECRETS_KEPT = 1024

_lock = threading.Lock()
_secrets: dict[str, None] = {}

# Each begins with fixed letters or at the start of a word: a log line of a megabyte must not
# cost more than a look at each of its characters.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A whole credential header, as curl, httpx or a JSON dump would print it.
    (
        re.compile(
            r"""(?ix)
            (authorization (?: ["']?\s*[:=]\s* | ["']\s*,\s* ) (?:b?["'])?)
            (?: [a-z][\w-]{0,30} \s+ )? [^\s"',;)}\]]+
            """
        ),
        rf"\1{MASK}",
    ),
    (
        re.compile(
            r"""(?ix)
            ((?: api[_-]?key | client[_-]?secret | (?:access|refresh|id)[_-]?token
               | password | passwd | cookie )
             ["']? \s* [:=] \s* (?:b?["'])?)
            [^\s"',;&)}\]]+
            """
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)([?&](?:token|key|secret|sig|signature)=)[^&\s#\"']+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w\-.~+/]{6,}=*"), rf"\1 {MASK}"),
    # scheme://user:password@host, and scheme://token@host.
    (re.compile(r"(://)[^\s/?#\"']+@"), rf"\1{MASK}@"),
    # A JSON web token.
    (re.compile(r"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), MASK),
)


def register_secret(value: str) -> None:
    """Mask ``value`` in everything that ``redact`` sees from now on (the latest 1,024 values)."""
    if len(value) < _SHORTEST_SECRET:
        return
    with _lock:
        _secrets.pop(value, None)
        _secrets[value] = None
        while len(_secrets) > _SECRETS_KEPT:
            del _secrets[next(iter(_secrets))]


def forget_secrets() -> None:
    """Drop every registered value (between tests, or when all profiles are closed)."""
    with _lock:
        _secrets.clear()


def redact(text: str) -> str:
    """``text`` without registered secrets, credential headers, bearer tokens and URL userinfo."""
    with _lock:
        known = sorted(_secrets, key=len, reverse=True)
    for value in known:
        if value in text:
            text = text.replace(value, MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text
