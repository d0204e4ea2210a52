"""What is kept on disk of one profile has a file of its own."""

from __future__ import annotations

import hashlib
from pathlib import Path

_READABLE = 40


def profile_file(folder: Path, name: str, url: str, ending: str) -> Path:
    """The file of a profile in a folder: people can read whose it is, and no two profiles,
    nor two addresses of one, share it. ``ending`` begins with its dot."""
    readable = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)[:_READABLE]
    mark = hashlib.sha256(f"{name}\n{url}".encode()).hexdigest()[:10]
    return folder / f"{readable}-{mark}{ending}"
