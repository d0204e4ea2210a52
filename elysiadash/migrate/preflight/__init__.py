"""Preflight: what is looked at before anything is copied, and what a run will take.

``gathering`` asks both clusters once, ``facts`` holds the answers, ``rules`` judges them, each a
function of the facts; ``checks`` asks them all.
"""

from __future__ import annotations

from elysiadash.migrate.preflight.checks import blocking, check

__all__ = ["blocking", "check"]
