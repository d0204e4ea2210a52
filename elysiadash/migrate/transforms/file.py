"""The user's file: chosen once by its path, and from then on held to the hash it had."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

from elysiadash.migrate.spec import TransformFile
from elysiadash.migrate.transforms.errors import TransformChanged, TransformUnusable

_LARGEST: Final = 4 * 1024 * 1024


def choose(path: Path) -> TransformFile:
    """The file as a spec names it. Raises ``TransformUnusable`` where it cannot be read, or is
    no Python; whether it runs, a sandbox says."""
    whole = path.expanduser().absolute()
    code = _read(whole)
    try:
        compile(code, str(whole), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
        said = error.msg if isinstance(error, SyntaxError) else error
        raise TransformUnusable(f"{whole} is no Python: {line}{said}") from None
    return TransformFile(path=str(whole), sha256=sha256(code).hexdigest())


def code_of(file: TransformFile) -> bytes:
    """What is in the file. Raises ``TransformChanged`` where that is not what was chosen."""
    code = _read(Path(file.path))
    if sha256(code).hexdigest() != file.sha256:
        raise TransformChanged(
            f"{file.path} was changed since the job was made: objects that were copied before "
            "would differ from those after. Put the former file back and resume, or begin a new "
            "job with the new one"
        )
    return code


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            code = opened.read(_LARGEST + 1)
    except OSError as error:
        raise TransformUnusable(
            f"{path} cannot be read ({error.strerror or error}): the worker needs the file at "
            "this path for as long as the job lasts"
        ) from None
    if len(code) > _LARGEST:
        raise TransformUnusable(f"{path} is larger than 4 MiB: is it the right file?")
    return code
