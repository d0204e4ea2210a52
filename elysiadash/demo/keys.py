"""API keys of the demo and whose they are. They open nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class User:
    """Who has a key."""

    name: str
    role: Literal["admin", "viewer", "nobody"]


DEMO_KEYS = {
    "demo-admin-key": User("admin", "admin"),
    "demo-viewer-key": User("viewer", "viewer"),
    "demo-nobody-key": User("nobody", "nobody"),
}

Keys = dict[str, User]
