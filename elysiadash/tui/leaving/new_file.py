"""Why a new file could not be written: nothing is ever overwritten, or there in part."""

from __future__ import annotations

import errno
from pathlib import Path


def why_not(error: OSError, path: Path) -> str:
    """Why a file could not be written, and what to do."""
    folder = path.parent
    match error.errno:
        case errno.EEXIST:
            return f"{path} exists already and stays as it is: type another name"
        case errno.ENOENT | errno.ENOTDIR:
            return f"there is no folder {folder}: make it, or type another"
        case errno.EACCES | errno.EPERM:
            return f"{folder} cannot be written to: permission denied; type another folder"
        case errno.EROFS:
            return f"{folder} is on a file system that is read-only; type another folder"
        case errno.ENOSPC | errno.EDQUOT:
            return f"no room left on the disk of {folder}: nothing was written"
        case errno.ENAMETOOLONG:
            return "the name is too long"
    return f"{path} could not be written: {error.strerror or error}"
