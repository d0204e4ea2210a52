"""Preflight: what is looked at before anything is copied, and what a run will take.

``gathering`` asks both clusters once, ``facts`` holds the answers, ``checks`` judges them, each a
function, ``forecasting`` says how long and how much.
"""

from __future__ import annotations

from elysiadash.migrate.preflight.checking import blocking, check

__all__ = ["blocking", "check"]
