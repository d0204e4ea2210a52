"""The only place that writes: data to stdout, narration to stderr.

Texts from a server lose their control characters here, so that no name can steer a terminal;
nothing is ever parsed as markup.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TextIO

if TYPE_CHECKING:
    import msgspec

Format = Literal["table", "json", "csv"]


def write(text: str) -> None:
    """Data, as it is. Raises ``BrokenPipeError`` when the reader has gone, or never was."""
    if sys.stdout is None:
        raise BrokenPipeError
    sys.stdout.write(text)
    sys.stdout.flush()


def write_line(text: str) -> None:
    """One line of data, printable as a whole."""
    write(f"{printable(text)}\n")


def write_json(document: msgspec.Struct | dict[str, Any], *, as_line: bool = False) -> None:
    """A document: indented for people on a terminal, one line for programs."""
    import msgspec

    encoded = msgspec.json.encode(document)
    if is_terminal(sys.stdout) and not as_line:
        encoded = msgspec.json.format(encoded, indent=2)
    write(encoded.decode() + "\n")


def write_csv(rows: Iterable[Sequence[Any]]) -> None:
    """Rows of values: None is empty, numbers are plain, truth is true or false."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_csv_value(value) for value in row] for row in rows)
    write(text.getvalue())


def say(text: str) -> None:
    """Narration. A closed stderr is borne in silence: the data matters more."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write("".join(f"{printable(line)}\n" for line in text.split("\n")))
        sys.stderr.flush()


def say_alarm(text: str) -> None:
    """Narration that must not be overlooked: red on a terminal that has colours."""
    if is_terminal(sys.stderr) and not os.environ.get("NO_COLOR"):
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"\x1b[1;31m{printable(text)}\x1b[0m\n")
            sys.stderr.flush()
    else:
        say(text)


def say_demo() -> None:
    """The mark of simulated numbers, where the data itself has no room for words."""
    say("DEMO: a simulated cluster, no number of it is real")


def printable(text: str) -> str:
    """``text`` on one line, with control characters and the like spelled out."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person sits at the other end; a closed stream is none."""
    if stream is None:
        return False
    try:
        return stream.isatty()
    except ValueError:
        return False


def be_robust() -> None:
    """Print what the terminal's encoding lacks as escapes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _csv_value(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return printable(" ".join(f"{name}={part}" for name, part in value.items()))
    if isinstance(value, list | tuple):
        return printable(" ".join(str(part) for part in value))
    return printable(value) if isinstance(value, str) else value
